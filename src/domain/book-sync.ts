import type { Order, SignedOrder } from './order.ts'
import type { Account, Hex, UnixSeconds } from './units.ts'

/** Names one place in a book. Keys sort by signer, then period, then side with offers first. */
export type OrderKey = Pick<Order, 'signer' | 'periodStart' | 'side'>

/** 16 bytes that stand for the newest orders of one signer, open or withdrawn. */
export interface SignerDigest {
  readonly signer: Account
  readonly digest: Hex
}

/** A digest for each signer, in rising order of signers. `root` is the asker's own digest of all. */
export interface DigestsQuestion {
  readonly kind: 'digests?'
  readonly rules: Hex
  readonly from: UnixSeconds
  readonly root: Hex
  readonly after?: Account
}

export interface DigestsAnswer {
  readonly kind: 'digests'
  /** Only orders of this period and later ones count. */
  readonly from: UnixSeconds
  /** The roots are equal: there is nothing to compare. */
  readonly isSame: boolean
  readonly isMore: boolean
  readonly digests: readonly SignerDigest[]
}

/** The newest orders of some signers, in rising order of their keys. */
export interface OrdersQuestion {
  readonly kind: 'orders?'
  readonly rules: Hex
  readonly signers: readonly Account[]
  readonly after?: OrderKey
}

export interface OrdersAnswer {
  readonly kind: 'orders'
  readonly isMore: boolean
  readonly orders: readonly SignedOrder[]
}

/** Number on the wire is place in this list plus 1. Append only. */
export const REFUSAL_CODES = ['OTHER_MARKET', 'TOO_OFTEN'] as const

export type RefusalCode = typeof REFUSAL_CODES[number]

export interface Refusal {
  readonly kind: 'refusal'
  readonly code: RefusalCode
}

export type BookQuestion = DigestsQuestion | OrdersQuestion
export type BookAnswer = DigestsAnswer | OrdersAnswer | Refusal
export type BookMessage = BookQuestion | BookAnswer

/** Negative when `a` comes before `b`, 0 when they name the same place. */
export function compareKeys (a: OrderKey, b: OrderKey): number {
  if (a.signer !== b.signer) {
    return a.signer < b.signer ? -1 : 1
  }
  if (a.periodStart !== b.periodStart) {
    return a.periodStart - b.periodStart
  }
  return Number(a.side === 'bid') - Number(b.side === 'bid')
}
