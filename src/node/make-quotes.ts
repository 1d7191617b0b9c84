/**
 * Path b: a meter reading becomes an offer. Runs when a period begins and when a trading window opens: read the meter, let the
 * agent plan the coming periods, quote, sign, send it through path a, write it, gossip it.
 */
import { createAgent } from '../agent/agent.ts'
import { nextOffer } from '../agent/quote.ts'
import { residualAsk, residualOffer, residualWhy } from '../agent/residual.ts'
import { explain } from '../domain/errors.ts'
import { closingOf, isResidual } from '../domain/order.ts'
import { gateClosure, openPeriods, periodAt, periodEnd, residualEnd, windowOpening } from '../domain/period.ts'
import { isMetered } from '../domain/reading.ts'
import { isBinding } from '../domain/trade.ts'
import { orderId } from '../signing/digests.ts'
import { residualOf } from '../trade/residual.ts'
import { findWork } from './find-work.ts'
import type { NodeContext } from './context.ts'
import type { KnobBoard } from './knobs.ts'
import type { MeterLog } from './read-meter.ts'
import type { ReceiveOrder } from './receive-order.ts'
import type { Plan } from '../agent/plan.ts'
import type { OfferDraft } from '../agent/quote.ts'
import type { Situation } from '../agent/strategy.ts'
import type { Decision } from '../domain/knobs.ts'
import type { Order, SignedOrder, VerifiedOrder } from '../domain/order.ts'
import type { PeriodReading } from '../domain/reading.ts'
import type { Trade } from '../domain/trade.ts'
import type { PricePerKwh, UnixSeconds, WattHours } from '../domain/units.ts'
import type { Residual } from '../trade/residual.ts'

export interface Quotes {
  /** Our newest offer of each period that can still be traded. */
  all(): VerifiedOrder[]
  /** Our newest offer for the period, if any; once it is over that may be one of what it left. */
  standing(periodStart: UnixSeconds): VerifiedOrder | undefined
  /** What is left of one of our own offers after its trades and the proposals it is held for. */
  remaining(order: VerifiedOrder): WattHours
  /** What this home makes of a period now: what is still to be sold or bought, at which prices, and why. */
  plan(periodStart: UnixSeconds): Plan
  /** What a metered period left over by now. */
  residual(reading: PeriodReading): Residual
  /** What the prices of the residual round follow from. */
  situation(periodStart: UnixSeconds): Situation
  /** Why one of our own offers is made. */
  reason(order: Order): Pick<Plan, 'situation' | 'why'>
  /** Brings the offer of what a metered period left over up to date. */
  offerResidual(reading: PeriodReading): Promise<void>
  /** The newest decision of each period that is not over, soonest first. */
  decisions(): Decision[]
  /** One round over all open periods; returns the seconds until the next one is due. */
  round(): Promise<number>
  /** Tells the street that an offer is used up. */
  announceSoldOut(periodStart: UnixSeconds): Promise<void>
  load(): Promise<void>
}

/** How far back the agent learns from what is on disk: five weeks give every hour of the day its error quantiles. */
const LEARN_FROM_SEC = 35 * 86_400

export function makeQuotes (context: NodeContext, parts: { meters: MeterLog, receive: ReceiveOrder, knobs: KnobBoard }): Quotes {
  const { home, rules, clock, ledger, book, signer, network, logger } = context
  const { meters, receive, knobs } = parts
  const agent = createAgent({ rules, forecaster: context.forecaster, strategy: context.strategy })
  const seed = Number.parseInt(signer.address.slice(2, 14), 16)
  const own = new Map<UnixSeconds, VerifiedOrder>()
  const lookBackSec = rules.periodSec + rules.residualSec
  const observed = new WeakSet<PeriodReading>()
  /** What was wished for each open period, until its gate tells how it ended. */
  const wishes = new Map<UnixSeconds, { readonly side: 'selling' | 'buying', readonly wh: WattHours }>()
  const decisions = new Map<UnixSeconds, Decision>()

  const observe = (readings: readonly PeriodReading[]): void => {
    for (const reading of readings) {
      if (!observed.has(reading)) {
        observed.add(reading)
        agent.observe(reading)
      }
    }
  }

  const traded = (periodStart: UnixSeconds, role: Trade['role']): WattHours => ledger.inPeriod(periodStart)
    .filter((trade) => trade.role === role && isBinding(trade, clock.now()))
    .reduce((sum, { terms, askedWh }) => sum + (terms?.wh ?? askedWh), 0)

  /** What the cheapest of the others will have come down to when trading ends. */
  const lowestAsk = (periodStart: UnixSeconds): PricePerKwh | undefined => {
    for (const { entry: { order: { order } } } of book.cheapest(periodStart, gateClosure(periodStart, rules))) {
      if (order.maker !== home.owner) {
        return order.schedule[order.schedule.length - 1].price
      }
    }
  }

  const planOf = (periodStart: UnixSeconds): Plan => {
    observe(meters.history())
    const { lowestSellingPrice, highestBuyingPrice, reserve, paused } = knobs.current()
    const { patience, tick, sellsStored, buysForBattery } = home
    const [boughtWh, soldWh] = [traded(periodStart, 'buyer'), traded(periodStart, 'seller')]
    const plan = agent.plan(periodStart, {
      situation: { tariff: home.tariff(periodStart), lowestSellingPrice, highestBuyingPrice, patience, tick, seed },
      reserve,
      sellsStored,
      buysForBattery,
      tariffs: home.tariff,
      neighboursAsk: lowestAsk(periodStart),
      boughtWh,
      soldWh,
      blocked: paused ? 'you have paused trading' : undefined
    })
    const [selling, buying] = [plan.surplusWh + soldWh, plan.deficitWh + boughtWh]
    wishes.set(periodStart, selling > buying ? { side: 'selling', wh: selling } : { side: 'buying', wh: buying })
    return plan
  }

  /** Tells the agent how its wishes ended, and forgets what is over. */
  const closePeriods = (now: UnixSeconds): void => {
    for (const [periodStart, { side, wh }] of wishes) {
      if (gateClosure(periodStart, rules) <= now) {
        wishes.delete(periodStart)
        if (wh >= rules.minTradeWh) {
          agent.learn(periodStart, side, 2 * traded(periodStart, side === 'selling' ? 'seller' : 'buyer') >= wh)
        }
      }
    }
    for (const periodStart of own.keys()) {
      if (residualEnd(periodStart, rules) <= now) {
        own.delete(periodStart)
      }
    }
    for (const periodStart of decisions.keys()) {
      if (periodEnd(periodStart, rules) <= now) {
        decisions.delete(periodStart)
      }
    }
  }

  /** Keeps the sentence of a period when it is a new one. */
  const record = async (periodStart: UnixSeconds, plan: Plan): Promise<void> => {
    const { ok, reason } = context.settlement.isHealthy()
    const problem = plan.surplusWh > 0 ? context.selling.problem() : undefined
    const wish = problem == null ? plan.why : `Sells nothing: ${problem}.`
    const why = ok ? wish : `Makes no new trades while the chain cannot be trusted (${reason ?? 'unknown'}).`
    const { advice } = plan
    const before = decisions.get(periodStart)
    if (before?.why !== why || before.advice !== advice) {
      const decision = { periodStart, decidedAt: clock.now(), why, advice }
      await ledger.commit({ decisions: [decision] })
      decisions.set(periodStart, decision)
    }
  }

  const unsold = ({ order, id }: VerifiedOrder): WattHours => order.quantity - ledger.inPeriod(order.periodStart)
    .filter((trade) => trade.role === 'seller' && trade.orderId === id && isBinding(trade, clock.now()))
    .reduce((sum, { terms, askedWh }) => sum + (terms?.wh ?? askedWh), 0)

  const residual = (reading: PeriodReading): Residual => residualOf(reading, ledger.inPeriod(reading.periodStart), clock.now())

  const surplusOf = (periodStart: UnixSeconds): WattHours => {
    const reading = meters.history().find((each) => each.periodStart === periodStart)
    return reading == null ? 0 : residual(reading).surplusWh
  }

  /** What a period left over may have become less since it was offered. */
  const remaining = (offer: VerifiedOrder): WattHours =>
    isResidual(offer.order, rules) ? Math.min(unsold(offer), surplusOf(offer.order.periodStart)) : unsold(offer)

  const situationOf = (periodStart: UnixSeconds): Situation => {
    const { lowestSellingPrice, highestBuyingPrice } = knobs.current()
    return { tariff: home.tariff(periodStart), rules, lowestSellingPrice, highestBuyingPrice, patience: home.patience, tick: home.tick, seed }
  }

  const remember = (signed: SignedOrder): void => {
    own.set(signed.order.periodStart, { ...signed, id: orderId(signed.order, context.at), key: signer.key })
  }

  const post = async (periodStart: UnixSeconds, draft: OfferDraft): Promise<void> => {
    const order: Order = {
      quantity: draft.quantity,
      minFill: draft.minFill,
      schedule: draft.schedule,
      side: 'offer',
      rules: context.rulesDigest,
      maker: home.owner,
      signer: signer.address,
      periodStart,
      // the book forgets an offer when its gate closes, neighbours may do so later
      revision: Math.max(book.revisionOf(signer.address, periodStart, 'offer'), own.get(periodStart)?.order.revision ?? 0) + 1
    }
    const paid = rules.unknownMakers === 'work' ? { work: await findWork(orderId(order, context.at)) } : {}
    const signed = { order, signature: signer.signOrder(order), ...paid }
    const verdict = receive(signed)
    if (verdict.result !== 'accept') {
      // Outside the community every quarter hour would say so; the status does.
      logger[verdict.code === 'NOT_MEMBER' ? 'debug' : 'warn']('own order was not accepted', { code: verdict.code, periodStart: order.periodStart })
      return
    }
    await ledger.commit({ orders: [signed] })
    remember(signed)
    // it stands, whether or not anyone hears of it now
    const recipients = await network.publish(signed).catch((error: unknown) => {
      logger.warn('offer could not be published', { periodStart, error: explain(error) })
      return 0
    })
    logger.debug('offer published', { periodStart: order.periodStart, quantity: order.quantity, revision: order.revision, recipients })
  }

  const quote = async (periodStart: UnixSeconds): Promise<void> => {
    const plan = planOf(periodStart)
    const order = own.get(periodStart)
    const next = nextOffer({
      surplusWh: context.selling.atMost(plan.surplusWh),
      standing: order == null ? undefined : { order: order.order, remaining: remaining(order) },
      strategy: context.strategy,
      situation: plan.situation
    })
    if (next != null) {
      await post(periodStart, next)
    }
    await record(periodStart, plan)
  }

  return {
    all: () => [...own.values()],
    standing: (periodStart) => own.get(periodStart),
    remaining,
    plan: planOf,
    residual,
    situation: situationOf,
    reason: (order) => isResidual(order, rules)
      ? { situation: situationOf(order.periodStart), why: residualWhy('sold', surplusOf(order.periodStart)) }
      : planOf(order.periodStart),
    offerResidual: async (reading) => {
      const { periodStart } = reading
      const standing = own.get(periodStart)
      const draft = residualOffer({
        surplusWh: knobs.current().paused ? 0 : context.selling.atMost(residual(reading).surplusWh),
        price: residualAsk(situationOf(periodStart)),
        standing: standing == null || !isResidual(standing.order, rules) ? undefined : { order: standing.order, remaining: unsold(standing) },
        rules
      })
      if (draft != null) {
        await post(periodStart, draft)
      }
    },
    decisions: () => [...decisions.values()].sort((a, b) => a.periodStart - b.periodStart),
    async round () {
      await meters.catchUp()
      const now = clock.now()
      book.expire(now)
      closePeriods(now)
      for (const periodStart of openPeriods(now, rules)) {
        if (periodStart >= home.tradeFrom && periodStart < home.tradeUntil) {
          await ledger.exclusive(async () => quote(periodStart))
        }
      }
      return secondsToNextRound(clock.now(), rules)
    },
    async announceSoldOut (periodStart) {
      const standing = own.get(periodStart)
      if (standing != null && standing.order.quantity > 0 && clock.now() < closingOf(standing.order, rules)) {
        await post(periodStart, { ...standing.order, quantity: 0 })
      }
    },
    async load () {
      observe((await context.store.readings(clock.now() - LEARN_FROM_SEC, clock.now())).filter(isMetered))
      for (const signed of await context.store.orders(clock.now() - lookBackSec)) {
        // a gate that has closed leaves the revision to count on from
        const verdict = receive(signed)
        if (verdict.result === 'accept' || verdict.code === 'GATE_CLOSED') {
          remember(signed)
        }
      }
    }
  }
}

function secondsToNextRound (now: UnixSeconds, rules: NodeContext['rules']): number {
  const nextPeriod = periodAt(now, rules) + rules.periodSec
  let nextWindow = windowOpening(nextPeriod, rules)
  while (nextWindow <= now) {
    nextWindow += rules.periodSec
  }
  return Math.min(nextPeriod, nextWindow) - now
}
