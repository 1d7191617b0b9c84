import { createHash } from 'node:crypto'
import { MAX_SYNC_PAGE_DIGESTS, MAX_SYNC_PAGE_ORDERS } from '../../protocols/book-sync/constants.ts'
import { compareKeys } from '../domain/book-sync.ts'
import { isResidual } from '../domain/order.ts'
import { residualEnd } from '../domain/period.ts'
import { NewestOrders } from '../market/newest-orders.ts'
import type { BookAnswer, BookQuestion, DigestsAnswer, DigestsQuestion, OrdersAnswer, OrdersQuestion } from '../domain/book-sync.ts'
import type { MarketRules } from '../domain/market-rules.ts'
import type { SignedOrder } from '../domain/order.ts'
import type { Hex, UnixSeconds } from '../domain/units.ts'

/** Empty, with the digests of the book-sync protocol; an offer of what a period left over counts as long as it can be traded. */
export function createNewestOrders (rules: MarketRules): NewestOrders {
  return new NewestOrders(shortDigest, (order) => isResidual(order, rules) ? residualEnd(order.periodStart, rules) : order.periodStart)
}

/** One page of what we know from the period `from` on. Nothing is kept between two questions. */
export function answerBook (newest: NewestOrders, from: UnixSeconds, question: BookQuestion): BookAnswer {
  return question.kind === 'digests?' ? digestsPage(newest, from, question) : ordersPage(newest, from, question)
}

function digestsPage (newest: NewestOrders, from: UnixSeconds, { from: theirFrom, root: theirRoot, after }: DigestsQuestion): DigestsAnswer {
  const { digests, root } = newest.digests(from)
  if (after == null && theirFrom === from && theirRoot === root) {
    return { kind: 'digests', from, isSame: true, isMore: false, digests: [] }
  }
  const start = after == null ? 0 : digests.findIndex(({ signer }) => signer > after)
  const end = start < 0 ? start : start + MAX_SYNC_PAGE_DIGESTS
  return { kind: 'digests', from, isSame: false, isMore: start >= 0 && end < digests.length, digests: start < 0 ? [] : digests.slice(start, end) }
}

function ordersPage (newest: NewestOrders, from: UnixSeconds, { signers, after }: OrdersQuestion): OrdersAnswer {
  const orders: SignedOrder[] = []
  for (const signer of signers) {
    for (const order of after != null && signer < after.signer ? [] : newest.of(signer, from)) {
      if (after == null || compareKeys(order.order, after) > 0) {
        if (orders.length === MAX_SYNC_PAGE_ORDERS) {
          return { kind: 'orders', isMore: true, orders }
        }
        orders.push(order)
      }
    }
  }
  return { kind: 'orders', isMore: false, orders }
}

/** First 16 bytes of the SHA-256 of the parts, put end to end. One call for all of them: each costs more than its bytes. */
function shortDigest (parts: readonly Hex[]): Hex {
  const bytes = Buffer.from(parts.map((part) => part.slice(2)).join(''), 'hex')
  return `0x${createHash('sha256').update(bytes).digest('hex').slice(0, 32)}`
}
