import { expect } from 'aegir/chai'
import * as fc from 'fast-check'
import { MAX_BOOK_ORDERS } from '../../protocols/order-gossip/constants.ts'
import { residualKnotAt } from '../../src/domain/order.ts'
import { OrderBook } from '../../src/market/order-book.ts'
import { aVerifiedOrder, CENT, OPENING, PERIOD, someRules } from '../helpers/builders.ts'
import { hexOf } from '../helpers/records.ts'
import { ReferenceBook } from '../helpers/reference-book.ts'
import type { OrderBookInit } from '../../src/market/order-book.ts'

const rules = someRules()

function aBook (init: Partial<OrderBookInit> = {}): OrderBook {
  return new OrderBook({ rules, maxOrders: 100, maxPerSigner: 10, ...init })
}

function flat (cents: bigint): Array<{ at: number, price: bigint }> {
  return [{ at: 0, price: cents * CENT }]
}

describe('order book', () => {
  it('should take in an order and give it back', () => {
    const book = aBook()
    const order = aVerifiedOrder()
    expect(book.add(order)).to.equal('added')
    expect(book.standing(order.order.signer, PERIOD, 'offer')).to.include({ order, remaining: 1200, arrival: 0 })
    expect(book.hasOpen(order.order.signer, 1)).to.equal(true)
    expect(book.hasOpen(order.order.signer, 2)).to.equal(false)
    expect(book.size).to.equal(1)
    expect(book.orders().map(({ order }) => order)).to.deep.equal([order])
  })

  it('should know an order it holds', () => {
    const book = aBook()
    book.add(aVerifiedOrder())
    expect(book.add(aVerifiedOrder())).to.equal('known')
  })

  it('should replace an order by a higher revision only', () => {
    const book = aBook()
    const first = aVerifiedOrder({ revision: 2 })
    const second = aVerifiedOrder({ revision: 5, quantity: 700 })
    book.add(first)
    expect(book.add(second)).to.equal('replaced')
    expect(book.orders().map(({ order }) => order)).to.deep.equal([second])
    expect(book.add(first)).to.equal('superseded')
    expect(book.add(aVerifiedOrder({ revision: 5, quantity: 1 }))).to.equal('superseded')
    expect(book.revisionOf(first.order.signer, PERIOD, 'offer')).to.equal(5)
    expect(book.size).to.equal(1)
  })

  it('should keep the revision of a withdrawn order', () => {
    const book = aBook()
    book.add(aVerifiedOrder())
    expect(book.add(aVerifiedOrder({ revision: 3, quantity: 0 }))).to.equal('replaced')
    expect(book.size).to.equal(0)
    expect(book.hasOpen(hexOf(20, 6), 1)).to.equal(false)
    expect(book.add(aVerifiedOrder({ revision: 2 }))).to.equal('superseded')
    expect(book.add(aVerifiedOrder({ revision: 3, quantity: 0 }))).to.equal('superseded')
    expect(book.add(aVerifiedOrder({ revision: 4 }))).to.equal('replaced')
    expect(book.size).to.equal(1)
  })

  it('should remember a withdrawal that overtook its order', () => {
    const book = aBook()
    expect(book.add(aVerifiedOrder({ revision: 2, quantity: 0 }))).to.equal('added')
    expect(book.add(aVerifiedOrder({ revision: 1 }))).to.equal('superseded')
  })

  it('should bound the open orders of one signer', () => {
    const book = aBook({ maxPerSigner: 2 })
    book.add(aVerifiedOrder())
    book.add(aVerifiedOrder({ periodStart: PERIOD + 900 }))
    expect(book.add(aVerifiedOrder({ periodStart: PERIOD + 1800 }))).to.equal('quota')
    expect(book.add(aVerifiedOrder({ periodStart: PERIOD + 1800, quantity: 0 }))).to.equal('added')
    expect(book.add(aVerifiedOrder({ revision: 2 }))).to.equal('replaced')
    expect(book.add(aVerifiedOrder({ signer: hexOf(20, 7) }))).to.equal('added')
  })

  it('should bound itself, withdrawn orders included', () => {
    const book = aBook({ maxOrders: 2 })
    book.add(aVerifiedOrder({ quantity: 0 }))
    book.add(aVerifiedOrder({ signer: hexOf(20, 7) }))
    expect(book.add(aVerifiedOrder({ signer: hexOf(20, 8) }))).to.equal('full')
    expect(book.add(aVerifiedOrder({ revision: 2 }))).to.equal('replaced')
    book.expire(PERIOD + 6)
    expect(book.add(aVerifiedOrder({ signer: hexOf(20, 8), periodStart: PERIOD + 900 }))).to.equal('added')
  })

  it('should list offers by price, then by arrival', () => {
    const book = aBook()
    const orders = [12n, 10n, 12n, 11n].map((cents, index) => aVerifiedOrder({ signer: hexOf(20, index + 1), schedule: flat(cents) }))
    orders.forEach((order) => { book.add(order) })
    const listed = book.offers(PERIOD, OPENING)
    expect(listed.map(({ entry }) => entry.order.id)).to.deep.equal([1, 3, 0, 2].map((index) => orders[index].id))
    expect(listed.map(({ price }) => price)).to.deep.equal([10n, 11n, 12n, 12n].map((cents) => cents * CENT))
  })

  it('should price offers by the time since the window opened', () => {
    const book = aBook()
    book.add(aVerifiedOrder({ schedule: [{ at: 0, price: 1000n }, { at: 100, price: 0n }] }))
    const priceAfter = (elapsed: number): bigint => book.offers(PERIOD, OPENING + elapsed)[0].price
    expect([-5, 0, 25, 100, 1800].map(priceAfter)).to.deep.equal([1000n, 1000n, 750n, 0n, 0n])
  })

  it('should not offer what is too little to trade', () => {
    const book = aBook()
    const small = aVerifiedOrder({ signer: hexOf(20, 1), quantity: 9, minFill: 1 })
    const coarse = aVerifiedOrder({ signer: hexOf(20, 2), quantity: 500, minFill: 300 })
    book.add(small)
    book.add(coarse)
    book.add(aVerifiedOrder({ side: 'bid' }))
    expect(book.offers(PERIOD, OPENING)).to.have.lengthOf(1)
    book.setRemaining(coarse, 299)
    expect(book.offers(PERIOD, OPENING)).to.deep.equal([])
    expect(book.size).to.equal(3)
  })

  it('should never raise what is left of an order', () => {
    const book = aBook()
    const order = aVerifiedOrder()
    const left = (): number | undefined => book.standing(order.order.signer, PERIOD, 'offer')?.remaining
    book.add(order)
    book.setRemaining(order, 5000)
    expect(left()).to.equal(1200)
    book.setRemaining(order, 400)
    book.setRemaining(order, 900)
    expect(left()).to.equal(400)
    book.setRemaining(order, -3)
    expect(left()).to.equal(0)
    book.setRemaining(aVerifiedOrder({ signer: hexOf(20, 9) }), 3)
    expect(book.size).to.equal(1)
  })

  it('should forget a period once nothing can be admitted for it any more', () => {
    const book = aBook()
    const late = aVerifiedOrder({ periodStart: PERIOD + 900 })
    book.add(aVerifiedOrder())
    book.add(aVerifiedOrder({ signer: hexOf(20, 7), quantity: 0 }))
    book.add(late)
    expect(book.expire(PERIOD + rules.clockToleranceSec)).to.equal(0)
    expect(book.expire(PERIOD + rules.clockToleranceSec + 1)).to.equal(1)
    expect(book.orders().map(({ order }) => order)).to.deep.equal([late])
    expect(book.hasOpen(late.order.signer, 1)).to.equal(true)
    expect(book.hasOpen(late.order.signer, 2)).to.equal(false)
    expect(book.revisionOf(late.order.signer, PERIOD, 'offer')).to.equal(0)
  })

  it('should keep an offer of what a period left over until its round is over, and count no more revisions of what is gone', () => {
    const book = aBook()
    const end = PERIOD + rules.periodSec
    const schedule = [{ at: residualKnotAt(rules), price: 19n * CENT }]
    book.add(aVerifiedOrder({ revision: 4 }))
    const residual = aVerifiedOrder({ revision: 5, schedule })
    expect(book.expire(PERIOD + 6)).to.equal(1)
    expect(book.add(residual)).to.equal('added')
    expect(book.offers(PERIOD, end + 300).map(({ entry, price }) => [entry.order, price])).to.deep.equal([[residual, 19n * CENT]])
    expect(book.expire(end + rules.residualSec + 5)).to.equal(0)
    expect(book.expire(end + rules.residualSec + 6)).to.equal(1)
    expect(book.size).to.equal(0)
  })

  it('should keep what still stands at a price when something sold out, withdrawn or wanted at that price runs out', () => {
    const book = aBook()
    const price = 19n * CENT
    const [sold, withdrawn, wanted, kept] = [7, 8, 9, 10].map((number) => hexOf(20, number))
    const flat = [{ at: 0, price }]
    const first = aVerifiedOrder({ signer: sold, schedule: flat })
    book.add(first)
    book.setRemaining(first, 0)
    book.add(aVerifiedOrder({ signer: withdrawn, schedule: flat }))
    book.add(aVerifiedOrder({ signer: withdrawn, schedule: flat, revision: 2, quantity: 0 }))
    book.add(aVerifiedOrder({ signer: wanted, schedule: flat, side: 'bid' }))
    const residual = aVerifiedOrder({ signer: kept, schedule: [{ at: residualKnotAt(rules), price }] })
    book.add(residual)
    expect(book.expire(PERIOD + 6)).to.equal(2)
    expect(book.offers(PERIOD, PERIOD + rules.periodSec + 300).map(({ entry }) => entry.order)).to.deep.equal([residual])
  })

  it('should add up its depth by price', () => {
    const book = aBook()
    const cents = [12n, 10n, 12n]
    cents.forEach((price, index) => { book.add(aVerifiedOrder({ signer: hexOf(20, index + 1), quantity: 100 * (index + 1), schedule: flat(price) })) })
    expect(book.depth(PERIOD, OPENING)).to.deep.equal([
      { price: 10n * CENT, wh: 200, orders: 1 },
      { price: 12n * CENT, wh: 400, orders: 2 }
    ])
    expect(book.depth(PERIOD + 900, OPENING)).to.deep.equal([])
  })

  it('should stay quick when it is full', () => {
    const book = new OrderBook({ rules, maxOrders: MAX_BOOK_ORDERS, maxPerSigner: 1 })
    const template = aVerifiedOrder()
    for (let number = 0; number < MAX_BOOK_ORDERS; number++) {
      const signer = hexOf(20, 1000 + number)
      book.add({ ...template, id: hexOf(32, 1000 + number), order: { ...template.order, signer } })
    }
    expect(book.size).to.equal(MAX_BOOK_ORDERS)
    const begun = performance.now()
    expect(book.offers(PERIOD, OPENING + 700)).to.have.lengthOf(MAX_BOOK_ORDERS)
    expect(performance.now() - begun).to.be.below(1000)
  })
})

const anyOrder = fc.record({
  signer: fc.integer({ min: 1, max: 4 }).map((number) => hexOf(20, number)),
  periodStart: fc.integer({ min: 0, max: 2 }).map((ahead) => PERIOD + 900 * ahead),
  side: fc.constantFrom('offer' as const, 'offer' as const, 'bid' as const),
  revision: fc.integer({ min: 1, max: 4 }),
  quantity: fc.constantFrom(0, 5, 10, 300, 1200),
  minFill: fc.constantFrom(1, 10, 200),
  schedule: fc.tuple(fc.bigInt(0n, 4n), fc.bigInt(0n, 4n), fc.boolean()).map(([a, b, isResidual]) => isResidual
    ? [{ at: residualKnotAt(rules), price: a }]
    : [{ at: 0, price: a + b }, { at: 900, price: b }])
}).map((fields) => aVerifiedOrder(fields))

const anyOperation = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('add' as const), order: anyOrder }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('setRemaining' as const), index: fc.nat(20), wh: fc.integer({ min: -5, max: 1500 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('expire' as const), now: fc.integer({ min: PERIOD - 100, max: PERIOD + 2000 }) }) }
)

/** Few prices and many offers, so that levels are swept; prices that differ by less than a number can tell. */
const anyCrowdedOrder = fc.record({
  signer: fc.integer({ min: 1, max: 60 }).map((number) => hexOf(20, number)),
  revision: fc.integer({ min: 1, max: 6 }),
  quantity: fc.constantFrom(0, 300, 1200),
  schedule: fc.tuple(fc.constantFrom(0n, 2n, 9n), fc.constantFrom(5n, 6n, (1n << 62n) + 1n, (1n << 62n) + 2n)).map(([fall, price]) => [{ at: 0, price: price + fall }, { at: 900, price }])
}).map((fields) => aVerifiedOrder(fields))

const anyCrowdedOperation = fc.oneof(
  { weight: 6, arbitrary: fc.record({ order: anyCrowdedOrder }) },
  { weight: 1, arbitrary: fc.record({ index: fc.nat(50), wh: fc.constantFrom(0, 5, 100) }) }
)

describe('order book against the reference', () => {
  it('should find the same offers at few prices, whatever comes and goes', () => {
    fc.assert(fc.property(fc.array(anyCrowdedOperation, { minLength: 100, maxLength: 300 }), fc.integer({ min: -100, max: 1900 }), (operations, elapsed) => {
      const init = { rules, maxOrders: 1000, maxPerSigner: 3 }
      const book = new OrderBook(init)
      const reference = new ReferenceBook(init)
      for (const operation of operations) {
        if ('order' in operation) {
          expect(book.add(operation.order)).to.equal(reference.add(operation.order))
        } else {
          const cheapest = book.offers(PERIOD, OPENING + elapsed).at(operation.index)?.entry.order
          if (cheapest != null) {
            book.setRemaining(cheapest, operation.wh)
            reference.setRemaining(cheapest.id, operation.wh)
          }
        }
      }
      const offers = book.offers(PERIOD, OPENING + elapsed).map(({ entry, price }) => ({ id: entry.order.id, price, remaining: entry.remaining }))
      expect(offers).to.deep.equal(reference.offers(PERIOD, OPENING + elapsed))
    }), { numRuns: 60 })
  })

  it('should do what a sorted list does, whatever happens', () => {
    fc.assert(fc.property(fc.array(anyOperation, { maxLength: 60 }), fc.integer({ min: -100, max: 1900 }), (operations, elapsed) => {
      const init = { rules, maxOrders: 9, maxPerSigner: 3 }
      const book = new OrderBook(init)
      const reference = new ReferenceBook(init)
      for (const operation of operations) {
        if (operation.kind === 'add') {
          expect(book.add(operation.order)).to.equal(reference.add(operation.order))
        } else if (operation.kind === 'expire') {
          expect(book.expire(operation.now)).to.equal(reference.expire(operation.now))
        } else {
          const order = reference.open().at(operation.index)?.order ?? aVerifiedOrder({ signer: hexOf(20, 9) })
          book.setRemaining(order, operation.wh)
          reference.setRemaining(order.id, operation.wh)
        }
        expect(book.orders()).to.deep.equal(reference.open())
        for (const period of [PERIOD, PERIOD + 900, PERIOD + 1800]) {
          const offers = book.offers(period, OPENING + elapsed).map(({ entry, price }) => ({ id: entry.order.id, price, remaining: entry.remaining }))
          expect(offers).to.deep.equal(reference.offers(period, OPENING + elapsed))
        }
        for (const signer of [1, 2, 3, 4].map((number) => hexOf(20, number))) {
          const open = reference.open().filter(({ order }) => order.order.signer === signer).length
          expect(book.hasOpen(signer, open)).to.equal(true)
          expect(book.hasOpen(signer, open + 1)).to.equal(false)
        }
      }
    }), { numRuns: 150 })
  })
})
