/**
 * One home's agent: what it remembers of the meter and of the market, and its plan for each period. It knows neither time nor
 * disk nor neighbours; the node and the simulations tell it what it may know. Start at `plan`.
 */
import { startPatience } from './patience.ts'
import { plan } from './plan.ts'
import type { Forecast, Forecaster } from './forecast.ts'
import type { Patience } from './patience.ts'
import type { Plan, PlanInput } from './plan.ts'
import type { Situation, Strategy } from './strategy.ts'
import type { MarketRules } from '../domain/market-rules.ts'
import type { BatteryState } from '../domain/reading.ts'
import type { UnixSeconds } from '../domain/units.ts'

/** A battery's state that is older says nothing about now. */
const MAX_BATTERY_AGE_PERIODS = 2

export type Circumstances = Omit<PlanInput, 'expectation' | 'battery' | 'strategy' | 'situation'> & {
  readonly situation: Omit<Situation, 'rules' | 'periodStart' | 'learned'>
}

export interface Agent {
  /** Takes in what the meter counted in a complete period. */
  observe: Forecast['observe']
  /** How a wish ended once its gate had closed. */
  learn: Patience['learn']
  plan(periodStart: UnixSeconds, circumstances: Circumstances): Plan
}

export function createAgent ({ rules, forecaster, strategy }: { rules: MarketRules, forecaster: Forecaster, strategy: Strategy }): Agent {
  const forecast = forecaster.start(rules)
  const patience = startPatience()
  let battery: { readonly periodStart: UnixSeconds, readonly state: BatteryState } | undefined

  return {
    observe (reading) {
      forecast.observe(reading)
      if (reading.battery != null && reading.periodStart >= (battery?.periodStart ?? 0)) {
        battery = { periodStart: reading.periodStart, state: reading.battery }
      }
    },
    learn: patience.learn,
    plan (periodStart, circumstances) {
      const isFresh = battery != null && periodStart - battery.periodStart <= (MAX_BATTERY_AGE_PERIODS + 1) * rules.periodSec
      return plan({
        ...circumstances,
        expectation: forecast.expect(periodStart),
        battery: isFresh ? battery?.state : undefined,
        strategy,
        situation: { ...circumstances.situation, rules, periodStart, learned: patience.of(periodStart) }
      })
    }
  }
}
