import { expect } from 'aegir/chai'
import { NewestOrders } from '../../src/market/newest-orders.ts'
import { anAccount, anOrder, NOON } from '../helpers/orders.ts'
import type { Order, VerifiedOrder } from '../../src/domain/order.ts'
import type { Hex } from '../../src/domain/units.ts'

let made = 0

function anEntry (fields: Partial<Order>): VerifiedOrder {
  return { order: { ...anOrder(), signer: anAccount(1), ...fields }, signature: '0x', id: `0x${(++made).toString(16).padStart(64, '0')}`, key: '0x' }
}

/** Readable in place of a hash: what it was made of. */
const newestOrders = (): NewestOrders => new NewestOrders((parts) => parts.join('+') as Hex)
const [ONE, TWO] = [anAccount(1), anAccount(2)]

describe('newest orders', () => {
  it('should have one digest for each signer, of its ids by period and side, whatever the order of arrival', () => {
    const newest = newestOrders()
    const [late, early, bid] = [anEntry({ periodStart: NOON + 900 }), anEntry({}), anEntry({ side: 'bid' })]
    const other = anEntry({ signer: TWO })
    for (const each of [other, late, bid, early]) {
      newest.add(each)
    }
    const digests = [{ signer: ONE, digest: `${early.id}+${bid.id}+${late.id}` }, { signer: TWO, digest: other.id }]
    expect(newest.digests(NOON)).to.deep.include({ digests, root: digests.map(({ signer, digest }) => `${signer}+${digest}`).join('+') })
    expect(newest.of(ONE, NOON)).to.deep.equal([early, bid, late])
  })

  it('should count an order for as long as it is told to, whatever its period', () => {
    const newest = new NewestOrders((parts) => parts.join('+') as Hex, ({ periodStart, quantity }) => quantity === 7 ? periodStart + 9000 : periodStart)
    const [lasting, passing] = [anEntry({ quantity: 7 }), anEntry({ periodStart: NOON + 900 })]
    newest.add(lasting)
    newest.add(passing)
    expect(newest.of(ONE, NOON + 1800)).to.deep.equal([lasting])
    newest.forgetBefore(NOON + 1800)
    expect(newest.of(ONE, NOON)).to.deep.equal([lasting])
    newest.forgetBefore(NOON + 9001)
    expect(newest.of(ONE, NOON)).to.deep.equal([])
    expect(newest.digests(NOON).digests).to.deep.equal([])
  })

  it('should keep the newest revision only, and an order that was withdrawn', () => {
    const newest = newestOrders()
    newest.add(anEntry({ revision: 1 }))
    newest.digests(NOON)
    const withdrawn = anEntry({ revision: 2, quantity: 0 })
    newest.add(withdrawn)
    expect(newest.of(ONE, NOON)).to.deep.equal([withdrawn])
    expect(newest.at(withdrawn.order)).to.equal(withdrawn)
    expect(newest.digest(ONE, NOON)).to.equal(withdrawn.id)
    expect(newest.digests(NOON).root).to.equal(`${ONE}+${withdrawn.id}`)
  })

  it('should count only what is from a period on', () => {
    const newest = newestOrders()
    const [past, coming] = [anEntry({}), anEntry({ periodStart: NOON + 900 })]
    newest.add(past)
    newest.add(coming)
    expect(newest.digest(ONE, NOON)).to.equal(`${past.id}+${coming.id}`)
    expect(newest.digest(ONE, NOON + 900)).to.equal(coming.id)
    expect(newest.digest(ONE, NOON + 1800)).to.equal(undefined)
    expect(newest.digests(NOON + 1800)).to.deep.include({ digests: [], root: '' })
  })

  it('should forget the past, and signers with it', () => {
    const newest = newestOrders()
    const coming = anEntry({ periodStart: NOON + 900, signer: TWO })
    newest.add(anEntry({}))
    newest.add(coming)
    newest.forgetBefore(NOON)
    expect(newest.digests(NOON).digests).to.have.lengthOf(2)
    newest.forgetBefore(NOON + 1)
    expect(newest.digests(NOON).digests).to.deep.equal([{ signer: TWO, digest: coming.id }])
    newest.forgetBefore(NOON + 901)
    expect(newest.digests(NOON).digests).to.deep.equal([])
    newest.add(anEntry({}))
    expect(newest.digests(NOON).digests).to.have.lengthOf(1)
  })

  it('should know nothing of a signer it never heard of', () => {
    expect(newestOrders().digest(ONE, NOON)).to.equal(undefined)
    expect(newestOrders().of(ONE, NOON)).to.deep.equal([])
    expect(newestOrders().at(anOrder())).to.equal(undefined)
  })
})
