/** One escrow on one chain. An escrow holds exactly one token for ever. */
export interface Deployment {
  /** EIP-155 chain id. */
  readonly chainId: number
  readonly escrow: `0x${string}`
  readonly token: `0x${string}`
  /** Block that created the escrow: where reading its events begins. */
  readonly deployBlock: bigint
}

/** Public deployments, oldest first. None yet: practice chains deploy their own. */
export const deployments: readonly Deployment[] = []

/** The newest known escrow of a chain, or of one token on it. */
export function findDeployment (chainId: number, token?: `0x${string}`): Deployment | undefined {
  return deployments.findLast(deployment =>
    deployment.chainId === chainId && (token == null || deployment.token.toLowerCase() === token.toLowerCase()))
}
