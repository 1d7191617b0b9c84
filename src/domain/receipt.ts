import type { Position } from './period.ts'
import type { TradeTerms } from './trade.ts'
import type { Account, Hex, Money, WattHours } from './units.ts'

/**
 * The escrow's `Receipt`: through position `through` the buyer owes the seller `total` since the tab began; the ceiling
 * shall be `cap` until slot `expiry`. Cumulative, so an old receipt can never take anything away from a newer one.
 */
export interface Receipt {
  readonly buyer: Account
  readonly seller: Account
  readonly through: Position
  readonly total: Money
  readonly cap: Money
  /** In slots: Unix time divided by 900. */
  readonly expiry: number
}

export interface SignedReceipt {
  readonly receipt: Receipt
  readonly buyerSignature: Hex
  readonly sellerSignature: Hex
}

/** A tab as the chain holds it. A pair that never met has zeros. */
export interface ChainTab {
  readonly cap: Money
  readonly paid: Money
  readonly through: Position
  readonly expiry: number
}

export function isSameChainTab (a: ChainTab, b: ChainTab): boolean {
  return a.cap === b.cap && a.paid === b.paid && a.through === b.through && a.expiry === b.expiry
}

export const EMPTY_TAB: ChainTab = { cap: 0n, paid: 0n, through: 0, expiry: 0 }

/** The escrow's `Reading`: what `attester` says register `meter` counted in `slot`, for the claims of `seller` and nobody else. */
export interface Attestation {
  readonly attester: Account
  /** Owner of the selling household. */
  readonly seller: Account
  readonly meter: Hex
  readonly slot: number
  readonly wh: WattHours
}

/** A trade the buyer stays silent about, with what the escrow needs to pay it. */
export interface Claim {
  readonly terms: TradeTerms
  readonly buyerSignature: Hex
  readonly readingWh: WattHours
  readonly attestation: Hex
}
