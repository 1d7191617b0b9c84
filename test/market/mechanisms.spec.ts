import { expect } from 'aegir/chai'
import { draw } from '../../src/agent/draws.ts'
import { DEFAULT_MARKET_RULES } from '../../src/domain/market-rules.ts'
import { continuous } from '../../src/market/mechanisms/continuous.ts'
import { mechanisms } from '../../src/market/mechanisms/index.ts'
import { mechanismCompliance } from '../compliance/mechanism.ts'
import { aVerifiedOrder, PERIOD } from '../helpers/builders.ts'
import { hexOf } from '../helpers/records.ts'
import type { Choice } from '../../src/market/mechanism.ts'
import type { PricedOffer } from '../../src/market/order-book.ts'

function offer (number: number, price: bigint, remaining: number): PricedOffer {
  return { price, entry: { order: aVerifiedOrder({ signer: hexOf(20, number), quantity: 2000 }), remaining, arrival: number } }
}

function choose (fields: Partial<Choice> = {}): Choice {
  return { minTradeWh: 10, tolerance: 2n, random: () => 0, ...fields }
}

const want = { periodStart: PERIOD, wh: 500, limit: 20n }

describe('mechanisms', () => {
  it('should include the one of the default market rules, each name once', () => {
    const names = mechanisms.map(({ name }) => name)
    expect(names).to.include(DEFAULT_MARKET_RULES.mechanism)
    expect(new Set(names).size).to.equal(names.length)
  })

  for (const mechanism of mechanisms) {
    describe(mechanism.name, () => { mechanismCompliance(mechanism) })
  }
})

describe('continuous market', () => {
  it('should consider only offers near the best one', () => {
    const offers = [offer(1, 10n, 100), offer(2, 12n, 100), offer(3, 13n, 100_000)]
    const chosen = new Set<number>()
    for (let count = 0; count < 100; count++) {
      chosen.add(continuous.match(offers, want, choose({ random: () => draw(1, count) }))?.entry.arrival ?? 0)
    }
    expect([...chosen].sort()).to.deep.equal([1, 2])
  })

  it('should count as best the best offer that can be taken', () => {
    const large = { ...offer(1, 5n, 2000), entry: { ...offer(1, 5n, 2000).entry, order: aVerifiedOrder({ minFill: 600 }) } }
    expect(continuous.match([large, offer(2, 10n, 100)], want, choose())?.entry.arrival).to.equal(2)
  })

  it('should choose by the energy that is left', () => {
    const offers = [offer(1, 10n, 300), offer(2, 11n, 900)]
    let first = 0
    for (let count = 0; count < 4000; count++) {
      first += continuous.match(offers, want, choose({ random: () => draw(7, count) }))?.entry.arrival === 1 ? 1 : 0
    }
    expect(first / 4000).to.be.within(0.22, 0.28)
  })

  it('should take the mark of the draw exactly', () => {
    const offers = [offer(1, 10n, 300), offer(2, 11n, 900)]
    const at = (random: number): number | undefined => continuous.match(offers, want, choose({ random: () => random }))?.entry.arrival
    expect([0, 299 / 1200, 0.25, 1 - 2 ** -32].map(at)).to.deep.equal([1, 1, 2, 2])
  })

  it('should prefer a neighbour it already has a tab with, but not at any price', () => {
    const offers = [offer(1, 10n, 900), offer(2, 12n, 50), offer(3, 13n, 900)]
    const with2 = choose({ isPreferred: ({ arrival }) => arrival === 2 })
    const with3 = choose({ isPreferred: ({ arrival }) => arrival === 3 })
    expect(continuous.match(offers, want, with2)).to.deep.equal({ entry: offers[1].entry, wh: 50, price: 12n })
    expect(continuous.match(offers, want, with3)?.entry.arrival).to.equal(1)
  })

  it('should pass over an offer it cannot pay for', () => {
    const offers = [offer(1, 10n, 900), offer(2, 11n, 900)]
    const choice = choose({ affordableWh: ({ arrival }) => arrival === 1 ? 9 : 40 })
    expect(continuous.match(offers, want, choice)).to.deep.equal({ entry: offers[1].entry, wh: 40, price: 11n })
  })

  it('should buy nothing above its limit or below the smallest trade', () => {
    expect(continuous.match([offer(1, 21n, 900)], want, choose())).to.be.undefined()
    expect(continuous.match([offer(1, 20n, 900)], { ...want, wh: 9 }, choose())).to.be.undefined()
    expect(continuous.match([], want, choose())).to.be.undefined()
  })
})
