/**
 * What one pair owes each other, from signed receipts, the chain and the trades between them. Pure; both sides of a tab
 * run the same sums. Rules from the escrow's design: the buyer signs first, nobody signs a total below its own ledger or
 * the same position twice, and a receipt never passes over a trade that is still open.
 */
import { contractedValue, hasTerms, positionOf } from '../domain/trade.ts'
import { SLOT_SEC, position, slotOf, slotOfPosition } from '../domain/period.ts'
import type { Position } from '../domain/period.ts'
import type { Receipt } from '../domain/receipt.ts'
import type { Tab } from '../domain/tab.ts'
import type { SignedTrade, Trade } from '../domain/trade.ts'
import type { DeclineCode } from '../domain/trade-message.ts'
import type { Money, UnixSeconds } from '../domain/units.ts'

/** Longest life of a ceiling, fixed in the escrow. */
export const MAX_LOCK_SLOTS = 14 * 96

/** Trades that may still cost the buyer something and whose delivery is not known. */
function isUnresolved (trade: Trade): trade is SignedTrade {
  return hasTerms(trade) && (trade.state === 'proposed' || trade.state === 'agreed')
}

/** Trades whose price is known: delivered and accepted by both meters, or claimed on chain. */
function isPriced (trade: Trade): trade is SignedTrade & { readonly amount: Money } {
  return hasTerms(trade) && trade.amount != null && (trade.state === 'delivered' || trade.state === 'receipted' || trade.state === 'claimed')
}

/** Watermark and total of the newest thing both sides or the chain have put their name to. */
export function settledPoint (tab: Tab): { through: Position, total: Money } {
  const signed = tab.signed?.receipt
  return signed == null || signed.through <= tab.chain.through
    ? { through: tab.chain.through, total: tab.chain.paid }
    : { through: signed.through, total: signed.total }
}

/** What the buyer owes since the tab began, for every priced trade up to `through`. */
export function owed (tab: Tab, trades: readonly Trade[], through: Position = Number.MAX_SAFE_INTEGER): Money {
  const point = settledPoint(tab)
  return trades.filter(isPriced)
    .filter(({ terms }) => positionOf(terms) > point.through && positionOf(terms) <= through)
    .reduce((total, { amount }) => total + amount, point.total)
}

/** The ceiling both can rely on: the chain's, or a lower one that was signed and may be submitted at any time. */
export function effectiveCap (tab: Tab): Money {
  return [tab.signed?.receipt, tab.offered?.receipt]
    .filter((receipt) => receipt != null && receipt.through > tab.chain.through)
    .reduce((cap, receipt) => receipt != null && receipt.cap < cap ? receipt.cap : cap, tab.chain.cap)
}

/** How much more may be contracted before the ceiling is reached; never negative. `credit` is what the seller trusts without it. */
export function headroom (tab: Tab, trades: readonly Trade[], credit: Money = 0n): Money {
  const open = trades.filter(isUnresolved).reduce((sum, { terms }) => sum + contractedValue(terms), 0n)
  const room = effectiveCap(tab) + credit - owed(tab, trades) - open
  return room > 0n ? room : 0n
}

export interface ReceiptInit {
  readonly now: UnixSeconds
  /** Ceiling above the total, in base units. */
  readonly ceiling: Money
  /** How long the new ceiling shall live. */
  readonly lifeSec: number
  /** The hot key that signs dies here; a tab may not outlive it. */
  readonly keyValidUntil: UnixSeconds
}

/**
 * The receipt the buyer signs next: pays every trade up to the last slot that is resolved as a whole, refills the ceiling
 * and renews the expiry. With nothing to pay it opens or refills the tab just above the old watermark.
 */
export function nextReceipt (tab: Tab, trades: readonly Trade[], init: ReceiptInit): Receipt {
  const point = settledPoint(tab)
  const floor = Math.max(point.through, tab.offered?.receipt.through ?? 0, tab.refusedThrough ?? 0)
  const blocked = Math.min(Number.MAX_SAFE_INTEGER, ...trades.filter(isUnresolved).map(({ terms }) => terms.slot))
  const payable = trades.filter(isPriced).map(({ terms }) => terms).filter((terms) => positionOf(terms) > point.through && terms.slot < blocked)
  const through = Math.max(...payable.map(positionOf), floor + 1, floor === 0 ? position(slotOf(init.now) - 1, 0) : 0)
  const total = owed(tab, trades, through)
  const open = trades.filter(isUnresolved).reduce((sum, { terms }) => sum + contractedValue(terms), 0n)
  return {
    buyer: tab.buyer,
    seller: tab.seller,
    through,
    total,
    cap: total + (init.ceiling > open ? init.ceiling : open),
    expiry: Math.min(slotOf(init.now + init.lifeSec), slotOf(init.now) + MAX_LOCK_SLOTS - 1, slotOf(init.keyValidUntil))
  }
}

/** True when there is a priced trade that the next receipt would pay. */
export function hasPayable (tab: Tab, trades: readonly Trade[]): boolean {
  const point = settledPoint(tab)
  const blocked = Math.min(Number.MAX_SAFE_INTEGER, ...trades.filter(isUnresolved).map(({ terms }) => terms.slot))
  return trades.filter(isPriced).some(({ terms }) => positionOf(terms) > point.through && terms.slot < blocked)
}

/** Why the seller must not countersign `receipt`, or undefined when it may. */
export function receiptProblem (tab: Tab, trades: readonly Trade[], proposed: { receipt: Receipt, now: UnixSeconds, credit: Money, buyerKeyValidUntil: UnixSeconds }): DeclineCode | undefined {
  const { receipt, now, credit } = proposed
  const point = settledPoint(tab)
  if (receipt.through <= point.through || receipt.total < point.total) {
    return 'STALE_RECEIPT'
  }
  if (slotOfPosition(receipt.through) > slotOf(now)) {
    return 'BAD_TERMS'
  }
  if (trades.filter(isUnresolved).some(({ terms }) => positionOf(terms) <= receipt.through)) {
    return 'NOT_READY'
  }
  if (receipt.total < owed(tab, trades, receipt.through)) {
    return 'TOTAL_TOO_LOW'
  }
  const later = trades.filter(hasTerms).filter((trade) => isUnresolved(trade) || isPriced(trade))
    .filter(({ terms }) => positionOf(terms) > receipt.through)
    .reduce((sum, { amount, terms }) => sum + (amount ?? contractedValue(terms)), 0n)
  if (receipt.total > tab.chain.cap + credit || receipt.cap + credit < receipt.total + later) {
    return 'CEILING'
  }
  const renews = later === 0n || receipt.expiry >= tab.chain.expiry
  if (!renews || receipt.expiry > slotOf(now) + MAX_LOCK_SLOTS || receipt.expiry * SLOT_SEC > proposed.buyerKeyValidUntil) {
    return 'EXPIRY'
  }
}
