import { expect } from 'aegir/chai'
import { gateClosure } from '../../src/domain/period.ts'
import { flatProfile, startMemoryHomes, STREET_START, TEST_RULES } from '../helpers/street.ts'
import type { MemoryHomesInit, MemoryStreetHomes } from '../helpers/street.ts'

const PERIOD = TEST_RULES.periodSec
const SELLERS = [flatProfile(0, 500), flatProfile(0, 600), flatProfile(0, 700)]

describe('books in step', () => {
  let street: MemoryStreetHomes | undefined

  afterEach(async () => {
    await street?.stop()
    street = undefined
  })

  /** Three homes that only sell, some minutes after they have made their first offers. */
  async function sellers (options: MemoryHomesInit = {}): Promise<MemoryStreetHomes> {
    street = await startMemoryHomes(SELLERS, options)
    await street.clock.advanceTo(STREET_START + 2 * PERIOD + 300)
    return street
  }

  function openOf ({ homes }: MemoryStreetHomes): string[][] {
    return homes.map(({ node }) => node.book().flatMap(({ offers }) => offers.map(({ entry }) => entry.order.id)).sort())
  }

  it('should fill the book of a node that starts again, before anything new is gossiped', async () => {
    const street = await sellers()
    const [before] = openOf(street)
    expect(before).to.not.be.empty()
    await street.restart(0)
    await street.clock.advanceTo(street.clock.now() + 1)
    expect(openOf(street)[0]).to.deep.equal(before)
  })

  it('should bring what gossip lost, before the gate closes', async () => {
    let isDeaf = false
    const street = await sellers({
      adapt: (index, { network }) => index !== 0
        ? {}
        : { network: { ...network, start: async (handlers) => network.start({ ...handlers, onOrder: async (order) => isDeaf ? { result: 'ignore', code: 'OWN_FAULT' } : handlers.onOrder(order) }) } }
    })
    isDeaf = true
    await street.clock.advanceTo(STREET_START + 3 * PERIOD + 60)
    const [deaf, hearing] = openOf(street)
    expect(deaf.length).to.be.lessThan(hearing.length)
    await street.clock.advanceTo(gateClosure(STREET_START + 4 * PERIOD, TEST_RULES) - 60)
    const [healed, now] = openOf(street)
    expect(healed).to.deep.equal(now)
    expect(street.homes[0].node.status().divergence).to.have.property('share', 0)
  })

  it('should tell how far books are apart: nothing before a comparison, and zero once they agree', async () => {
    const street = await sellers()
    for (const { node } of street.homes) {
      const { share, neighbours } = node.status().divergence
      expect(share).to.equal(0)
      expect(neighbours).to.have.lengthOf(2)
      expect(neighbours.every(({ offers, differing }) => offers > 0 && differing === 0)).to.equal(true)
    }
    await street.stop()
    expect(street.homes[0].node.status().divergence).to.deep.equal({ share: undefined, neighbours: [] })
  })

  it('should make a sold-out offer vanish at a home that was away when it sold, and at one that starts later', async () => {
    let away: string | undefined
    const street = await sellers({ network: { isLinked: (from, to) => from !== away && to !== away } })
    const [, maker, third] = street.homes
    const [{ periodStart, offers }] = maker.node.book()
    const isFrom = (index: number): boolean => street.homes[index].node.book()[0].offers.some(({ entry }) => entry.order.order.signer === maker.signer.address)
    const [offer] = offers.map(({ entry }) => entry.order.order).filter(({ signer }) => signer === maker.signer.address)
    const order = { ...offer, quantity: 0, revision: offer.revision + 1 }
    const stranger = await street.neighbour(5)
    away = third.signer.key
    await stranger.publish({ order, signature: maker.signer.signOrder(order) })
    await street.clock.advanceTo(street.clock.now() + 60)
    expect([0, 1, 2].map(isFrom)).to.deep.equal([false, false, true])
    // nobody connects again: the comparison before the gate is what heals
    away = undefined
    await street.clock.advanceTo(gateClosure(periodStart, TEST_RULES) - 60)
    expect([0, 1, 2].map(isFrom)).to.deep.equal([false, false, false])
    await street.restart(0)
    await street.clock.advanceTo(street.clock.now() + 1)
    expect(street.homes[0].node.book()[0].offers).to.have.lengthOf(2)
    expect(isFrom(0)).to.equal(false)
  })
})
