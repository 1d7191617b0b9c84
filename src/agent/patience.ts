import type { Learned } from './strategy.ts'
import type { UnixSeconds } from '../domain/units.ts'

/** From here on the market's own prices tell no more. */
const LEAST = 125
const MOST = 8000

export interface Patience {
  of(periodStart: UnixSeconds): Learned
  /** Says how a wish for a period ended once its gate has closed. */
  learn(periodStart: UnixSeconds, side: keyof Learned, wasFilled: boolean): void
}

/** What a home has learned for each hour of the day (UTC): a fifth more patience after a filled wish, a fifth less after an unfilled one. */
export function startPatience (): Patience {
  const hours = { selling: new Float64Array(24).fill(1000), buying: new Float64Array(24).fill(1000) }
  const hourOf = (periodStart: UnixSeconds): number => Math.floor(periodStart / 3600) % 24
  return {
    of: (periodStart) => ({
      selling: Math.round(hours.selling[hourOf(periodStart)]),
      buying: Math.round(hours.buying[hourOf(periodStart)])
    }),
    learn (periodStart, side, wasFilled) {
      const before = hours[side][hourOf(periodStart)]
      hours[side][hourOf(periodStart)] = Math.min(MOST, Math.max(LEAST, wasFilled ? before * 1.2 : before / 1.2))
    }
  }
}
