import type { MarketRules } from '../domain/market-rules.ts'
import type { PeriodReading } from '../domain/reading.ts'
import type { UnixSeconds, WattHours } from '../domain/units.ts'

export interface Forecaster {
  readonly name: string
  /**
   * Net import expected in a period, in whole Wh: negative is surplus. `history` holds complete periods in any order.
   * Undefined when nothing can be said, which is never the same as zero.
   */
  expect(periodStart: UnixSeconds, history: readonly PeriodReading[], rules: MarketRules): WattHours | undefined
}

const MAX_PERSISTENCE_PERIODS = 4

/** What was is what will be: the net import of the newest complete period, unless that is too long ago. */
export const persistence: Forecaster = {
  name: 'persistence',
  expect (periodStart, history, rules) {
    let newest: PeriodReading | undefined
    for (const reading of history) {
      if (reading.periodStart < periodStart && reading.periodStart > (newest?.periodStart ?? -1)) {
        newest = reading
      }
    }
    return newest == null || periodStart - newest.periodStart > MAX_PERSISTENCE_PERIODS * rules.periodSec
      ? undefined
      : newest.importWh - newest.exportWh
  }
}
