import type { Attestation } from '../domain/receipt.ts'
import type { Account, Hex } from '../domain/units.ts'

/**
 * The meter's own key, which vouches for what it counted. By default it is a key in a file beside the node's; a secure element
 * implements the same two members.
 */
export interface ReadingSigner {
  /** The `attester` of every trade this home sells. */
  readonly address: Account
  /** Signs the EIP-712 `Reading` of the escrow: an ERC-2098 compact signature, 64 bytes, low s. */
  signReading(reading: Attestation): Hex | Promise<Hex>
}
