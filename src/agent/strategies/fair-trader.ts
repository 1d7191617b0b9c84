import { priceAt } from '../../domain/order.ts'
import { buyingRange, ramp, sellingRange } from '../corridor.ts'
import { defineStrategy } from '../strategy.ts'
import type { Step } from '../corridor.ts'
import type { Situation } from '../strategy.ts'

/**
 * Walks through the corridor between feed-in and retail price: sellers from the top down, buyers from the bottom up, both
 * at their last price for the end of the window, so that everyone who can gain from a trade meets someone to make it with.
 */
export const fairTrader = defineStrategy({
  name: 'fair-trader',
  title: 'Fair trader',
  schedule (situation) {
    const range = sellingRange(situation)
    return range == null ? [] : ramp(range, steps(situation), situation)
  },
  limit (situation, elapsed) {
    const range = buyingRange(situation)
    return range == null ? undefined : priceAt(ramp(range, steps(situation), situation), elapsed)
  }
})

/** Half-way through, between a quarter (patient) and three quarters are done. */
function steps ({ patience }: Situation): Step[] {
  return [{ at: 500, done: 750 - Math.round(500 * Math.min(1, Math.max(0, patience))) }]
}
