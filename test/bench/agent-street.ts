/**
 * A street in one loop: the agent, the order book, the mechanism and the sharing of deliveries are the node's own; only
 * network, signatures and disk are left out, so every home hears every offer at once and no proposal fails.
 */
import { createAgent } from '../../src/agent/agent.ts'
import { draw } from '../../src/agent/draws.ts'
import { guardedLimit } from '../../src/agent/plan.ts'
import { position } from '../../src/agent/position.ts'
import { nextOffer } from '../../src/agent/quote.ts'
import { residualAsk, residualLimit, residualOffer, residualStart } from '../../src/agent/residual.ts'
import { gateClosure, windowOpening } from '../../src/domain/period.ts'
import { supplierBill } from '../../src/domain/tariff.ts'
import { cost } from '../../src/domain/units.ts'
import { continuous } from '../../src/market/mechanisms/continuous.ts'
import { OrderBook } from '../../src/market/order-book.ts'
import { shareOut } from '../../src/trade/delivery.ts'
import { residualOf } from '../../src/trade/residual.ts'
import type { Agent } from '../../src/agent/agent.ts'
import type { Forecaster } from '../../src/agent/forecast.ts'
import type { Plan } from '../../src/agent/plan.ts'
import type { Situation, Strategy } from '../../src/agent/strategy.ts'
import type { MarketRules } from '../../src/domain/market-rules.ts'
import type { Knot, VerifiedOrder } from '../../src/domain/order.ts'
import type { PeriodReading } from '../../src/domain/reading.ts'
import type { TariffPlan } from '../../src/domain/tariff.ts'
import type { Hex, Money, PricePerKwh, UnixSeconds, WattHours } from '../../src/domain/units.ts'
import type { Match } from '../../src/market/mechanism.ts'
import type { CountedTrade, Residual } from '../../src/trade/residual.ts'

export interface StreetInit {
  readonly homes: ReadonlyArray<readonly PeriodReading[]>
  readonly rules: MarketRules
  /** One memory for each home; the oracle of perfect foresight needs to know whose. */
  forecasterOf(home: number): Forecaster
  readonly strategy: Strategy
  tariffOf(home: number): TariffPlan
  readonly tick: PricePerKwh
  readonly nearPrice: PricePerKwh
  /** The newest reading a decision may see, in periods before the one decided on. */
  readonly lead: number
  onProgress?(share: number): void
}

/** Energy in Wh, money in base units; one entry of a list for each home. */
export interface StreetResult {
  /** What neighbours could have shared: the smaller of all surplus and all need, period by period. */
  readonly shareableWh: number
  readonly contractedWh: number
  /** Agreed ahead, delivered by the seller and needed by the buyer. */
  readonly aheadWh: number
  readonly residualWh: number
  /** What could have been shared and was not shared ahead, by where it was lost; the four add up to that. */
  readonly lost: Lost
  readonly shortWh: number
  readonly unneededWh: number
  readonly trades: number
  readonly billWithout: readonly Money[]
  readonly billAhead: readonly Money[]
  readonly billBoth: readonly Money[]
  /** Periods in which some home paid more than it would have without neighbours. */
  readonly worsePeriods: number
}

export interface Lost {
  /** Sellers together foresaw less than could be shared. */
  readonly notOfferedWh: number
  /** Enough was offered, but buyers together foresaw a smaller need. */
  readonly notSoughtWh: number
  /** Offered and sought, and no two agreed on it. */
  readonly notAgreedWh: number
  /** Agreed by homes that then did not have it or did not need it. */
  readonly notKeptWh: number
}

interface Ahead {
  readonly deals: Deal[]
  readonly offeredWh: number
  readonly soughtWh: number
}

interface Deal {
  readonly id: Hex
  readonly seller: number
  readonly buyer: number
  readonly wh: WattHours
  readonly price: PricePerKwh
}

interface Delivered extends Deal {
  readonly sellerWh: WattHours
  readonly buyerWh: WattHours
  readonly deliveredWh: WattHours
}

export function runStreet (init: StreetInit): StreetResult {
  const { homes, rules, lead } = init
  const agents = homes.map((_, home) => createAgent({ rules, forecaster: init.forecasterOf(home), strategy: init.strategy }))
  const bills = { without: homes.map(() => 0n), ahead: homes.map(() => 0n), both: homes.map(() => 0n) }
  const total = { shareableWh: 0, contractedWh: 0, aheadWh: 0, residualWh: 0, shortWh: 0, unneededWh: 0, trades: 0, worsePeriods: 0 }
  const lost = { notOfferedWh: 0, notSoughtWh: 0, notAgreedWh: 0, notKeptWh: 0 }

  for (let at = 0; at < homes[0].length; at++) {
    const periodStart = homes[0][at].periodStart
    const metered = homes.map((home) => home[at])
    homes.forEach((home, place) => {
      if (at >= lead) {
        agents[place].observe(home[at - lead])
      }
    })
    const agreed = tradeAhead(agents, periodStart, init)
    const ahead = deliver(agreed.deals, metered)
    const left = metered.map((reading, home) => residualOf(reading, tradesOf(home, ahead), periodStart))
    const residual = tradeResiduals(left, periodStart, init).map((deal) => ({ ...deal, sellerWh: deal.wh, buyerWh: deal.wh, deliveredWh: deal.wh }))

    const shareableWh = Math.min(sum(metered, ({ exportWh }) => exportWh), sum(metered, ({ importWh }) => importWh))
    addLosses(lost, agreed, { shareableWh, aheadWh: sum(ahead, ({ deliveredWh }) => deliveredWh) })
    total.shareableWh += shareableWh
    total.contractedWh += sum(ahead, ({ wh }) => wh)
    total.aheadWh += sum(ahead, ({ deliveredWh }) => deliveredWh)
    total.residualWh += sum(residual, ({ wh }) => wh)
    total.shortWh += sum(ahead, ({ wh, sellerWh }) => wh - sellerWh)
    total.unneededWh += sum(ahead, ({ wh, buyerWh }) => wh - buyerWh)
    total.trades += ahead.length
    let isWorse = false
    metered.forEach((reading, home) => {
      const tariff = init.tariffOf(home)(periodStart)
      const without = supplierBill(tariff, reading.importWh, reading.exportWh)
      const withAhead = billOf(home, reading, { deals: ahead, tariff })
      const withBoth = billOf(home, reading, { deals: [...ahead, ...residual], tariff })
      bills.without[home] += without
      bills.ahead[home] += withAhead
      bills.both[home] += withBoth
      isWorse ||= withAhead > without || withBoth > without
    })
    total.worsePeriods += isWorse ? 1 : 0
    if (at % 500 === 0) {
      init.onProgress?.(at / homes[0].length)
    }
  }
  return { ...total, lost, billWithout: bills.without, billAhead: bills.ahead, billBoth: bills.both }
}

/** Follows what could be shared from the offers to the meters; what was agreed beyond it is no gain. */
function addLosses (lost: { -readonly [cause in keyof Lost]: number }, { deals, offeredWh, soughtWh }: Ahead, { shareableWh, aheadWh }: { readonly shareableWh: number, readonly aheadWh: number }): void {
  const offered = Math.min(shareableWh, offeredWh)
  const sought = Math.min(offered, soughtWh)
  const agreed = Math.min(sought, sum(deals, ({ wh }) => wh))
  lost.notOfferedWh += shareableWh - offered
  lost.notSoughtWh += offered - sought
  lost.notAgreedWh += sought - agreed
  lost.notKeptWh += agreed - aheadWh
}

function sum<T> (list: readonly T[], pick: (each: T) => number): number {
  return list.reduce((all, each) => all + pick(each), 0)
}

let ids = 0

function nextId (): Hex {
  return `0x${(ids++).toString(16).padStart(64, '0')}`
}

const accountOf = (home: number): Hex => `0x${(home + 1).toString(16).padStart(40, '0')}`

function anOffer (home: number, periodStart: UnixSeconds, { quantity, minFill, schedule }: { quantity: WattHours, minFill: WattHours, schedule: readonly Knot[] }): VerifiedOrder {
  return {
    order: { side: 'offer', rules: '0x', maker: accountOf(home), signer: accountOf(home), periodStart, quantity, minFill, revision: 1, schedule },
    signature: '0x',
    id: nextId(),
    key: accountOf(home)
  }
}

/** One trading window: everyone posts what the agent plans, then looks at the book on its own random clock. */
function tradeAhead (agents: readonly Agent[], periodStart: UnixSeconds, init: StreetInit): Ahead {
  const { rules, strategy, tick } = init
  const book = new OrderBook({ rules, maxOrders: 1000, maxPerSigner: 4 })
  const plans = agents.map((agent, home): Plan => agent.plan(periodStart, {
    situation: { tariff: init.tariffOf(home)(periodStart), patience: draw(0, 'patience', home), tick, seed: home },
    reserve: 'automatic',
    boughtWh: 0,
    soldWh: 0
  }))
  plans.forEach(({ surplusWh, situation }, home) => {
    const offer = nextOffer({ surplusWh, strategy, situation })
    if (offer != null) {
      book.add(anOffer(home, periodStart, offer))
    }
  })
  const deals = lookAround(plans, book, { periodStart, init })
  agents.forEach((agent, home) => {
    const { surplusWh, deficitWh } = plans[home]
    const done = sum(deals.filter(({ seller, buyer }) => home === seller || home === buyer), ({ wh }) => wh)
    if (Math.max(surplusWh, deficitWh) >= rules.minTradeWh) {
      agent.learn(periodStart, surplusWh > 0 ? 'selling' : 'buying', 2 * done >= surplusWh + deficitWh)
    }
  })
  return { deals, offeredWh: sum(plans, ({ surplusWh }) => surplusWh), soughtWh: sum(plans, ({ deficitWh }) => deficitWh) }
}

function lookAround (plans: readonly Plan[], book: OrderBook, { periodStart, init }: { periodStart: UnixSeconds, init: StreetInit }): Deal[] {
  const { rules, strategy } = init
  const deals: Deal[] = []
  const opening = windowOpening(periodStart, rules)
  const random = (home: number, look: number, what: string): number => draw(1, what, periodStart, home, look)
  const buyers = plans.flatMap((plan, home) => plan.deficitWh >= rules.minTradeWh ? [{ home, plan, wants: plan.deficitWh, looks: 0, at: opening + 30 * random(home, 0, 'phase') }] : [])
  let waiting = buyers
  while (waiting.length > 0 && book.size > 0) {
    const buyer = waiting.reduce((first, each) => each.at < first.at ? each : first)
    const now = Math.floor(buyer.at)
    buyer.at += 15 + 15 * random(buyer.home, buyer.looks++, 'pause')
    const { situation } = buyer.plan
    const limit = guardedLimit(strategy.limit(situation, now - opening), situation.tariff)
    const offers = book.offers(periodStart, now).filter(({ price }) => limit != null && price <= limit)
    const match = limit == null || offers.length === 0
      ? undefined
      : continuous.match(offers, { periodStart, wh: buyer.wants, limit }, { random: () => random(buyer.home, buyer.looks, 'pick'), tolerance: init.nearPrice, minTradeWh: rules.minTradeWh })
    if (match != null) {
      const { entry, wh, price } = match
      book.setRemaining(entry.order, entry.remaining - wh)
      deals.push({ id: nextId(), seller: Number(entry.order.order.maker) - 1, buyer: buyer.home, wh, price })
      buyer.wants = position({ expectedNetWh: buyer.wants, boughtWh: wh, soldWh: 0 }).deficitWh
    }
    waiting = waiting.filter(({ wants, at }) => wants >= rules.minTradeWh && at < gateClosure(periodStart, rules))
  }
  return deals
}

/** The smaller of what the seller's and the buyer's meter give each trade. */
function deliver (deals: readonly Deal[], metered: readonly PeriodReading[]): Delivered[] {
  const shares = metered.map((reading, home) => ({
    sold: shareOut(reading.exportWh, deals.filter(({ seller }) => seller === home)),
    bought: shareOut(reading.importWh, deals.filter(({ buyer }) => buyer === home))
  }))
  return deals.map((deal) => {
    const [sellerWh, buyerWh] = [shares[deal.seller].sold.get(deal.id) ?? 0, shares[deal.buyer].bought.get(deal.id) ?? 0]
    return { ...deal, sellerWh, buyerWh, deliveredWh: Math.min(sellerWh, buyerWh) }
  })
}

/** A home's trades of the period as its node would have them on disk. */
function tradesOf (home: number, deals: readonly Delivered[]): CountedTrade[] {
  return deals.filter(({ seller, buyer }) => seller === home || buyer === home).map(({ seller, wh, deliveredWh }) => ({
    role: seller === home ? 'seller' : 'buyer', state: 'delivered', askedWh: wh, validUntil: 0, deliveredWh
  }))
}

/**
 * The node's own residual round: what `residualOf` says is left goes on offer and is looked for at the prices of `agent/residual`,
 * buyers one after the other as their moments come, each until it finds nothing more.
 */
function tradeResiduals (left: readonly Residual[], periodStart: UnixSeconds, init: StreetInit): Deal[] {
  const { rules, tick } = init
  const book = new OrderBook({ rules, maxOrders: 1000, maxPerSigner: 4 })
  const situationOf = (home: number): Situation => ({ tariff: init.tariffOf(home)(periodStart), rules, patience: 0.5, tick })
  left.forEach(({ surplusWh }, home) => {
    const offer = residualOffer({ surplusWh, price: residualAsk(situationOf(home)), rules })
    if (offer != null) {
      book.add(anOffer(home, periodStart, offer))
    }
  })
  const deals: Deal[] = []
  const startOf = (home: number): UnixSeconds => residualStart(periodStart, { rules, seed: home })
  for (const buyer of left.map((_, home) => home).sort((a, b) => startOf(a) - startOf(b) || a - b)) {
    const limit = residualLimit(situationOf(buyer))
    const next = (wh: WattHours): Match | undefined => wh < rules.minTradeWh || limit == null
      ? undefined
      : continuous.match(book.offers(periodStart, startOf(buyer)), { periodStart, wh, limit }, { random: () => draw(2, 'pick', periodStart, buyer, wh), tolerance: init.nearPrice, minTradeWh: rules.minTradeWh })
    let wants = left[buyer].deficitWh
    for (let match = next(wants); match != null; match = next(wants)) {
      book.setRemaining(match.entry.order, match.entry.remaining - match.wh)
      deals.push({ id: nextId(), seller: Number(match.entry.order.order.maker) - 1, buyer, wh: match.wh, price: match.price })
      wants -= match.wh
    }
  }
  return deals
}

function billOf (home: number, reading: PeriodReading, { deals, tariff }: { deals: readonly Delivered[], tariff: ReturnType<TariffPlan> }): Money {
  const sold = deals.filter(({ seller }) => seller === home)
  const bought = deals.filter(({ buyer }) => buyer === home)
  const money = (list: readonly Delivered[]): Money => list.reduce((all, { deliveredWh, price }) => all + cost(deliveredWh, price), 0n)
  const left = residualOf(reading, tradesOf(home, deals), reading.periodStart)
  return supplierBill(tariff, left.deficitWh, left.surplusWh) + money(bought) - money(sold)
}
