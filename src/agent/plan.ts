/**
 * What a home does about one period: how much to sell or to buy, at which prices, and the sentence that says why. Expectation,
 * battery and the owner's knobs come in; nothing here remembers anything. Start at `plan`.
 */
import { reservePercent, reserveWh } from '../domain/knobs.ts'
import { afterLosses, useBattery } from './battery.ts'
import { isCorridorOpen, max, middle, min } from './corridor.ts'
import { position } from './position.ts'
import { chargeAdviceOf, spareAdviceOf, whyOf } from './sentence.ts'
import type { BatteryUse } from './battery.ts'
import type { Expectation } from './forecast.ts'
import type { Position } from './position.ts'
import type { Situation, Strategy } from './strategy.ts'
import type { Reserve } from '../domain/knobs.ts'
import type { Knot } from '../domain/order.ts'
import type { BatteryState } from '../domain/reading.ts'
import type { TariffPlan } from '../domain/tariff.ts'
import type { PricePerKwh, WattHours } from '../domain/units.ts'

/** Stored energy is worth more than what the sun gives now: two fifths of the way from feed-in to retail. */
const STORED_PRICE_FIFTHS = 2n

/** A neighbour's surplus for the battery: a quarter of the way, less than what stored energy brings by more than is lost. */
const CHARGE_PRICE_FOURTHS = 1n

export interface PlanInput {
  readonly expectation?: Expectation
  readonly battery?: BatteryState
  readonly situation: Situation
  readonly strategy: Strategy
  readonly reserve: Reserve
  readonly boughtWh: WattHours
  readonly soldWh: WattHours
  /** The home empties its battery as advised, so what it has to spare may be offered. */
  readonly sellsStored?: boolean
  /** The home charges its battery as advised, so energy for it may be bought. */
  readonly buysForBattery?: boolean
  /** The home's tariffs of the periods to come; those of this period when absent. */
  readonly tariffs?: TariffPlan
  /** What the cheapest neighbour asks for this period in the end, if anybody offers. */
  readonly neighboursAsk?: PricePerKwh
  /** Why nothing may be traded at all, if so: completes "because …". */
  readonly blocked?: string
}

/** What is still to be sold or bought, what to ask and bid for it, and why. */
export interface Plan extends Position {
  /** As given, with the price of stored energy where that is what is sold or bought. */
  readonly situation: Situation
  readonly why: string
  readonly advice?: string
}

/** How the quantities came about; the sentence is made of it. */
export interface Reckoning {
  readonly expectation: Expectation
  /** Expected net import after the battery. */
  readonly netWh: number
  readonly quantityWh: WattHours
  readonly side: 'sell' | 'buy' | 'none'
  /** Of the quantity, what comes from the battery or is bought for it. */
  readonly storedWh: WattHours
  readonly schedule: readonly Knot[]
  readonly limit?: PricePerKwh
}

export function plan (input: PlanInput): Plan {
  const { expectation, situation, boughtWh, soldWh, blocked } = input
  if (blocked != null || expectation == null) {
    return { surplusWh: 0, deficitWh: 0, situation, why: whyOf(input) }
  }
  const use = batteryUse(expectation, input)
  const netWh = use?.netWh ?? expectation.netWh
  const wanted = quantities(netWh, expectation, input)
  const stored = useStored(wanted, use, input)
  const { surplusWh, deficitWh, storedWh } = stored
  const schedule = input.strategy.schedule(stored.situation)
  const limit = input.strategy.limit(stored.situation, situation.rules.windowSec)
  const open = position({ expectedNetWh: deficitWh - surplusWh, boughtWh, soldWh })
  const side = sideOf({ surplusWh, deficitWh }, situation.rules.minTradeWh)
  const reckoning: Reckoning = { expectation, netWh, quantityWh: Math.max(surplusWh, deficitWh), side, storedWh, schedule, limit }
  return {
    surplusWh: schedule.length === 0 ? 0 : open.surplusWh,
    deficitWh: limit == null ? 0 : open.deficitWh,
    situation: stored.situation,
    why: whyOf(input, reckoning),
    advice: use == null ? undefined : adviceOf(use, expectation, input)
  }
}

interface Stored extends Position {
  readonly situation: Situation
  /** What comes from the battery, or is bought for it. */
  readonly storedWh: WattHours
}

/** What the battery adds to the wishes where the owner lets it follow the advice; the home's own surplus and need go first. */
function useStored (wanted: Position, use: BatteryUse | undefined, input: PlanInput): Stored {
  const { situation, boughtWh, sellsStored, buysForBattery } = input
  const { minTradeWh } = situation.rules
  const plain = { ...wanted, situation, storedWh: 0 }
  if (use == null || wanted.surplusWh >= minTradeWh) {
    return plain
  }
  if (sellsStored === true && use.spareWh >= minTradeWh) {
    // what the battery gives to neighbours is not what the home needs itself
    return { surplusWh: use.spareWh, deficitWh: 0, situation: { ...situation, lowestSellingPrice: storedPrice(situation) }, storedWh: use.spareWh }
  }
  if (buysForBattery === true && use.chargeWh >= minTradeWh && wanted.deficitWh - boughtWh < minTradeWh && isCorridorOpen(situation)) {
    return {
      surplusWh: 0,
      deficitWh: wanted.deficitWh + use.chargeWh,
      situation: { ...situation, highestBuyingPrice: chargePrice(input) },
      storedWh: use.chargeWh
    }
  }
  return plain
}

function adviceOf (use: BatteryUse, expectation: Expectation, input: PlanInput): string | undefined {
  const { situation, neighboursAsk } = input
  const { minTradeWh } = situation.rules
  if (use.spareWh >= minTradeWh) {
    return spareAdviceOf(input, { spareWh: use.spareWh, keepWh: keepWh(expectation, input) ?? 0, price: storedPrice(situation) })
  }
  const price = chargePrice(input)
  return use.chargeWh >= minTradeWh && neighboursAsk != null && neighboursAsk <= price && isCorridorOpen(situation)
    ? chargeAdviceOf(input, { chargeWh: use.chargeWh, needWh: expectation.night?.().needWh ?? 0, price })
    : undefined
}

function sideOf ({ surplusWh, deficitWh }: Position, least: WattHours): Reckoning['side'] {
  if (surplusWh >= least) {
    return 'sell'
  }
  return deficitWh >= least ? 'buy' : 'none'
}

/** A battery can be reckoned with only where sun and own use are known apart: the meter shows what it left of them. */
function batteryUse (expectation: Expectation, { battery, reserve, situation }: PlanInput): BatteryUse | undefined {
  if (battery == null || expectation.pvWh == null) {
    return undefined
  }
  const keep = keepWh(expectation, { reserve })
  return useBattery({ battery, netWh: expectation.netWh, keepWh: keep ?? battery.capacityWh, night: expectation.night?.(), periodSec: situation.rules.periodSec })
}

function keepWh (expectation: Expectation, { reserve }: Pick<PlanInput, 'reserve'>): WattHours | undefined {
  return reserveWh(reserve) ?? expectation.night?.().needWh
}

/**
 * Sells the quantile of the surplus, or buys that of the deficit, at which one watt-hour more would gain as often as it
 * loses: `(p - f) / (p - f + k)` with shortfall charge `k = r - p` for a seller, `(r - p) / (r - f)` for a buyer.
 */
function quantities (netWh: number, expectation: Expectation, { situation, strategy, reserve }: PlanInput): Position {
  const percent = reservePercent(reserve)
  const sellAt = 1 - shareOf(sellingPrice(situation, strategy), situation)
  const buyAt = 1 - shareOf(buyingPrice(situation, strategy), situation)
  const surplus = percent == null ? -netWh - (expectation.error(sellAt) ?? 0) : -netWh * (100 - percent) / 100
  const deficit = netWh + (expectation.error(buyAt) ?? 0)
  const sells = surplus > 0 && (deficit <= 0 || netWh < 0)
  return sells
    ? { surplusWh: Math.floor(surplus), deficitWh: 0 }
    : { surplusWh: 0, deficitWh: Math.max(0, Math.floor(deficit)) }
}

/** How far a price is from feed-in to retail, 0 to 1. */
function shareOf (price: PricePerKwh, { tariff: { retail, feedIn } }: Situation): number {
  return retail <= feedIn ? 0.5 : Math.min(1, Math.max(0, Number(price - feedIn) / Number(retail - feedIn)))
}

function sellingPrice (situation: Situation, strategy: Strategy): PricePerKwh {
  const schedule = strategy.schedule(situation)
  return schedule.length === 0 ? middle(situation) : (schedule[0].price + schedule[schedule.length - 1].price) / 2n
}

function buyingPrice (situation: Situation, strategy: Strategy): PricePerKwh {
  const [first, last] = [strategy.limit(situation, 0), strategy.limit(situation, situation.rules.windowSec)]
  return first == null || last == null ? middle(situation) : (first + last) / 2n
}

function storedPrice ({ tariff: { retail, feedIn }, lowestSellingPrice }: Situation): PricePerKwh {
  return max(feedIn + max(retail - feedIn, 0n) * STORED_PRICE_FIFTHS / 5n, lowestSellingPrice)
}

/** The most a neighbour's surplus for the battery may cost: no more than it spares the home later, after what is lost in it. */
function chargePrice (input: PlanInput): PricePerKwh {
  const { tariff: { retail, feedIn }, tick, highestBuyingPrice } = input.situation
  const fair = feedIn + max(retail - feedIn, 0n) * CHARGE_PRICE_FOURTHS / 4n
  return min(min(fair, afterLosses(leastRetail(input)) - tick), highestBuyingPrice)
}

/** The lowest retail price until the night's need is covered: what one kilowatt-hour more spares at least. */
function leastRetail ({ expectation, tariffs, situation: { tariff, periodStart, rules } }: PlanInput): PricePerKwh {
  let least = tariff.retail
  if (tariffs != null && periodStart != null) {
    const until = expectation?.night?.().until ?? periodStart
    for (let at = periodStart + rules.periodSec; at <= until; at += rules.periodSec) {
      least = min(least, tariffs(at).retail)
    }
  }
  return least
}

/** The most this home pays: what the strategy says, and never the supplier's price or more. */
export function guardedLimit (limit: PricePerKwh | undefined, { retail }: Situation['tariff']): PricePerKwh | undefined {
  return limit == null || retail <= 0n ? undefined : min(limit, retail - 1n)
}
