import { buyingRange, sellingRange } from '../corridor.ts'
import { defineStrategy } from '../strategy.ts'

/**
 * One price for each side, all through the window: the home's own lowest selling and highest buying price. Without them it
 * takes whatever is better than the supplier.
 */
export const fixedPrice = defineStrategy({
  name: 'fixed-price',
  title: 'Fixed price',
  schedule (situation) {
    const range = sellingRange(situation)
    return range == null ? [] : [{ at: 0, price: range.to }]
  },
  limit: (situation) => buyingRange(situation)?.to
})
