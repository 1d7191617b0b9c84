/**
 * `npm run bench:agent`: forecasts and trading of the real agent on ten real homes over a year, walk-forward. Progress goes to
 * stderr, the page to stdout and to `docs/reference/agent-bench.md`; `--json` prints the figures instead and writes nothing.
 */
import { writeFileSync } from 'node:fs'
import { persistence } from '../../src/agent/forecast.ts'
import { startOwnHistory } from '../../src/agent/own-history.ts'
import { fairTrader } from '../../src/agent/strategies/fair-trader.ts'
import { strategies } from '../../src/agent/strategies/index.ts'
import { DEFAULT_MARKET_RULES } from '../../src/domain/market-rules.ts'
import { flatTariff } from '../../src/domain/tariff.ts'
import { renderAgentBench } from './agent-page.ts'
import { runStreet } from './agent-street.ts'
import { FONTANA, readFontana } from './fontana.ts'
import { forecastErrors } from './forecast-error.ts'
import type { BenchFigures, ErrorRow, StreetRow } from './agent-page.ts'
import type { StreetInit, StreetResult } from './agent-street.ts'
import type { Method, Quantity } from './forecast-error.ts'
import type { Forecaster } from '../../src/agent/forecast.ts'
import type { MarketRules } from '../../src/domain/market-rules.ts'
import type { PeriodReading } from '../../src/domain/reading.ts'
import type { TariffPlan } from '../../src/domain/tariff.ts'

const PAGE = 'docs/reference/agent-bench.md'
const CENT = 10_000n
const HOUR_SEC = 3600

/** Hours, because the data is hourly; everything else as in a new market. */
const rules: MarketRules = { ...DEFAULT_MARKET_RULES, area: 'fontana', chainId: 31_337, escrow: '0x00000000000000000000000000000000000000ee', periodSec: HOUR_SEC }

/** The constants of the forecast were chosen on these homes and this part of the year. */
const TUNED_HOMES = 5
const TUNED_PART: readonly [number, number] = [0, 0.5]

const METHODS: readonly Method[] = ['own-history', 'own-history, grid meter only', 'persistence', 'yesterday', 'weekly mean']
const QUANTITIES: readonly Quantity[] = ['pv', 'load', 'net']

const flat: TariffPlan = flatTariff({ retail: 30n * CENT, feedIn: 8n * CENT })

/** Every other home pays by the time of day: dear from 16 to 21 o'clock, local standard time. */
function mixed (home: number): TariffPlan {
  return home % 2 === 0
    ? flat
    : (periodStart) => {
        const hour = Math.floor((periodStart - 8 * HOUR_SEC) / HOUR_SEC) % 24
        return { retail: (hour >= 16 && hour < 21 ? 42n : 22n) * CENT, feedIn: 5n * CENT }
      }
}

/** Knows what the meter will say: not a forecast, but the most that one could be worth. */
function oracle (home: readonly PeriodReading[]): Forecaster {
  const net = new Map(home.map(({ periodStart, importWh, exportWh }) => [periodStart, importWh - exportWh]))
  return {
    name: 'oracle',
    title: 'Perfect foresight',
    start: () => ({
      observe: () => {},
      expect: (periodStart) => ({ netWh: net.get(periodStart) ?? 0, basis: 'will be', error: () => undefined })
    })
  }
}

/** Promises quantiles 0.2 beyond those that the prices make worth it, on either side of the market. */
function promisingMore (forecaster: Forecaster): Forecaster {
  return {
    ...forecaster,
    start (rules) {
      const forecast = forecaster.start(rules)
      return {
        observe: forecast.observe,
        expect (periodStart) {
          const expected = forecast.expect(periodStart)
          return expected == null ? undefined : { ...expected, error: (share) => expected.error(share + (expected.netWh < 0 ? -0.2 : 0.2)) }
        }
      }
    }
  }
}

function note (text: string): void {
  process.stderr.write(`${text}\n`)
}

function errorRows (homes: readonly PeriodReading[][]): ErrorRow[] {
  const sets = [
    { homes: 'homes 1–5, August–January (tuned on)', list: homes.slice(0, TUNED_HOMES), part: TUNED_PART },
    { homes: 'homes 6–10, whole year', list: homes.slice(TUNED_HOMES), part: [0, 1] as const },
    { homes: 'all homes, February–July', list: homes, part: [TUNED_PART[1], 1] as const }
  ]
  return sets.flatMap(({ homes, list, part }) => {
    note(`forecasts: ${homes}`)
    return [1, 2].flatMap((lead) => QUANTITIES.flatMap((quantity) => METHODS
      .filter((method) => quantity === 'net' || method !== 'own-history, grid meter only')
      .map((method) => ({ homes, lead, quantity, method, ...forecastErrors(list, { quantity, method, lead, rules, part }) }))))
  })
}

function streetRow (title: string, result: StreetResult, perfect: StreetResult): StreetRow {
  const gain = (bills: StreetResult['billBoth'], without: StreetResult['billBoth']): number[] => bills.map((bill, home) => Number(without[home] - bill) / Number(100n * CENT))
  const [ahead, both, most] = [gain(result.billAhead, result.billWithout), gain(result.billBoth, result.billWithout), gain(perfect.billAhead, perfect.billWithout)]
  const all = (list: readonly number[]): number => list.reduce((sum, each) => sum + each, 0)
  return {
    title,
    contracted: result.contractedWh / result.shareableWh,
    ahead: result.aheadWh / result.shareableWh,
    residual: result.residualWh / result.shareableWh,
    lost: [result.lost.notOfferedWh, result.lost.notSoughtWh, result.lost.notAgreedWh, result.lost.notKeptWh].map((wh) => wh / result.shareableWh),
    short: result.shortWh / Math.max(1, result.contractedWh),
    unneeded: result.unneededWh / Math.max(1, result.contractedWh),
    gainAhead: all(ahead) / all(most),
    gainBoth: all(both) / all(most),
    gainPerHome: ahead.map((each, home) => ({ ahead: each, both: both[home], perfect: most[home] })),
    worseOff: both.filter((each, home) => each < 0 || ahead[home] < 0).length / both.length,
    worsePeriods: result.worsePeriods,
    trades: result.trades
  }
}

function streetRows (homes: readonly PeriodReading[][]): StreetRow[] {
  const run = (title: string, changes: Partial<StreetInit>): StreetResult => {
    const started = performance.now()
    const result = runStreet({
      homes, rules, strategy: fairTrader, forecasterOf: own(2), tariffOf: () => flat, tick: CENT, nearPrice: CENT / 2n, lead: 2, ...changes
    })
    note(`street, ${title}: ${((performance.now() - started) / 1000).toFixed(1)} s`)
    return result
  }
  const own = (lead: number) => (): Forecaster => ({ name: 'own-history', title: '', start: (rules) => startOwnHistory(rules, lead) })
  const perfect = run('perfect foresight', { forecasterOf: (home) => oracle(homes[home]) })
  const rows: Array<[string, Partial<StreetInit>]> = [
    ['fair-trader, own-history', {}],
    ['fair-trader, own-history, promising more', { forecasterOf: () => promisingMore(own(2)()) }],
    ['fair-trader, persistence', { forecasterOf: () => persistence }],
    ['fair-trader, own-history, newest hour known', { forecasterOf: own(1), lead: 1 }],
    ['fair-trader, persistence, newest hour known', { forecasterOf: () => persistence, lead: 1 }],
    ...strategies.filter(({ name }) => name !== 'fair-trader').map((strategy): [string, Partial<StreetInit>] => [`${strategy.name}, own-history`, { strategy }])
  ]
  const mixedPerfect = run('time-of-use, perfect foresight', { forecasterOf: (home) => oracle(homes[home]), tariffOf: mixed })
  return [
    streetRow('fair-trader, perfect foresight', perfect, perfect),
    ...rows.map(([title, changes]) => streetRow(title, run(title, changes), perfect)),
    streetRow('fair-trader, own-history, half the homes with time-of-use tariffs', run('time-of-use', { tariffOf: mixed }), mixedPerfect)
  ]
}

function main (): void {
  const homes = readFontana()
  if (homes == null) {
    note(`There is no data in ${FONTANA}: nothing measured.`)
    return
  }
  note(`${homes.length} homes, ${homes[0].length} hours`)
  const figures: BenchFigures = { errors: errorRows(homes), streets: streetRows(homes) }
  if (process.argv.includes('--json')) {
    process.stdout.write(`${JSON.stringify(figures)}\n`)
    return
  }
  const page = renderAgentBench(figures)
  writeFileSync(PAGE, page)
  process.stdout.write(page)
}

main()
