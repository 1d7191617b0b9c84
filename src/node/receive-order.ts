/**
 * Path a: an order arrives. The numbered rules of the order-gossip protocol are judged here in their order, cheap ones
 * first; an accepted order is in the book when this returns. Our own orders take the same door.
 */
import { MAX_KNOTS, MAX_ORDER_WH, MAX_PRICE, MAX_REVISION } from '../../protocols/order/constants.ts'
import { MAX_PERIODS_AHEAD, MAX_OPEN_ORDERS_PER_SIGNER } from '../../protocols/order-gossip/constants.ts'
import { ACCEPT, ignore, reject } from '../domain/verdict.ts'
import { admit } from '../market/admission.ts'
import { orderId } from '../signing/digests.ts'
import { verifyOrder } from '../signing/verify.ts'
import { membersOf } from './members.ts'
import type { NodeContext } from './context.ts'
import type { SignedOrder } from '../domain/order.ts'
import type { Hex } from '../domain/units.ts'
import type { Verdict } from '../domain/verdict.ts'

const BOUNDS = {
  maxKnots: MAX_KNOTS,
  maxOrderWh: MAX_ORDER_WH,
  maxPrice: MAX_PRICE,
  maxRevision: MAX_REVISION,
  maxPeriodsAhead: MAX_PERIODS_AHEAD,
  maxOpenOrdersPerSigner: MAX_OPEN_ORDERS_PER_SIGNER
}

export type ReceiveOrder = (signed: SignedOrder) => Verdict

export function receiveOrder (context: Pick<NodeContext, 'rules' | 'rulesDigest' | 'at' | 'book' | 'clock' | 'membership' | 'signer' | 'emit'>): ReceiveOrder {
  const { rules, rulesDigest, at, book, clock, signer, emit } = context
  const { isMember } = membersOf(context)
  return (signed) => {
    const id = (): Hex => orderId(signed.order, at)
    const verdict = admit(signed.order, id, { rules, rulesDigest, book, bounds: BOUNDS, now: clock.now(), isMember })
    if (verdict != null) {
      return verdict
    }
    const order = verifyOrder(signed, at)
    if (order == null) {
      return reject('BAD_SIGNATURE')
    }
    if (book.add(order) === 'full') {
      return ignore('BOOK_FULL')
    }
    emit({ type: 'order:accepted', order, isOwn: order.order.signer === signer.address })
    return ACCEPT
  }
}
