import type { BookEntry, PricedOffer } from './order-book.ts'
import type { PricePerKwh, UnixSeconds, WattHours } from '../domain/units.ts'

/** What a home would like to buy in one period, and the most it pays for it. */
export interface Want {
  readonly periodStart: UnixSeconds
  readonly wh: WattHours
  readonly limit: PricePerKwh
}

/** An invitation taken up: propose to buy `wh` of the entry's order at `price`. */
export interface Match {
  readonly entry: BookEntry
  readonly wh: WattHours
  readonly price: PricePerKwh
}

/** How a buyer chooses among what is on offer. The caller leaves out its own offers and those it gave up on. */
export interface Choice {
  readonly minTradeWh: WattHours
  /** Offers that cost at most this much more than the best one count as equally good. */
  readonly tolerance: PricePerKwh
  /** In [0, 1), a new one at each call. */
  random(): number
  /** Among equally good offers these come first. */
  isPreferred?(entry: BookEntry): boolean
  /** The most that can be paid for, were this the offer. */
  affordableWh?(entry: BookEntry, price: PricePerKwh): WattHours
}

/** How offers and wishes come together; one file each in `mechanisms/`, named by the market rules. */
export interface Mechanism {
  /** As `MarketRules.mechanism` has it. */
  readonly name: string
  readonly title: string
  /** Offers arrive cheapest first. Undefined when none of them is worth proposing to. */
  match(offers: readonly PricedOffer[], want: Want, choice: Choice): Match | undefined
}

/** Fixes a mechanism's type and makes it immutable. */
export function defineMechanism (mechanism: Mechanism): Mechanism {
  return Object.freeze(mechanism)
}
