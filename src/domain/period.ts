import type { MarketRules } from './market-rules.ts'
import type { UnixSeconds } from './units.ts'

/** Seconds of the escrow's own clock: it counts time in slots of a quarter hour since 1970. */
export const SLOT_SEC = 900

/** A place in the order in which a tab is settled: `slot * 65536 + seq`, at most 40 bits. */
export type Position = number

/** Start of the delivery period that contains `time`. */
export function periodAt (time: UnixSeconds, rules: MarketRules): UnixSeconds {
  return time - time % rules.periodSec
}

/** First second in which the period can no longer be traded. */
export function gateClosure (periodStart: UnixSeconds, rules: MarketRules): UnixSeconds {
  return periodStart - rules.gateClosureSec
}

/** First second in which the period can be traded; the schedule of an offer counts from here. */
export function windowOpening (periodStart: UnixSeconds, rules: MarketRules): UnixSeconds {
  return gateClosure(periodStart, rules) - rules.windowSec
}

/** The periods whose trading window is open at `now`, soonest first. */
export function openPeriods (now: UnixSeconds, rules: MarketRules): UnixSeconds[] {
  const periods: UnixSeconds[] = []
  const first = periodAt(now + rules.gateClosureSec, rules) + rules.periodSec
  for (let start = first; windowOpening(start, rules) <= now; start += rules.periodSec) {
    periods.push(start)
  }
  return periods
}

/** First second after the period; what its trades left over can be traded from here. */
export function periodEnd (periodStart: UnixSeconds, rules: MarketRules): UnixSeconds {
  return periodStart + rules.periodSec
}

/** First second in which what a period left over can no longer be traded. */
export function residualEnd (periodStart: UnixSeconds, rules: MarketRules): UnixSeconds {
  return periodEnd(periodStart, rules) + rules.residualSec
}

/** The escrow's slot that starts with the period. */
export function slotOf (periodStart: UnixSeconds): number {
  return Math.floor(periodStart / SLOT_SEC)
}

/** Position of the `seq`-th trade of a pair in `slot`. Multiplication, because shifts work on 32 bits only. */
export function position (slot: number, seq: number): Position {
  return slot * 65_536 + seq
}

/** The slot a position lies in. */
export function slotOfPosition (at: Position): number {
  return Math.floor(at / 65_536)
}
