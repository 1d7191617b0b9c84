import type { MarketRules } from '../domain/market-rules.ts'
import type { Knot } from '../domain/order.ts'
import type { Tariff } from '../domain/tariff.ts'
import type { PricePerKwh, UnixSeconds } from '../domain/units.ts'

/** What a home's prices for one period follow from. */
export interface Situation {
  /** Of the period. */
  readonly tariff: Tariff
  readonly rules: MarketRules
  /** 0 gives in early, 1 holds out. */
  readonly patience: number
  readonly lowestSellingPrice?: PricePerKwh
  readonly highestBuyingPrice?: PricePerKwh
  /** The smallest step of a price: one hundredth of a token. */
  readonly tick: PricePerKwh
  /** Which period is priced, and a number of the home's own, for strategies that draw. */
  readonly periodStart?: UnixSeconds
  readonly seed?: number
  /** What this hour of the day has taught the home: 1000 is nothing yet, more holds out longer. */
  readonly learned?: Learned
}

/** In thousandths, for each side of the market. */
export interface Learned {
  readonly selling: number
  readonly buying: number
}

/** A pricing rule. The same situation always has the same prices. */
export interface Strategy {
  readonly name: string
  readonly title: string
  /** Prices of an offer over the trading window, a valid schedule; empty when selling makes no sense. */
  schedule(situation: Situation): Knot[]
  /** The most a buyer pays `elapsed` seconds into the window, never falling; undefined when buying makes no sense. */
  limit(situation: Situation, elapsed: number): PricePerKwh | undefined
}

/**
 * Puts the tariff guard around a strategy: whatever it asks for, a home never sells at or below its feed-in tariff and
 * never buys at or above its retail price, so that no trade leaves it worse off than the supplier would.
 */
export function defineStrategy (strategy: Strategy): Strategy {
  return Object.freeze({
    name: strategy.name,
    title: strategy.title,
    schedule (situation: Situation): Knot[] {
      const schedule = strategy.schedule(situation)
      return schedule.every(({ price }) => price > situation.tariff.feedIn) ? schedule : []
    },
    limit (situation: Situation, elapsed: number): PricePerKwh | undefined {
      const limit = strategy.limit(situation, elapsed)
      return limit == null || limit >= situation.tariff.retail ? undefined : limit
    }
  })
}
