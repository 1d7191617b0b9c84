import { expect } from 'aegir/chai'
import { priceAt } from '../../src/domain/order.ts'
import { position, slotOf, SLOT_SEC } from '../../src/domain/period.ts'
import { orderId, rulesDigest, tradeRef } from '../../src/signing/digests.ts'
import { isReceiptSignedBy, isTradeSignedBy } from '../../src/signing/verify.ts'
import { hexOf } from '../helpers/records.ts'
import { flatProfile, startMemoryHomes, STREET_START, TEST_RULES } from '../helpers/street.ts'
import { inState, tradesOf } from './street-checks.ts'
import type { Order, VerifiedOrder } from '../../src/domain/order.ts'
import type { ChainTab, Receipt } from '../../src/domain/receipt.ts'
import type { Accept, Propose, TradeAnswer, TradeRequest } from '../../src/domain/trade-message.ts'
import type { Trade, TradeTerms } from '../../src/domain/trade.ts'
import type { Signer } from '../../src/ports/signer.ts'
import type { Store } from '../../src/ports/store.ts'
import type { MemoryHome, MemoryHomesInit, MemoryStreetHomes, Neighbour } from '../helpers/street.ts'

const AT = { chainId: TEST_RULES.chainId, escrow: TEST_RULES.escrow }
const DAY = 86_400
/** The seller knows its surplus of 400 Wh a quarter of an hour after the start and offers it for the next two periods. */
const OFFERED_AT = STREET_START + 1000
const PERIOD = STREET_START + 2700

class Scene {
  readonly street: MemoryStreetHomes
  readonly buyer: Neighbour

  constructor (street: MemoryStreetHomes, buyer: Neighbour) {
    this.street = street
    this.buyer = buyer
  }

  get home (): MemoryHome {
    return this.street.homes[0]
  }

  get now (): number {
    return this.street.clock.now()
  }

  /** The newest offer of the period that reached the neighbour. */
  get offer (): VerifiedOrder {
    const signed = this.buyer.heard.filter(({ order }) => order.periodStart === PERIOD).at(-1)
    if (signed == null) {
      throw new Error('no offer was heard')
    }
    return { ...signed, id: orderId(signed.order, AT), key: this.home.signer.key }
  }

  priceOf (order: Order): bigint {
    return priceAt(order.schedule, this.now - (order.periodStart - TEST_RULES.windowSec))
  }

  async ask (request: TradeRequest): Promise<TradeAnswer> {
    return this.buyer.ask(this.home, request)
  }

  proposal (number: number, fields: Partial<Propose> = {}): Propose {
    return { kind: 'propose', tradeId: hexOf(32, number), orderId: this.offer.id, buyer: this.buyer.owner, wh: 100, pricePerKwh: this.priceOf(this.offer.order), ...fields }
  }

  async accepted (number: number, fields: Partial<Propose> = {}): Promise<Accept> {
    const answer = await this.ask(this.proposal(number, fields))
    if (answer.kind !== 'accept') {
      throw new Error(`not accepted: ${JSON.stringify(answer)}`)
    }
    return answer
  }

  async agreed (number: number, fields: Partial<Propose> = {}): Promise<TradeTerms> {
    const { terms } = await this.accepted(number, fields)
    expect(await this.confirm(number, terms)).to.deep.equal({ kind: 'status', tradeId: hexOf(32, number), state: 'agreed' })
    return terms
  }

  async confirm (number: number, terms: TradeTerms): Promise<TradeAnswer> {
    return this.ask({ kind: 'confirm', tradeId: hexOf(32, number), signature: this.buyer.signer.signTrade(terms) })
  }

  receipt (fields: Partial<Receipt> = {}): Receipt {
    return {
      buyer: this.buyer.owner,
      seller: this.home.owner,
      through: position(slotOf(this.now) - 1, 0),
      total: 0n,
      cap: 5_000_000n,
      expiry: slotOf(this.now + 5 * DAY),
      ...fields
    }
  }

  async pay (fields: Partial<Receipt> = {}): Promise<TradeAnswer> {
    const receipt = this.receipt(fields)
    return this.ask({ kind: 'receipt', receipt, signature: this.buyer.signer.signReceipt(receipt) })
  }

  async openTab (fields: Partial<Receipt> = {}): Promise<void> {
    const receipt = this.receipt(fields)
    const answer = await this.pay(fields)
    if (answer.kind !== 'receipt') {
      throw new Error(`no tab: ${JSON.stringify(answer)}`)
    }
    await this.buyer.settlement.settle([{ receipt, buyerSignature: this.buyer.signer.signReceipt(receipt), sellerSignature: answer.signature }])
    await this.street.clock.advanceTo(this.now)
  }
}

function expectDecline (answer: TradeAnswer, code: string): void {
  expect(answer).to.include({ kind: 'decline', code })
}

describe('answers to a neighbour', () => {
  let scene: Scene

  async function start ({ hasTab = true, pvWh = 500, ...init }: MemoryHomesInit & { hasTab?: boolean, pvWh?: number } = {}): Promise<void> {
    const street = await startMemoryHomes([flatProfile(100, pvWh)], init)
    scene = new Scene(street, await street.neighbour(5))
    await street.clock.advanceTo(OFFERED_AT)
    if (hasTab) {
      await scene.openTab()
    }
  }

  afterEach(async () => scene.street.stop())

  describe('to a proposal', () => {
    it('should accept it with terms that bind, for no more than is left', async () => {
      await start()
      const { terms, signature, validUntil } = await scene.accepted(1, { wh: 900 })
      expect(terms).to.include({ buyer: scene.buyer.owner, seller: scene.home.owner, slot: PERIOD / SLOT_SEC, seq: 1, wh: 400, attester: scene.home.signer.address })
      expect(isTradeSignedBy(scene.home.signer.key, terms, { signature, at: AT })).to.equal(true)
      expect(validUntil).to.equal(scene.now + TEST_RULES.confirmSec)
    })

    it('should answer the same proposal with the same ACCEPT, also after a restart', async () => {
      await start()
      const first = await scene.accepted(1)
      expect(await scene.accepted(1)).to.deep.equal(first)
      expect(await scene.accepted(1, { wh: 300 })).to.deep.equal(first)
      await scene.street.restart(0)
      expect(await scene.accepted(1)).to.deep.equal(first)
      expect((await tradesOf(scene.home)).length).to.equal(1)
    })

    it('should number the trades of one slot, and never give a number twice', async () => {
      await start()
      expect((await scene.agreed(1)).seq).to.equal(1)
      expect((await scene.accepted(2)).terms.seq).to.equal(2)
      await scene.street.clock.advanceTo(scene.now + 120)
      expect((await scene.accepted(3)).terms.seq).to.equal(3)
    })

    it('should be UNKNOWN_ORDER for an order that is not ours or not the newest', async () => {
      await start()
      expectDecline(await scene.ask(scene.proposal(1, { orderId: hexOf(32, 9) })), 'UNKNOWN_ORDER')
      const old = scene.offer.id
      await scene.agreed(1, { wh: 400 })
      expect(scene.offer.order.quantity).to.equal(0)
      expectDecline(await scene.ask(scene.proposal(2, { orderId: old })), 'UNKNOWN_ORDER')
    })

    it('should be SOLD_OUT when all is held or sold', async () => {
      await start()
      const proposal = scene.proposal(2)
      await scene.accepted(1, { wh: 395 })
      expectDecline(await scene.ask(proposal), 'SOLD_OUT')
      await scene.street.clock.advanceTo(scene.now + 20)
      expect((await scene.ask(proposal)).kind).to.equal('accept')
    })

    it('should be GATE_CLOSED from the gate on, and for a trade that ran out', async () => {
      await start({ rules: { ...TEST_RULES, gateClosureSec: 300 } })
      const proposal = scene.proposal(1)
      await scene.accepted(2)
      await scene.street.clock.advanceTo(PERIOD - 301)
      expect((await scene.ask({ ...proposal, tradeId: hexOf(32, 3) })).kind).to.equal('accept')
      await scene.street.clock.advanceTo(PERIOD - 300)
      expectDecline(await scene.ask(proposal), 'GATE_CLOSED')
      expectDecline(await scene.ask({ ...proposal, tradeId: hexOf(32, 2) }), 'GATE_CLOSED')
    })

    it('should be PRICE_TOO_LOW below the schedule, with some patience for clocks', async () => {
      await start()
      const { order } = scene.offer
      const soon = priceAt(order.schedule, scene.now + TEST_RULES.clockToleranceSec - (PERIOD - TEST_RULES.windowSec))
      expect(soon < scene.priceOf(order)).to.equal(true)
      expectDecline(await scene.ask(scene.proposal(1, { pricePerKwh: soon - 1n })), 'PRICE_TOO_LOW')
      expect((await scene.accepted(1, { pricePerKwh: soon })).terms.pricePerKwh).to.equal(soon)
    })

    it('should be TOO_SMALL below the smallest trade', async () => {
      await start()
      expectDecline(await scene.ask(scene.proposal(1, { wh: TEST_RULES.minTradeWh - 1 })), 'TOO_SMALL')
      expect((await scene.accepted(1, { wh: TEST_RULES.minTradeWh })).terms.wh).to.equal(TEST_RULES.minTradeWh)
    })

    it('should be NO_TAB without a tab, or with one that is used up or ends too soon', async () => {
      await start({ hasTab: false })
      expectDecline(await scene.ask(scene.proposal(1)), 'NO_TAB')
      const price = scene.priceOf(scene.offer.order)
      await scene.openTab({ cap: price / 10n, expiry: slotOf(PERIOD + 900 + 2 * DAY) })
      const { terms } = await scene.accepted(2, { wh: 90 })
      expect(terms.wh).to.equal(90)
      expect((await scene.accepted(3, { wh: 90 })).terms.wh).to.equal(10)
      expectDecline(await scene.ask(scene.proposal(4)), 'NO_TAB')
    })

    it('should be NO_TAB with a tab that does not outlive the period by two days', async () => {
      await start({ hasTab: false })
      await scene.openTab({ expiry: slotOf(PERIOD + 900 + 2 * DAY) - 1 })
      expectDecline(await scene.ask(scene.proposal(1)), 'NO_TAB')
    })

    it('should trust a stranger with the credit of the house, once', async () => {
      await start({ hasTab: false, home: { unsecuredCredit: 20_000n } })
      const first = await scene.agreed(1, { wh: 400 })
      expect(first.wh).to.equal(Number(20_000n * 1000n / first.pricePerKwh))
      expect(first.claimBy).to.be.above(PERIOD)
      expectDecline(await scene.ask(scene.proposal(2)), 'NO_TAB')
    })

    it('should be KEY_NOT_REGISTERED for a key that is not the owner\'s or ends before the period', async () => {
      await start()
      expectDecline(await scene.ask(scene.proposal(1, { buyer: hexOf(20, 0x77) })), 'KEY_NOT_REGISTERED')
      const short = await scene.street.neighbour(6, { keyUntil: PERIOD + 899 })
      expectDecline(await short.ask(scene.home, scene.proposal(2, { buyer: short.owner })), 'KEY_NOT_REGISTERED')
      // the owner puts it right, and the home hears of it from the chain
      await scene.street.escrow.owner(short.owner).setKey(short.signer.address, PERIOD + 900, 1n)
      expectDecline(await short.ask(scene.home, scene.proposal(2, { buyer: short.owner })), 'NO_TAB')
    })

    it('should be SELF_TRADE for its own owner', async () => {
      await start()
      expectDecline(await scene.ask(scene.proposal(1, { buyer: scene.home.owner })), 'SELF_TRADE')
    })

    it('should be UNKNOWN_TRADE for another\'s trade', async () => {
      await start()
      const { terms } = await scene.accepted(1)
      const other = await scene.street.neighbour(6)
      expectDecline(await other.ask(scene.home, scene.proposal(1, { buyer: other.owner })), 'UNKNOWN_TRADE')
      expectDecline(await other.ask(scene.home, { kind: 'status-query', tradeId: hexOf(32, 1) }), 'UNKNOWN_TRADE')
      expectDecline(await other.ask(scene.home, { kind: 'confirm', tradeId: hexOf(32, 1), signature: other.signer.signTrade(terms) }), 'UNKNOWN_TRADE')
    })

    it('should be BUSY after so many trades of the pair in one slot that a message could not hold them', async () => {
      await start({ pvWh: 900 })
      for (let number = 1; number <= 64; number++) {
        await scene.agreed(number, { wh: 10 })
      }
      expectDecline(await scene.ask(scene.proposal(65, { wh: 10 })), 'BUSY')
    })

    it('should not oversell to many who ask at once, however slow the disk', async () => {
      const slow = (store: Store): Store => ({
        ...store,
        async commit (batch) {
          for (let turn = 0; turn < 3; turn++) {
            await new Promise((resolve) => setImmediate(resolve))
          }
          await store.commit(batch)
        }
      })
      await start({ adapt: (_, { store }) => ({ store: slow(store) }), hasTab: false })
      const buyers = [scene.buyer, await scene.street.neighbour(6), await scene.street.neighbour(7)]
      for (const buyer of buyers) {
        await new Scene(scene.street, buyer).openTab()
      }
      const { id, order } = scene.offer
      const answers = await Promise.all([1, 2, 3, 4, 5, 6, 7, 8, 9].map(async (number) => {
        const buyer = buyers[number % 3]
        return buyer.ask(scene.home, scene.proposal(number, { buyer: buyer.owner, orderId: id, wh: 90 }))
      }))
      const accepts = answers.filter((answer): answer is Accept => answer.kind === 'accept')
      expect(accepts.reduce((sum, { terms }) => sum + terms.wh, 0)).to.equal(order.quantity)
      const positions = accepts.map(({ terms }) => `${terms.buyer} ${terms.seq}`)
      expect(new Set(positions).size).to.equal(positions.length)
    })
  })

  describe('to a confirmation', () => {
    it('should be UNKNOWN_TRADE or BAD_SIGNATURE when it is not that trade\'s', async () => {
      await start()
      const { terms } = await scene.accepted(1)
      expectDecline(await scene.confirm(2, terms), 'UNKNOWN_TRADE')
      expectDecline(await scene.confirm(1, { ...terms, wh: terms.wh - 1 }), 'BAD_SIGNATURE')
      expectDecline(await scene.ask({ kind: 'confirm', tradeId: hexOf(32, 1), signature: scene.home.signer.signTrade(terms) }), 'BAD_SIGNATURE')
      expect(inState(await tradesOf(scene.home), 'agreed')).to.deep.equal([])
    })

    it('should say the same when it comes twice', async () => {
      await start()
      const terms = await scene.agreed(1)
      expect(await scene.confirm(1, terms)).to.include({ state: 'agreed' })
      expect(await scene.ask({ kind: 'status-query', tradeId: hexOf(32, 1) })).to.include({ state: 'agreed' })
    })

    it('should be answered although the line to the others is down', async () => {
      let isDown = false
      await start({
        adapt: (_, { network }) => ({
          network: {
            ...network,
            async publish (order) {
              if (isDown) {
                throw new Error('no line')
              }
              return network.publish(order)
            }
          }
        })
      })
      isDown = true
      await scene.agreed(1, { wh: 400 })
      expectDecline(await scene.ask(scene.proposal(2)), 'UNKNOWN_ORDER')
    })

    it('should know after a restart what it has sold', async () => {
      await start()
      await scene.agreed(1, { wh: 300 })
      await scene.street.restart(0)
      expect((await scene.accepted(2, { wh: 400 })).terms).to.include({ wh: 100, seq: 2 })
    })

    it('should accept it late as long as the energy is there', async () => {
      await start()
      const { terms } = await scene.accepted(1)
      await scene.street.clock.advanceTo(scene.now + 90)
      expect(inState(await tradesOf(scene.home), 'expired').length).to.equal(1)
      expect(await scene.confirm(1, terms)).to.include({ state: 'agreed' })
    })

    it('should refuse it late when the energy is sold', async () => {
      await start()
      const { terms } = await scene.accepted(1, { wh: 200 })
      await scene.street.clock.advanceTo(scene.now + 6)
      await scene.accepted(2, { wh: 300 })
      expect(await scene.confirm(1, terms)).to.include({ kind: 'status', state: 'expired' })
      expect(inState(await tradesOf(scene.home), 'agreed')).to.deep.equal([])
    })

    it('should refuse it late when the tab is used up meanwhile', async () => {
      await start({ hasTab: false })
      const price = scene.priceOf(scene.offer.order)
      await scene.openTab({ cap: price / 10n })
      const { terms } = await scene.accepted(1, { wh: 90 })
      await scene.street.clock.advanceTo(scene.now + 90)
      const other = (await scene.accepted(2, { wh: 90 })).terms
      expect(await scene.confirm(1, terms)).to.include({ state: 'expired' })
      expect(await scene.confirm(2, other)).to.include({ state: 'agreed' })
    })

    it('should refuse it late once the gate is closed', async () => {
      await start()
      const { terms } = await scene.accepted(1)
      await scene.street.clock.advanceTo(PERIOD + 1)
      expect(await scene.confirm(1, terms)).to.include({ state: 'expired' })
    })
  })

  describe('to a delivery and a receipt', () => {
    const delivery = (numbers: number[], wh: number): TradeRequest => ({ kind: 'delivery', slot: PERIOD / SLOT_SEC, parts: numbers.map((number) => ({ tradeId: hexOf(32, number), wh })) })

    /** One trade of 100 Wh that is delivered for 80 Wh. */
    async function deliver (init: MemoryHomesInit = {}): Promise<bigint> {
      await start(init)
      const terms = await scene.agreed(1)
      await scene.street.clock.advanceTo(PERIOD + 1000)
      expect(await scene.ask(delivery([1], 80))).to.deep.equal({ kind: 'delivery', slot: terms.slot, parts: [{ tradeId: hexOf(32, 1), wh: 100 }] })
      return 80n * terms.pricePerKwh / 1000n
    }

    it('should be NOT_READY before its own meter has spoken, and say the same ever after', async () => {
      await start()
      await scene.agreed(1)
      await scene.street.clock.advanceTo(PERIOD + 100)
      expectDecline(await scene.ask(delivery([1], 80)), 'NOT_READY')
      await scene.street.clock.advanceTo(PERIOD + 1000)
      const answer = await scene.ask(delivery([1], 80))
      expect(answer).to.deep.include({ parts: [{ tradeId: hexOf(32, 1), wh: 100 }] })
      expect(await scene.ask(delivery([1], 5))).to.deep.equal(answer)
      expect(inState(await tradesOf(scene.home), 'delivered')[0].deliveredWh).to.equal(80)
    })

    it('should not name a trade it does not hold, or another\'s', async () => {
      await deliver()
      expect(await scene.ask(delivery([1, 2], 80))).to.deep.include({ parts: [{ tradeId: hexOf(32, 1), wh: 100 }] })
      const other = await scene.street.neighbour(6)
      expect(await other.ask(scene.home, delivery([1], 0))).to.deep.include({ parts: [] })
    })

    it('should countersign what is owed, twice the same', async () => {
      const total = await deliver()
      const receipt = { through: position(PERIOD / SLOT_SEC, 1), total, cap: 5_000_000n }
      const answer = await scene.pay(receipt)
      expect(answer.kind === 'receipt' && isReceiptSignedBy(scene.home.signer.key, scene.receipt(receipt), { signature: answer.signature, at: AT })).to.equal(true)
      expect(await scene.pay(receipt)).to.deep.equal(answer)
      expect(inState(await tradesOf(scene.home), 'receipted').length).to.equal(1)
    })

    it('should be TOTAL_TOO_LOW, CEILING, EXPIRY or STALE_RECEIPT when the sums are wrong', async () => {
      const total = await deliver()
      const receipt = { through: position(PERIOD / SLOT_SEC, 1), total, cap: 5_000_000n }
      expectDecline(await scene.pay({ ...receipt, total: total - 1n }), 'TOTAL_TOO_LOW')
      expectDecline(await scene.pay({ ...receipt, total: 5_000_001n, cap: 5_000_001n }), 'CEILING')
      expectDecline(await scene.pay({ ...receipt, cap: total - 1n }), 'CEILING')
      expectDecline(await scene.pay({ ...receipt, expiry: slotOf(scene.now) + 14 * 96 + 1 }), 'EXPIRY')
      expectDecline(await scene.pay({ ...receipt, through: position(slotOf(STREET_START), 0) }), 'STALE_RECEIPT')
      expect((await scene.pay(receipt)).kind).to.equal('receipt')
      expectDecline(await scene.pay({ ...receipt, total: total + 1n }), 'STALE_RECEIPT')
    })

    it('should be NOT_READY when it passes over a trade that is not delivered', async () => {
      await start()
      await scene.agreed(1)
      await scene.street.clock.advanceTo(PERIOD + 1000)
      expectDecline(await scene.pay({ through: position(PERIOD / SLOT_SEC, 1), total: 1_000_000n }), 'NOT_READY')
    })

    it('should be BAD_TERMS for another seller or the future, SELF_TRADE for one who pays himself', async () => {
      await start()
      expectDecline(await scene.pay({ seller: hexOf(20, 1) }), 'BAD_TERMS')
      expectDecline(await scene.pay({ buyer: scene.home.owner, seller: scene.home.owner }), 'SELF_TRADE')
      expectDecline(await scene.pay({ through: position(slotOf(scene.now) + 1, 0) }), 'BAD_TERMS')
    })

    it('should be BAD_SIGNATURE or KEY_NOT_REGISTERED when it is not the buyer\'s to sign', async () => {
      await start()
      const receipt = scene.receipt({ through: position(slotOf(scene.now), 1) })
      expectDecline(await scene.ask({ kind: 'receipt', receipt, signature: scene.home.signer.signReceipt(receipt) }), 'BAD_SIGNATURE')
      expectDecline(await scene.pay({ buyer: hexOf(20, 0x77) }), 'KEY_NOT_REGISTERED')
    })

    it('should mark its trades settled although the next receipt told of the chain first', async () => {
      let isDeaf = false
      const total = await deliver({
        adapt: (_, { settlement }) => ({ settlement: { ...settlement, watch: (listener) => settlement.watch((event) => { isDeaf || listener(event) }) } })
      })
      const first = { through: position(PERIOD / SLOT_SEC, 1), total, cap: 5_000_000n }
      isDeaf = true
      await scene.openTab(first)
      await scene.pay({ ...first, through: first.through + 1 })
      expect(inState(await tradesOf(scene.home), 'receipted').length).to.equal(1)
      await scene.street.clock.advanceTo(scene.now + 4000)
      expect(inState(await tradesOf(scene.home), 'settled').length).to.equal(1)
    })

    it('should not believe an old look at the chain', async () => {
      const chain: { old?: ChainTab } = {}
      const total = await deliver({
        adapt: (_, { settlement }) => ({ settlement: { ...settlement, tab: async (buyer, seller) => chain.old ?? settlement.tab(buyer, seller) } })
      })
      const first = { through: position(PERIOD / SLOT_SEC, 1), total, cap: 5_000_000n }
      const before = await scene.home.settlement.tab(scene.buyer.owner, scene.home.owner)
      await scene.openTab(first)
      chain.old = before
      expect((await scene.pay({ ...first, through: first.through + 1 })).kind).to.equal('receipt')
      const [tab] = (await scene.home.node.wallet()).tabs
      expect(tab.chain).to.include({ through: first.through, paid: total })
    })
  })
})

describe('a buyer', () => {
  let street: MemoryStreetHomes
  let seller: Neighbour

  /** A home with a need, and a neighbour who offers and has granted it a tab. */
  async function start (): Promise<void> {
    street = await startMemoryHomes([flatProfile(300, 0)])
    seller = await street.neighbour(5)
    await street.clock.advanceTo(STREET_START + 901)
  }

  const sign = (receipt: Receipt): TradeAnswer => ({ kind: 'receipt', receipt, signature: seller.signer.signReceipt(receipt) })

  async function offer (answer: (request: TradeRequest) => TradeAnswer, countersign = sign): Promise<void> {
    seller.answer = async (request) => request.kind === 'receipt' ? countersign(request.receipt) : answer(request)
    const order: Order = {
      side: 'offer',
      rules: rulesDigest(TEST_RULES),
      maker: seller.owner,
      signer: seller.signer.address,
      periodStart: PERIOD,
      quantity: 500,
      minFill: 10,
      revision: 1,
      schedule: [{ at: 0, price: 100_000n }]
    }
    await seller.publish({ order, signature: seller.signer.signOrder(order) })
    await street.clock.advanceTo(STREET_START + 1200)
  }

  const termsFor = (request: Propose): TradeTerms => ({
    buyer: request.buyer,
    seller: seller.owner,
    slot: PERIOD / SLOT_SEC,
    seq: 1,
    wh: request.wh,
    pricePerKwh: request.pricePerKwh,
    attester: seller.signer.address,
    meter: hexOf(32, 1),
    claimBy: PERIOD + DAY,
    ref: hexOf(32, 0)
  })

  afterEach(async () => street.stop())

  /** The neighbour accepts with the right terms, changed and signed as told. */
  async function beAccepted (change: (terms: TradeTerms) => Partial<TradeTerms>, signer = (): Signer => seller.signer): Promise<{ trade: Trade, confirms: number }> {
    await start()
    let confirms = 0
    await offer((request) => {
      if (request.kind !== 'propose') {
        confirms++
        return { kind: 'status', tradeId: hexOf(32, 0), state: 'agreed' }
      }
      const right = { ...termsFor(request), ref: tradeRef(request.orderId, request.tradeId) }
      const terms = { ...right, ...change(right) }
      return { kind: 'accept', tradeId: request.tradeId, terms, signature: signer().signTrade(terms), validUntil: street.clock.now() + 5 }
    })
    const [trade] = await tradesOf(street.homes[0])
    return { trade, confirms }
  }

  const wrong: Array<[string, (terms: TradeTerms) => Partial<TradeTerms>]> = [
    ['another buyer', () => ({ buyer: hexOf(20, 9) })],
    ['another seller', () => ({ seller: hexOf(20, 9) })],
    ['another slot', ({ slot }) => ({ slot: slot + 1 })],
    ['a higher price', ({ pricePerKwh }) => ({ pricePerKwh: pricePerKwh + 1n })],
    ['another reference', () => ({ ref: hexOf(32, 9) })],
    ['more than it asked for', ({ wh }) => ({ wh: wh + 1 })],
    ['less than the smallest trade', () => ({ wh: TEST_RULES.minTradeWh - 1 })],
    ['a late claim', () => ({ claimBy: PERIOD + 900 + 7 * DAY + 1 })]
  ]
  for (const [what, change] of wrong) {
    it(`should not sign terms with ${what}`, async () => {
      const { trade, confirms } = await beAccepted(change)
      expect(trade).to.include({ state: 'declined' })
      expect(confirms).to.equal(0)
    })
  }

  const second: Array<[string, Partial<TradeTerms>]> = [
    ['another meter', { meter: hexOf(32, 9) }],
    ['another key of the meter', { attester: hexOf(20, 9) }]
  ]
  async function twice (change: Partial<TradeTerms>): Promise<Trade[]> {
    let asked = 0
    await beAccepted(({ seq }) => asked++ === 0 ? { wh: 20, attester: hexOf(20, 7) } : { wh: 20, seq: seq + 1, attester: hexOf(20, 7), ...change })
    return tradesOf(street.homes[0])
  }

  for (const [what, change] of second) {
    it(`should sign the seller's own key of its meter, and not ${what} within one period`, async () => {
      const trades = await twice(change)
      expect(trades.map(({ state }) => state)).to.have.members(['agreed', 'declined'])
      expect(trades.find(({ state }) => state === 'declined')?.reason).to.include('another meter or another key')
    })
  }

  it('E55 should not buy from two sellers by one meter in one period', async () => {
    await beAccepted(() => ({ wh: 20 }))
    const other = await street.neighbour(6)
    seller = other
    await offer((request) => {
      if (request.kind !== 'propose') {
        return { kind: 'status', tradeId: hexOf(32, 0), state: 'agreed' }
      }
      const terms = { ...termsFor(request), ref: tradeRef(request.orderId, request.tradeId) }
      return { kind: 'accept', tradeId: request.tradeId, terms, signature: other.signer.signTrade(terms), validUntil: street.clock.now() + 5 }
    })
    await street.clock.advanceTo(STREET_START + 1700)
    const trades = await tradesOf(street.homes[0])
    const refused = trades.filter(({ partner }) => partner === other.owner)
    expect(refused.length).to.be.above(0)
    expect(refused.every(({ state, reason }) => state === 'declined' && reason === 'another seller sells by the same meter')).to.equal(true)
  })

  it('should not sign terms that another than the seller has signed', async () => {
    const { trade, confirms } = await beAccepted(() => ({}), () => street.homes[0].signer)
    expect(trade).to.include({ state: 'declined' })
    expect(confirms).to.equal(0)
  })

  it('should sign and confirm the right terms', async () => {
    const { trade, confirms } = await beAccepted(() => ({}))
    expect(trade).to.include({ state: 'agreed', acknowledged: true })
    expect(confirms).to.equal(1)
  })

  it('should keep its receipt until it is answered, and never sign a position again', async () => {
    await start()
    const heard: Receipt[] = []
    await offer(() => ({ kind: 'decline', code: 'SOLD_OUT', remaining: 0 }), (receipt) => {
      heard.push(receipt)
      return { kind: 'decline', code: heard.length < 3 ? 'NOT_READY' : 'CEILING', remaining: 0 }
    })
    await street.clock.advanceTo(STREET_START + 2600)
    expect(heard.length).to.be.at.least(5)
    expect(heard.slice(1, 3)).to.deep.equal([heard[0], heard[0]])
    const later = heard.slice(2).map(({ through }) => through)
    expect(later.every((through, place) => place === 0 || through > later[place - 1])).to.equal(true)
  })

  it('should not believe a receipt that another than the seller has signed', async () => {
    await start()
    await offer(() => ({ kind: 'decline', code: 'SOLD_OUT', remaining: 0 }), (receipt) => ({ kind: 'receipt', receipt, signature: street.homes[0].signer.signReceipt(receipt) }))
    const [tab] = (await street.homes[0].node.wallet()).tabs
    expect(tab.refusedThrough).to.be.a('number')
    expect(tab.signed).to.equal(undefined)
  })
})
