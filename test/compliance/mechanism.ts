import { expect } from 'aegir/chai'
import * as fc from 'fast-check'
import { draw } from '../../src/agent/draws.ts'
import { aVerifiedOrder, PERIOD } from '../helpers/builders.ts'
import { hexOf } from '../helpers/records.ts'
import type { Choice, Mechanism } from '../../src/market/mechanism.ts'
import type { PricedOffer } from '../../src/market/order-book.ts'

/** Offers as a book lists them: cheapest first, each from another home. */
const anyOffers = fc.array(fc.record({
  price: fc.bigInt(0n, 50n),
  quantity: fc.integer({ min: 1, max: 2000 }),
  sold: fc.integer({ min: 0, max: 1500 }),
  minFill: fc.integer({ min: 1, max: 300 })
}), { maxLength: 12 }).map((list) => list
  .map(({ price, quantity, sold, minFill }, index): PricedOffer => ({
    price,
    entry: {
      order: aVerifiedOrder({ signer: hexOf(20, index + 1), quantity, minFill: Math.min(minFill, quantity), schedule: [{ at: 0, price }] }),
      remaining: Math.max(0, quantity - sold),
      arrival: index
    }
  }))
  .sort((a, b) => Number(a.price - b.price)))

const anyWant = fc.record({ periodStart: fc.constant(PERIOD), wh: fc.integer({ min: 0, max: 3000 }), limit: fc.bigInt(0n, 50n) })

const anyChoice = fc.record({
  seed: fc.nat(),
  minTradeWh: fc.integer({ min: 1, max: 100 }),
  tolerance: fc.bigInt(0n, 20n),
  budgetWh: fc.option(fc.integer({ min: 0, max: 2000 }), { nil: undefined })
})

type AnyChoice = typeof anyChoice extends fc.Arbitrary<infer T> ? T : never

function choiceOf ({ seed, minTradeWh, tolerance, budgetWh }: AnyChoice): Choice {
  let count = 0
  return {
    minTradeWh,
    tolerance,
    random: () => draw(seed, count++),
    affordableWh: budgetWh == null ? undefined : (entry) => budgetWh - entry.arrival
  }
}

/** What every mechanism promises a buyer, whatever is on offer. */
export function mechanismCompliance (mechanism: Mechanism): void {
  it('should be named as market rules can name it', () => {
    expect(mechanism.name).to.match(/^[a-z-]{1,32}$/)
    expect(mechanism.title).to.not.equal('')
  })

  it('should never go beyond a limit', () => {
    fc.assert(fc.property(anyOffers, anyWant, anyChoice, (offers, want, any) => {
      const choice = choiceOf(any)
      const match = mechanism.match(offers, want, choice)
      if (match != null) {
        const { entry, wh, price } = match
        expect(offers.some((offer) => offer.entry === entry && offer.price === price)).to.be.true()
        expect(price <= want.limit).to.be.true()
        expect(wh).to.be.at.most(want.wh)
        expect(wh).to.be.at.most(entry.remaining)
        expect(wh).to.be.at.most(choice.affordableWh?.(entry, price) ?? wh)
        expect(wh).to.be.at.least(entry.order.order.minFill)
        expect(wh).to.be.at.least(choice.minTradeWh)
        expect(Number.isInteger(wh)).to.be.true()
      }
    }), { numRuns: 500 })
  })

  it('should find a match whenever there is one', () => {
    fc.assert(fc.property(anyOffers, anyWant, anyChoice, (offers, want, any) => {
      const choice = choiceOf(any)
      const isPossible = offers.some(({ entry, price }) => {
        const wh = Math.min(want.wh, entry.remaining, choice.affordableWh?.(entry, price) ?? Infinity)
        return price <= want.limit && wh >= entry.order.order.minFill && wh >= choice.minTradeWh
      })
      expect(mechanism.match(offers, want, choice) != null).to.equal(isPossible)
    }), { numRuns: 500 })
  })

  it('should choose the same under the same seed', () => {
    fc.assert(fc.property(anyOffers, anyWant, anyChoice, (offers, want, any) => {
      expect(mechanism.match(offers, want, choiceOf(any))).to.deep.equal(mechanism.match(offers, want, choiceOf(any)))
    }))
  })

  it('should leave the offers as they were', () => {
    fc.assert(fc.property(anyOffers, anyWant, anyChoice, (offers, want, any) => {
      const before = structuredClone(offers)
      mechanism.match(offers, want, choiceOf(any))
      expect(offers).to.deep.equal(before)
    }), { numRuns: 50 })
  })
}
