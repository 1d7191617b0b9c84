import { expect } from 'aegir/chai'
import * as fc from 'fast-check'
import { draw } from '../../src/agent/draws.ts'
import { persistence } from '../../src/agent/forecast.ts'
import { position } from '../../src/agent/position.ts'
import { PERIOD, someRules } from '../helpers/builders.ts'
import type { PeriodReading } from '../../src/domain/reading.ts'

const rules = someRules()

function aReading (periodsAgo: number, netWh: number): PeriodReading {
  return { periodStart: PERIOD - 900 * periodsAgo, importWh: Math.max(0, netWh), exportWh: Math.max(0, -netWh) }
}

function persistent (history: readonly PeriodReading[]): number | undefined {
  const forecast = persistence.start(rules)
  history.forEach((reading) => { forecast.observe(reading) })
  return forecast.expect(PERIOD)?.netWh
}

describe('persistence forecast', () => {
  it('should expect what the newest complete period brought, in any order', () => {
    const history = [aReading(3, 50), aReading(2, -420), aReading(4, 70)]
    expect(persistent(history)).to.equal(-420)
    expect(persistent(history.reverse())).to.equal(-420)
  })

  it('should net import and export of one period', () => {
    expect(persistent([{ periodStart: PERIOD - 900, importWh: 30, exportWh: 100 }])).to.equal(-70)
  })

  it('should know nothing when the newest period is more than four periods old', () => {
    expect(persistent([aReading(4, 50)])).to.equal(50)
    expect(persistent([aReading(5, 50)])).to.be.undefined()
    expect(persistent([])).to.be.undefined()
  })

  it('should not look at the period itself or beyond', () => {
    expect(persistent([aReading(0, 50), aReading(-1, 60)])).to.be.undefined()
  })
})

describe('position', () => {
  it('should be what is expected when nothing is agreed', () => {
    expect(position({ expectedNetWh: -300, boughtWh: 0, soldWh: 0 })).to.deep.equal({ surplusWh: 300, deficitWh: 0 })
    expect(position({ expectedNetWh: 300, boughtWh: 0, soldWh: 0 })).to.deep.equal({ surplusWh: 0, deficitWh: 300 })
    expect(position({ expectedNetWh: 0, boughtWh: 0, soldWh: 0 })).to.deep.equal({ surplusWh: 0, deficitWh: 0 })
  })

  it('should subtract what is agreed, each side for itself', () => {
    expect(position({ expectedNetWh: -300, boughtWh: 0, soldWh: 120 })).to.deep.equal({ surplusWh: 180, deficitWh: 0 })
    expect(position({ expectedNetWh: -300, boughtWh: 0, soldWh: 420 })).to.deep.equal({ surplusWh: 0, deficitWh: 0 })
    expect(position({ expectedNetWh: 300, boughtWh: 400, soldWh: 0 })).to.deep.equal({ surplusWh: 0, deficitWh: 0 })
  })

  it('should never be more than expected, in whole watt-hours, with one side at zero', () => {
    const wh = fc.nat(100_000)
    fc.assert(fc.property(fc.integer({ min: -100_000, max: 100_000 }), wh, wh, (expectedNetWh, boughtWh, soldWh) => {
      const { surplusWh, deficitWh } = position({ expectedNetWh, boughtWh, soldWh })
      expect(Math.min(surplusWh, deficitWh)).to.equal(0)
      expect(surplusWh).to.equal(Math.max(0, -expectedNetWh - soldWh))
      expect(deficitWh).to.equal(Math.max(0, expectedNetWh - boughtWh))
    }))
    expect(position({ expectedNetWh: -10.9, boughtWh: 0, soldWh: 0 }).surplusWh).to.equal(10)
  })
})

describe('draws', () => {
  const anyKey = fc.oneof(fc.integer({ min: -1000, max: 4_000_000_000 }), fc.string({ maxLength: 8 }))

  it('should depend on the seed and the keys alone', () => {
    expect(draw(1, 'patience', 3)).to.equal(draw(1, 'patience', 3))
    const distinct = [
      draw(1), draw(2), draw(1, 0), draw(1, 0, 0), draw(1, 1), draw(1, '1'), draw(1, 'ab'), draw(1, 'a', 'b'), draw(1, 'b', 'a'), draw(1, 'ba'),
      draw(1, 2, 3), draw(1, 3, 2), draw(1, 2 ** 32), draw(1, 2 ** 32 + 1), draw(1, '')
    ]
    expect(new Set(distinct).size).to.equal(distinct.length)
  })

  it('should be the same on every machine for ever', () => {
    expect([draw(0), draw(42, 'patience', 7), draw(1, 'look', 1_800_000_000, 3)].map((u) => u * 2 ** 32)).to.deep.equal([3553795876, 3634407629, 2457340507])
  })

  it('should stay in [0, 1)', () => {
    fc.assert(fc.property(fc.nat(), fc.array(anyKey, { maxLength: 5 }), (seed, keys) => {
      const u = draw(seed, ...keys)
      expect(u).to.be.at.least(0)
      expect(u).to.be.below(1)
    }))
  })

  it('should be spread evenly', () => {
    const buckets = new Array<number>(16).fill(0)
    for (let count = 0; count < 16_000; count++) {
      buckets[Math.floor(16 * draw(5, 'spread', count))]++
    }
    expect(Math.min(...buckets)).to.be.above(850)
    expect(Math.max(...buckets)).to.be.below(1150)
  })
})
