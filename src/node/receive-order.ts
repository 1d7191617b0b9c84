/**
 * Path a: an order arrives. The numbered rules of the order-gossip protocol are judged here in their order, cheap ones
 * first; an accepted order is in the book when this returns. Our own orders take the same door.
 */
import { MAX_KNOTS, MAX_ORDER_WH, MAX_PRICE, MAX_REVISION } from '../../protocols/order/constants.ts'
import { MAX_BOOK_ORDERS, MAX_OPEN_ORDERS_PER_SIGNER, MAX_ORDERS_PER_SIGNER_PER_PERIOD, MAX_PERIODS_AHEAD, MIN_WORK_BITS } from '../../protocols/order-gossip/constants.ts'
import { ACCEPT, ignore, reject } from '../domain/verdict.ts'
import { admit } from '../market/admission.ts'
import { SignerAllowance } from '../market/signer-allowance.ts'
import { orderId } from '../signing/digests.ts'
import { orderVerifier } from '../signing/verify.ts'
import { workBits } from '../signing/work.ts'
import { membersOf } from './members.ts'
import type { NodeContext } from './context.ts'
import type { Order, SignedOrder } from '../domain/order.ts'
import type { Account, Hex } from '../domain/units.ts'
import type { Verdict } from '../domain/verdict.ts'

const BOUNDS = {
  maxKnots: MAX_KNOTS,
  maxOrderWh: MAX_ORDER_WH,
  maxPrice: MAX_PRICE,
  maxRevision: MAX_REVISION,
  maxPeriodsAhead: MAX_PERIODS_AHEAD,
  maxOpenOrdersPerSigner: MAX_OPEN_ORDERS_PER_SIGNER,
  maxOrdersPerSignerPerPeriod: MAX_ORDERS_PER_SIGNER_PER_PERIOD,
  minWorkBits: MIN_WORK_BITS
}

export type ReceiveOrder = (signed: SignedOrder) => Verdict

export type ReceiveOrderParts = Pick<NodeContext, 'rules' | 'rulesDigest' | 'at' | 'book' | 'clock' | 'membership' | 'signer' | 'recovery' | 'emit'> & {
  /** True when an owner is known to have registered the key that signs; nobody is while it is left out. */
  isKnown?(owner: Account, key: Account): boolean
}

export function receiveOrder (parts: ReceiveOrderParts): ReceiveOrder {
  const { rules, rulesDigest, at, book, clock, signer, recovery, emit, isKnown } = parts
  const { isMember } = membersOf(parts)
  const verifier = orderVerifier({ at, recovery, remembered: MAX_BOOK_ORDERS })
  const accepted = new SignerAllowance(rules)

  // one object for all orders: they come in thousands
  const context = {
    rules,
    rulesDigest,
    book,
    bounds: BOUNDS,
    now: 0,
    isMember,
    work: undefined as number | undefined,
    workBits: (id: Hex) => workBits(id, context.work ?? 0),
    isKnown: ({ maker, signer }: Order) => isKnown?.(maker, signer) === true,
    acceptedOf: (signer: Account) => accepted.used(signer, context.now)
  }

  return (signed) => {
    const { order } = signed
    const now = clock.now()
    context.now = now
    context.work = signed.work
    let id: Hex | undefined
    const getId = (): Hex => (id ??= orderId(order, at))
    const verdict = admit(order, getId, context)
    if (verdict != null) {
      return verdict
    }
    const verified = verifier.verify(signed, getId())
    if (verified == null) {
      return reject('BAD_SIGNATURE')
    }
    if (book.add(verified) === 'full') {
      verifier.remember(verified)
      return ignore('BOOK_FULL')
    }
    accepted.count(order.signer, now)
    emit({ type: 'order:accepted', order: verified, isOwn: order.signer === signer.address })
    return ACCEPT
  }
}
