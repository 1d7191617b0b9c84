import { expect } from 'aegir/chai'
import * as fc from 'fast-check'
import { gateClosure, openPeriods, periodAt, position, slotOf, slotOfPosition, windowOpening } from '../../src/domain/period.ts'
import { positionOf } from '../../src/domain/trade.ts'
import { OPENING, PERIOD, someRules, someTerms } from '../helpers/builders.ts'

const anyRules = fc.record({
  periodSec: fc.integer({ min: 1, max: 8 }).map((quarters) => 900 * quarters),
  windowSec: fc.integer({ min: 60, max: 20_000 }),
  gateClosureSec: fc.integer({ min: 0, max: 10_000 })
}).map(someRules)
const anyTime = fc.integer({ min: 100_000, max: 4_000_000_000 })

describe('period', () => {
  it('should cut time into periods without gaps', () => {
    fc.assert(fc.property(anyTime, anyRules, (time, rules) => {
      const start = periodAt(time, rules)
      expect(start % rules.periodSec).to.equal(0)
      expect(time).to.be.within(start, start + rules.periodSec - 1)
    }))
  })

  it('should open and close its window as the rules say', () => {
    const rules = someRules()
    expect([gateClosure(PERIOD, rules), windowOpening(PERIOD, rules)]).to.deep.equal([PERIOD, OPENING])
    const early = someRules({ gateClosureSec: 300 })
    expect([gateClosure(PERIOD, early), windowOpening(PERIOD, early)]).to.deep.equal([PERIOD - 300, OPENING - 300])
  })

  it('should trade the next two periods under the default rules', () => {
    const rules = someRules()
    expect(openPeriods(PERIOD - 1, rules)).to.deep.equal([PERIOD, PERIOD + 900])
    expect(openPeriods(PERIOD, rules)).to.deep.equal([PERIOD + 900, PERIOD + 1800])
  })

  it('should list exactly the periods whose window is open', () => {
    fc.assert(fc.property(anyTime, anyRules, (now, rules) => {
      const expected: number[] = []
      const last = now + rules.gateClosureSec + rules.windowSec + rules.periodSec
      for (let start = periodAt(now, rules); start <= last; start += rules.periodSec) {
        if (windowOpening(start, rules) <= now && now < gateClosure(start, rules)) {
          expected.push(start)
        }
      }
      expect(openPeriods(now, rules)).to.deep.equal(expected)
    }))
  })

  it('should place trades in the order of their slots, then of their numbers', () => {
    const slot = fc.integer({ min: 0, max: 0xffffff })
    const seq = fc.integer({ min: 0, max: 0xffff })
    fc.assert(fc.property(slot, seq, slot, seq, (slotA, seqA, slotB, seqB) => {
      expect(slotOfPosition(position(slotA, seqA))).to.equal(slotA)
      const isBefore = slotA < slotB || (slotA === slotB && seqA < seqB)
      expect(position(slotA, seqA) < position(slotB, seqB)).to.equal(isBefore)
    }))
    expect(position(0xffffff, 0xffff)).to.equal(2 ** 40 - 1)
    expect(slotOf(PERIOD)).to.equal(2_000_000)
    expect(positionOf(someTerms({ slot: 3, seq: 2 }))).to.equal(3 * 65_536 + 2)
  })
})
