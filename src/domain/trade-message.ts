import type { Receipt, SignedReceipt } from './receipt.ts'
import type { TradeState, TradeTerms } from './trade.ts'
import type { Account, Hex, PricePerKwh, UnixSeconds, WattHours } from './units.ts'

/** Why the other side says no. `BUSY` and `NOT_READY` pass; the rest will not change for this order or receipt. */
export const DECLINE_CODES = [
  'UNKNOWN_ORDER', 'SOLD_OUT', 'GATE_CLOSED', 'PRICE_TOO_LOW', 'TOO_SMALL', 'NO_TAB', 'KEY_NOT_REGISTERED', 'UNKNOWN_TRADE',
  'BAD_SIGNATURE', 'BAD_TERMS', 'NOT_READY', 'TOTAL_TOO_LOW', 'STALE_RECEIPT', 'CEILING', 'EXPIRY', 'SELF_TRADE', 'BUSY',
  'NOT_MEMBER', 'NOT_OFFERED'
] as const

export type DeclineCode = typeof DECLINE_CODES[number]

export interface Propose {
  readonly kind: 'propose'
  readonly tradeId: Hex
  readonly orderId: Hex
  /** Owner account of the buyer. */
  readonly buyer: Account
  readonly wh: WattHours
  readonly pricePerKwh: PricePerKwh
}

export interface Accept {
  readonly kind: 'accept'
  readonly tradeId: Hex
  readonly terms: TradeTerms
  readonly signature: Hex
  readonly validUntil: UnixSeconds
}

export interface Decline {
  readonly kind: 'decline'
  readonly code: DeclineCode
  /** What is left of the order, when the question was about one. */
  readonly remaining: WattHours
}

export interface Confirm {
  readonly kind: 'confirm'
  readonly tradeId: Hex
  readonly signature: Hex
}

export interface StatusQuery {
  readonly kind: 'status-query'
  readonly tradeId: Hex
}

export interface Status {
  readonly kind: 'status'
  readonly tradeId: Hex
  readonly state: TradeState
}

/** What one home's meter says of its trades with the other in one slot. Sent by the buyer, answered in kind. */
export interface Delivery {
  readonly kind: 'delivery'
  readonly slot: number
  readonly parts: ReadonlyArray<{ readonly tradeId: Hex, readonly wh: WattHours }>
}

/** A receipt with the sender's signature; the answer carries the same receipt with the seller's. */
export interface ReceiptMessage {
  readonly kind: 'receipt'
  readonly receipt: Receipt
  readonly signature: Hex
}

/** A seller gives a receipt that both signed to a neighbour that offers to submit for others. */
export interface Submit {
  readonly kind: 'submit'
  readonly signed: SignedReceipt
}

/** It will be submitted, at the latest by then. */
export interface Queued {
  readonly kind: 'queued'
  readonly by: UnixSeconds
}

export type TradeRequest = Propose | Confirm | StatusQuery | Delivery | ReceiptMessage | Submit
export type TradeAnswer = Accept | Decline | Status | Delivery | ReceiptMessage | Queued
export type TradeMessage = TradeRequest | TradeAnswer
