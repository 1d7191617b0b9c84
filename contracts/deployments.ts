/** One escrow of this release on one chain. */
export interface Deployment {
  /** EIP-155 chain id. */
  readonly chainId: number
  /** Follows from the token's address; both in lower case. */
  readonly escrow: `0x${string}`
  readonly token: `0x${string}`
  /** Block that created the escrow: where reading its events begins. */
  readonly deployBlock: bigint
}

/**
 * Public escrows, each as `wattmesh chain deploy` prints it. None yet: practice chains deploy their own. A change of the contract
 * changes every address, so it empties this list.
 */
export const deployments: readonly Deployment[] = []
