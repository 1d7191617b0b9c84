/**
 * The residual round, as one home plays it: what a metered period left over is sold and bought at the middle of the home's
 * own tariffs, or at its owner's limit where that is stricter, so no home pays more or gets less than its middle.
 */
import { residualKnotAt } from '../domain/order.ts'
import { periodEnd } from '../domain/period.ts'
import { formatEnergy } from '../domain/units.ts'
import { draw } from './draws.ts'
import { guardedLimit } from './plan.ts'
import { midMarket } from './strategies/mid-market.ts'
import type { OfferDraft } from './quote.ts'
import type { Situation } from './strategy.ts'
import type { MarketRules } from '../domain/market-rules.ts'
import type { Order } from '../domain/order.ts'
import type { PricePerKwh, UnixSeconds, WattHours } from '../domain/units.ts'

/** Buyers wait this long after a period, so that deliveries are compared and offers are out before they choose. */
const START_SEC = 60

/** Buyers start within this time of each other, each at a moment of its own. */
const SPREAD_SEC = 120

/** What to ask for a surplus; undefined when selling makes no sense. */
export function residualAsk (situation: Situation): PricePerKwh | undefined {
  return midMarket.schedule(situation)[0]?.price
}

/** The most to pay for a need; undefined when buying makes no sense. */
export function residualLimit (situation: Situation): PricePerKwh | undefined {
  return guardedLimit(midMarket.limit(situation, situation.rules.windowSec), situation.tariff)
}

/** When a home begins to buy what it lacked in a period; the same home and period always have the same moment. */
export function residualStart (periodStart: UnixSeconds, { rules, seed }: { readonly rules: MarketRules, readonly seed: number }): UnixSeconds {
  return periodEnd(periodStart, rules) + START_SEC + Math.floor(SPREAD_SEC * draw(seed, 'residual', periodStart))
}

/**
 * The residual offer to publish now, quantity 0 to withdraw; undefined while what stands is right to within the smallest
 * trade. It never promises more than the surplus.
 */
export function residualOffer ({ surplusWh, price, standing, rules }: {
  readonly surplusWh: WattHours
  readonly price: PricePerKwh | undefined
  readonly standing?: { readonly order: Pick<Order, 'schedule'>, readonly remaining: WattHours }
  readonly rules: MarketRules
}): OfferDraft | undefined {
  const { minTradeWh } = rules
  const remaining = standing?.remaining ?? 0
  if (price == null || surplusWh < minTradeWh) {
    return standing == null || remaining <= 0 ? undefined : { quantity: 0, minFill: minTradeWh, schedule: standing.order.schedule }
  }
  const isRight = remaining <= surplusWh && surplusWh - remaining < minTradeWh && standing?.order.schedule[0].price === price
  return isRight ? undefined : { quantity: surplusWh, minFill: minTradeWh, schedule: [{ at: residualKnotAt(rules), price }] }
}

export function residualWhy (side: 'sold' | 'bought', wh: WattHours): string {
  return `After the period the meter had counted ${formatEnergy(wh)} of ${side === 'sold' ? 'export that no sale' : 'import that no purchase'} accounted for.`
}
