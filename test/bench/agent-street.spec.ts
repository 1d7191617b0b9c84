import { expect } from 'aegir/chai'
import { draw } from '../../src/agent/draws.ts'
import { ownHistory } from '../../src/agent/own-history.ts'
import { strategies } from '../../src/agent/strategies/index.ts'
import { flatTariff } from '../../src/domain/tariff.ts'
import { CENT, someRules } from '../helpers/builders.ts'
import { runStreet } from './agent-street.ts'
import type { StreetResult } from './agent-street.ts'
import type { Strategy } from '../../src/agent/strategy.ts'
import type { PeriodReading } from '../../src/domain/reading.ts'

const HOURS = 24 * 21
const START = 1_700_006_400

/** Three weeks of an hourly home; every second one has a roof. */
function home (number: number): PeriodReading[] {
  return Array.from({ length: HOURS }, (_, hour) => {
    const cloud = draw(1, 'cloud', Math.floor(hour / 3))
    const pvWh = number % 2 === 0 ? Math.round(Math.max(0, 3000 - 500 * Math.abs(hour % 24 - 12)) * cloud) : 0
    const loadWh = 200 + Math.round(600 * draw(1, 'load', number, hour))
    return { periodStart: START + 3600 * hour, importWh: Math.max(0, loadWh - pvWh), exportWh: Math.max(0, pvWh - loadWh), loadWh, pvWh }
  })
}

function street (strategy: Strategy): StreetResult {
  return runStreet({
    homes: [0, 1, 2, 3].map(home),
    rules: someRules({ periodSec: 3600 }),
    forecasterOf: () => ownHistory,
    strategy,
    tariffOf: (number) => flatTariff({ retail: (30n - BigInt(number)) * CENT, feedIn: (8n + BigInt(number)) * CENT }),
    tick: CENT,
    nearPrice: CENT / 2n,
    lead: 2
  })
}

describe('a street in one loop', () => {
  for (const strategy of strategies) {
    it(`should leave no home worse off in any hour, and share no more than there is: ${strategy.name}`, () => {
      const result = street(strategy)
      expect(result.worsePeriods).to.equal(0)
      result.billWithout.forEach((bill, number) => {
        expect(result.billAhead[number] <= bill && result.billBoth[number] <= bill).to.be.true()
      })
      expect(result.aheadWh).to.be.above(0)
      expect(result.aheadWh + result.residualWh).to.be.at.most(result.shareableWh)
      expect(result.aheadWh).to.be.at.most(result.contractedWh)
    })
  }

  it('should be the same street each time', () => {
    const [first, second] = [street(strategies[0]), street(strategies[0])]
    expect(first.billBoth).to.deep.equal(second.billBoth)
    expect(first.trades).to.equal(second.trades)
  })
})
