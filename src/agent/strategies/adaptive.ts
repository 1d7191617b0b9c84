import { priceAt } from '../../domain/order.ts'
import { buyingRange, ramp, sellingRange } from '../corridor.ts'
import { defineStrategy } from '../strategy.ts'
import type { Step } from '../corridor.ts'

/**
 * The fair trader with a memory: it gives in earlier at an hour of the day that went unfilled and later at one that was
 * filled, so that prices come to follow what is scarce.
 */
export const adaptive = defineStrategy({
  name: 'adaptive',
  title: 'Adaptive patience',
  schedule (situation) {
    const range = sellingRange(situation)
    return range == null ? [] : ramp(range, steps(situation.learned?.selling), situation)
  },
  limit (situation, elapsed) {
    const range = buyingRange(situation)
    return range == null ? undefined : priceAt(ramp(range, steps(situation.learned?.buying), situation), elapsed)
  }
})

/** The odds of being done are the odds of the time that has passed, divided by what was learned. */
function steps (learned = 1000): Step[] {
  const patience = Math.max(1, learned)
  return [500, 875].map((at) => ({ at, done: Math.floor(1_000_000 * at / (1000 * at + patience * (1000 - at))) }))
}
