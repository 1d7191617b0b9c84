import { priceAt } from '../../domain/order.ts'
import { defineStrategy } from '../strategy.ts'
import type { Knot } from '../../domain/order.ts'
import type { PricePerKwh } from '../../domain/units.ts'
import type { Situation } from '../strategy.ts'

/**
 * Walks through the corridor between feed-in and retail price: sellers from the top down, buyers from the bottom up, both
 * at their last price for the end of the window, so that everyone who can gain from a trade meets someone to make it with.
 */
export const fairTrader = defineStrategy({
  name: 'fair-trader',
  title: 'Fair trader',
  schedule (situation) {
    const { tariff: { retail, feedIn }, tick, lowestSellingPrice } = situation
    const from = retail - tick
    const to = max(feedIn + tick, lowestSellingPrice)
    return isOpen(situation) && to <= from ? ramp(from, to, situation) : []
  },
  limit (situation, elapsed) {
    const { tariff: { retail, feedIn }, tick, highestBuyingPrice } = situation
    const to = min(retail - tick, highestBuyingPrice)
    return isOpen(situation) && to > feedIn ? priceAt(ramp(feedIn, to, situation), elapsed) : undefined
  }
})

/** With two ticks or less between the tariffs there is nothing worth sharing. */
function isOpen ({ tariff, tick }: Situation): boolean {
  return tariff.retail > tariff.feedIn + 2n * tick
}

/** Three knots from one price to the other; half-way through, between a quarter (patient) and three quarters are done. */
function ramp (from: PricePerKwh, to: PricePerKwh, { rules, patience }: Situation): Knot[] {
  const end = rules.windowSec - Math.max(rules.flatSec, Math.ceil(rules.windowSec / 10))
  const doneAtHalf = 750n - BigInt(Math.round(500 * Math.min(1, Math.max(0, patience))))
  const knots = [
    { at: 0, price: from },
    { at: Math.floor(end / 2), price: from + (to - from) * doneAtHalf / 1000n },
    { at: end, price: to }
  ]
  // A window that is flat from its start, or almost, has room for the last knots only.
  return knots.filter(({ at }, index) => index === 2 || at < knots[index + 1].at)
}

function max (a: PricePerKwh, b: PricePerKwh = a): PricePerKwh {
  return a > b ? a : b
}

function min (a: PricePerKwh, b: PricePerKwh = a): PricePerKwh {
  return a < b ? a : b
}
