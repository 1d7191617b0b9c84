/**
 * The default forecast, from nothing but the home's own meter. Sun: how clear the sky was in the newest period, times the
 * most this time of day has brought within a week. Own use: the newest period and the week's mean at this time of day, half
 * each at first and then as has fitted this home better. State: nine days of readings and the rolling errors; one more
 * period costs the same however long the home has run.
 */
import { errorsByHour } from './errors-by-hour.ts'
import { MAX_AGE_PERIODS, persistence } from './forecast.ts'
import type { Forecast, Forecaster } from './forecast.ts'
import type { MarketRules } from '../domain/market-rules.ts'
import type { PeriodReading } from '../domain/reading.ts'
import type { UnixSeconds, WattHours } from '../domain/units.ts'

const DAY_SEC = 86_400

const WEEK_DAYS = 7

/** A week before any period that can still be traded, and for the newest period before it. */
const KEPT_DAYS = WEEK_DAYS + 2

/** Days of the week that must have been metered at a time of day. */
const MIN_DAYS = 4

/** Weight of the week's mean beside the sky's clearness: the weaker the light was from which that is known, the more. */
const MEAN_WEIGHT = 0.1

/** Weights of the newest period in what a home uses: the first until the home shows which fits best. */
const NEWEST_WEIGHTS = [0.5, 0.2, 0.35, 0.65, 0.8]

/** What fitted a period ago counts this much of what fits now, so some hundreds of periods decide. */
const WEIGHT_MEMORY = 0.997

/** The sky may turn out clearer than on any day of the week, but not by more. */
const MAX_CLEARNESS = 1.2

export const ownHistory: Forecaster = {
  name: 'own-history',
  title: 'From the home\'s own last week',
  start: (rules) => startOwnHistory(rules, decisionLead(rules))
}

/** Periods between the newest complete one and the one decided on, in the last moments before its gate closes. */
function decisionLead ({ periodSec, gateClosureSec }: MarketRules): number {
  return 2 + Math.floor(gateClosureSec / periodSec)
}

/** `lead`: how many periods ahead the errors are measured; a decision is taken that far ahead. */
export function startOwnHistory (rules: MarketRules, lead: number): Forecast {
  const { periodSec } = rules
  const perDay = Math.max(1, Math.round(DAY_SEC / periodSec))
  const days = dayRing(perDay)
  const errors = errorsByHour()
  const untilAWeek = persistence.start(rules)
  /** By period number, waiting for what it turns out to be. */
  const pending = new Map<number, Prediction>()
  /** How far off each weight has been lately. */
  const misses = NEWEST_WEIGHTS.map(() => 0)
  let first = Infinity
  let knowsParts = false

  const numberOf = (periodStart: UnixSeconds): number => Math.floor(periodStart / periodSec)

  const hasWeek = (at: number): boolean => first <= at - WEEK_DAYS * perDay

  const predict = (at: number): Prediction | undefined => {
    const newest = days.newestBefore(at, MAX_AGE_PERIODS)
    const sun = days.week('sun', at)
    const use = days.week('use', at)
    if (sun == null || use == null) {
      return undefined
    }
    if (newest == null) {
      return { sun: sun.mean, use: use.mean, newestUse: use.mean, meanUse: use.mean }
    }
    const before = days.week('sun', newest)
    const weight = NEWEST_WEIGHTS[misses.indexOf(Math.min(...misses))]
    const newestUse = days.get('use', newest)
    return {
      sun: before == null ? sun.mean : clearSky(sun, before, days.get('sun', newest)),
      use: weight * newestUse + (1 - weight) * use.mean,
      newestUse,
      meanUse: use.mean
    }
  }

  const nightFrom = (after: number): WattHours => {
    let total = 0
    for (let at = after; at < after + perDay; at++) {
      const sun = days.week('sun', at)?.mean ?? 0
      const use = days.week('use', at)?.mean ?? 0
      if (sun > use) {
        break
      }
      total += use - sun
    }
    return Math.ceil(total)
  }

  return {
    observe (reading) {
      const parts = partsOf(reading)
      const at = numberOf(reading.periodStart)
      untilAWeek.observe(reading)
      if (parts.areKnown !== knowsParts) {
        if (knowsParts && days.newestBefore(at + 1, perDay) != null) {
          return // a gap in what the device tells; were it to last a day, the meter alone would have to do
        }
        // what was measured differently cannot be compared
        days.clear()
        pending.clear()
        first = Infinity
        knowsParts = parts.areKnown
      }
      const expected = pending.get(at)
      if (expected != null) {
        pending.delete(at)
        errors.add(reading.periodStart, parts.use - parts.sun - (expected.use - expected.sun))
        NEWEST_WEIGHTS.forEach((weight, place) => {
          const miss = Math.abs(parts.use - weight * expected.newestUse - (1 - weight) * expected.meanUse)
          misses[place] = WEIGHT_MEMORY * misses[place] + miss
        })
      }
      days.put(at, parts)
      first = Math.min(first, at)
      const later = hasWeek(at + lead) ? predict(at + lead) : undefined
      if (later != null && days.newestBefore(at + lead, lead) === at) {
        pending.set(at + lead, later)
      }
      for (const number of pending.keys()) {
        if (number < at - perDay) {
          pending.delete(number)
        }
      }
    },
    expect (periodStart) {
      const at = numberOf(periodStart)
      const parts = hasWeek(at) ? predict(at) : undefined
      if (parts == null) {
        return untilAWeek.expect(periodStart)
      }
      return {
        netWh: parts.use - parts.sun,
        ...knowsParts ? { pvWh: parts.sun, loadWh: parts.use } : {},
        basis: days.newestBefore(at, MAX_AGE_PERIODS) == null ? 'usual this week' : 'this week and the newest metered period suggest',
        error: (share) => errors.quantile(periodStart, share),
        nightWh: () => nightFrom(at + 1)
      }
    }
  }
}

interface Prediction {
  readonly sun: number
  readonly use: number
  /** What the use is weighed from. */
  readonly newestUse: number
  readonly meanUse: number
}

interface Week {
  readonly mean: number
  readonly most: number
}

/** Clearness of the newest period times the most of this time of day, with the mean where that period had little light. */
function clearSky (now: Week, before: Week, newestWh: WattHours): number {
  if (now.most === 0 || before.most === 0) {
    return now.mean
  }
  const clearness = Math.min(MAX_CLEARNESS, newestWh / before.most)
  const trust = before.most / (before.most + MEAN_WEIGHT * now.most)
  return trust * clearness * now.most + (1 - trust) * now.mean
}

interface Parts {
  readonly sun: WattHours
  readonly use: WattHours
  /** False when they stand for export and import: what the sun leaves over and what it does not cover. */
  readonly areKnown: boolean
}

/**
 * Sun and own use, as far as the readings tell. One of the two gives the other through the grid meter, unless a battery
 * stands between them. Without either, export follows the sun and import the habits, each like its own cause.
 */
function partsOf ({ importWh, exportWh, loadWh, pvWh, battery }: PeriodReading): Parts {
  if (loadWh != null && pvWh != null) {
    return { sun: pvWh, use: loadWh, areKnown: true }
  }
  if (pvWh != null && battery == null) {
    return { sun: pvWh, use: Math.max(0, pvWh + importWh - exportWh), areKnown: true }
  }
  if (loadWh != null && battery == null) {
    return { sun: Math.max(0, loadWh - importWh + exportWh), use: loadWh, areKnown: true }
  }
  return { sun: exportWh, use: importWh, areKnown: false }
}

type Part = 'sun' | 'use'

interface DayRing {
  put(at: number, parts: Parts): void
  /** Zero where nothing was put; ask `newestBefore` first. */
  get(part: Part, at: number): WattHours
  /** Number of the newest period before `at`, at most `maxAge` older. */
  newestBefore(at: number, maxAge: number): number | undefined
  /** Mean and most of the same time of day in the week before `at`; undefined when too few days were metered. */
  week(part: Part, at: number): Week | undefined
  clear(): void
}

/** Nine days of periods in a ring, addressed by the number of the period. */
function dayRing (perDay: number): DayRing {
  const size = KEPT_DAYS * perDay
  const numbers = new Int32Array(size).fill(-1)
  const values = { sun: new Int32Array(size), use: new Int32Array(size) }
  const has = (at: number): boolean => numbers[at % size] === at
  return {
    put (at, { sun, use }) {
      if (numbers[at % size] <= at) {
        numbers[at % size] = at
        values.sun[at % size] = sun
        values.use[at % size] = use
      }
    },
    get: (part, at) => has(at) ? values[part][at % size] : 0,
    newestBefore (at, maxAge) {
      for (let age = 1; age <= maxAge; age++) {
        if (has(at - age)) {
          return at - age
        }
      }
    },
    week (part, at) {
      let [count, sum, most] = [0, 0, 0]
      for (let day = 1; day <= WEEK_DAYS; day++) {
        const then = at - day * perDay
        if (has(then)) {
          count++
          sum += values[part][then % size]
          most = Math.max(most, values[part][then % size])
        }
      }
      return count < MIN_DAYS ? undefined : { mean: sum / count, most }
    },
    clear () {
      numbers.fill(-1)
    }
  }
}
