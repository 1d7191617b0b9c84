/** Walk-forward forecast errors: a forecast of one period sees only what was metered `lead` periods before it or earlier. */
import { startOwnHistory } from '../../src/agent/own-history.ts'
import type { MarketRules } from '../../src/domain/market-rules.ts'
import type { PeriodReading } from '../../src/domain/reading.ts'

const DAY_PERIODS = 24

/** Nobody is judged before everybody has a week of data. */
const WARM_UP = 10 * DAY_PERIODS

export type Quantity = 'pv' | 'load' | 'net'

export interface Errors {
  /** Mean absolute and root mean square error as shares of the mean of what was metered. */
  readonly nMae: number
  readonly nRmse: number
}

export type Method = 'own-history' | 'own-history, grid meter only' | 'persistence' | 'yesterday' | 'weekly mean'

export interface ErrorQuery {
  readonly quantity: Quantity
  readonly method: Method
  readonly lead: number
  readonly rules: MarketRules
  /** Part of the year that is judged, as shares of it. */
  readonly part?: readonly [number, number]
}

/** Mean of the homes' errors. */
export function forecastErrors (homes: ReadonlyArray<readonly PeriodReading[]>, query: ErrorQuery): Errors {
  const each = homes.map((home) => errorsOf(home, query))
  const mean = (pick: (errors: Errors) => number): number => each.reduce((sum, errors) => sum + pick(errors), 0) / each.length
  return { nMae: mean(({ nMae }) => nMae), nRmse: mean(({ nRmse }) => nRmse) }
}

function errorsOf (home: readonly PeriodReading[], { quantity, method, lead, rules, part = [0, 1] }: ErrorQuery): Errors {
  const actual = home.map((reading) => valueOf(reading, quantity))
  const forecast = forecasts(home, { quantity, method, lead, rules })
  const from = Math.max(WARM_UP, Math.floor(part[0] * home.length))
  const to = Math.floor(part[1] * home.length)
  let [absolute, square, size] = [0, 0, 0]
  for (let at = from; at < to; at++) {
    const error = forecast[at] - actual[at]
    absolute += Math.abs(error)
    square += error * error
    size += Math.abs(actual[at])
  }
  return { nMae: absolute / size, nRmse: Math.sqrt(square / (to - from)) / (size / (to - from)) }
}

function valueOf ({ importWh, exportWh, loadWh = 0, pvWh = 0 }: PeriodReading, quantity: Quantity): number {
  return { pv: pvWh, load: loadWh, net: importWh - exportWh }[quantity]
}

function forecasts (home: readonly PeriodReading[], { quantity, method, lead, rules }: ErrorQuery): number[] {
  const actual = home.map((reading) => valueOf(reading, quantity))
  switch (method) {
    case 'persistence': return home.map((_, at) => actual[at - lead] ?? 0)
    case 'yesterday': return home.map((_, at) => actual[at - DAY_PERIODS] ?? 0)
    case 'weekly mean': return home.map((_, at) => {
      const days = Array.from({ length: 7 }, (_, day) => actual[at - (day + 1) * DAY_PERIODS] ?? 0)
      return days.reduce((sum, wh) => sum + wh, 0) / days.length
    })
    default: {
      const forecast = startOwnHistory(rules, lead)
      return home.map(({ periodStart }, at) => {
        const newest = home[at - lead]
        if (newest != null) {
          const { importWh, exportWh } = newest
          forecast.observe(method === 'own-history' ? newest : { periodStart: newest.periodStart, importWh, exportWh })
        }
        const expected = forecast.expect(periodStart)
        return { pv: expected?.pvWh, load: expected?.loadWh, net: expected?.netWh }[quantity] ?? 0
      })
    }
  }
}
