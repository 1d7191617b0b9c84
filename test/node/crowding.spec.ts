import { expect } from 'aegir/chai'
import { exportMeterId, orderId, rulesDigest, tradeRef } from '../../src/signing/digests.ts'
import { createLocalSigner } from '../../src/signing/local-signer.ts'
import { CENT, ESCROW, STREET_START, TEST_RULES, flatProfile, startMemoryHomes } from '../helpers/street.ts'
import { inState, tradesOf } from './street-checks.ts'
import type { Order } from '../../src/domain/order.ts'
import type { TradeAnswer } from '../../src/domain/trade-message.ts'
import type { Account, Hex } from '../../src/domain/units.ts'

const HOUR = 3600
const AT = { chainId: TEST_RULES.chainId, escrow: ESCROW }
const rules = rulesDigest(TEST_RULES)

function cheapOrder (maker: Account, signer: Account, period: number): Order {
  return { side: 'offer', rules, maker, signer, periodStart: STREET_START + period * 900, quantity: 5000, minFill: 10, revision: 1, schedule: [{ at: 0, price: 81n * CENT / 10n }] }
}

describe('a home whose neighbours are crowded out', () => {
  it('should buy although a hundred makers that nobody registered offer for less', async () => {
    const street = await startMemoryHomes([flatProfile(100, 600), flatProfile(500, 0)], { home: { tradeUntil: STREET_START + 3 * HOUR } })
    const flooder = await street.neighbour(5)
    for (let number = 0; number < 100; number++) {
      const signer = createLocalSigner(`0x${(number + 0x1000).toString(16).padStart(64, '0')}` as Hex, AT)
      for (let period = 1; period <= 6; period++) {
        const order = cheapOrder(signer.address, signer.address, period)
        await flooder.publish({ order, signature: signer.signOrder(order) })
      }
    }
    expect(street.homes[1].node.book()[0].offers.length).to.be.at.least(100)
    await street.clock.advanceTo(STREET_START + 2 * HOUR)
    expect(inState(await tradesOf(street.homes[1]), 'agreed', 'delivered', 'receipted', 'settled').length).to.be.at.least(3)
    await street.stop()
  })

  it('should hold its offer twice for a buyer that never confirms, and then tell it that it is busy, until the next period', async () => {
    const street = await startMemoryHomes([flatProfile(100, 600)], { home: { unsecuredCredit: 5_000_000n } })
    const [seller] = street.homes
    const taker = await street.neighbour(5)
    let proposals = 0
    const propose = async (period: number): Promise<TradeAnswer> => {
      const signed = taker.heard.filter(({ order }) => order.periodStart === STREET_START + period * 900 && order.quantity > 0).at(-1)
      const offer = seller.node.book().flatMap(({ offers }) => offers).find(({ entry }) => entry.order.signature === signed?.signature)
      if (offer == null) {
        throw new Error('the seller has no such offer')
      }
      const answer = await taker.ask(seller, {
        kind: 'propose', tradeId: `0x${(++proposals).toString(16).padStart(64, '0')}`, orderId: offer.entry.order.id, buyer: taker.owner, wh: 100, pricePerKwh: 29n * CENT
      })
      await street.clock.advanceTo(street.clock.now() + 60)
      return answer
    }
    await street.clock.advanceTo(STREET_START + 910)
    const kinds: string[] = []
    for (let i = 0; i < 4; i++) {
      const answer = await propose(2)
      kinds.push(answer.kind === 'decline' ? answer.code : answer.kind)
    }
    expect(kinds).to.deep.equal(['accept', 'accept', 'BUSY', 'BUSY'])
    expect((await propose(3)).kind).to.equal('accept')
    await street.stop()
  })

  it('should buy nothing more of a seller that accepted and never answered the confirmation, and go on with the others', async () => {
    const street = await startMemoryHomes([flatProfile(100, 600), flatProfile(500, 0)], { home: { tradeUntil: STREET_START + 6 * HOUR } })
    const liar = await street.neighbour(5)
    let accepted = 0
    const starts = new Map<string, number>()
    liar.answer = async (request) => {
      if (request.kind === 'receipt') {
        return { ...request, signature: liar.signer.signReceipt(request.receipt) }
      }
      if (request.kind !== 'propose') {
        throw new Error('gone')
      }
      accepted++
      const slot = (starts.get(request.orderId) ?? 0) / 900
      const terms = {
        buyer: request.buyer,
        seller: liar.owner,
        slot,
        seq: 1,
        wh: request.wh,
        pricePerKwh: request.pricePerKwh,
        attester: liar.signer.address,
        meter: exportMeterId({ attester: liar.signer.address }),
        claimBy: slot * 900 + 900,
        ref: tradeRef(request.orderId, request.tradeId)
      }
      return { kind: 'accept', tradeId: request.tradeId, terms, signature: liar.signer.signTrade(terms), validUntil: street.clock.now() + 60 }
    }
    for (let period = 1; period <= 12; period++) {
      await street.clock.advanceTo(STREET_START + (period - 1) * 900)
      const order = cheapOrder(liar.owner, liar.signer.address, period + 1)
      starts.set(orderId(order, AT), order.periodStart)
      await liar.publish({ order, signature: liar.signer.signOrder(order) })
    }
    await street.clock.advanceTo(STREET_START + 3 * HOUR)
    expect(accepted).to.equal(1)
    const bought = (await tradesOf(street.homes[1])).filter(({ partner, state }) => partner === street.homes[0].owner && state !== 'expired' && state !== 'declined')
    expect(bought.length).to.be.at.least(6)
    await street.stop()
  })
})
