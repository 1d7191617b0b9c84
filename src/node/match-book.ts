/**
 * Path c, first half: when this home needs power it looks at its own book on its own randomised clock, never because an
 * offer arrived, picks one offer and hands it on. One proposal is open at a time.
 */
import { MIN_TAB_LIFE_SEC } from '../../protocols/trade/constants.ts'
import { gateClosure, openPeriods, windowOpening } from '../domain/period.ts'
import { affordable } from '../domain/units.ts'
import { headroom } from '../trade/tab-ledger.ts'
import { situationOf } from './make-quotes.ts'
import type { NodeContext } from './context.ts'
import type { Tabs } from './keep-tabs.ts'
import type { Quotes } from './make-quotes.ts'
import type { Buyer } from './run-trade.ts'
import type { VerifiedOrder } from '../domain/order.ts'
import type { Hex, Money, UnixSeconds, WattHours } from '../domain/units.ts'
import type { Match } from '../market/mechanism.ts'

/** A proposal that leaves this late, in seconds before the gate, may not come back in time. */
const LAST_CALL_SEC = 2

/** An offer whose seller has no tab of ours or does not answer is passed over this long, so that others do not wait behind it. */
const PASS_OVER_SEC = 60

/** Looks at the book once; returns the seconds until the next look. */
export function matchBook (context: NodeContext, parts: { quotes: Quotes, tabs: Tabs, buyer: Buyer }): () => Promise<number> {
  const { home, rules, clock, book, ledger, signer, random, strategy, mechanism } = context
  const { quotes, tabs, buyer } = parts
  const passedUntil = new Map<Hex, UnixSeconds>()

  const roomWith = ({ order }: VerifiedOrder): Money => {
    const seller = order.maker
    const tab = ledger.tab(home.owner, seller)
    const until = order.periodStart + rules.periodSec + MIN_TAB_LIFE_SEC
    return tab == null ? 0n : headroom(tab, ledger.between(home.owner, seller), { until })
  }

  const find = (periodStart: UnixSeconds, wh: WattHours): Match | undefined => {
    const now = clock.now()
    const offers = book.offers(periodStart, now).filter(({ entry: { order } }) =>
      order.order.signer !== signer.address && order.order.maker !== home.owner && !passedUntil.has(order.id))
    const limit = strategy.limit(situationOf(context), now - windowOpening(periodStart, rules))
    return limit == null
      ? undefined
      : mechanism.match(offers, { periodStart, wh, limit }, {
        random,
        tolerance: home.nearPrice,
        minTradeWh: rules.minTradeWh,
        isPreferred: ({ order }) => roomWith(order) > 0n
      })
  }

  const buy = async (match: Match): Promise<void> => {
    const wh = Math.min(match.wh, affordable(roomWith(match.entry.order), match.price))
    const { order, id, key } = match.entry.order
    if (wh < Math.max(rules.minTradeWh, order.minFill)) {
      passedUntil.set(id, clock.now() + PASS_OVER_SEC)
      void tabs.open(order.maker, key)
      return
    }
    const outcome = await buyer.propose(match.entry.order, wh, match.price)
    if (outcome.remaining != null) {
      book.setRemaining(id, outcome.remaining)
    }
    if (!outcome.isAgreed) {
      passedUntil.set(id, outcome.isAnswered ? order.periodStart : clock.now() + PASS_OVER_SEC)
    }
  }

  return async () => {
    const now = clock.now()
    for (const [id, until] of passedUntil) {
      if (until <= now) {
        passedUntil.delete(id)
      }
    }
    const lastCall = LAST_CALL_SEC + 2 * rules.clockToleranceSec
    for (const periodStart of openPeriods(now, rules)) {
      const isTradable = now < gateClosure(periodStart, rules) - lastCall && periodStart >= home.tradeFrom && periodStart < home.tradeUntil
      const deficitWh = isTradable ? quotes.deficit(periodStart) ?? 0 : 0
      const match = deficitWh >= rules.minTradeWh ? find(periodStart, deficitWh) : undefined
      if (match != null) {
        await buy(match)
      }
    }
    return home.lookMinSec + random() * (home.lookMaxSec - home.lookMinSec)
  }
}
