import { expect } from 'aegir/chai'
import { priceAt } from '../../src/domain/order.ts'
import { orderId, rulesDigest } from '../../src/signing/digests.ts'
import { memoryBook } from '../helpers/members.ts'
import { hexOf } from '../helpers/records.ts'
import { flatProfile, startMemoryHomes, STREET_START, TEST_RULES } from '../helpers/street.ts'
import { inState, tradesOf } from './street-checks.ts'
import type { SignedOrder } from '../../src/domain/order.ts'
import type { TradeAnswer } from '../../src/domain/trade-message.ts'
import type { Account } from '../../src/domain/units.ts'
import type { MemoryBook } from '../helpers/members.ts'
import type { MemoryHome, MemoryStreetHomes, Neighbour } from '../helpers/street.ts'

const HOUR = 3600
const RULES = { ...TEST_RULES, meterBook: hexOf(20, 0xbb) }

describe('a street with a meter book', () => {
  let book: MemoryBook
  let street: MemoryStreetHomes

  /** A seller, a buyer, and somebody who says what he likes. */
  beforeEach(async () => {
    book = memoryBook()
    street = await startMemoryHomes([flatProfile(100, 500), flatProfile(400, 0)], { rules: RULES, membership: book })
  })
  afterEach(async () => street.stop())

  const admit = (owner: Account, meter: Account, until = Number.MAX_SAFE_INTEGER): void => {
    book.seats.set(owner, { home: owner, meter, from: 0, until })
  }
  const admitHome = ({ owner, signer }: MemoryHome): void => { admit(owner, signer.address) }
  const agreed = async (home: MemoryHome): Promise<number> => inState(await tradesOf(home), 'agreed', 'delivered', 'receipted', 'settled').length

  it('should trade among members as any street does', async () => {
    street.homes.forEach(admitHome)
    await street.clock.advanceTo(STREET_START + 3 * HOUR)
    expect(await agreed(street.homes[1])).to.be.greaterThan(0)
    expect(street.homes.map(({ node }) => node.status().community?.standing)).to.deep.equal(['member', 'member'])
  })

  it('should neither offer nor buy for a home that is no member', async () => {
    const listener = await street.neighbour(9)
    admitHome(street.homes[1])
    await street.clock.advanceTo(STREET_START + 2 * HOUR)
    expect(listener.heard).to.deep.equal([])
    book.seats.clear()
    admitHome(street.homes[0])
    await street.clock.advanceTo(STREET_START + 4 * HOUR)
    expect(listener.heard).to.not.be.empty()
    expect(await tradesOf(street.homes[1])).to.deep.equal([])
    expect(street.homes.map(({ node }) => node.status().community?.standing)).to.deep.equal(['member', 'outsider'])
    expect(street.homes.map(({ node }) => node.status().pausedBy)).to.deep.equal([undefined, 'community'])
  })

  it('should stop buying from a home that was put out, offers in the book or not', async () => {
    street.homes.forEach(admitHome)
    await street.clock.advanceTo(STREET_START + 3 * HOUR)
    const before = (await tradesOf(street.homes[1])).length
    expect(street.homes[1].node.book().flatMap(({ offers }) => offers)).to.not.be.empty()
    book.seats.delete(street.homes[0].owner)
    await street.clock.advanceTo(STREET_START + 5 * HOUR)
    expect((await tradesOf(street.homes[1])).length).to.equal(before)
  })

  it('should end a membership with its validity, without a look at the chain', async () => {
    admitHome(street.homes[0])
    admit(street.homes[1].owner, street.homes[1].signer.address, STREET_START + 3 * HOUR)
    await street.clock.advanceTo(STREET_START + 3 * HOUR)
    expect(street.homes[1].node.status().community?.standing).to.equal('outsider')
    const before = (await tradesOf(street.homes[1])).length
    await street.clock.advanceTo(STREET_START + 5 * HOUR)
    expect((await tradesOf(street.homes[1])).length).to.equal(before)
    expect(before).to.be.greaterThan(0)
  })

  it('should keep the members it knows while the book cannot be read, and say so', async () => {
    street.homes.forEach(admitHome)
    book.problem = 'the chain did not answer'
    await street.clock.advanceTo(STREET_START + 3 * HOUR)
    expect(await agreed(street.homes[1])).to.be.greaterThan(0)
    expect(street.homes[0].node.status().community).to.deep.include({ seats: 2, problem: 'the chain did not answer' })
  })

  describe('and a stranger', () => {
    let stranger: Neighbour

    beforeEach(async () => {
      stranger = await street.neighbour(9)
      street.homes.forEach(admitHome)
      await street.clock.advanceTo(STREET_START + 1000)
    })

    async function propose (number: number): Promise<TradeAnswer> {
      const signed = stranger.heard.filter(({ order }) => order.periodStart === STREET_START + 2700).at(-1) as SignedOrder
      const elapsed = street.clock.now() - (signed.order.periodStart - RULES.windowSec)
      return stranger.ask(street.homes[0], {
        kind: 'propose', tradeId: hexOf(32, number), orderId: orderId(signed.order, RULES), buyer: stranger.owner, wh: 100, pricePerKwh: priceAt(signed.order.schedule, elapsed)
      })
    }

    it('should decline its proposal until it is a member', async () => {
      expect(await propose(1)).to.include({ kind: 'decline', code: 'NOT_MEMBER' })
      admit(stranger.owner, stranger.signer.address)
      expect(await propose(2)).to.include({ kind: 'decline', code: 'NO_TAB' })
    })

    /** An offer cheaper than any other, which a buyer takes as soon as it counts. */
    function offer (revision: number): SignedOrder {
      const order = {
        side: 'offer' as const,
        rules: rulesDigest(RULES),
        maker: stranger.owner,
        signer: stranger.signer.address,
        periodStart: STREET_START + 2700,
        quantity: 1000,
        minFill: 10,
        revision,
        schedule: [{ at: 0, price: 90_000n }]
      }
      return { order, signature: stranger.signer.signOrder(order) }
    }

    it('should ignore its orders until it is a member', async () => {
      const makers = (): string[] => street.homes[1].node.book().flatMap(({ offers }) => offers.map(({ entry }) => entry.order.order.maker))
      await stranger.publish(offer(1))
      expect(makers()).to.not.include(stranger.owner)
      admit(stranger.owner, stranger.signer.address)
      await stranger.publish(offer(2))
      expect(makers()).to.include(stranger.owner)
    })
  })

  it('should buy only from a seller that is attested by the meter key in the book', async () => {
    const [seller, buyer] = street.homes
    admitHome(buyer)
    admit(seller.owner, hexOf(20, 0x77))
    await street.clock.advanceTo(STREET_START + 3 * HOUR)
    expect(seller.node.status().community?.standing).to.equal('other-meter')
    const trades = await tradesOf(buyer)
    expect(trades).to.not.be.empty()
    // a seller whose acceptances lapse again and again is busy for that buyer
    expect(new Set(trades.map(({ state, reason }) => `${state} ${reason}`))).to.deep.equal(new Set(['declined the attester is not the seller\'s meter key in the meter book', 'declined BUSY']))
    admitHome(seller)
    await street.clock.advanceTo(STREET_START + 6 * HOUR)
    const [bought] = inState(await tradesOf(buyer), 'agreed', 'delivered', 'receipted', 'settled')
    expect(bought.terms?.attester).to.equal(seller.signer.address)
  })
})
