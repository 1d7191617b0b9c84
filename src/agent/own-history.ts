/**
 * The default forecast, from nothing but the home's own meter. Sun: how clear the sky was in the newest period, times the
 * most this time of day has brought within a week. Own use: the newest period and what two weeks show to be usual at this
 * time of day, half each at first and then as has fitted this home at this hour better. State: sixteen days of readings and
 * the rolling errors; one more period costs the same however long the home has run.
 */
import { errorsByHour } from './errors-by-hour.ts'
import { MAX_AGE_PERIODS, persistence } from './forecast.ts'
import type { Forecast, Forecaster, Night } from './forecast.ts'
import type { MarketRules } from '../domain/market-rules.ts'
import type { PeriodReading } from '../domain/reading.ts'
import type { UnixSeconds, WattHours } from '../domain/units.ts'

const DAY_SEC = 86_400

const WEEK_DAYS = 7

/** What a home uses shows its habits later than the sun shows its path. */
const USE_DAYS = 14

/** Two weeks before any period that can still be traded, and for the newest period before it. */
const KEPT_DAYS = USE_DAYS + 2

/** Days that must have been metered at a time of day. */
const MIN_DAYS = 4

/** One day in so many is left out at either end, as the one on which something unusual ran. */
const TRIMMED_OF_DAYS = 7

/** Weight of the week's mean beside the sky's clearness: the weaker the light was from which that is known, the more. */
const MEAN_WEIGHT = 0.1

/** Weights of the newest period in what a home uses: the first until the home shows which fits best. */
const NEWEST_WEIGHTS = [0.5, 0, 0.2, 0.35, 0.65, 0.8]

/** What fitted yesterday at this hour counts this much less than what fits today, so some weeks decide. */
const FORGOTTEN_PER_DAY = 0.05

/** The sky may turn out clearer than on any day of the week, but not by more. */
const MAX_CLEARNESS = 1.2

export const ownHistory: Forecaster = {
  name: 'own-history',
  title: 'From the home\'s own last two weeks',
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
  const weights = weightsByHour(periodSec)
  let first = Infinity
  let knowsParts = false

  const numberOf = (periodStart: UnixSeconds): number => Math.floor(periodStart / periodSec)

  const hasWeek = (at: number): boolean => first <= at - WEEK_DAYS * perDay

  const predict = (at: number): Prediction | undefined => {
    const newest = days.newestBefore(at, MAX_AGE_PERIODS)
    const sun = days.week('sun', at)
    const usualUse = days.usual('use', at)
    if (sun == null || usualUse == null) {
      return undefined
    }
    if (newest == null) {
      return { sun: sun.mean, use: usualUse, newestUse: usualUse, usualUse }
    }
    const before = days.week('sun', newest)
    const newestUse = days.get('use', newest)
    return {
      sun: before == null ? sun.mean : clearSky(sun, before, days.get('sun', newest)),
      use: weigh(weights.best(at * periodSec), newestUse, usualUse),
      newestUse,
      usualUse
    }
  }

  const nightAfter = (at: number): Night => {
    let [taken, least, most, sun, until] = [0, 0, 0, 0, at]
    for (let next = at + 1; next <= at + perDay; next++) {
      taken += (days.week('use', next)?.mean ?? 0) - (days.week('sun', next)?.mean ?? 0)
      least = Math.min(least, taken)
      if (taken > most) {
        [most, sun, until] = [taken, Math.abs(least), next]
      }
    }
    return { needWh: Math.ceil(most), sunWh: Math.ceil(sun), until: until * periodSec }
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
        weights.learn(reading.periodStart, parts.use, expected)
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
      // asked for several times in a plan
      let night: Night | undefined
      return {
        netWh: parts.use - parts.sun,
        ...knowsParts ? { pvWh: parts.sun, loadWh: parts.use } : {},
        basis: days.newestBefore(at, MAX_AGE_PERIODS) == null ? 'usual at this time of day' : 'the newest metered period and what is usual at this time of day suggest',
        error: (share) => errors.quantile(periodStart, share),
        ...knowsParts
          ? {
              night () {
                night ??= nightAfter(at)
                return night
              }
            }
          : {}
      }
    }
  }
}

interface Prediction {
  readonly sun: number
  readonly use: number
  /** What the use is weighed from. */
  readonly newestUse: number
  readonly usualUse: number
}

function weigh (weight: number, newest: number, usual: number): number {
  return weight * newest + (1 - weight) * usual
}

interface Weights {
  learn(periodStart: UnixSeconds, use: WattHours, from: Pick<Prediction, 'newestUse' | 'usualUse'>): void
  /** The weight of the newest period that has missed least at this hour of the day (UTC). */
  best(periodStart: UnixSeconds): number
}

function weightsByHour (periodSec: number): Weights {
  const kept = 1 - FORGOTTEN_PER_DAY * Math.min(1, periodSec / 3600)
  const hours = Array.from({ length: 24 }, () => NEWEST_WEIGHTS.map(() => 0))
  const missesOf = (periodStart: UnixSeconds): number[] => hours[Math.floor(periodStart / 3600) % 24]
  return {
    learn (periodStart, use, { newestUse, usualUse }) {
      const misses = missesOf(periodStart)
      NEWEST_WEIGHTS.forEach((weight, place) => {
        misses[place] = kept * misses[place] + Math.abs(use - weigh(weight, newestUse, usualUse))
      })
    },
    best (periodStart) {
      const misses = missesOf(periodStart)
      return NEWEST_WEIGHTS[misses.indexOf(Math.min(...misses))]
    }
  }
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
  /** Mean of the same time of day in the two weeks before `at` without the days that stand out; undefined likewise. */
  usual(part: Part, at: number): number | undefined
  clear(): void
}

/** Sixteen days of periods in a ring, addressed by the number of the period. */
function dayRing (perDay: number): DayRing {
  const size = KEPT_DAYS * perDay
  const numbers = new Int32Array(size).fill(-1)
  const values = { sun: new Int32Array(size), use: new Int32Array(size) }
  const has = (at: number): boolean => numbers[at % size] === at
  const before = (part: Part, at: number, count: number): WattHours[] =>
    Array.from({ length: count }, (_, day) => at - (day + 1) * perDay).filter(has).map((then) => values[part][then % size])
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
      const days = before(part, at, WEEK_DAYS)
      return days.length < MIN_DAYS ? undefined : { mean: mean(days), most: Math.max(...days) }
    },
    usual (part, at) {
      const days = before(part, at, USE_DAYS).sort((a, b) => a - b)
      const trim = Math.floor(days.length / TRIMMED_OF_DAYS)
      return days.length < MIN_DAYS ? undefined : mean(days.slice(trim, days.length - trim))
    },
    clear () {
      numbers.fill(-1)
    }
  }
}

function mean (list: readonly number[]): number {
  return list.reduce((sum, each) => sum + each, 0) / list.length
}
