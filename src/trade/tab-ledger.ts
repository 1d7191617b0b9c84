/**
 * What one pair owes each other, from signed receipts, the chain and the trades between them. Pure; both sides of a tab
 * run the same sums. Rules from the escrow's design: the buyer signs first, nobody signs a total below its own ledger or
 * the same position twice, and a receipt never passes over a trade that is still open.
 */
import { SLOT_SEC, position, slotOf, slotOfPosition } from '../domain/period.ts'
import { EMPTY_TAB } from '../domain/receipt.ts'
import { contractedValue, hasTerms, positionOf } from '../domain/trade.ts'
import type { Position } from '../domain/period.ts'
import type { ChainTab, Receipt } from '../domain/receipt.ts'
import type { Tab } from '../domain/tab.ts'
import type { DeclineCode } from '../domain/trade-message.ts'
import type { SignedTrade, Trade } from '../domain/trade.ts'
import type { Money, UnixSeconds } from '../domain/units.ts'

/** What the sums need of a tab; a pair that has none yet has `NO_TAB`. */
export type PairState = Pick<Tab, 'chain' | 'signed' | 'offered' | 'refusedThrough'>

export const NO_TAB: PairState = { chain: EMPTY_TAB }

/** Longest life of a ceiling, fixed in the escrow. */
export const MAX_LOCK_SLOTS = 14 * 96

/** Trades whose delivery is not known and that may still cost the buyer something: the watermark has not passed them. */
function unresolved (tab: PairState, trades: readonly Trade[]): SignedTrade[] {
  const point = settledPoint(tab)
  return trades.filter(hasTerms).filter(({ state, terms }) => (state === 'proposed' || state === 'agreed') && positionOf(terms) > point.through)
}

/** Trades whose price is known: delivered and accepted by both meters, or claimed on chain. */
function isPriced (trade: Trade): trade is SignedTrade & { readonly amount: Money } {
  return hasTerms(trade) && trade.amount != null && (trade.state === 'delivered' || trade.state === 'receipted' || trade.state === 'claimed')
}

/** Watermark and total of the newest thing both sides or the chain have put their name to. */
export function settledPoint (tab: PairState): { through: Position, total: Money } {
  const signed = tab.signed?.receipt
  return signed == null || signed.through <= tab.chain.through
    ? { through: tab.chain.through, total: tab.chain.paid }
    : { through: signed.through, total: signed.total }
}

/** The highest position this home has signed for or seen; nothing at or below it can be paid by a receipt any more. */
export function watermark (tab: PairState): Position {
  return Math.max(settledPoint(tab).through, tab.offered?.receipt.through ?? 0, tab.refusedThrough ?? 0)
}

/** True when a new trade in the slot could no longer be paid. */
export function hasPassed (tab: PairState, slot: number): boolean {
  return slot < slotOfPosition(watermark(tab))
}

/** Number of the pair's next trade in a slot that the tab has not passed. */
export function nextSeq (tab: PairState, trades: readonly Trade[], slot: number): number {
  const at = watermark(tab)
  const settled = slotOfPosition(at) === slot ? at - position(slot, 0) : 0
  return Math.max(settled, 0, ...trades.map(({ terms }) => terms?.slot === slot ? terms.seq : 0)) + 1
}

/** What the buyer owes since the tab began, for every priced trade up to `through`. */
export function owed (tab: PairState, trades: readonly Trade[], through: Position = Number.MAX_SAFE_INTEGER): Money {
  const point = settledPoint(tab)
  return trades.filter(isPriced)
    .filter(({ terms }) => positionOf(terms) > point.through && positionOf(terms) <= through)
    .reduce((total, { amount }) => total + amount, point.total)
}

/** The ceiling both can rely on: the chain's, or a lower one that was signed and may be submitted at any time. */
export function effectiveCap (tab: PairState): Money {
  return [tab.signed?.receipt, tab.offered?.receipt]
    .filter((receipt) => receipt != null && receipt.through > tab.chain.through)
    .reduce((cap, receipt) => receipt != null && receipt.cap < cap ? receipt.cap : cap, tab.chain.cap)
}

/** What the buyer will have to pay at most for everything after `through`: priced trades at their price, open ones in full. */
function valueAfter (tab: PairState, trades: readonly Trade[], through: Position): Money {
  const open = unresolved(tab, trades).filter(({ terms }) => positionOf(terms) > through)
  return open.reduce((sum, { terms }) => sum + contractedValue(terms), 0n) + owed(tab, trades) - owed(tab, trades, through)
}

/**
 * How much more may be contracted before the ceiling is reached; never negative. `credit` is what the seller trusts without
 * it. A ceiling that ends before `until` covers no more than it has paid.
 */
export function headroom (tab: PairState, trades: readonly Trade[], { credit = 0n, until = 0 }: { credit?: Money, until?: UnixSeconds } = {}): Money {
  const cap = tab.chain.expiry * SLOT_SEC >= until ? effectiveCap(tab) : tab.chain.paid
  const { through, total } = settledPoint(tab)
  const room = cap + credit - total - valueAfter(tab, trades, through)
  return room > 0n ? room : 0n
}

/** The newer of two looks at the chain: a watermark never falls. */
export function newerChainTab (known: ChainTab, read: ChainTab): ChainTab {
  return read.through < known.through ? known : read
}

export interface ReceiptInit {
  readonly now: UnixSeconds
  /** Ceiling above the total, in base units. */
  readonly ceiling: Money
  /** How long the new ceiling shall live. */
  readonly lifeSec: number
  /** The hot key that signs dies here; a tab may not outlive it. */
  readonly keyValidUntil: UnixSeconds
  /** Only what was delivered by then is paid: more may still be traded of a period that was metered a moment ago. */
  readonly deliveredBy?: UnixSeconds
  /** Periods that end after this can still be traded: a new tab begins before them. */
  readonly openFrom?: UnixSeconds
}

/**
 * The receipt the buyer signs next: pays every trade up to the last slot that is resolved as a whole, refills the ceiling
 * and renews the expiry. With nothing to pay it opens or refills the tab just above the old watermark. Undefined while that
 * would pass over a trade that is still open.
 */
export function nextReceipt (tab: Tab, trades: readonly Trade[], init: ReceiptInit): Receipt | undefined {
  const open = unresolved(tab, trades)
  const floor = watermark(tab)
  const opening = position(Math.min(slotOf(init.openFrom ?? init.now), firstSlot(open)) - 1, 0)
  const through = Math.max(...payable(tab, trades, init.deliveredBy).map(({ terms }) => positionOf(terms)), floor + 1, floor === 0 ? opening : 0)
  if (open.some(({ terms }) => positionOf(terms) <= through)) {
    return undefined
  }
  const total = owed(tab, trades, through)
  const later = valueAfter(tab, trades, through)
  return {
    buyer: tab.buyer,
    seller: tab.seller,
    through,
    total,
    cap: total + (init.ceiling > later ? init.ceiling : later),
    expiry: Math.min(Math.max(slotOf(init.now + init.lifeSec), tab.chain.expiry), slotOf(init.now) + MAX_LOCK_SLOTS - 1, slotOf(init.keyValidUntil))
  }
}

/** True when there is a priced trade, delivered by then, that the next receipt would pay. */
export function hasPayable (tab: PairState, trades: readonly Trade[], deliveredBy?: UnixSeconds): boolean {
  return payable(tab, trades, deliveredBy).length > 0
}

/** Priced trades that no receipt has paid yet, of the slots before the first one with an open trade or one delivered since. */
function payable (tab: PairState, trades: readonly Trade[], deliveredBy: UnixSeconds = Number.MAX_SAFE_INTEGER): SignedTrade[] {
  const fresh = trades.filter(hasTerms).filter(({ state, changedAt }) => state === 'delivered' && changedAt > deliveredBy)
  const blocked = firstSlot([...unresolved(tab, trades), ...fresh])
  const point = settledPoint(tab)
  return trades.filter(isPriced).filter(({ terms }) => positionOf(terms) > point.through && terms.slot < blocked)
}

function firstSlot (trades: readonly SignedTrade[]): number {
  return Math.min(Number.MAX_SAFE_INTEGER, ...trades.map(({ terms }) => terms.slot))
}

/** Why the seller must not countersign `receipt`, or undefined when it may. */
export function receiptProblem (tab: PairState, trades: readonly Trade[], proposed: { receipt: Receipt, now: UnixSeconds, credit: Money, buyerKeyValidUntil: UnixSeconds }): DeclineCode | undefined {
  const { receipt, now, credit } = proposed
  const point = settledPoint(tab)
  if (receipt.through <= point.through || receipt.total < point.total) {
    return 'STALE_RECEIPT'
  }
  if (slotOfPosition(receipt.through) > slotOf(now)) {
    return 'BAD_TERMS'
  }
  if (unresolved(tab, trades).some(({ terms }) => positionOf(terms) <= receipt.through)) {
    return 'NOT_READY'
  }
  if (receipt.total < owed(tab, trades, receipt.through)) {
    return 'TOTAL_TOO_LOW'
  }
  const later = valueAfter(tab, trades, receipt.through)
  if (receipt.total > receipt.cap || receipt.total > effectiveCap(tab) + credit || receipt.cap + credit < receipt.total + later) {
    return 'CEILING'
  }
  const renews = later === 0n || receipt.expiry >= tab.chain.expiry
  if (!renews || receipt.expiry > slotOf(now) + MAX_LOCK_SLOTS || receipt.expiry * SLOT_SEC > proposed.buyerKeyValidUntil) {
    return 'EXPIRY'
  }
}
