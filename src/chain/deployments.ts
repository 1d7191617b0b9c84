import { deployments } from '../../contracts/deployments.ts'
import { CodedError } from '../domain/errors.ts'
import { isHex } from '../domain/units.ts'
import { escrowAddress } from './deploy.ts'
import type { ChainErrorCode } from './errors.ts'
import type { Deployment } from '../../contracts/deployments.ts'
import type { Account } from '../domain/units.ts'

/** Where the escrow of a token is known to be, in the order of the list. Throws `CHAIN_BAD_LIST` when any entry of the list is wrong. */
export function deploymentsOf (token: Account, list: readonly Deployment[] = deployments): Deployment[] {
  const wrong = list.findIndex((entry, index) => !isOfThisRelease(entry) || list.findIndex((other) => isSame(entry, other)) < index)
  if (wrong >= 0) {
    throw new CodedError<ChainErrorCode>('CHAIN_BAD_LIST',
      `Entry ${wrong + 1} of contracts/deployments.ts is no escrow of this release, or is there twice: put there what \`wattmesh chain deploy\` prints.`,
      { details: { entry: list[wrong] } })
  }
  return list.filter((entry) => entry.token === token)
}

function isOfThisRelease ({ chainId, escrow, token, deployBlock }: Deployment): boolean {
  return Number.isSafeInteger(chainId) && chainId > 0 && isHex(token, 20) && escrow === escrowAddress(token) && deployBlock >= 0n
}

function isSame (one: Deployment, other: Deployment): boolean {
  return one.chainId === other.chainId && one.token === other.token
}
