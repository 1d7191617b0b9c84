import { expect } from 'aegir/chai'
import * as fc from 'fast-check'
import { MAX_KNOTS } from '../../protocols/order/constants.ts'
import { priceAt } from '../../src/domain/order.ts'
import { someRules } from '../helpers/builders.ts'
import type { Situation, Strategy } from '../../src/agent/strategy.ts'

/** Tariffs of all kinds: ordinary ones, closed corridors, feed-in above retail, and limits anywhere. */
export const anySituation: fc.Arbitrary<Situation> = fc.record({
  tariff: fc.record({ retail: fc.bigInt(0n, 500_000n), feedIn: fc.bigInt(0n, 300_000n) }),
  rules: fc.tuple(fc.integer({ min: 60, max: 7200 }), fc.integer({ min: 0, max: 100 }))
    .map(([windowSec, flatShare]) => someRules({ windowSec, flatSec: Math.floor(windowSec * flatShare / 100) })),
  patience: fc.double({ min: 0, max: 1, noNaN: true }),
  lowestSellingPrice: fc.option(fc.bigInt(0n, 500_000n), { nil: undefined }),
  highestBuyingPrice: fc.option(fc.bigInt(0n, 500_000n), { nil: undefined }),
  tick: fc.constantFrom(1n, 100n, 10_000n),
  periodStart: fc.integer({ min: 0, max: 4_000_000_000 }).map((time) => time - time % 900),
  seed: fc.nat(),
  learned: fc.option(fc.record({ selling: fc.integer({ min: 125, max: 8000 }), buying: fc.integer({ min: 125, max: 8000 }) }), { nil: undefined })
})

/** What every strategy promises, at any tariff: valid schedules, monotone limits, and never worse than the supplier. */
export function strategyCompliance (strategy: Strategy): void {
  it('should make schedules the market accepts', () => {
    fc.assert(fc.property(anySituation, (situation) => {
      const { windowSec, flatSec } = situation.rules
      const schedule = strategy.schedule(situation)
      expect(schedule.length).to.be.at.most(MAX_KNOTS)
      schedule.forEach(({ at, price }, index) => {
        expect(Number.isInteger(at)).to.be.true()
        expect(at).to.be.within(index === 0 ? 0 : schedule[index - 1].at + 1, windowSec - flatSec)
        expect(index === 0 || price <= schedule[index - 1].price).to.be.true()
      })
    }), { numRuns: 500 })
  })

  it('should never sell at the feed-in tariff or below, nor below the home\'s own limit', () => {
    fc.assert(fc.property(anySituation, (situation) => {
      for (const { price } of strategy.schedule(situation)) {
        expect(price > situation.tariff.feedIn).to.be.true()
        expect(price >= (situation.lowestSellingPrice ?? 0n)).to.be.true()
      }
    }), { numRuns: 500 })
  })

  it('should never buy at the retail price or above, nor above the home\'s own limit', () => {
    fc.assert(fc.property(anySituation, fc.integer({ min: -100, max: 8000 }), (situation, elapsed) => {
      const limit = strategy.limit(situation, elapsed)
      expect(limit == null || limit < situation.tariff.retail).to.be.true()
      expect(limit == null || limit <= (situation.highestBuyingPrice ?? limit)).to.be.true()
    }), { numRuns: 500 })
  })

  it('should raise its limit only, and know from the start whether it buys', () => {
    fc.assert(fc.property(anySituation, fc.integer({ min: 0, max: 7200 }), fc.integer({ min: 0, max: 500 }), (situation, elapsed, later) => {
      const [before, after] = [strategy.limit(situation, elapsed), strategy.limit(situation, elapsed + later)]
      expect(before == null).to.equal(after == null)
      expect(before == null || after == null || before <= after).to.be.true()
    }), { numRuns: 500 })
  })

  it('should price the same situation the same', () => {
    fc.assert(fc.property(anySituation, (situation) => {
      expect(strategy.schedule(situation)).to.deep.equal(strategy.schedule(structuredClone(situation)))
      expect(strategy.limit(situation, 700)).to.equal(strategy.limit(structuredClone(situation), 700))
    }), { numRuns: 100 })
  })

  it('should keep its last price while the market is flat', () => {
    fc.assert(fc.property(anySituation, (situation) => {
      const { windowSec, flatSec } = situation.rules
      const schedule = strategy.schedule(situation)
      if (schedule.length > 0) {
        expect(priceAt(schedule, windowSec - flatSec)).to.equal(schedule[schedule.length - 1].price)
      }
      expect(strategy.limit(situation, windowSec - flatSec)).to.equal(strategy.limit(situation, windowSec))
    }), { numRuns: 200 })
  })
}
