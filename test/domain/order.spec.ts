import { expect } from 'aegir/chai'
import * as fc from 'fast-check'
import { priceAt } from '../../src/domain/order.ts'
import type { Knot } from '../../src/domain/order.ts'

/** One to four knots, later ones never dearer. */
const anySchedule: fc.Arbitrary<Knot[]> = fc.tuple(
  fc.uniqueArray(fc.nat(1740), { minLength: 1, maxLength: 4 }),
  fc.array(fc.bigInt(0n, 2n ** 64n - 1n), { minLength: 4, maxLength: 4 })
).map(([times, prices]) => {
  const falling = [...prices].sort((a, b) => Number(b > a) - Number(b < a))
  return times.sort((a, b) => a - b).map((at, index) => ({ at, price: falling[index] }))
})

describe('price schedule', () => {
  it('should be exact at its knots', () => {
    fc.assert(fc.property(anySchedule, (schedule) => {
      expect(schedule.map(({ at }) => priceAt(schedule, at))).to.deep.equal(schedule.map(({ price }) => price))
    }))
  })

  it('should never rise', () => {
    fc.assert(fc.property(anySchedule, fc.integer({ min: -100, max: 2000 }), fc.nat(500), (schedule, elapsed, later) => {
      expect(priceAt(schedule, elapsed + later) <= priceAt(schedule, elapsed)).to.be.true()
    }))
  })

  it('should hold its first price before and its last price after', () => {
    const schedule = [{ at: 100, price: 9n }, { at: 200, price: 3n }]
    expect([-50, 0, 100, 200, 5000].map((elapsed) => priceAt(schedule, elapsed))).to.deep.equal([9n, 9n, 9n, 3n, 3n])
    expect(priceAt([{ at: 7, price: 4n }], 0)).to.equal(4n)
  })

  it('should fall in a straight line, rounded in favour of the seller', () => {
    const schedule = [{ at: 0, price: 10n }, { at: 3, price: 0n }]
    expect([0, 1, 2, 3].map((elapsed) => priceAt(schedule, elapsed))).to.deep.equal([10n, 7n, 4n, 0n])
    fc.assert(fc.property(fc.bigInt(0n, 10n ** 9n), fc.bigInt(0n, 10n ** 9n), fc.integer({ min: 1, max: 1740 }), fc.nat(), (low, drop, length, any) => {
      const elapsed = any % length
      const price = priceAt([{ at: 0, price: low + drop }, { at: length, price: low }], elapsed)
      const missing = (low + drop - price) * BigInt(length)
      const exact = drop * BigInt(elapsed)
      expect(missing <= exact && exact < missing + BigInt(length)).to.be.true()
    }))
  })
})
