import type { MarketRules } from '../domain/market-rules.ts'
import type { PeriodReading } from '../domain/reading.ts'
import type { UnixSeconds, WattHours } from '../domain/units.ts'

/** A way to expect what a home will need; one file each. */
export interface Forecaster {
  readonly name: string
  readonly title: string
  /** A new memory for one home. It holds a bounded amount, however long it runs. */
  start(rules: MarketRules): Forecast
}

/** What one home has shown so far. */
export interface Forecast {
  /** Takes in a complete period: usually the newest, but a late or corrected one is welcome too. */
  observe(reading: PeriodReading): void
  /** Undefined when nothing can be said, which is never the same as zero. Looks only at periods before. */
  expect(periodStart: UnixSeconds): Expectation | undefined
}

export interface Expectation {
  /** Net import in Wh before a battery: negative is surplus. */
  readonly netWh: number
  /** What it is made of, where the readings tell. */
  readonly pvWh?: number
  readonly loadWh?: number
  /** From which past it follows: completes "as …". */
  readonly basis: string
  /** `share` (0 to 1) of past errors at this hour, actual minus expected, were at most this; undefined before there are enough. */
  error(share: number): number | undefined
  /** What the day after this period usually asks of a battery; undefined where sun and own use are not known apart. */
  night?(): Night
}

/** From after a period until the home's need, beyond what its sun covered till then, is greatest; at most for a day. */
export interface Night {
  /** What must be stored after the period so that nothing needs to be bought. */
  readonly needWh: WattHours
  /** Of its own surplus, what comes before that need and wants room. */
  readonly sunWh: WattHours
  /** Start of the last period that takes from what was stored. */
  readonly until: UnixSeconds
}

/** What is older than this says nothing about now. */
export const MAX_AGE_PERIODS = 4

/** What was is what will be: the net import of the newest complete period, unless that is too long ago. */
export const persistence: Forecaster = {
  name: 'persistence',
  title: 'As in the newest metered period',
  start ({ periodSec }) {
    let kept: PeriodReading[] = []
    return {
      observe (reading) {
        kept = [...kept.filter(({ periodStart }) => periodStart !== reading.periodStart), reading]
          .sort((a, b) => b.periodStart - a.periodStart)
          .slice(0, 2 * MAX_AGE_PERIODS)
      },
      expect (periodStart) {
        const newest = kept.find((each) => each.periodStart < periodStart)
        return newest == null || periodStart - newest.periodStart > MAX_AGE_PERIODS * periodSec ? undefined : asBefore(newest)
      }
    }
  }
}

/** A battery stands between a home's need and its meter, so there the parts count where they are known. */
function asBefore ({ importWh, exportWh, loadWh, pvWh, battery }: PeriodReading): Expectation {
  const common = { basis: 'in the newest metered period', error: () => undefined }
  return loadWh == null || pvWh == null
    ? { ...common, netWh: importWh - exportWh }
    : { ...common, netWh: battery == null ? importWh - exportWh : loadWh - pvWh, loadWh, pvWh }
}
