import { expect } from 'aegir/chai'
import * as fc from 'fast-check'
import { createAgent } from '../../src/agent/agent.ts'
import { useBattery } from '../../src/agent/battery.ts'
import { persistence } from '../../src/agent/forecast.ts'
import { startPatience } from '../../src/agent/patience.ts'
import { guardedLimit, plan } from '../../src/agent/plan.ts'
import { tradeWhy } from '../../src/agent/sentence.ts'
import { adaptive } from '../../src/agent/strategies/adaptive.ts'
import { fairTrader } from '../../src/agent/strategies/fair-trader.ts'
import { fixedPrice } from '../../src/agent/strategies/fixed-price.ts'
import { strategies } from '../../src/agent/strategies/index.ts'
import { midMarket } from '../../src/agent/strategies/mid-market.ts'
import { zeroIntelligence } from '../../src/agent/strategies/zero-intelligence.ts'
import { isReserve, reservePercent, reserveWh } from '../../src/domain/knobs.ts'
import { priceAt } from '../../src/domain/order.ts'
import { anySituation } from '../compliance/strategy.ts'
import { CENT, PERIOD, someRules } from '../helpers/builders.ts'
import type { Expectation } from '../../src/agent/forecast.ts'
import type { Plan, PlanInput } from '../../src/agent/plan.ts'
import type { Situation } from '../../src/agent/strategy.ts'

const situation: Situation = { tariff: { retail: 30n * CENT, feedIn: 8n * CENT }, rules: someRules(), patience: 0.5, tick: CENT }

function expecting (netWh: number, fields: Partial<Expectation> = {}): Expectation {
  return { netWh, basis: 'the stars say', error: () => undefined, ...fields }
}

function aPlan (netWh: number, changes: Partial<PlanInput> & { fields?: Partial<Expectation> } = {}): Plan {
  const { fields, ...rest } = changes
  return plan({ expectation: expecting(netWh, fields), situation, strategy: fairTrader, reserve: 'automatic', boughtWh: 0, soldWh: 0, ...rest })
}

describe('plan', () => {
  it('should sell a surplus and buy a need, less what is agreed', () => {
    expect(aPlan(-700)).to.include({ surplusWh: 700, deficitWh: 0 })
    expect(aPlan(-700, { soldWh: 200 })).to.include({ surplusWh: 500, deficitWh: 0 })
    expect(aPlan(700, { boughtWh: 600 })).to.include({ surplusWh: 0, deficitWh: 100 })
  })

  it('should trade nothing when it knows nothing, or may not', () => {
    const nothing = plan({ situation, strategy: fairTrader, reserve: 'automatic', boughtWh: 0, soldWh: 0 })
    expect(nothing).to.include({ surplusWh: 0, deficitWh: 0 })
    expect(nothing.why).to.match(/no meter reading/)
    expect(aPlan(-700, { blocked: 'you have paused trading' })).to.include({ surplusWh: 0, why: 'Trades nothing because you have paused trading.' })
  })

  it('should sell the quantile that the prices make worth it', () => {
    // errors from -100 (more sun than expected) to 100, evenly
    const fields = { error: (share: number) => 200 * share - 100 }
    // the middle of 29 and 9 ct is half-way from feed-in to retail: the median, give or take the tick
    expect(aPlan(-700, { fields }).surplusWh).to.be.within(695, 705)
    // at 9 ct for sure only what comes nearly always
    expect(aPlan(-700, { fields, strategy: fixedPrice }).surplusWh).to.be.within(600, 615)
    // a buyer that pays 29 ct buys only what it nearly always needs
    expect(aPlan(700, { fields, strategy: fixedPrice }).deficitWh).to.be.within(600, 615)
    const dear = { ...situation, lowestSellingPrice: 25n * CENT }
    expect(aPlan(-700, { fields, strategy: fixedPrice, situation: dear }).surplusWh).to.be.within(750, 760)
  })

  it('should keep back the part the owner wants kept', () => {
    const fields = { error: () => 300 }
    expect(aPlan(-700, { reserve: '20%', fields }).surplusWh).to.equal(560)
    expect(aPlan(-700, { reserve: '100%' }).surplusWh).to.equal(0)
    expect(aPlan(-700, { reserve: '20%' }).why).to.match(/keeps 20 % back as you set/)
  })

  it('should stay away where prices leave nothing', () => {
    const closed = { ...situation, tariff: { retail: 9n * CENT, feedIn: 8n * CENT } }
    expect(aPlan(-700, { situation: closed })).to.include({ surplusWh: 0 })
    expect(aPlan(-700, { situation: closed }).why).to.match(/supplier pays 0\.0800 and charges 0\.0900/)
    expect(aPlan(-700, { situation: { ...situation, lowestSellingPrice: 40n * CENT } }).why).to.match(/lowest selling price/)
    expect(aPlan(700, { situation: { ...situation, highestBuyingPrice: CENT } }).why).to.match(/highest buying price/)
  })

  it('should say in one sentence what it does and why', () => {
    expect(aPlan(-1204, { fields: { pvWh: 1900, loadWh: 696 }, soldWh: 300 }).why).to.equal(
      'Expects 1.204 kWh of surplus as the stars say (1.900 kWh of sun, 0.696 kWh of own use); offers 1.204 kWh at 0.2900 falling to 0.0900 per kWh, 0.300 kWh of it sold already.')
    expect(aPlan(-94, { soldWh: 357 }).why).to.match(/; offers nothing more because 0\.357 kWh are sold already\.$/)
    expect(aPlan(94, { boughtWh: 94 }).why).to.match(/; looks for nothing more because 0\.094 kWh are bought already\.$/)
    expect(aPlan(-700, { reserve: '3kWh' }).why).to.match(/; keeps no reserve because it knows of no battery; offers 0\.700 kWh/)
    expect(aPlan(5).why).to.equal('Expects 0.005 kWh of need as the stars say; trades nothing because that is less than the smallest trade of 10 Wh.')
    expect(aPlan(500, { fields: { error: () => 100 } }).why).to.match(/adds 0\.100 kWh because .*; looks for 0\.600 kWh at 0\.2900 per kWh or less\.$/)
  })

  it('should be one sentence and one side at most, whatever is expected', () => {
    const wh = fc.integer({ min: -5000, max: 5000 })
    fc.assert(fc.property(anySituation, wh, fc.option(wh, { nil: undefined }), fc.constantFrom(...strategies), fc.constantFrom('automatic', '30%', '2kWh'), (any, netWh, error, strategy, reserve) => {
      const made = aPlan(netWh, { situation: any, strategy, reserve: reserve as PlanInput['reserve'], fields: { error: () => error } })
      expect(Math.min(made.surplusWh, made.deficitWh)).to.equal(0)
      expect(Number.isInteger(made.surplusWh) && Number.isInteger(made.deficitWh) && made.surplusWh + made.deficitWh >= 0).to.be.true()
      expect(made.why).to.match(/^[A-Z].*[^.]\.$/).and.not.include('undefined').and.not.include('NaN')
    }), { numRuns: 500 })
  })

  it('should say of a trade how it compares with the supplier', () => {
    const made = aPlan(500)
    expect(tradeWhy('bought', { wh: 300, pricePerKwh: 19n * CENT }, made)).to.match(/^Bought 0\.300 kWh at 0\.1900 per kWh, below the supplier's 0\.3000 — expects 0\.500 kWh of need .*\.$/)
    expect(tradeWhy('sold', { wh: 300, pricePerKwh: 19n * CENT }, made)).to.match(/above the supplier's 0\.0800/)
  })

  it('should never pay what the supplier charges, whatever a strategy says', () => {
    expect(guardedLimit(29n, { retail: 30n, feedIn: 0n })).to.equal(29n)
    expect(guardedLimit(31n, { retail: 30n, feedIn: 0n })).to.equal(29n)
    expect(guardedLimit(undefined, { retail: 30n, feedIn: 0n })).to.equal(undefined)
    expect(guardedLimit(1n, { retail: 0n, feedIn: 0n })).to.equal(undefined)
  })
})

describe('battery', () => {
  const battery = { storedWh: 5000, capacityWh: 6000, maxPowerW: 4000 }
  const use = (netWh: number, keepWh = 2000): ReturnType<typeof useBattery> => useBattery({ battery, netWh, keepWh, periodSec: 900 })

  it('should cover the home\'s own need first and give the rest above the reserve, within its power', () => {
    expect(use(300)).to.deep.equal({ netWh: 0, spareWh: 700, chargeWh: 0 })
    expect(use(1500)).to.deep.equal({ netWh: 500, spareWh: 0, chargeWh: 0 })
    expect(use(300, 4500)).to.deep.equal({ netWh: 0, spareWh: 200, chargeWh: 0 })
    expect(use(300, 5000)).to.deep.equal({ netWh: 0, spareWh: 0, chargeWh: 0 })
  })

  it('should take in a surplus before anything is sold, as far as there is room', () => {
    expect(use(-800)).to.deep.equal({ netWh: 0, spareWh: 0, chargeWh: 0 })
    expect(use(-1500)).to.deep.equal({ netWh: -500, spareWh: 0, chargeWh: 0 })
    expect(useBattery({ battery: { ...battery, storedWh: 5900 }, netWh: -800, keepWh: 0, periodSec: 900 })).to.deep.equal({ netWh: -700, spareWh: 0, chargeWh: 0 })
  })

  const evening = { battery, fields: { pvWh: 0, loadWh: 300, night: () => ({ needWh: 2000, sunWh: 0, until: PERIOD + 20 * 900 }) } }

  it('should be advice, and offered only when the owner follows it', () => {
    const advised = aPlan(300, evening)
    expect(advised).to.include({ surplusWh: 0, deficitWh: 0 })
    expect(advised.advice).to.equal('The battery holds 5.000 kWh and tonight will take about 2.000 kWh: it could give 0.700 kWh to neighbours in this period, for 0.1680 per kWh or more.')
    const followed = aPlan(300, { ...evening, sellsStored: true })
    expect(followed).to.include({ surplusWh: 700, deficitWh: 0 })
    expect(fairTrader.schedule(followed.situation).at(-1)?.price).to.equal(168_000n)
    expect(followed.why).to.match(/of which the battery covers 0\.300 kWh; offers 0\.700 kWh from the battery/)
  })

  it('should keep what the owner says instead of what tonight takes', () => {
    expect(aPlan(300, { ...evening, reserve: '4.5kWh' }).advice).to.match(/you keep 4\.500 kWh: it could give 0\.200 kWh/)
    expect(aPlan(300, { ...evening, reserve: '5kWh' }).advice).to.equal(undefined)
  })

  it('should spare nothing when nobody knows what the night takes', () => {
    expect(aPlan(300, { battery, fields: { pvWh: 0, loadWh: 300 }, sellsStored: true })).to.include({ surplusWh: 0, advice: undefined })
  })

  const night = { needWh: 3000, sunWh: 0, until: PERIOD + 40 * 900 }

  it('should take from neighbours what the night lacks, with what is lost on the way, within its power and its room', () => {
    const charge = (netWh: number, changes: Partial<Parameters<typeof useBattery>[0]> = {}): number =>
      useBattery({ battery: { storedWh: 2500, capacityWh: 6000, maxPowerW: 4000 }, netWh, keepWh: 3000, night, periodSec: 900, ...changes }).chargeWh
    expect(charge(0)).to.equal(588) // 500 Wh after 15 % are lost
    expect(charge(100)).to.equal(705)
    expect(charge(-200)).to.equal(352)
    expect(charge(0, { night: { ...night, needWh: 9000 } })).to.equal(1000)
    expect(charge(0, { night: { ...night, sunWh: 3400 } })).to.equal(117) // the own sun wants the rest of the room
    expect(charge(0, { night: { ...night, needWh: 2500 } })).to.equal(0)
    expect(charge(0, { night: undefined })).to.equal(0)
  })

  const short = { battery: { ...battery, storedWh: 2500 }, fields: { pvWh: 300, loadWh: 300, night: () => night } }
  const noon: Situation = { ...situation, periodStart: PERIOD }

  it('should advise to take from neighbours only what pays, and only while one of them asks that little', () => {
    const advice = (changes: Partial<PlanInput>): string | undefined => aPlan(0, { ...short, situation: noon, ...changes }).advice
    expect(advice({ neighboursAsk: 12n * CENT })).to.equal('The battery holds 2.500 kWh and tonight will take about 3.000 kWh: it could take 0.588 kWh from neighbours in this period, for 0.1350 per kWh or less.')
    expect(advice({ neighboursAsk: 14n * CENT })).to.equal(undefined)
    expect(advice({})).to.equal(undefined)
    // tonight is cheap: 85 % of 12 cents, less the smallest step
    const tariffs = (at: number): Situation['tariff'] => ({ retail: (at === PERIOD + 30 * 900 ? 12n : 30n) * CENT, feedIn: 8n * CENT })
    expect(advice({ neighboursAsk: 9n * CENT, tariffs })).to.match(/for 0\.0920 per kWh or less/)
    expect(advice({ neighboursAsk: 12n * CENT, tariffs })).to.equal(undefined)
  })

  it('should be bought for only when the owner follows the advice, after the own need, and never above what it spares', () => {
    expect(aPlan(0, { ...short, neighboursAsk: 12n * CENT })).to.include({ deficitWh: 0 })
    const followed = aPlan(0, { ...short, buysForBattery: true })
    expect(followed).to.include({ surplusWh: 0, deficitWh: 588 })
    expect(followed.why).to.match(/; looks for 0\.588 kWh for the battery at 0\.1350 per kWh or less\.$/)
    expect(fairTrader.limit(followed.situation, situation.rules.windowSec)).to.equal(135_000n)
    const empty = { battery: { ...battery, storedWh: 0 }, fields: short.fields, buysForBattery: true }
    expect(aPlan(400, empty)).to.include({ deficitWh: 400, situation })
    expect(aPlan(400, { ...empty, boughtWh: 400 }).deficitWh).to.equal(1000)
    expect(aPlan(400, { ...empty, boughtWh: 400 }).why).to.match(/looks for 1\.400 kWh, 1\.000 kWh of it for the battery, at 0\.1350 per kWh or less, 0\.400 kWh of it bought already\.$/)
  })

  it('should never pay more for stored energy than it spares, nor trade where that leaves nothing', () => {
    fc.assert(fc.property(anySituation, fc.nat(8000), fc.nat(8000), (situation, storedWh, needWh) => {
      const made = aPlan(0, { situation, battery: { storedWh, capacityWh: 8000 }, buysForBattery: true, fields: { pvWh: 0, loadWh: 0, night: () => ({ ...night, needWh }) } })
      const limit = fairTrader.limit(made.situation, situation.rules.windowSec)
      expect(made.deficitWh === 0 || limit == null || limit * 100n < situation.tariff.retail * 85n).to.be.true()
    }))
  })

  it('should not be reckoned with once its state is old', () => {
    const agent = createAgent({ rules: situation.rules, forecaster: persistence, strategy: fairTrader })
    const { rules, ...circumstances } = situation
    expect(rules.periodSec).to.equal(900)
    agent.observe({ periodStart: PERIOD - 900 * 4, importWh: 0, exportWh: 0, loadWh: 300, pvWh: 0, battery })
    const input = { situation: circumstances, reserve: 'automatic', boughtWh: 0, soldWh: 0 } as const
    expect(agent.plan(PERIOD - 900, input).deficitWh).to.equal(0)
    expect(agent.plan(PERIOD, input).deficitWh).to.equal(300)
  })
})

describe('reserve', () => {
  it('should be read as written', () => {
    expect(['automatic', '0%', '20%', '100%', '3kWh', '2.5kWh'].every(isReserve)).to.be.true()
    expect(['', '101%', '-1%', '3', '3 kWh', 'kWh', '1e3kWh', 'auto'].some(isReserve)).to.be.false()
    expect([reservePercent('20%'), reservePercent('3kWh'), reservePercent('automatic')]).to.deep.equal([20, undefined, undefined])
    expect([reserveWh('2.5kWh'), reserveWh('20%'), reserveWh('automatic')]).to.deep.equal([2500, undefined, undefined])
  })
})

describe('other strategies', () => {
  const half = (learned: number): bigint => priceAt(adaptive.schedule({ ...situation, learned: { selling: learned, buying: learned } }), 810)

  it('should concede later at an hour that was filled, and earlier at one that was not', () => {
    const patience = startPatience()
    patience.learn(PERIOD, 'selling', true)
    patience.learn(PERIOD + 3600, 'selling', false)
    expect(patience.of(PERIOD)).to.deep.equal({ selling: 1200, buying: 1000 })
    expect(patience.of(PERIOD + 86_400 + 900)).to.deep.equal({ selling: 1200, buying: 1000 })
    expect(patience.of(PERIOD + 3600).selling).to.equal(833)
    expect(half(1200) > half(1000) && half(1000) > half(833)).to.be.true()
    expect(half(1000)).to.equal(19n * CENT)
    for (let count = 0; count < 100; count++) {
      patience.learn(PERIOD, 'buying', true)
      patience.learn(PERIOD, 'selling', false)
    }
    expect(patience.of(PERIOD)).to.deep.equal({ selling: 125, buying: 8000 })
  })

  it('should meet in the middle at mid-market', () => {
    expect(midMarket.schedule(situation)).to.deep.equal([{ at: 0, price: 19n * CENT }])
    expect(midMarket.limit(situation, 0)).to.equal(19n * CENT)
    expect(midMarket.schedule({ ...situation, lowestSellingPrice: 25n * CENT })).to.deep.equal([{ at: 0, price: 25n * CENT }])
  })

  it('should ask and bid the owner\'s own prices when they are fixed', () => {
    const own = { ...situation, lowestSellingPrice: 12n * CENT, highestBuyingPrice: 20n * CENT }
    expect(fixedPrice.schedule(own)).to.deep.equal([{ at: 0, price: 12n * CENT }])
    expect(fixedPrice.limit(own, 0)).to.equal(20n * CENT)
  })

  it('should draw another price for each period and home without intelligence, all over the corridor', () => {
    const prices = Array.from({ length: 200 }, (_, period) => zeroIntelligence.schedule({ ...situation, periodStart: PERIOD + 900 * period, seed: 3 })[0].price)
    expect(new Set(prices).size).to.be.above(190)
    expect(prices.some((price) => price < 12n * CENT) && prices.some((price) => price > 26n * CENT)).to.be.true()
    expect(zeroIntelligence.schedule({ ...situation, periodStart: PERIOD, seed: 4 })[0].price).to.not.equal(prices[0])
  })
})
