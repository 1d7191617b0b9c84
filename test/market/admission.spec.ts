import { expect } from 'aegir/chai'
import * as fc from 'fast-check'
import { MAX_KNOTS, MAX_ORDER_WH, MAX_PRICE, MAX_REVISION } from '../../protocols/order/constants.ts'
import { MAX_OPEN_ORDERS_PER_SIGNER, MAX_ORDERS_PER_SIGNER_PER_PERIOD, MAX_PERIODS_AHEAD, MIN_WORK_BITS } from '../../protocols/order-gossip/constants.ts'
import { ignore, ORDER_RULE_CODES, reject } from '../../src/domain/verdict.ts'
import { ADMISSION_RULES, admit } from '../../src/market/admission.ts'
import { OrderBook } from '../../src/market/order-book.ts'
import { anOrder, aVerifiedOrder, OPENING, PERIOD, someRules } from '../helpers/builders.ts'
import { hexOf } from '../helpers/records.ts'
import type { Order } from '../../src/domain/order.ts'
import type { Verdict } from '../../src/domain/verdict.ts'
import type { AdmissionContext } from '../../src/market/admission.ts'

const rules = someRules()
const bounds = {
  maxKnots: MAX_KNOTS,
  maxOrderWh: MAX_ORDER_WH,
  maxPrice: MAX_PRICE,
  maxRevision: MAX_REVISION,
  maxPeriodsAhead: MAX_PERIODS_AHEAD,
  maxOpenOrdersPerSigner: MAX_OPEN_ORDERS_PER_SIGNER,
  maxOrdersPerSignerPerPeriod: MAX_ORDERS_PER_SIGNER_PER_PERIOD,
  minWorkBits: MIN_WORK_BITS
}

function aBook (): OrderBook {
  return new OrderBook({ rules, maxOrders: 1000, maxPerSigner: 256 })
}

function context (fields: Partial<AdmissionContext> = {}): AdmissionContext {
  return { rules, rulesDigest: hexOf(32, 4), book: aBook(), bounds, now: OPENING, workBits: () => 0, isKnown: () => false, acceptedOf: () => 0, isMember: () => true, ...fields }
}

function judge (order: Partial<Order>, fields: Partial<AdmissionContext> = {}): Verdict | undefined {
  return admit(anOrder(order), () => hexOf(32, 1), context(fields))
}

const OUT_OF_RANGE: Record<string, Partial<Order>> = {
  'a bid': { side: 'bid' },
  'a quantity below zero': { quantity: -1 },
  'a quantity too large': { quantity: MAX_ORDER_WH + 1 },
  'half a watt-hour': { quantity: 10.5 },
  'no smallest part': { minFill: 0 },
  'a smallest part above the quantity': { quantity: 100, minFill: 101 },
  'no revision': { revision: 0 },
  'a revision too high': { revision: MAX_REVISION + 1 },
  'no knots': { schedule: [] },
  'too many knots': { schedule: [0, 1, 2, 3, 4].map((at) => ({ at, price: 1n })) },
  'knots at the same time': { schedule: [{ at: 5, price: 2n }, { at: 5, price: 1n }] },
  'knots that go back': { schedule: [{ at: 5, price: 2n }, { at: 4, price: 1n }] },
  'a knot before the window': { schedule: [{ at: -1, price: 1n }] },
  'a knot in the flat end': { schedule: [{ at: rules.windowSec - rules.flatSec + 1, price: 1n }] },
  'a negative price': { schedule: [{ at: 0, price: -1n }] },
  'a price too high': { schedule: [{ at: 0, price: MAX_PRICE + 1n }] },
  'a rising price': { schedule: [{ at: 0, price: 1n }, { at: 5, price: 2n }] },
  'a maker that is not an account': { maker: '0x12' },
  'a signer in capitals': { signer: `0x${'AB'.repeat(20)}` },
  'a period before 1970': { periodStart: -900 },
  'a period beyond 40 bits': { periodStart: 900 * 0x100000000 }
}

describe('admission', () => {
  it('should find nothing wrong with a good order', () => {
    expect(judge({})).to.be.undefined()
    expect(judge({ quantity: 0, minFill: 10 })).to.be.undefined()
    expect(judge({ quantity: MAX_ORDER_WH, minFill: MAX_ORDER_WH, revision: MAX_REVISION })).to.be.undefined()
    expect(judge({ schedule: [0, 1, 2, rules.windowSec - rules.flatSec].map((at) => ({ at, price: MAX_PRICE })) })).to.be.undefined()
  })

  it('should reject an order of other rules (3)', () => {
    expect(judge({ rules: hexOf(32, 5) })).to.deep.equal(reject('WRONG_RULES'))
  })

  for (const [what, fields] of Object.entries(OUT_OF_RANGE)) {
    it(`should reject ${what} (4)`, () => {
      expect(judge(fields)).to.deep.equal(reject('OUT_OF_RANGE'))
    })
  }

  it('should let a bid pass where the mechanism has two sides', () => {
    expect(judge({ side: 'bid' }, { rules: someRules({ mechanism: 'call' }) })).to.be.undefined()
  })

  it('should reject a period off the grid (5)', () => {
    expect(judge({ periodStart: PERIOD + 1 })).to.deep.equal(reject('MISALIGNED'))
    expect(judge({ periodStart: PERIOD + 900 }, { rules: someRules({ periodSec: 3600 }) })).to.deep.equal(reject('MISALIGNED'))
  })

  it('should ignore an order whose gate is closed on every honest clock (6)', () => {
    expect(judge({}, { now: PERIOD + 5 })).to.be.undefined()
    expect(judge({}, { now: PERIOD + 6 })).to.deep.equal(ignore('GATE_CLOSED'))
    expect(judge({}, { now: PERIOD - 294, rules: someRules({ gateClosureSec: 300 }) })).to.deep.equal(ignore('GATE_CLOSED'))
  })

  describe('a residual offer', () => {
    const schedule = [{ at: rules.windowSec + rules.gateClosureSec + rules.periodSec, price: 190_000n }]
    const end = PERIOD + rules.periodSec

    it('should be admitted from the end of its period until its round is over, clocks allowing', () => {
      expect(judge({ schedule }, { now: end - 6 })).to.deep.equal(ignore('TOO_FAR_AHEAD'))
      expect(judge({ schedule }, { now: end - 5 })).to.be.undefined()
      expect(judge({ schedule }, { now: end + rules.residualSec + 5 })).to.be.undefined()
      expect(judge({ schedule }, { now: end + rules.residualSec + 6 })).to.deep.equal(ignore('GATE_CLOSED'))
    })

    it('should be rejected in a market without a residual round, with a second knot, and a second off its place (4)', () => {
      const now = end
      expect(judge({ schedule }, { now, rules: someRules({ residualSec: 0 }) })).to.deep.equal(reject('OUT_OF_RANGE'))
      expect(judge({ schedule: [{ at: 0, price: 200_000n }, ...schedule] }, { now })).to.deep.equal(reject('OUT_OF_RANGE'))
      expect(judge({ schedule: [{ ...schedule[0], at: schedule[0].at - 1 }] }, { now })).to.deep.equal(reject('OUT_OF_RANGE'))
      expect(judge({ schedule: [{ ...schedule[0], at: schedule[0].at + 1 }] }, { now })).to.deep.equal(reject('OUT_OF_RANGE'))
    })

    it('should not be passed for by an offer made ahead', () => {
      expect(judge({}, { now: end })).to.deep.equal(ignore('GATE_CLOSED'))
    })
  })

  it('should ignore an order too far ahead (7)', () => {
    const now = PERIOD - MAX_PERIODS_AHEAD * 900
    expect(judge({}, { now })).to.be.undefined()
    expect(judge({}, { now: now - 1 })).to.deep.equal(ignore('TOO_FAR_AHEAD'))
  })

  it('should ignore an order it knows (8)', () => {
    const book = aBook()
    const { id, order } = aVerifiedOrder()
    book.add(aVerifiedOrder())
    expect(admit(order, () => id, context({ book }))).to.deep.equal(ignore('KNOWN'))
  })

  it('should ignore an order that a newer revision replaced (9)', () => {
    const book = aBook()
    book.add(aVerifiedOrder({ revision: 3, quantity: 0 }))
    expect(judge({ revision: 2 }, { book })).to.deep.equal(ignore('SUPERSEDED'))
    expect(judge({ revision: 3 }, { book })).to.deep.equal(ignore('SUPERSEDED'))
    expect(judge({ revision: 4 }, { book })).to.be.undefined()
  })

  it('should ignore a signer with too many open orders (10)', () => {
    const book = aBook()
    book.add(aVerifiedOrder({ periodStart: PERIOD + 900 }))
    const full = { book, bounds: { ...bounds, maxOpenOrdersPerSigner: 1 } }
    expect(judge({}, full)).to.deep.equal(ignore('QUOTA'))
    expect(judge({ quantity: 0 }, full)).to.be.undefined()
    expect(judge({ periodStart: PERIOD + 900, revision: 2 }, full)).to.be.undefined()
    expect(judge({ signer: hexOf(20, 9) }, full)).to.be.undefined()
  })

  it('should ignore an owner the community does not know, whoever signs for it (11)', () => {
    const outsider = anOrder().maker
    const closed = { isMember: (owner: string) => owner !== outsider }
    expect(judge({}, closed)).to.deep.equal(ignore('NOT_MEMBER'))
    expect(judge({ signer: hexOf(20, 9), quantity: 0 }, closed)).to.deep.equal(ignore('NOT_MEMBER'))
    expect(judge({ maker: hexOf(20, 9) }, closed)).to.be.undefined()
    expect(judge({ rules: hexOf(32, 5) }, closed)).to.deep.equal(reject('WRONG_RULES'))
  })

  it('should reach the quota with periods of a quarter hour: rule 7 admits more of them', () => {
    const book = new OrderBook({ rules, maxOrders: 1000, maxPerSigner: MAX_OPEN_ORDERS_PER_SIGNER })
    const verdicts = Array.from({ length: MAX_PERIODS_AHEAD + 1 }, (_, ahead) => {
      const { order, id } = aVerifiedOrder({ periodStart: PERIOD + (ahead - 1) * 900 })
      const verdict = admit(order, () => id, context({ book, now: PERIOD - 900 }))
      if (verdict == null) {
        book.add(aVerifiedOrder({ periodStart: order.periodStart }))
      }
      return verdict
    })
    expect(verdicts.filter((verdict) => verdict == null)).to.have.lengthOf(MAX_OPEN_ORDERS_PER_SIGNER)
    expect(verdicts.at(-1)).to.deep.equal(ignore('QUOTA'))
  })

  it('should ignore a signer of whom too many orders were accepted in this period (12)', () => {
    const after = (count: number): Verdict | undefined => judge({}, { acceptedOf: (signer) => signer === hexOf(20, 6) ? count : 0 })
    expect(after(MAX_ORDERS_PER_SIGNER_PER_PERIOD - 1)).to.be.undefined()
    expect(after(MAX_ORDERS_PER_SIGNER_PER_PERIOD)).to.deep.equal(ignore('TOO_MANY'))
  })

  it('should ignore an unknown maker without work, where the rules ask for it (13)', () => {
    const dear = someRules({ unknownMakers: 'work' })
    expect(judge({}, { rules: dear })).to.deep.equal(ignore('UNPAID'))
    expect(judge({}, { rules: dear, work: 7, workBits: () => MIN_WORK_BITS - 1 })).to.deep.equal(ignore('UNPAID'))
    expect(judge({}, { rules: dear, work: 7, workBits: () => MIN_WORK_BITS })).to.be.undefined()
    expect(judge({}, { rules: dear, isKnown: ({ signer }) => signer === hexOf(20, 6) })).to.be.undefined()
    expect(judge({}, { rules: someRules({ unknownMakers: 'allow' }) })).to.be.undefined()
  })

  it('should reject work where nobody asks for it: one order has one form (2)', () => {
    expect(judge({}, { work: 7, workBits: () => 32 })).to.deep.equal(reject('MALFORMED'))
  })

  it('should number its rules as the protocol does, and report the first one broken', () => {
    expect(ADMISSION_RULES.map(({ number }) => number)).to.deep.equal([2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13])
    expect(ADMISSION_RULES.map(({ code }) => code)).to.deep.equal(ORDER_RULE_CODES.slice(1, 13))
    expect(judge({ rules: hexOf(32, 5), quantity: -1, periodStart: 1 })).to.deep.equal(reject('WRONG_RULES'))
    expect(judge({ quantity: -1, periodStart: 1 })).to.deep.equal(reject('OUT_OF_RANGE'))
    expect(judge({ periodStart: 1 })).to.deep.equal(reject('MISALIGNED'))
  })

  it('should agree with the book on what to take in', () => {
    const orders = fc.record({
      periodStart: fc.constantFrom(PERIOD, PERIOD + 900, PERIOD + 1800),
      revision: fc.integer({ min: 1, max: 3 }),
      quantity: fc.constantFrom(0, 100)
    })
    const expected = { added: undefined, replaced: undefined, known: 'KNOWN', superseded: 'SUPERSEDED', quota: 'QUOTA', full: undefined }
    fc.assert(fc.property(fc.array(orders, { maxLength: 20 }), (list) => {
      const book = new OrderBook({ rules, maxOrders: 1000, maxPerSigner: 2 })
      for (const fields of list) {
        const order = aVerifiedOrder(fields)
        const verdict = admit(order.order, () => order.id, context({ book, bounds: { ...bounds, maxOpenOrdersPerSigner: 2 } }))
        expect(verdict == null || verdict.result === 'accept' ? undefined : verdict.code).to.equal(expected[book.add(order)])
      }
    }))
  })
})
