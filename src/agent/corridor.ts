import type { Situation } from './strategy.ts'
import type { Knot } from '../domain/order.ts'
import type { PricePerKwh } from '../domain/units.ts'

/** First and last price of one side. */
export interface PriceRange {
  readonly from: PricePerKwh
  readonly to: PricePerKwh
}

/** With two ticks or less between the tariffs there is nothing worth sharing. */
export function isCorridorOpen ({ tariff, tick }: Situation): boolean {
  return tariff.retail > tariff.feedIn + 2n * tick
}

/** From just below retail down to just above feed-in or the home's own limit; undefined when that leaves nothing. */
export function sellingRange (situation: Situation): PriceRange | undefined {
  const { tariff: { retail, feedIn }, tick, lowestSellingPrice } = situation
  const from = retail - tick
  const to = max(feedIn + tick, lowestSellingPrice)
  return isCorridorOpen(situation) && to <= from ? { from, to } : undefined
}

/** From feed-in up to just below retail or the home's own limit; undefined when that leaves nothing. */
export function buyingRange (situation: Situation): PriceRange | undefined {
  const { tariff: { retail, feedIn }, tick, highestBuyingPrice } = situation
  const to = min(retail - tick, highestBuyingPrice)
  return isCorridorOpen(situation) && to > feedIn ? { from: feedIn, to } : undefined
}

/** Middle of the tariffs, where a trade serves both sides alike. */
export function middle ({ tariff }: Pick<Situation, 'tariff'>): PricePerKwh {
  return (tariff.retail + tariff.feedIn) / 2n
}

/** A share of the way, in thousandths, that is done at a point of the window, in thousandths of its moving part. */
export interface Step {
  readonly at: number
  readonly done: number
}

/** Knots from one price to the other; they stop moving for the last tenth of the window, or longer where the rules say so. */
export function ramp ({ from, to }: PriceRange, steps: readonly Step[], { rules }: Situation): Knot[] {
  const end = rules.windowSec - Math.max(rules.flatSec, Math.ceil(rules.windowSec / 10))
  const knots = [{ at: 0, done: 0 }, ...steps, { at: 1000, done: 1000 }]
    .map(({ at, done }) => ({ at: Math.floor(end * at / 1000), price: from + (to - from) * BigInt(done) / 1000n }))
  // A window that is flat from its start, or almost, has room for the last knots only.
  return knots.filter(({ at }, index) => index === knots.length - 1 || at < knots[index + 1].at)
}

export function max (a: PricePerKwh, b: PricePerKwh = a): PricePerKwh {
  return a > b ? a : b
}

export function min (a: PricePerKwh, b: PricePerKwh = a): PricePerKwh {
  return a < b ? a : b
}
