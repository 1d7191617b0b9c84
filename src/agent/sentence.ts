/** Plans in one sentence each, for the owner of the home. */
import { reservePercent, reserveWh } from '../domain/knobs.ts'
import { formatEnergy, formatMoney } from '../domain/units.ts'
import { isCorridorOpen } from './corridor.ts'
import type { PlanInput, Reckoning } from './plan.ts'
import type { Situation } from './strategy.ts'
import type { PricePerKwh, WattHours } from '../domain/units.ts'

export function whyOf (input: PlanInput, reckoning?: Reckoning): string {
  if (input.blocked != null) {
    return `Trades nothing because ${input.blocked}.`
  }
  if (reckoning == null) {
    return 'Trades nothing because no meter reading is new enough to expect anything from.'
  }
  return `${[expected(reckoning, input), hold(reckoning, input), action(reckoning, input)].filter((part) => part !== '').join('; ')}.`
}

function expected ({ expectation, netWh }: Reckoning, { battery }: PlanInput): string {
  const { pvWh, loadWh, basis } = expectation
  const gross = expectation.netWh
  const parts = pvWh == null || loadWh == null ? '' : ` (${energy(pvWh)} of sun, ${energy(loadWh)} of own use)`
  const stored = Math.abs(Math.round(gross - netWh))
  const verb = gross < 0 ? 'takes in' : 'covers'
  const byBattery = battery == null || stored === 0 ? '' : ` of which the battery ${verb} ${energy(stored)}`
  return `Expects ${energy(Math.abs(gross))} of ${gross < 0 ? 'surplus' : 'need'} as ${basis}${parts}${byBattery === '' ? '' : `,${byBattery}`}`
}

/** What was kept back or added, and for which reason. */
function hold ({ netWh, quantityWh, side, storedWh }: Reckoning, { reserve, battery }: PlanInput): string {
  if (reserveWh(reserve) != null && battery == null && side === 'sell') {
    return 'keeps no reserve because it knows of no battery'
  }
  const shift = quantityWh - Math.floor(Math.abs(netWh))
  const percent = reservePercent(reserve)
  if (side === 'none' || storedWh > 0 || Math.abs(shift) < 1) {
    return ''
  }
  if (side === 'sell' && percent != null) {
    return `keeps ${percent} % back as you set`
  }
  return (netWh < 0) === (side === 'sell')
    ? `${shift < 0 ? `takes ${energy(-shift)} off` : `adds ${energy(shift)}`} because of how forecasts of this hour have erred at this price`
    : 'reckons with the opposite because of how forecasts of this hour have erred at this price'
}

function action ({ quantityWh, side, storedWh, schedule, limit }: Reckoning, { situation, boughtWh, soldWh }: PlanInput): string {
  if (side === 'none') {
    return `trades nothing because that is less than the smallest trade of ${situation.rules.minTradeWh} Wh`
  }
  if (!isCorridorOpen(situation)) {
    return `trades nothing because the supplier pays ${price(situation.tariff.feedIn, situation)} and charges ${price(situation.tariff.retail, situation)}, which leaves nothing to share`
  }
  if (side === 'sell') {
    if (soldWh > 0 && soldWh >= quantityWh) {
      return `offers nothing more because ${energy(soldWh)} are sold already`
    }
    const what = storedWh > 0 ? `${energy(quantityWh)} from the battery` : energy(quantityWh)
    return schedule.length === 0
      ? 'offers nothing because your lowest selling price is above what neighbours would pay'
      : `offers ${what} at ${range(schedule[0].price, schedule[schedule.length - 1].price, situation)}${soFar(soldWh, 'sold')}`
  }
  if (boughtWh > 0 && boughtWh >= quantityWh) {
    return `looks for nothing more because ${energy(boughtWh)} are bought already`
  }
  const part = storedWh === 0 ? '' : `, ${energy(storedWh)} of it for the battery,`
  const forBattery = storedWh === quantityWh ? ' for the battery' : part
  return limit == null
    ? 'buys nothing because your highest buying price is below what neighbours would ask'
    : `looks for ${energy(quantityWh)}${forBattery} at ${price(limit, situation)} per kWh or less${soFar(boughtWh, 'bought')}`
}

function soFar (wh: WattHours, done: string): string {
  return wh === 0 ? '' : `, ${energy(wh)} of it ${done} already`
}

function range (from: PricePerKwh, to: PricePerKwh, situation: Situation): string {
  return from === to ? `${price(from, situation)} per kWh` : `${price(from, situation)} falling to ${price(to, situation)} per kWh`
}

export function spareAdviceOf ({ battery, situation, reserve, sellsStored }: PlanInput, spare: { spareWh: WattHours, keepWh: WattHours, price: PricePerKwh }): string {
  const keep = reserveWh(reserve) == null ? `tonight will take about ${energy(spare.keepWh)}` : `you keep ${energy(spare.keepWh)}`
  const then = sellsStored === true ? 'let it give' : 'it could give'
  return `The battery holds ${energy(battery?.storedWh ?? 0)} and ${keep}: ${then} ${energy(spare.spareWh)} to neighbours in this period, for ${price(spare.price, situation)} per kWh or more.`
}

export function chargeAdviceOf ({ battery, situation, buysForBattery }: PlanInput, charge: { chargeWh: WattHours, needWh: WattHours, price: PricePerKwh }): string {
  const then = buysForBattery === true ? 'let it take' : 'it could take'
  return `The battery holds ${energy(battery?.storedWh ?? 0)} and tonight will take about ${energy(charge.needWh)}: ${then} ${energy(charge.chargeWh)} from neighbours in this period, for ${price(charge.price, situation)} per kWh or less.`
}

/** Why a purchase or a sale was made: what was agreed, and the plan behind it. */
export function tradeWhy (side: 'bought' | 'sold', deal: { readonly wh: WattHours, readonly pricePerKwh: PricePerKwh }, plan: { readonly situation: Situation, readonly why: string }): string {
  const { tariff } = plan.situation
  const better = side === 'bought'
    ? `below the supplier's ${price(tariff.retail, plan.situation)}`
    : `above the supplier's ${price(tariff.feedIn, plan.situation)}`
  const reason = plan.why === '' ? '' : ` — ${plan.why.slice(0, 1).toLowerCase()}${plan.why.slice(1, -1)}`
  return `${side === 'bought' ? 'Bought' : 'Sold'} ${energy(deal.wh)} at ${price(deal.pricePerKwh, plan.situation)} per kWh, ${better}${reason}.`
}

function energy (wh: number): string {
  return formatEnergy(Math.round(wh))
}

/** A tick is a hundredth of a token, which tells how many digits a token has. */
function price (amount: PricePerKwh, { tick }: Situation): string {
  return formatMoney(amount, tick.toString().length + 1, 4)
}
