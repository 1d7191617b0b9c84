import { buyingRange, sellingRange } from '../corridor.ts'
import { draw } from '../draws.ts'
import { defineStrategy } from '../strategy.ts'
import type { PriceRange } from '../corridor.ts'
import type { Situation } from '../strategy.ts'

/**
 * Any price that does not lose money, drawn once for each period: the baseline of Gode and Sunder (1993). What it earns is
 * the market's doing, not the trader's.
 */
export const zeroIntelligence = defineStrategy({
  name: 'zero-intelligence',
  title: 'Zero intelligence, constrained',
  schedule (situation) {
    const range = sellingRange(situation)
    return range == null ? [] : [{ at: 0, price: drawn(range, 'sell', situation) }]
  },
  limit (situation) {
    const range = buyingRange(situation)
    return range == null ? undefined : drawn(range, 'buy', situation)
  }
})

function drawn ({ from, to }: PriceRange, side: string, { seed = 0, periodStart = 0 }: Situation): bigint {
  const share = BigInt(Math.floor(1_000_000 * draw(seed, 'price', side, periodStart)))
  return from + (to - from) * share / 999_999n
}
