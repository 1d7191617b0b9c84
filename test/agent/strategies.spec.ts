import { expect } from 'aegir/chai'
import * as fc from 'fast-check'
import { fairTrader } from '../../src/agent/strategies/fair-trader.ts'
import { strategies } from '../../src/agent/strategies/index.ts'
import { defineStrategy } from '../../src/agent/strategy.ts'
import { priceAt } from '../../src/domain/order.ts'
import { anySituation, strategyCompliance } from '../compliance/strategy.ts'
import { CENT, someRules } from '../helpers/builders.ts'
import type { Situation } from '../../src/agent/strategy.ts'

function aSituation (fields: Partial<Situation> = {}): Situation {
  return { tariff: { retail: 30n * CENT, feedIn: 8n * CENT }, rules: someRules(), patience: 0.5, tick: CENT, ...fields }
}

describe('strategies', () => {
  it('should have each name once', () => {
    expect(new Set(strategies.map(({ name }) => name)).size).to.equal(strategies.length)
  })

  for (const strategy of strategies) {
    describe(strategy.name, () => { strategyCompliance(strategy) })
  }
})

describe('fair trader', () => {
  it('should walk the corridor in three knots and rest for the last tenth of the window', () => {
    expect(fairTrader.schedule(aSituation())).to.deep.equal([
      { at: 0, price: 29n * CENT }, { at: 810, price: 19n * CENT }, { at: 1620, price: 9n * CENT }
    ])
    const limits = [-10, 0, 810, 1620, 1800].map((elapsed) => fairTrader.limit(aSituation(), elapsed))
    expect(limits).to.deep.equal([8n, 8n, 18n, 29n, 29n].map((cents, index) => cents * CENT + (index === 2 ? CENT / 2n : 0n)))
  })

  it('should rest for as long as the rules are flat, when that is longer', () => {
    const knots = fairTrader.schedule(aSituation({ rules: someRules({ flatSec: 600 }) }))
    expect(knots.map(({ at }) => at)).to.deep.equal([0, 600, 1200])
  })

  it('should concede later the more patient it is', () => {
    const atHalf = (patience: number): bigint => priceAt(fairTrader.schedule(aSituation({ patience })), 810)
    expect([0, 0.5, 1, 7, -7].map(atHalf)).to.deep.equal([14n, 19n, 24n, 24n, 14n].map((cents) => cents * CENT))
    const limitAtHalf = (patience: number): bigint | undefined => fairTrader.limit(aSituation({ patience }), 810)
    expect([0, 1].map(limitAtHalf)).to.deep.equal([237_500n, 132_500n])
  })

  it('should keep to the homeowner\'s own limits', () => {
    const situation = aSituation({ lowestSellingPrice: 15n * CENT, highestBuyingPrice: 20n * CENT })
    expect(fairTrader.schedule(situation).at(-1)?.price).to.equal(15n * CENT)
    expect(fairTrader.limit(situation, 1800)).to.equal(20n * CENT)
  })

  it('should leave the tariffs in charge where the homeowner\'s limits are wider', () => {
    const situation = aSituation({ lowestSellingPrice: 1n * CENT, highestBuyingPrice: 99n * CENT })
    expect(fairTrader.schedule(situation)).to.deep.equal(fairTrader.schedule(aSituation()))
    expect(fairTrader.limit(situation, 1800)).to.equal(29n * CENT)
  })

  it('should neither sell nor buy in a closed corridor', () => {
    const closed = aSituation({ tariff: { retail: 10n * CENT, feedIn: 8n * CENT } })
    expect(fairTrader.schedule(closed)).to.deep.equal([])
    expect(fairTrader.limit(closed, 1800)).to.be.undefined()
    const open = aSituation({ tariff: { retail: 10n * CENT + 1n, feedIn: 8n * CENT } })
    expect(fairTrader.schedule(open)).to.have.lengthOf(3)
    expect(fairTrader.limit(open, 1800)).to.equal(9n * CENT + 1n)
  })

  it('should stay away when its limits leave nothing', () => {
    expect(fairTrader.schedule(aSituation({ lowestSellingPrice: 29n * CENT + 1n }))).to.deep.equal([])
    expect(fairTrader.limit(aSituation({ highestBuyingPrice: 8n * CENT }), 1800)).to.be.undefined()
  })

  it('should still price a window that is flat all through', () => {
    const situation = aSituation({ rules: someRules({ flatSec: 1800 }) })
    expect(fairTrader.schedule(situation)).to.deep.equal([{ at: 0, price: 9n * CENT }])
    expect(fairTrader.limit(situation, 0)).to.equal(29n * CENT)
  })

  it('should let any two homes with open corridors of the same street meet at the end', () => {
    fc.assert(fc.property(anySituation, fc.double({ min: 0, max: 1, noNaN: true }), (seller, patience) => {
      const free = { ...seller, lowestSellingPrice: undefined, highestBuyingPrice: undefined }
      const schedule = fairTrader.schedule(free)
      const limit = fairTrader.limit({ ...free, patience }, seller.rules.windowSec)
      expect(schedule.length > 0).to.equal(limit != null)
      expect(limit == null || priceAt(schedule, seller.rules.windowSec) <= limit).to.be.true()
    }))
  })
})

describe('tariff guard', () => {
  const reckless = defineStrategy({
    name: 'reckless',
    title: 'Sells and buys at any price',
    schedule: ({ tariff }) => [{ at: 0, price: tariff.retail }, { at: 9, price: tariff.feedIn }],
    limit: ({ tariff }, elapsed) => tariff.retail - 1n + BigInt(elapsed)
  })

  it('should stop any strategy from selling at the feed-in tariff', () => {
    expect(reckless.schedule(aSituation())).to.deep.equal([])
  })

  it('should stop any strategy from buying at the retail price', () => {
    expect(reckless.limit(aSituation(), 0)).to.equal(30n * CENT - 1n)
    expect(reckless.limit(aSituation(), 1)).to.be.undefined()
  })
})
