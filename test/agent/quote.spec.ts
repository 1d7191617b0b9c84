import { expect } from 'aegir/chai'
import * as fc from 'fast-check'
import { nextOffer } from '../../src/agent/quote.ts'
import { fairTrader } from '../../src/agent/strategies/fair-trader.ts'
import { anySituation } from '../compliance/strategy.ts'
import { anOrder, CENT, someRules } from '../helpers/builders.ts'
import type { OfferDraft } from '../../src/agent/quote.ts'
import type { Situation } from '../../src/agent/strategy.ts'

const situation: Situation = { tariff: { retail: 30n * CENT, feedIn: 8n * CENT }, rules: someRules(), patience: 0.5, tick: CENT }
const schedule = fairTrader.schedule(situation)

/** The next offer when `remaining` is left of a standing one. */
function next (surplusWh: number, remaining?: number, changes: Partial<Situation> = {}): OfferDraft | undefined {
  const standing = remaining == null ? undefined : { order: anOrder({ schedule }), remaining }
  return nextOffer({ surplusWh, standing, strategy: fairTrader, situation: { ...situation, ...changes } })
}

const closed = { tariff: { retail: 9n * CENT, feedIn: 8n * CENT } }

describe('quote', () => {
  it('should offer a surplus worth a trade', () => {
    expect(next(700)).to.deep.equal({ quantity: 700, minFill: 10, schedule })
    expect(next(10)?.quantity).to.equal(10)
    expect(next(9)).to.be.undefined()
    expect(next(0)).to.be.undefined()
    expect(next(700, undefined, closed)).to.be.undefined()
  })

  it('should lower an offer that promises more than there is', () => {
    expect(next(699, 700)).to.deep.equal({ quantity: 699, minFill: 10, schedule })
    expect(next(700, 700)).to.be.undefined()
  })

  it('should raise an offer for more than a tenth only, and more than the smallest trade', () => {
    expect(next(770, 700)).to.be.undefined()
    expect(next(771, 700)?.quantity).to.equal(771)
    expect(next(40, 30)).to.be.undefined()
    expect(next(41, 30)?.quantity).to.equal(41)
  })

  it('should offer again what became free after it sold out', () => {
    expect(next(50, 0)?.quantity).to.equal(50)
    expect(next(12, 5)?.quantity).to.equal(12)
  })

  it('should withdraw with quantity zero, once', () => {
    const withdrawn = { quantity: 0, minFill: 10, schedule }
    expect(next(9, 700)).to.deep.equal(withdrawn)
    expect(next(700, 700, closed)).to.deep.equal(withdrawn)
    expect(next(9, 0)).to.be.undefined()
    expect(next(700, 0, closed)).to.be.undefined()
  })

  it('should replace an offer that would sell below a limit raised since', () => {
    expect(next(700, 700, { lowestSellingPrice: 12n * CENT })?.schedule.at(-1)?.price).to.equal(12n * CENT)
    expect(next(700, 700, { lowestSellingPrice: 5n * CENT })).to.be.undefined()
  })

  it('should have nothing to add to what it has just said, and never promise more than there is', () => {
    const wh = fc.integer({ min: 0, max: 3000 })
    fc.assert(fc.property(anySituation, wh, fc.option(wh, { nil: undefined }), (any, surplusWh, remaining) => {
      const standing = remaining == null ? undefined : { order: anOrder(), remaining }
      const input = { surplusWh, strategy: fairTrader, situation: any }
      const offer = nextOffer({ ...input, standing })
      const stands = offer == null ? standing : { order: offer, remaining: offer.quantity }
      expect(stands?.remaining ?? 0).to.be.at.most(surplusWh)
      expect(nextOffer({ ...input, standing: stands })).to.be.undefined()
    }), { numRuns: 500 })
  })
})
