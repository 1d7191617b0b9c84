import type { Position } from './period.ts'
import type { ChainTab, Receipt, SignedReceipt } from './receipt.ts'
import type { TradeRole } from './trade.ts'
import type { Account, Hex, PublicKey } from './units.ts'

/** The running account of one ordered pair, as this node keeps it: what was signed, and what the chain has seen of it. */
export interface Tab {
  readonly buyer: Account
  readonly seller: Account
  /** Our side of it. */
  readonly role: TradeRole
  readonly partnerKey: PublicKey
  /** Newest receipt with both signatures. */
  readonly signed?: SignedReceipt
  /** Buyer only: a newer receipt we signed and the seller has not answered; it may surface at any time. */
  readonly offered?: { readonly receipt: Receipt, readonly buyerSignature: Hex }
  /** Buyer only: highest position of a receipt the seller refused; no position is ever signed twice. */
  readonly refusedThrough?: Position
  /** Last confirmed state on chain. */
  readonly chain: ChainTab
}

/** Names a tab in maps and on disk. */
export function tabId (buyer: Account, seller: Account): string {
  return `${buyer}>${seller}`
}
