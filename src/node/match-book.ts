/**
 * Path c, first half: when this home needs power it looks at its own book on its own randomised clock, never because an
 * offer arrived, picks one offer and hands it on. One proposal is open at a time.
 */
import { MIN_TAB_LIFE_SEC } from '../../protocols/trade/constants.ts'
import { guardedLimit } from '../agent/plan.ts'
import { tradeWhy } from '../agent/sentence.ts'
import { closingOf, isResidual } from '../domain/order.ts'
import { gateClosure, openPeriods, periodEnd, slotOf, windowOpening } from '../domain/period.ts'
import { affordable } from '../domain/units.ts'
import { hasPassed, headroom } from '../trade/tab-ledger.ts'
import type { NodeContext } from './context.ts'
import type { Tabs } from './keep-tabs.ts'
import type { KeyBook } from './key-book.ts'
import type { Quotes } from './make-quotes.ts'
import type { Members } from './members.ts'
import type { IsPartner } from './neighbours-only.ts'
import type { ResidualRound } from './residual-round.ts'
import type { Buyer } from './run-trade.ts'
import type { TradingGate } from './trading-gate.ts'
import type { Plan } from '../agent/plan.ts'
import type { VerifiedOrder } from '../domain/order.ts'
import type { Hex, Money, PricePerKwh, UnixSeconds, WattHours } from '../domain/units.ts'
import type { Match } from '../market/mechanism.ts'
import type { PricedOffer } from '../market/order-book.ts'

/** A proposal that leaves this late, in seconds before the gate, may not come back in time. */
const LAST_CALL_SEC = 2

/** An offer whose seller has no tab of ours is passed over this long, so that others do not wait behind it. */
const PASS_OVER_SEC = 60

/** All offers of a seller that did not answer, or is busy, are passed over this long. */
const SUSPECT_SEC = 300

/** Cheapest offers looked at in one go. */
const MAX_CANDIDATES = 64

/** What this home would like to buy of one period, and why. */
export interface Want {
  readonly periodStart: UnixSeconds
  readonly wh: WattHours
  readonly limit: PricePerKwh
  /** True for what a metered period lacked, false for what a coming one will. */
  readonly isResidual: boolean
  readonly reason: Pick<Plan, 'situation' | 'why'>
}

/** Looks at the book once; returns the seconds until the next look. */
export function matchBook (context: NodeContext, parts: { quotes: Quotes, residuals: ResidualRound, tabs: Tabs, buyer: Buyer, keys: KeyBook, members: Members, isOpen: TradingGate, isPartner: IsPartner }): () => Promise<number> {
  const { home, rules, clock, book, ledger, signer, random, strategy, mechanism } = context
  const { quotes, residuals, tabs, buyer, keys, members, isOpen, isPartner } = parts
  /** Orders by id and sellers by key that are passed over for a while. */
  const passedUntil = new Map<Hex, UnixSeconds>()

  const roomWith = ({ order }: VerifiedOrder): Money => {
    const seller = order.maker
    const tab = ledger.tab(home.owner, seller)
    const until = Math.max(periodEnd(order.periodStart, rules), clock.now()) + MIN_TAB_LIFE_SEC
    return tab == null ? 0n : headroom(tab, ledger.between(home.owner, seller), { until })
  }

  /** An order names an owner; whether the owner knows the key that signed it, only the escrow can say. */
  const isSeller = async ({ order: { maker, signer, periodStart } }: VerifiedOrder): Promise<boolean> =>
    await keys.validUntil(maker, signer).catch(() => 0) >= Math.max(periodEnd(periodStart, rules), clock.now())

  /** A tab is settled in the order of time: what it has passed can no longer be paid through it. */
  const isPayable = ({ order: { maker, periodStart } }: VerifiedOrder): boolean => {
    const tab = ledger.tab(home.owner, maker)
    return tab == null || !hasPassed(tab, slotOf(periodStart))
  }

  const candidates = async (want: Want): Promise<PricedOffer[]> => {
    const offers: PricedOffer[] = []
    for (const offer of book.cheapest(want.periodStart, clock.now())) {
      const { price, entry: { order } } = offer
      if (price > want.limit || offers.length === MAX_CANDIDATES) {
        break
      }
      if (isResidual(order.order, rules) === want.isResidual && isPayable(order) &&
        order.order.signer !== signer.address && order.order.maker !== home.owner && isPartner(order.order.maker, order.key) && members.isMember(order.order.maker) &&
        !passedUntil.has(order.id) && !passedUntil.has(order.key)) {
        offers.push(offer)
      }
    }
    const sellers = await Promise.all(offers.map(async ({ entry }) => isSeller(entry.order)))
    return offers.filter((_, place) => sellers[place])
  }

  const find = async (want: Want): Promise<Match | undefined> => mechanism.match(await candidates(want), want, {
    random,
    tolerance: home.nearPrice,
    minTradeWh: rules.minTradeWh,
    isPreferred: ({ order }) => roomWith(order) > 0n
  })

  const buy = async (match: Match, { isResidual, reason }: Want): Promise<void> => {
    const wh = Math.min(match.wh, affordable(roomWith(match.entry.order), match.price))
    const { order, id, key } = match.entry.order
    if (wh < Math.max(rules.minTradeWh, order.minFill)) {
      passedUntil.set(id, clock.now() + PASS_OVER_SEC)
      void tabs.open(order.maker, key)
      return
    }
    const outcome = await buyer.propose(match.entry.order, { wh, price: match.price, why: tradeWhy('bought', { wh, pricePerKwh: match.price }, reason) })
    if (outcome.remaining != null) {
      book.setRemaining(match.entry.order, outcome.remaining)
    }
    if (!outcome.isAgreed) {
      const isAboutOffer = outcome.isAnswered && outcome.isBusy !== true
      // what a period left over stays on offer long enough to ask again
      passedUntil.set(isAboutOffer ? id : key, isAboutOffer && !isResidual ? closingOf(order, rules) : clock.now() + SUSPECT_SEC)
    }
  }

  const coming = (periodStart: UnixSeconds, now: UnixSeconds): Want | undefined => {
    const reason = quotes.plan(periodStart)
    const { deficitWh, situation } = reason
    const limit = guardedLimit(strategy.limit(situation, now - windowOpening(periodStart, rules)), situation.tariff)
    return deficitWh < rules.minTradeWh || limit == null ? undefined : { periodStart, wh: deficitWh, limit, isResidual: false, reason }
  }

  return async () => {
    const now = clock.now()
    for (const [id, until] of passedUntil) {
      if (until <= now) {
        passedUntil.delete(id)
      }
    }
    const lastCall = LAST_CALL_SEC + 2 * rules.clockToleranceSec
    for (const periodStart of isOpen() && members.isMember(home.owner) ? openPeriods(now, rules) : []) {
      const isTradable = now < gateClosure(periodStart, rules) - lastCall && periodStart >= home.tradeFrom && periodStart < home.tradeUntil
      const want = isTradable ? coming(periodStart, now) : undefined
      const match = want == null ? undefined : await find(want)
      if (want != null && match != null) {
        await buy(match, want)
      }
    }
    for (const want of isOpen() && members.isMember(home.owner) ? residuals.wants() : []) {
      const match = await find(want)
      if (match != null) {
        await buy(match, want)
      }
    }
    return home.lookMinSec + random() * (home.lookMaxSec - home.lookMinSec)
  }
}
