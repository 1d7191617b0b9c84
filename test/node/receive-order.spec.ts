import { expect } from 'aegir/chai'
import { MAX_ORDERS_PER_SIGNER_PER_PERIOD } from '../../protocols/order-gossip/constants.ts'
import { ACCEPT, ignore, reject } from '../../src/domain/verdict.ts'
import { OrderBook } from '../../src/market/order-book.ts'
import { findWork } from '../../src/node/find-work.ts'
import { receiveOrder } from '../../src/node/receive-order.ts'
import { orderId, rulesDigest } from '../../src/signing/digests.ts'
import { javascript } from '../../src/signing/recovery.ts'
import { aSignedOrder, aSigner, NOON, RULES } from '../helpers/orders.ts'
import type { MarketRules } from '../../src/domain/market-rules.ts'
import type { Order, SignedOrder } from '../../src/domain/order.ts'
import type { OrderRuleCode } from '../../src/domain/verdict.ts'
import type { NodeEvent } from '../../src/node/events.ts'
import type { ReceiveOrder } from '../../src/node/receive-order.ts'
import type { Recovery } from '../../src/signing/recovery.ts'

const HOME = aSigner(1)

interface Door {
  readonly receive: ReceiveOrder
  readonly book: OrderBook
  readonly events: NodeEvent[]
  recoveries(): number
}

/** A home that stands in the middle of the window of the period at noon. */
function aDoor ({ now = NOON - 900, maxOrders = 100, rules = RULES, isKnown }: { now?: number, maxOrders?: number, rules?: MarketRules, isKnown?(): boolean } = {}): Door {
  const book = new OrderBook({ rules, maxOrders, maxPerSigner: 256 })
  const events: NodeEvent[] = []
  const clock = { now: () => now, instant: () => ({ wallMs: 0, elapsedMs: 0 }), at: () => () => {}, after: () => () => {} }
  let recoveries = 0
  const recovery: Recovery = {
    ...javascript,
    recover (...args) {
      recoveries++
      return javascript.recover(...args)
    }
  }
  const receive = receiveOrder({ rules, rulesDigest: rulesDigest(rules), at: RULES, book, clock, signer: HOME, recovery, isKnown, emit: (event) => events.push(event) })
  return { receive, book, events, recoveries: () => recoveries }
}

describe('an order that arrives', () => {
  it('should be in the book and told of when it is accepted', () => {
    const { receive, book, events } = aDoor()
    const order = aSignedOrder({}, aSigner(2))
    expect(receive(order)).to.equal(ACCEPT)
    expect(book.offers(NOON, NOON - 900).map(({ entry }) => entry.order.signature)).to.deep.equal([order.signature])
    expect(events).to.have.lengthOf(1)
    expect(events[0]).to.include({ type: 'order:accepted', isOwn: false })
  })

  it('should be known as our own by its signer', () => {
    const { receive, events } = aDoor()
    expect(receive(aSignedOrder({}, HOME))).to.equal(ACCEPT)
    expect(events[0]).to.include({ isOwn: true })
  })

  const changes: Array<[OrderRuleCode, 'ignore' | 'reject', Partial<Order>, number?]> = [
    ['WRONG_RULES', 'reject', { rules: `0x${'11'.repeat(32)}` }],
    ['OUT_OF_RANGE', 'reject', { schedule: [] }],
    ['OUT_OF_RANGE', 'reject', { quantity: 1_000_001 }],
    ['OUT_OF_RANGE', 'reject', { side: 'bid' }],
    ['MISALIGNED', 'reject', { periodStart: NOON + 1 }],
    ['GATE_CLOSED', 'ignore', {}, NOON + 6],
    ['TOO_FAR_AHEAD', 'ignore', {}, NOON - 193 * 900]
  ]
  for (const [code, result, fields, now] of changes) {
    it(`should be ${result === 'ignore' ? 'ignored' : 'rejected'} as ${code} for ${now == null ? Object.keys(fields).join(', ') : 'its time'}`, () => {
      const { receive, book, events } = aDoor({ now })
      expect(receive(aSignedOrder(fields, aSigner(2)))).to.deep.equal({ result, code })
      expect(book.size).to.equal(0)
      expect(events).to.deep.equal([])
    })
  }

  it('should be KNOWN the second time, SUPERSEDED below the newest revision', () => {
    const { receive } = aDoor()
    receive(aSignedOrder({ revision: 2 }, aSigner(2)))
    expect(receive(aSignedOrder({ revision: 2 }, aSigner(2)))).to.deep.equal(ignore('KNOWN'))
    expect(receive(aSignedOrder({ revision: 1 }, aSigner(2)))).to.deep.equal(ignore('SUPERSEDED'))
    expect(receive(aSignedOrder({ revision: 3 }, aSigner(2)))).to.equal(ACCEPT)
  })

  it('should be BAD_SIGNATURE when the signer it names did not sign it, whatever else is right', () => {
    const { receive, book } = aDoor()
    const order = aSignedOrder({}, aSigner(2))
    const bad: SignedOrder[] = [
      { ...order, signature: aSignedOrder({}, aSigner(3)).signature },
      { ...order, order: { ...order.order, quantity: 999 } },
      { ...order, signature: `0x${'ff'.repeat(64)}` }
    ]
    for (const each of bad) {
      expect(receive(each)).to.deep.equal(reject('BAD_SIGNATURE'))
    }
    expect(book.size).to.equal(0)
  })

  it('should not push another\'s revision aside with a forged one', () => {
    const { receive } = aDoor()
    const forged = aSignedOrder({ signer: aSigner(2).address, revision: 9 }, aSigner(3))
    expect(receive(forged)).to.deep.equal(reject('BAD_SIGNATURE'))
    expect(receive(aSignedOrder({ revision: 1 }, aSigner(2)))).to.equal(ACCEPT)
  })

  it('should have its key recovered once, accepted or not, however often it comes and whatever forgeries come between', () => {
    const { receive, recoveries } = aDoor({ maxOrders: 1 })
    const [first, homeless] = [aSignedOrder({}, aSigner(2)), aSignedOrder({}, aSigner(3))]
    for (let times = 0; times < 3; times++) {
      receive(first)
      expect(receive(homeless)).to.deep.equal(ignore('BOOK_FULL'))
    }
    expect(recoveries()).to.equal(2)
    const forged = { ...homeless, signature: first.signature }
    expect(receive(forged)).to.deep.equal(reject('BAD_SIGNATURE'))
    expect(recoveries()).to.equal(3)
    expect(receive(homeless)).to.deep.equal(ignore('BOOK_FULL'))
    expect(recoveries()).to.equal(3)
    const other = aSignedOrder({ quantity: 77 }, aSigner(4))
    const bad = { ...other, signature: first.signature }
    expect([receive(bad), receive(bad)]).to.deep.equal([reject('BAD_SIGNATURE'), reject('BAD_SIGNATURE')])
    expect(recoveries()).to.equal(4)
    expect(receive(other)).to.deep.equal(ignore('BOOK_FULL'))
  })

  it('should be TOO_MANY once its signer has revised enough in one period; forgeries in its name do not count', () => {
    const { receive } = aDoor()
    for (let revision = 1; revision <= MAX_ORDERS_PER_SIGNER_PER_PERIOD; revision++) {
      expect(receive(aSignedOrder({ revision }, aSigner(2)))).to.equal(ACCEPT)
    }
    for (let revision = 1000; revision < 1010; revision++) {
      expect(receive(aSignedOrder({ revision, signer: aSigner(3).address }, aSigner(2)))).to.deep.equal(reject('BAD_SIGNATURE'))
    }
    expect(receive(aSignedOrder({ revision: 999 }, aSigner(2)))).to.deep.equal(ignore('TOO_MANY'))
    expect(receive(aSignedOrder({}, aSigner(3)))).to.equal(ACCEPT)
  })

  it('should be UNPAID where unknown makers pay and it brings no work, before its key is recovered', async () => {
    const rules: MarketRules = { ...RULES, unknownMakers: 'work' }
    const { receive, recoveries } = aDoor({ rules })
    const order = aSignedOrder({ rules: rulesDigest(rules) }, aSigner(2))
    expect(receive(order)).to.deep.equal(ignore('UNPAID'))
    expect(receive({ ...order, work: 1 })).to.deep.equal(ignore('UNPAID'))
    expect(recoveries()).to.equal(0)
    expect(receive({ ...order, work: await findWork(orderId(order.order, RULES)) })).to.equal(ACCEPT)
    expect(aDoor({ rules, isKnown: () => true }).receive(order)).to.equal(ACCEPT)
  })

  it('should be BOOK_FULL when there is no place, and make none by itself', () => {
    const { receive, book, events } = aDoor({ maxOrders: 1 })
    expect(receive(aSignedOrder({}, aSigner(2)))).to.equal(ACCEPT)
    expect(receive(aSignedOrder({}, aSigner(3)))).to.deep.equal(ignore('BOOK_FULL'))
    expect(receive(aSignedOrder({ revision: 2 }, aSigner(2)))).to.equal(ACCEPT)
    expect(book.size).to.equal(1)
    expect(events).to.have.lengthOf(2)
  })
})
