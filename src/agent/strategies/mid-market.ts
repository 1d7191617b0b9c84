import { buyingRange, max, middle, min, sellingRange } from '../corridor.ts'
import { defineStrategy } from '../strategy.ts'

/**
 * The middle between the two tariffs, for both sides and all through the window, or the home's own limit where that is
 * stricter. Homes with the same tariffs trade at the same price, whoever comes first.
 */
export const midMarket = defineStrategy({
  name: 'mid-market',
  title: 'Mid-market rate',
  schedule (situation) {
    const range = sellingRange(situation)
    return range == null ? [] : [{ at: 0, price: max(range.to, middle(situation)) }]
  },
  limit (situation) {
    const range = buyingRange(situation)
    return range == null ? undefined : min(range.to, middle(situation))
  }
})
