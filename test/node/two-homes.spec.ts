import { expect } from 'aegir/chai'
import { draw } from '../../src/agent/draws.ts'
import { isMetered } from '../../src/domain/reading.ts'
import { flatTariff } from '../../src/domain/tariff.ts'
import { rulesDigest } from '../../src/signing/digests.ts'
import { CENT, flatProfile, STREET_START, startMemoryHomes, TEST_RULES } from '../helpers/street.ts'
import { expectAllEnded, expectMoneyAddsUp, expectTwins, inState, Sales, tradesOf } from './street-checks.ts'
import type { Order, SignedOrder } from '../../src/domain/order.ts'
import type { Account } from '../../src/domain/units.ts'
import type { EnergyProfile } from '../../src/drivers/profile.ts'
import type { Signer } from '../../src/ports/signer.ts'
import type { MemoryStreetHomes, Neighbour } from '../helpers/street.ts'

const HOUR = 3600
const DAY = 24 * HOUR
const TRADING_ENDS = STREET_START + DAY

/** A sunny day between six and eighteen o'clock on a roof of `peakWh` per quarter hour, above a jumpy load. */
function sunnyDay (home: number, { peakWh, loadWh }: { peakWh: number, loadWh: number }): EnergyProfile {
  const steps = Array.from({ length: 200 }, (_, step) => step)
  const sun = (step: number): number => Math.max(0, 1 - Math.abs(step % 96 - 48) / 24)
  return {
    start: STREET_START,
    stepSec: 900,
    loadMilliWh: steps.map((step) => Math.floor(loadWh * 1000 * (0.5 + draw(1, home, step)))),
    pvMilliWh: steps.map((step) => Math.floor(peakWh * 1000 * sun(step) * (0.7 + 0.3 * draw(2, home, step))))
  }
}

describe('a street of homes, for a day', () => {
  const sales = new Sales()
  let street: MemoryStreetHomes
  let listener: Neighbour

  before(async () => {
    street = await startMemoryHomes([
      sunnyDay(0, { peakWh: 900, loadWh: 100 }),
      sunnyDay(1, { peakWh: 500, loadWh: 200 }),
      sunnyDay(2, { peakWh: 0, loadWh: 250 }),
      sunnyDay(3, { peakWh: 0, loadWh: 400 })
    ], { home: { tradeUntil: TRADING_ENDS }, onEvent: sales.onEvent })
    listener = await street.neighbour(9)
    await street.clock.advanceTo(TRADING_ENDS + 5 * HOUR)
  })

  after(async () => street.stop())

  it('should trade a good part of what is there', async () => {
    const bought = inState(await tradesOf(street.homes[3]), 'settled')
    expect(bought.length).to.be.at.least(40)
    expect(new Set(bought.map(({ partner }) => partner)).size).to.equal(2)
  })

  it('should settle every trade, with the same terms and amount next door', async () => {
    await expectAllEnded(street.homes)
    await expectTwins(street.homes)
    const trades = (await Promise.all(street.homes.map(tradesOf))).flat()
    expect(inState(trades, 'lapsed', 'claimed').length).to.equal(0)
  })

  it('should move as much money as the trades say and no more', async () => {
    await expectMoneyAddsUp(street)
  })

  it('should never oversell', () => {
    sales.expectNoOversell()
  })

  it('should deliver no more than either meter counted', async () => {
    for (const home of street.homes) {
      const readings = await home.store.readings(0, Number.MAX_SAFE_INTEGER)
      const trades = await tradesOf(home)
      for (const { periodStart, importWh, exportWh } of readings.filter(isMetered)) {
        const sum = (role: string): number => trades.filter((trade) => trade.role === role && trade.periodStart === periodStart).reduce((all, { deliveredWh }) => all + (deliveredWh ?? 0), 0)
        expect(sum('seller')).to.be.at.most(exportWh)
        expect(sum('buyer')).to.be.at.most(importWh)
      }
    }
  })

  it('should sell nothing from a home that has nothing, and leave nobody worse off than with the supplier', async () => {
    const trades = (await Promise.all(street.homes.map(tradesOf))).flat()
    const without = (await Promise.all(street.homes.slice(2).map(tradesOf))).flat()
    expect(without.filter(({ role }) => role === 'seller').map(({ id }) => id)).to.deep.equal([])
    expect(trades.every(({ pricePerKwh }) => pricePerKwh > 8n * CENT && pricePerKwh < 30n * CENT)).to.equal(true)
  })

  it('should tell the street when an offer is used up', () => {
    const withdrawn = listener.heard.filter(({ order }) => order.quantity === 0)
    expect(withdrawn.length).to.be.at.least(10)
    expect(withdrawn.every(({ order }) => order.revision > 1)).to.equal(true)
  })
})

describe('two homes', () => {
  it('should keep a sold-out offer out of the neighbours\' books', async () => {
    const street = await startMemoryHomes([flatProfile(100, 300), flatProfile(900, 0), flatProfile(0, 0)])
    await street.clock.advanceTo(STREET_START + 3 * HOUR - 1)
    const [seller, , bystander] = street.homes
    const sold = inState(await tradesOf(seller), 'agreed')
    const [period] = bystander.node.book()
    expect(sold.some(({ periodStart }) => periodStart === period.periodStart)).to.equal(true)
    expect(period.offers).to.deep.equal([])
    await street.stop()
  })

  it('should buy from whom it has a tab with when it may open no other', async () => {
    const late = flatProfile(0, 400)
    const pvMilliWh = late.pvMilliWh.map((pv, step) => step < 4 ? 0 : pv)
    const street = await startMemoryHomes([flatProfile(0, 400), { ...late, pvMilliWh }, flatProfile(300, 0)], {
      home: { maxOpenTabs: 1 },
      homeOf: (index) => index === 1 ? { tariff: flatTariff({ retail: 20n * CENT, feedIn: 5n * CENT }) } : {}
    })
    await street.clock.advanceTo(STREET_START + 4 * HOUR)
    const [first, cheaper, buyer] = street.homes
    expect(cheaper.node.book().some(({ offers }) => offers[0]?.entry.order.order.maker === cheaper.owner)).to.equal(true)
    const bought = inState(await tradesOf(buyer), 'agreed', 'receipted', 'settled')
    expect(bought.every(({ partner }) => partner === first.owner)).to.equal(true)
    expect(bought.filter(({ periodStart }) => periodStart >= STREET_START + 2 * HOUR).length).to.be.at.least(8)
    await street.stop()
  })

  it('should go on trading when their tab nears its end after a quiet time', async () => {
    const quietUntil = 32 * 4
    const buyer = flatProfile(300, 0)
    const loadMilliWh = buyer.loadMilliWh.map((load, step) => step < 4 || step >= quietUntil ? load : 0)
    const street = await startMemoryHomes([flatProfile(0, 400), { ...buyer, loadMilliWh }], { home: { tabLifeSec: 3 * DAY } })
    await street.clock.advanceTo(STREET_START + 35 * HOUR)
    const later = (await tradesOf(street.homes[1])).filter(({ periodStart }) => periodStart >= STREET_START + quietUntil * 900)
    expect(inState(later, 'receipted', 'settled').length).to.be.at.least(6)
    await street.stop()
  })

  it('should go on with a listener that fails', async () => {
    const street = await startMemoryHomes([flatProfile(0, 400), flatProfile(300, 0)])
    street.homes.forEach(({ node }) => node.on(() => { throw new Error('a front broke') }))
    await street.clock.advanceTo(STREET_START + 2 * HOUR)
    expect(inState(await tradesOf(street.homes[1]), 'receipted').length).to.be.at.least(3)
    await street.stop()
  })

  for (const [who, keyUntil, isAsked] of [['a stranger whose key no owner has registered', 0, false], ['a registered seller that is silent', undefined, true]] as const) {
    it(`should pay the same although ${who} offers for less`, async () => {
      const run = async (isDisturbed: boolean): Promise<{ prices: bigint[], asked: number }> => {
        const street = await startMemoryHomes([flatProfile(0, 400), flatProfile(300, 0)])
        const stranger = await street.neighbour(9, { keyUntil })
        let asked = 0
        stranger.answer = async () => {
          asked++
          throw new Error('silent')
        }
        for (let hour = 0; hour < 12; hour++) {
          await street.clock.advanceTo(STREET_START + hour * 900 + 1)
          if (isDisturbed) {
            await stranger.publish(cheapOffer(stranger.signer, stranger.owner, STREET_START + (hour + 2) * 900))
          }
        }
        await street.clock.advanceTo(STREET_START + 4 * HOUR)
        const trades = inState(await tradesOf(street.homes[1]), 'receipted', 'settled')
        await street.stop()
        return { prices: trades.map(({ pricePerKwh }) => pricePerKwh), asked }
      }
      const [calm, disturbed] = [await run(false), await run(true)]
      expect(disturbed.asked > 0).to.equal(isAsked)
      expect(disturbed.asked).to.be.below(60)
      expect(disturbed.prices.length).to.be.at.least(calm.prices.length - 2)
      const mean = (prices: bigint[]): number => Number(prices.reduce((sum, price) => sum + price, 0n)) / prices.length
      expect(mean(disturbed.prices) / mean(calm.prices)).to.be.within(0.9, 1.1)
    })
  }
})

function cheapOffer (signer: Signer, maker: Account, periodStart: number): SignedOrder {
  const order: Order = {
    side: 'offer', rules: rulesDigest(TEST_RULES), maker, signer: signer.address, periodStart, quantity: 500, minFill: 10, revision: 1, schedule: [{ at: 0, price: 9n * CENT }]
  }
  return { order, signature: signer.signOrder(order) }
}
