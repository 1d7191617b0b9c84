import { expect } from 'aegir/chai'
import * as fc from 'fast-check'
import { residualAsk, residualLimit, residualOffer, residualStart } from '../../src/agent/residual.ts'
import { isResidual } from '../../src/domain/order.ts'
import { CENT, PERIOD, someRules } from '../helpers/builders.ts'
import type { Situation } from '../../src/agent/strategy.ts'

const rules = someRules()

function aSituation (fields: Partial<Situation> = {}): Situation {
  return { tariff: { retail: 30n * CENT, feedIn: 8n * CENT }, rules, patience: 0.5, tick: CENT, ...fields }
}

describe('prices of the residual round', () => {
  it('should be the middle of the tariffs for both sides', () => {
    expect(residualAsk(aSituation())).to.equal(19n * CENT)
    expect(residualLimit(aSituation())).to.equal(19n * CENT)
  })

  it('should give way to the owner\'s own limits and leave the round where these are out of reach', () => {
    expect(residualAsk(aSituation({ lowestSellingPrice: 25n * CENT }))).to.equal(25n * CENT)
    expect(residualAsk(aSituation({ lowestSellingPrice: 31n * CENT }))).to.be.undefined()
    expect(residualLimit(aSituation({ highestBuyingPrice: 12n * CENT }))).to.equal(12n * CENT)
  })

  it('should never leave a home worse off than its supplier, nor than the middle of its own tariffs', () => {
    const cents = fc.bigInt({ min: 0n, max: 60n }).map((cent) => cent * CENT)
    fc.assert(fc.property(cents, cents, (retail, feedIn) => {
      const situation = aSituation({ tariff: { retail, feedIn } })
      const [ask, limit] = [residualAsk(situation), residualLimit(situation)]
      expect(ask == null || (ask > feedIn && ask < retail && ask >= (retail + feedIn) / 2n)).to.be.true()
      expect(limit == null || (limit < retail && limit > feedIn && limit <= (retail + feedIn) / 2n)).to.be.true()
    }))
  })
})

describe('an offer of the residual round', () => {
  const price = 19n * CENT
  const standing = (remaining: number, at = price): { order: { schedule: Array<{ at: number, price: bigint }> }, remaining: number } => ({ order: { schedule: [{ at: 4500, price: at }] }, remaining })

  it('should be one price that no other offer can be mistaken for', () => {
    const offer = residualOffer({ surplusWh: 500, price, rules })
    expect(offer).to.deep.equal({ quantity: 500, minFill: 10, schedule: [{ at: 1800 + 900, price }] })
    expect(offer != null && isResidual(offer, rules)).to.be.true()
  })

  it('should be renewed when there is less or a trade more of it, or another price, and stay otherwise', () => {
    expect(residualOffer({ surplusWh: 500, price, standing: standing(500), rules })).to.be.undefined()
    expect(residualOffer({ surplusWh: 509, price, standing: standing(500), rules })).to.be.undefined()
    expect(residualOffer({ surplusWh: 510, price, standing: standing(500), rules })?.quantity).to.equal(510)
    expect(residualOffer({ surplusWh: 499, price, standing: standing(500), rules })?.quantity).to.equal(499)
    expect(residualOffer({ surplusWh: 500, price, standing: standing(500, price - 1n), rules })?.quantity).to.equal(500)
  })

  it('should be withdrawn when nothing worth a trade is left', () => {
    expect(residualOffer({ surplusWh: 9, price, standing: standing(500), rules })?.quantity).to.equal(0)
    expect(residualOffer({ surplusWh: 500, price: undefined, standing: standing(500), rules })?.quantity).to.equal(0)
    expect(residualOffer({ surplusWh: 9, price, rules })).to.be.undefined()
    expect(residualOffer({ surplusWh: 0, price, standing: standing(0), rules })).to.be.undefined()
  })
})

describe('the start of a buyer', () => {
  it('should come soon after the period, at a moment of each home\'s own that is always the same', () => {
    const starts = Array.from({ length: 200 }, (_, seed) => residualStart(PERIOD, { rules, seed }) - PERIOD - 900)
    expect(Math.min(...starts)).to.be.within(60, 70)
    expect(Math.max(...starts)).to.be.within(170, 180)
    expect(new Set(starts).size).to.be.above(70)
    expect(residualStart(PERIOD, { rules, seed: 7 })).to.equal(residualStart(PERIOD, { rules, seed: 7 }))
  })
})
