import { expect } from 'aegir/chai'
import { flatTariff } from '../../src/domain/tariff.ts'
import { isLocal } from '../../src/node/neighbours-only.ts'
import { CENT, flatProfile, STREET_START, startMemoryHomes } from '../helpers/street.ts'
import { inState, tradesOf } from './street-checks.ts'
import type { Trade } from '../../src/domain/trade.ts'
import type { Home } from '../../src/node/context.ts'
import type { MemoryHome, MemoryStreetHomes } from '../helpers/street.ts'

const HOUR = 3600

async function agreedSince (home: MemoryHome, from: number): Promise<Trade[]> {
  return inState(await tradesOf(home), 'agreed', 'delivered', 'receipted', 'settled').filter(({ periodStart }) => periodStart >= from)
}

describe('the owner\'s knobs', () => {
  let street: MemoryStreetHomes

  beforeEach(async () => {
    street = await startMemoryHomes([flatProfile(100, 600), flatProfile(400, 0)])
    await street.clock.advanceTo(STREET_START + 2 * HOUR)
  })

  afterEach(async () => street.stop())

  it('should withdraw offers and make no trade while the seller pauses, also after a restart', async () => {
    const [seller, buyer] = street.homes
    expect(await agreedSince(buyer, STREET_START)).to.not.be.empty()
    await seller.node.changeKnobs({ paused: true })
    await street.clock.advanceTo(STREET_START + 2 * HOUR + 60)
    expect(seller.node.book().flatMap(({ offers }) => offers)).to.deep.equal([])
    expect(buyer.node.book().flatMap(({ offers }) => offers)).to.deep.equal([])
    const restarted = await street.restart(0)
    expect(restarted.status().knobs.paused).to.be.true()
    await street.clock.advanceTo(STREET_START + 4 * HOUR)
    expect(await agreedSince(buyer, STREET_START + 3 * HOUR)).to.deep.equal([])
    expect(restarted.status().decisions[0].why).to.equal('Trades nothing because you have paused trading.')
    await restarted.changeKnobs({ paused: null })
    await street.clock.advanceTo(STREET_START + 5 * HOUR)
    expect(await agreedSince(buyer, STREET_START + 4 * HOUR)).to.not.be.empty()
  })

  it('should keep to prices that were changed while it runs', async () => {
    const [seller, buyer] = street.homes
    await seller.node.changeKnobs({ lowestSellingPrice: 22n * CENT })
    await buyer.node.changeKnobs({ highestBuyingPrice: 24n * CENT, reserve: '20%' })
    await street.clock.advanceTo(STREET_START + 4 * HOUR)
    const trades = await agreedSince(buyer, STREET_START + 3 * HOUR)
    expect(trades).to.not.be.empty()
    expect(trades.every(({ pricePerKwh }) => pricePerKwh >= 22n * CENT && pricePerKwh <= 24n * CENT)).to.be.true()
    expect(buyer.node.status().knobs).to.deep.equal({ highestBuyingPrice: 24n * CENT, lowestSellingPrice: undefined, reserve: '20%', neighboursOnly: false, paused: false })
  })

  it('should sell to nobody it is not connected to in the local network, when it wants neighbours only', async () => {
    const [seller, buyer] = street.homes
    await seller.node.changeKnobs({ neighboursOnly: true })
    await street.clock.advanceTo(STREET_START + 4 * HOUR)
    expect(await agreedSince(buyer, STREET_START + 3 * HOUR)).to.deep.equal([])
  })

  it('should buy from nobody else either', async () => {
    await street.homes[1].node.changeKnobs({ neighboursOnly: true })
    await street.clock.advanceTo(STREET_START + 4 * HOUR)
    expect(await agreedSince(street.homes[1], STREET_START + 3 * HOUR)).to.deep.equal([])
  })

  it('should keep with every trade and every period why', async () => {
    const [seller, buyer] = street.homes
    const [sold] = (await agreedSince(seller, STREET_START)).filter(({ isResidual }) => isResidual !== true)
    const [bought] = (await agreedSince(buyer, STREET_START)).filter(({ isResidual }) => isResidual !== true)
    expect(sold.why).to.match(/^Sold 0\.\d{3} kWh at 0\.\d{4} per kWh, above the supplier's 0\.0800 — expects 0\.500 kWh of surplus .*\.$/)
    expect(bought.why).to.match(/^Bought .* below the supplier's 0\.3000 — expects 0\.400 kWh of need .*\.$/)
    const decisions = await buyer.store.decisions(STREET_START + HOUR, STREET_START + 2 * HOUR)
    expect(decisions).to.have.lengthOf(4)
    expect(decisions.every(({ why }) => /; looks for .*0\.400 kWh/.test(why))).to.be.true()
  })
})

describe('neighbours only', () => {
  it('should trade with owners that are listed, wherever they are', async () => {
    const street = await startMemoryHomes([flatProfile(100, 600), flatProfile(400, 0)], {
      homeOf: (index) => ({ neighboursOnly: true, neighbours: [`0x${(0xa0 + 1 - index).toString(16).repeat(20)}`] })
    })
    await street.clock.advanceTo(STREET_START + 3 * HOUR)
    expect(await agreedSince(street.homes[1], STREET_START)).to.not.be.empty()
    await street.stop()
  })

  it('should tell addresses of the local network from others', () => {
    const local = ['/ip4/127.0.0.1/tcp/1', '/ip4/10.1.2.3/tcp/1/p2p/x', '/ip4/192.168.0.9/udp/1', '/ip4/172.31.0.1/tcp/1', '/ip4/169.254.1.1/tcp/1', '/ip6/::1/tcp/1', '/ip6/fd00:1::2/tcp/1', '/ip6/fe80::1/tcp/1', '/ip6zone/eth0/ip6/fe80::1/tcp/1']
    const remote = ['/ip4/8.8.8.8/tcp/1', '/ip4/172.32.0.1/tcp/1', '/ip4/100.64.0.1/tcp/1', '/ip6/2001:db8::1/tcp/1', '/dns4/example.org/tcp/1', '/ip4/192.168.0.9/tcp/1/p2p/x/p2p-circuit/p2p/y', '/memory/0x02']
    expect(local.filter((address) => !isLocal(address))).to.deep.equal([])
    expect(remote.filter(isLocal)).to.deep.equal([])
  })
})

describe('a home with a battery', () => {
  const battery = { storedWh: 5000, capacityWh: 6000, maxPowerW: 4000 }

  async function evening (home: Partial<Home>): Promise<MemoryStreetHomes> {
    const street = await startMemoryHomes([flatProfile(100, 0), flatProfile(400, 0)], {
      homeOf: (index) => index === 0 ? { reserve: '2kWh', ...home } : {},
      adapt: (index, { meter }) => index === 0 ? { meter: { ...meter, read: async (at) => ({ ...await meter.read(at), battery }) } } : {}
    })
    await street.clock.advanceTo(STREET_START + 2 * HOUR)
    return street
  }

  it('should be told what it could sell, and sell nothing by itself', async () => {
    const street = await evening({})
    const decision = (await street.homes[0].store.decisions(STREET_START + HOUR, STREET_START + 2 * HOUR))[0]
    expect(decision.advice).to.equal('The battery holds 5.000 kWh and you keep 2.000 kWh: it could give 0.900 kWh to neighbours in this period, for 0.1680 per kWh or more.')
    expect(decision.why).to.match(/of which the battery covers 0\.100 kWh; trades nothing/)
    expect(await agreedSince(street.homes[0], 0)).to.deep.equal([])
    await street.stop()
  })

  it('should sell what it holds above the reserve once its owner follows the advice, at a price worth it', async () => {
    const street = await evening({ sellsStored: true })
    const sold = await agreedSince(street.homes[0], 0)
    expect(sold).to.not.be.empty()
    expect(sold.every(({ pricePerKwh }) => pricePerKwh >= 168_000n)).to.be.true()
    expect(sold[0].why).to.match(/0\.900 kWh from the battery/)
    await street.stop()
  })
})

describe('tariff guard by period', () => {
  it('should let no home trade worse than its own tariff of that period', async () => {
    // for an hour the seller's supplier pays more than the buyer's charges
    const dear = { retail: 60n * CENT, feedIn: 40n * CENT }
    const plain = { retail: 30n * CENT, feedIn: 8n * CENT }
    const isDear = (periodStart: number): boolean => periodStart >= STREET_START + 2 * HOUR && periodStart < STREET_START + 3 * HOUR
    const street = await startMemoryHomes([flatProfile(100, 600), flatProfile(400, 0)], {
      homeOf: (index) => ({ tariff: index === 0 ? (periodStart) => isDear(periodStart) ? dear : plain : flatTariff(plain) })
    })
    await street.clock.advanceTo(STREET_START + 5 * HOUR)
    const trades = await agreedSince(street.homes[1], STREET_START)
    expect(trades.filter(({ periodStart }) => isDear(periodStart))).to.deep.equal([])
    expect(trades.filter(({ periodStart }) => periodStart >= STREET_START + 3 * HOUR)).to.not.be.empty()
    await street.stop()
  })

  it('should sign no sale at or below what the supplier pays by now, whatever was offered', async () => {
    let feedIn = 8n * CENT
    const street = await startMemoryHomes([flatProfile(100, 600)], { homeOf: () => ({ tariff: () => ({ retail: 30n * CENT, feedIn }) }) })
    await street.clock.advanceTo(STREET_START + 2 * HOUR)
    const neighbour = await street.neighbour(5)
    const [{ offers: [offer] }] = street.homes[0].node.book()
    const { id, order } = offer.entry.order
    const ask = async (tradeId: string): Promise<unknown> => neighbour.ask(street.homes[0], { kind: 'propose', tradeId: `0x${tradeId.repeat(32)}`, orderId: id, buyer: neighbour.owner, wh: 100, pricePerKwh: 29n * CENT })
    expect(order.quantity).to.be.above(100)
    expect(await ask('01')).to.include({ kind: 'decline', code: 'NO_TAB' })
    feedIn = 29n * CENT
    expect(await ask('02')).to.include({ kind: 'decline', code: 'PRICE_TOO_LOW' })
    await street.stop()
  })
})
