import type { MarketRules } from '../domain/market-rules.ts'
import type { Knot } from '../domain/order.ts'
import type { Tariff } from '../domain/tariff.ts'
import type { PricePerKwh } from '../domain/units.ts'

/** What a home's prices follow from. */
export interface Situation {
  readonly tariff: Tariff
  readonly rules: MarketRules
  /** 0 gives in early, 1 holds out. */
  readonly patience: number
  readonly lowestSellingPrice?: PricePerKwh
  readonly highestBuyingPrice?: PricePerKwh
  /** The smallest step of a price: one hundredth of a token. */
  readonly tick: PricePerKwh
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
