import { gateClosure, residualEnd } from './period.ts'
import type { MarketRules } from './market-rules.ts'
import type { Account, Hex, PricePerKwh, PublicKey, UnixSeconds, WattHours } from './units.ts'

export type Side = 'offer' | 'bid'

/** From `at` seconds after the window opens the price is `price`; between knots it falls in a straight line. */
export interface Knot {
  readonly at: number
  readonly price: PricePerKwh
}

/**
 * A firm invitation to trade in one delivery period. A node may replace it by a higher `revision`; a revision with
 * quantity 0 says sold out or withdrawn. The quantity is what was still to be had when the revision was signed.
 */
export interface Order {
  readonly side: Side
  /** Digest of the market rules this order belongs to, 32 bytes. */
  readonly rules: Hex
  /** The owner: the account that is paid or pays. */
  readonly maker: Account
  /** Address of the hot key that signs, so that an altered order cannot pass for a stranger's. */
  readonly signer: Account
  readonly periodStart: UnixSeconds
  readonly quantity: WattHours
  /** Smallest part the maker trades. */
  readonly minFill: WattHours
  /** Counts up from 1 for each signer, period and side. */
  readonly revision: number
  /** 1 to 4 knots, `at` rising, prices of an offer never rising. */
  readonly schedule: readonly Knot[]
}

export interface SignedOrder {
  readonly order: Order
  /** ERC-2098 compact signature over the order's typed data, 64 bytes. */
  readonly signature: Hex
  /** Proof of work, a 32-bit number, where the market asks makers it does not know for one. */
  readonly work?: number
}

/** An order whose signature was checked; `id` is its typed-data digest. */
export interface VerifiedOrder extends SignedOrder {
  readonly id: Hex
  readonly key: PublicKey
}

/**
 * Price of a schedule `elapsed` seconds after the window opened, in integers: the first price before the first knot, the
 * last after the last, and between two knots `a.price - floor((a.price - b.price) * (elapsed - a.at) / (b.at - a.at))`.
 */
export function priceAt (schedule: readonly Knot[], elapsed: number): PricePerKwh {
  let before = schedule[0]
  for (const knot of schedule) {
    if (knot.at > elapsed) {
      const passed = BigInt(Math.max(0, elapsed - before.at))
      const length = BigInt(knot.at - before.at)
      return length <= 0n ? before.price : before.price - (before.price - knot.price) * passed / length
    }
    before = knot
  }
  return before.price
}

/** Where the only knot of a residual offer stands: at the end of the period, which no other offer's knot reaches. */
export function residualKnotAt ({ windowSec, gateClosureSec, periodSec }: MarketRules): number {
  return windowSec + gateClosureSec + periodSec
}

/** True for an offer of what a metered period left over, at one price. */
export function isResidual ({ schedule }: Pick<Order, 'schedule'>, rules: MarketRules): boolean {
  return schedule.length === 1 && schedule[0].at === residualKnotAt(rules)
}

/** First second in which the order can no longer be traded. */
export function closingOf (order: Pick<Order, 'periodStart' | 'schedule'>, rules: MarketRules): UnixSeconds {
  return isResidual(order, rules) ? residualEnd(order.periodStart, rules) : gateClosure(order.periodStart, rules)
}
