import type { Situation, Strategy } from './strategy.ts'
import type { Order } from '../domain/order.ts'
import type { PricePerKwh, WattHours } from '../domain/units.ts'

/** The part of an offer that is for the agent to decide. */
export type OfferDraft = Pick<Order, 'quantity' | 'minFill' | 'schedule'>

export interface QuoteInput {
  /** What can still be sold, after everything that is agreed. */
  readonly surplusWh: WattHours
  /** Our newest offer of the period and what is left of it; it may be sold out or withdrawn. */
  readonly standing?: { readonly order: Pick<Order, 'schedule'>, readonly remaining: WattHours }
  readonly strategy: Strategy
  readonly situation: Situation
}

/**
 * The offer to publish now, quantity 0 to withdraw; undefined when what stands is good enough: it must give no more than
 * there is, no cheaper than the strategy would, and is renewed upward only for a tenth more and at least the smallest
 * trade, because each revision costs every node a message.
 */
export function nextOffer ({ surplusWh, standing, strategy, situation }: QuoteInput): OfferDraft | undefined {
  const { minTradeWh } = situation.rules
  const remaining = standing?.remaining ?? 0
  const schedule = strategy.schedule(situation)
  if (surplusWh < minTradeWh || schedule.length === 0) {
    return standing == null || remaining <= 0 ? undefined : { quantity: 0, minFill: minTradeWh, schedule: standing.order.schedule }
  }
  const isTooMuch = surplusWh < remaining
  const isTooLittle = remaining < minTradeWh || surplusWh - remaining > Math.max(Math.floor(remaining / 10), minTradeWh)
  const isTooCheap = standing != null && lastPrice(standing.order) < lastPrice({ schedule })
  return isTooMuch || isTooLittle || isTooCheap ? { quantity: surplusWh, minFill: minTradeWh, schedule } : undefined
}

function lastPrice ({ schedule }: Pick<Order, 'schedule'>): PricePerKwh {
  return schedule[schedule.length - 1].price
}
