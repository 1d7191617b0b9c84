/**
 * Path b: a meter reading becomes an offer. Runs when a period begins and when a trading window opens: read the meter, expect
 * the coming periods, subtract what is already sold, let the strategy quote, sign, send it through path a, write it, gossip it.
 */
import { position } from '../agent/position.ts'
import { nextOffer } from '../agent/quote.ts'
import { explain } from '../domain/errors.ts'
import { gateClosure, openPeriods, periodAt, windowOpening } from '../domain/period.ts'
import { isBinding } from '../domain/trade.ts'
import { orderId } from '../signing/digests.ts'
import { findWork } from './find-work.ts'
import type { NodeContext } from './context.ts'
import type { MeterLog } from './read-meter.ts'
import type { ReceiveOrder } from './receive-order.ts'
import type { Position } from '../agent/position.ts'
import type { OfferDraft } from '../agent/quote.ts'
import type { Situation } from '../agent/strategy.ts'
import type { Order, SignedOrder, VerifiedOrder } from '../domain/order.ts'
import type { Trade } from '../domain/trade.ts'
import type { UnixSeconds, WattHours } from '../domain/units.ts'

export interface Quotes {
  /** Our newest offer of each period that is not over. */
  all(): VerifiedOrder[]
  /** Our newest offer for the period, if any. */
  standing(periodStart: UnixSeconds): VerifiedOrder | undefined
  /** What is left of one of our own offers after its trades and the proposals it is held for. */
  remaining(order: VerifiedOrder): WattHours
  /** Wh this home will need from outside in a period it has not traded for yet; undefined when nobody knows. */
  deficit(periodStart: UnixSeconds): WattHours | undefined
  /** One round over all open periods; returns the seconds until the next one is due. */
  round(): Promise<number>
  /** Tells the street that an offer is used up. */
  announceSoldOut(periodStart: UnixSeconds): Promise<void>
  load(): Promise<void>
}

export function makeQuotes (context: NodeContext, meters: MeterLog, receive: ReceiveOrder): Quotes {
  const { home, rules, clock, ledger, book, signer, network, logger } = context
  const own = new Map<UnixSeconds, VerifiedOrder>()

  const traded = (periodStart: UnixSeconds, role: Trade['role']): WattHours => ledger.inPeriod(periodStart)
    .filter((trade) => trade.role === role && isBinding(trade, clock.now()))
    .reduce((sum, { terms, askedWh }) => sum + (terms?.wh ?? askedWh), 0)

  const open = (periodStart: UnixSeconds): Position | undefined => {
    const expectedNetWh = context.forecaster.expect(periodStart, meters.history(), rules)
    return expectedNetWh == null
      ? undefined
      : position({ expectedNetWh, boughtWh: traded(periodStart, 'buyer'), soldWh: traded(periodStart, 'seller') })
  }

  const remaining = ({ order, id }: VerifiedOrder): WattHours => order.quantity - ledger.inPeriod(order.periodStart)
    .filter((trade) => trade.role === 'seller' && trade.orderId === id && isBinding(trade, clock.now()))
    .reduce((sum, { terms, askedWh }) => sum + (terms?.wh ?? askedWh), 0)

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
      revision: book.revisionOf(signer.address, periodStart, 'offer') + 1
    }
    const paid = rules.unknownMakers === 'work' ? { work: await findWork(orderId(order, context.at)) } : {}
    const signed = { order, signature: signer.signOrder(order), ...paid }
    const verdict = receive(signed)
    if (verdict.result !== 'accept') {
      logger.warn('own order was not accepted', { code: verdict.code, periodStart: order.periodStart })
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
    const surplusWh = open(periodStart)?.surplusWh
    if (surplusWh == null) {
      return
    }
    const order = own.get(periodStart)
    const next = nextOffer({
      surplusWh,
      standing: order == null ? undefined : { order: order.order, remaining: remaining(order) },
      strategy: context.strategy,
      situation: situationOf(context)
    })
    if (next != null) {
      await post(periodStart, next)
    }
  }

  return {
    all: () => [...own.values()],
    standing: (periodStart) => own.get(periodStart),
    remaining,
    deficit: (periodStart) => open(periodStart)?.deficitWh,
    async round () {
      await meters.catchUp()
      const now = clock.now()
      book.expire(now)
      for (const periodStart of own.keys()) {
        if (periodStart + rules.periodSec <= now) {
          own.delete(periodStart)
        }
      }
      for (const periodStart of openPeriods(now, rules)) {
        if (periodStart >= home.tradeFrom && periodStart < home.tradeUntil) {
          await ledger.exclusive(async () => quote(periodStart))
        }
      }
      return secondsToNextRound(clock.now(), rules)
    },
    async announceSoldOut (periodStart) {
      const standing = own.get(periodStart)
      if (standing != null && standing.order.quantity > 0 && clock.now() < gateClosure(periodStart, rules)) {
        await post(periodStart, { ...standing.order, quantity: 0 })
      }
    },
    async load () {
      for (const signed of await context.store.orders(clock.now())) {
        if (receive(signed).result === 'accept') {
          remember(signed)
        }
      }
    }
  }
}

/** What a strategy may look at. */
export function situationOf ({ home, rules }: Pick<NodeContext, 'home' | 'rules'>): Situation {
  const { tariff, patience, lowestSellingPrice, highestBuyingPrice, tick } = home
  return { tariff, rules, patience, lowestSellingPrice, highestBuyingPrice, tick }
}

function secondsToNextRound (now: UnixSeconds, rules: NodeContext['rules']): number {
  const nextPeriod = periodAt(now, rules) + rules.periodSec
  let nextWindow = windowOpening(nextPeriod, rules)
  while (nextWindow <= now) {
    nextWindow += rules.periodSec
  }
  return Math.min(nextPeriod, nextWindow) - now
}
