import { expect } from 'aegir/chai'
import { draw } from '../../src/agent/draws.ts'
import { CodedError } from '../../src/domain/errors.ts'
import { isResidual, residualKnotAt } from '../../src/domain/order.ts'
import { slotOf } from '../../src/domain/period.ts'
import { isMetered } from '../../src/domain/reading.ts'
import { flatTariff } from '../../src/domain/tariff.ts'
import { exportMeterId, orderId, rulesDigest, tradeRef } from '../../src/signing/digests.ts'
import { createLocalSigner } from '../../src/signing/local-signer.ts'
import { hexOf } from '../helpers/records.ts'
import { CENT, flatProfile, STREET_START, startMemoryHomes, TEST_RULES } from '../helpers/street.ts'
import { expectAllEnded, expectMoneyAddsUp, expectTwins, inState, powerCut, tradesOf } from './street-checks.ts'
import type { Order, SignedOrder } from '../../src/domain/order.ts'
import type { TradeAnswer, TradeRequest } from '../../src/domain/trade-message.ts'
import type { Trade, TradeTerms } from '../../src/domain/trade.ts'
import type { Hex } from '../../src/domain/units.ts'
import type { EnergyProfile } from '../../src/drivers/profile.ts'
import type { Home } from '../../src/node/context.ts'
import type { Meter } from '../../src/ports/meter.ts'
import type { MemoryHome, MemoryHomesInit, MemoryStreetHomes, Neighbour } from '../helpers/street.ts'

const HOUR = 3600
const DAY = 24 * HOUR
const AT = { chainId: TEST_RULES.chainId, escrow: TEST_RULES.escrow }

/** Only the first period is traded. Nobody could foresee it, so all of it is left to the residual round. */
const FIRST_ONLY: Partial<Home> = { tradeUntil: STREET_START + 900, settleEverySec: 1800 }

async function residualTrades (home: MemoryHome): Promise<Trade[]> {
  return (await tradesOf(home)).filter((trade) => trade.isResidual === true)
}

async function startFirst (init: MemoryHomesInit = {}, profiles = [flatProfile(100, 600), flatProfile(400, 0)]): Promise<MemoryStreetHomes> {
  return startMemoryHomes(profiles, { ...init, home: { ...FIRST_ONLY, ...init.home } })
}

/** Every home's trades of every period fit into what its meter counted. Returns what was bought in Wh, ahead and afterwards. */
async function expectNothingTwice (homes: readonly MemoryHome[]): Promise<{ aheadWh: number, residualWh: number }> {
  const total = { aheadWh: 0, residualWh: 0 }
  for (const home of homes) {
    const trades = (await tradesOf(home)).filter(({ deliveredWh, state }) => deliveredWh != null && state !== 'lapsed')
    for (const { periodStart, importWh, exportWh } of (await home.store.readings(0, Number.MAX_SAFE_INTEGER)).filter(isMetered)) {
      const of = (role: string): number => trades.filter((trade) => trade.role === role && trade.periodStart === periodStart).reduce((sum, { deliveredWh }) => sum + (deliveredWh ?? 0), 0)
      expect(of('seller'), `sold in ${periodStart}`).to.be.at.most(exportWh)
      expect(of('buyer'), `bought in ${periodStart}`).to.be.at.most(importWh)
    }
    for (const { role, isResidual, deliveredWh } of trades) {
      total[isResidual === true ? 'residualWh' : 'aheadWh'] += role === 'buyer' ? deliveredWh ?? 0 : 0
    }
  }
  return total
}

/** A meter that says nothing while `isMute()`, and whose export registers show `extraMilliWh` more from an instant on. */
function meddled (meter: Meter, { isMute = () => false, extraMilliWh = () => 0 }: { isMute?(): boolean, extraMilliWh?(at: number): number }): Meter {
  return {
    ...meter,
    async read (at) {
      if (isMute()) {
        throw new CodedError('DEVICE_NO_DATA', 'The meter does not answer.')
      }
      const reading = await meter.read(at)
      return { ...reading, exportMilliWh: reading.exportMilliWh + extraMilliWh(at) }
    }
  }
}

describe('the residual round', () => {
  it('should trade what nobody foresaw, at the middle of the tariffs, and settle it like any other trade', async () => {
    const street = await startFirst()
    const [seller, buyer] = street.homes
    await street.clock.advanceTo(STREET_START + 1500)
    const [sold] = await tradesOf(seller)
    expect(sold).to.include({ state: 'delivered', isResidual: true, periodStart: STREET_START, deliveredWh: 400, pricePerKwh: 19n * CENT, amount: 400n * 19n * CENT / 1000n })
    expect(sold.why).to.equal('Sold 0.400 kWh at 0.1900 per kWh, above the supplier\'s 0.0800 — after the period the meter had counted 0.500 kWh of export that no sale accounted for.')
    const [bought] = await tradesOf(buyer)
    expect(bought.why).to.contain('0.400 kWh of import that no purchase accounted for')
    await street.clock.advanceTo(STREET_START + 4 * HOUR)
    await expectTwins(street.homes)
    await expectAllEnded(street.homes)
    await expectMoneyAddsUp(street)
    expect((await tradesOf(seller))[0].state).to.equal('settled')
    await street.stop()
  })

  it('should start no sooner than a minute after the period', async () => {
    const street = await startFirst()
    await street.clock.advanceTo(STREET_START + 959)
    expect(await tradesOf(street.homes[1])).to.deep.equal([])
    await street.stop()
  })

  it('should share nearly all that neighbours could, over a day nobody can foresee, and never more than a meter counted', async () => {
    const jumpy = (home: number, { pvWh, loadWh }: { pvWh: number, loadWh: number }): EnergyProfile => {
      const steps = Array.from({ length: 200 }, (_, step) => step)
      return {
        start: STREET_START,
        stepSec: 900,
        loadMilliWh: steps.map((step) => Math.floor(loadWh * 2000 * draw(1, home, step))),
        pvMilliWh: steps.map((step) => Math.floor(pvWh * 2000 * draw(2, home, step)))
      }
    }
    const street = await startMemoryHomes([
      jumpy(0, { pvWh: 900, loadWh: 100 }), jumpy(1, { pvWh: 400, loadWh: 300 }), jumpy(2, { pvWh: 0, loadWh: 300 }), jumpy(3, { pvWh: 0, loadWh: 500 })
    ], { home: { tradeUntil: STREET_START + DAY } })
    await street.clock.advanceTo(STREET_START + DAY + 6 * HOUR)
    await expectAllEnded(street.homes)
    await expectTwins(street.homes)
    await expectMoneyAddsUp(street)
    const { aheadWh, residualWh } = await expectNothingTwice(street.homes)
    let potential = 0
    for (let start = STREET_START; start < STREET_START + DAY; start += 900) {
      const readings = (await Promise.all(street.homes.map(async ({ store }) => store.readings(start, start + 1)))).flat().filter(isMetered)
      potential += Math.min(readings.reduce((sum, { exportWh }) => sum + exportWh, 0), readings.reduce((sum, { importWh }) => sum + importWh, 0))
    }
    expect(aheadWh).to.be.above(potential / 5)
    expect(residualWh).to.be.above(potential / 5)
    expect(aheadWh + residualWh).to.be.within(0.98 * potential, potential)
    await street.stop()
  })

  it('should not take place where the rules of the market leave it out', async () => {
    const street = await startFirst({ rules: { ...TEST_RULES, residualSec: 0 } })
    await street.clock.advanceTo(STREET_START + 4 * HOUR)
    expect((await Promise.all(street.homes.map(tradesOf))).flat()).to.deep.equal([])
    await street.stop()
  })

  it('should not take place for a home that is paused', async () => {
    const street = await startFirst({ homeOf: (index) => ({ paused: index === 0 }) })
    await street.clock.advanceTo(STREET_START + HOUR)
    expect(await tradesOf(street.homes[1])).to.deep.equal([])
    await street.homes[0].node.changeKnobs({ paused: false })
    await street.clock.advanceTo(STREET_START + 2 * HOUR)
    expect(inState(await tradesOf(street.homes[1]), 'delivered', 'receipted', 'settled')).to.have.lengthOf(1)
    await street.stop()
  })

  it('should let no home pay more than the middle of its own tariffs', async () => {
    const street = await startFirst({
      homeOf: (index) => index === 1 ? { tariff: flatTariff({ retail: 24n * CENT, feedIn: 8n * CENT }) } : {}
    }, [flatProfile(100, 300), flatProfile(400, 0), flatProfile(150, 0)])
    await street.clock.advanceTo(STREET_START + 2 * HOUR)
    expect(await tradesOf(street.homes[1])).to.deep.equal([])
    expect(await residualTrades(street.homes[2])).to.have.lengthOf(1)
    await street.stop()
  })

  it('should sell to the second buyer only what the first has left', async () => {
    const street = await startFirst({}, [flatProfile(100, 600), flatProfile(350, 0), flatProfile(350, 0)])
    await street.clock.advanceTo(STREET_START + 4 * HOUR)
    expect((await tradesOf(street.homes[0])).filter(({ state }) => state === 'settled').map(({ deliveredWh }) => deliveredWh).sort()).to.deep.equal([150, 350])
    await expectNothingTwice(street.homes)
    await street.stop()
  })

  it('should not be carried on with offers made for before the gate', async () => {
    const street = await startMemoryHomes([flatProfile(100, 600)], { home: { tradeUntil: STREET_START + 2700, unsecuredCredit: 1_000_000n } })
    const thief = await street.neighbour(9)
    await street.clock.advanceTo(STREET_START + 1000)
    const ahead = thief.heard.find(({ order }) => order.periodStart === STREET_START + 1800)
    expect(ahead != null && !isResidual(ahead.order, TEST_RULES)).to.be.true()
    await street.clock.advanceTo(STREET_START + 2710)
    const answer = await thief.ask(street.homes[0], {
      kind: 'propose', tradeId: hexOf(32, 1), orderId: orderId((ahead as SignedOrder).order, AT), buyer: thief.owner, wh: 100, pricePerKwh: 29n * CENT
    })
    expect(answer).to.include({ kind: 'decline' })
    expect(['GATE_CLOSED', 'UNKNOWN_ORDER']).to.include((answer as { code: string }).code)
    await street.stop()
  })
})

describe('readings that come late or again', () => {
  it('should settle trades made ahead and trade what they left, with data that is most of a day late', async () => {
    let isMute = false
    const street = await startMemoryHomes([flatProfile(100, 600), flatProfile(400, 0)], {
      home: { tradeUntil: STREET_START + 2 * HOUR, settleEverySec: 1800 },
      adapt: (index, { meter }) => index === 0 ? { meter: meddled(meter, { isMute: () => isMute }) } : {}
    })
    await street.clock.advanceTo(STREET_START + 2000)
    isMute = true
    await street.clock.advanceTo(STREET_START + 20 * HOUR)
    const late = STREET_START + 1800
    const before = (await tradesOf(street.homes[0])).filter(({ periodStart }) => periodStart >= late)
    expect(inState(before, 'agreed')).to.have.lengthOf.at.least(1)
    expect(before.some((trade) => trade.isResidual)).to.be.false()
    isMute = false
    await street.clock.advanceTo(STREET_START + 26 * HOUR)
    await expectAllEnded(street.homes)
    await expectTwins(street.homes)
    await expectMoneyAddsUp(street)
    const after = (await tradesOf(street.homes[0])).filter(({ periodStart, state }) => periodStart >= late && state === 'settled')
    expect(after.filter((trade) => trade.isResidual !== true)).to.have.lengthOf.at.least(1)
    expect(after.filter((trade) => trade.isResidual)).to.have.lengthOf.at.least(1)
    const { aheadWh, residualWh } = await expectNothingTwice(street.homes)
    expect(aheadWh + residualWh).to.be.above(8 * 400 - 8 * 10)
    await street.stop()
  })

  it('should give up for good on what is more than a day late', async () => {
    let isMute = true
    const street = await startFirst({ adapt: (index, { meter }) => index === 0 ? { meter: meddled(meter, { isMute: () => isMute }) } : {} })
    await street.clock.advanceTo(STREET_START + 900 + DAY)
    isMute = false
    await street.clock.advanceTo(STREET_START + 28 * HOUR)
    expect((await Promise.all(street.homes.map(tradesOf))).flat()).to.deep.equal([])
    await street.stop()
  })

  for (const [what, extraWh, thenWh] of [['more', 70, 470], ['less', -70, 400]] as const) {
    it(`should trade what a corrected meter counted, ${what} than before, and take back nothing both have signed`, async () => {
      let extra = 0
      const street = await startFirst({
        adapt: (index, { meter }) => index === 0 ? { meter: meddled(meter, { extraMilliWh: (at) => at > STREET_START ? 1000 * extra : 0 }) } : {}
      }, [flatProfile(0, 400), flatProfile(600, 0)])
      await street.clock.advanceTo(STREET_START + 1500)
      expect(await residualTrades(street.homes[0])).to.have.lengthOf(1)
      extra = extraWh
      await street.clock.advanceTo(STREET_START + 6 * HOUR)
      await expectAllEnded(street.homes)
      await expectTwins(street.homes)
      await expectMoneyAddsUp(street)
      const sold = inState(await tradesOf(street.homes[0]), 'settled').reduce((sum, { deliveredWh }) => sum + (deliveredWh ?? 0), 0)
      expect(sold).to.equal(thenWh)
      const [reading] = (await street.homes[0].store.readings(STREET_START, STREET_START + 1)).filter(isMetered)
      expect(reading.exportWh).to.equal(400 + extraWh)
      await street.stop()
    })
  }

  it('should offer no more than the corrected meter counted', async () => {
    let extra = 0
    const street = await startFirst({
      home: { unsecuredCredit: 1_000_000n },
      adapt: (index, { meter }) => index === 0 ? { meter: meddled(meter, { extraMilliWh: (at) => at > STREET_START ? 1000 * extra : 0 }) } : {}
    }, [flatProfile(0, 400)])
    const listener = await street.neighbour(9)
    await street.clock.advanceTo(STREET_START + 1500)
    extra = -300
    await street.clock.advanceTo(STREET_START + HOUR)
    expect(listener.heard.map(({ order }) => [order.quantity, order.revision])).to.deep.equal([[400, 1], [100, 2]])
    await street.stop()
  })
})

describe('faults in the residual round', () => {
  for (const kind of ['propose', 'confirm'] as const) {
    for (const leg of ['question', 'answer'] as const) {
      for (const [name, index] of [['seller', 0], ['buyer', 1]] as const) {
        it(`should end well when the ${name} loses its power with the ${leg} of ${kind} on the way`, async () => {
          const cut = powerCut(() => street, { kind, leg, index })
          cut.arm()
          const street: MemoryStreetHomes = await startFirst({ adapt: cut.adapt })
          await street.clock.advanceTo(STREET_START + 5 * HOUR)
          expect(cut.isArmed(), 'the power stayed on').to.equal(false)
          await expectAllEnded(street.homes)
          await expectTwins(street.homes)
          await expectMoneyAddsUp(street)
          const { residualWh } = await expectNothingTwice(street.homes)
          // a buyer that starts again has an empty book and reads its neighbour's
          expect(residualWh).to.equal(400)
          await street.stop()
        })
      }
    }
  }

  it('should count its revisions on after a restart, so that neighbours take the new offer for the newer one', async () => {
    const street = await startMemoryHomes([flatProfile(100, 600)], { home: { tradeUntil: STREET_START + 2700 } })
    const listener = await street.neighbour(9)
    await street.clock.advanceTo(STREET_START + 2690)
    await street.restart(0)
    await street.clock.advanceTo(STREET_START + 2800)
    const heard = listener.heard.filter(({ order }) => order.periodStart === STREET_START + 1800)
    expect(heard.map(({ order }) => order.revision)).to.deep.equal(heard.map((_, place) => place + 1))
    expect(heard.map(({ order }) => isResidual(order, TEST_RULES))).to.deep.equal([...heard.slice(1).map(() => false), true])
    await street.stop()
  })
})

describe('attacks in the residual round', () => {
  it('should sell no more than was left over to a buyer that imported nothing, and be paid for it', async () => {
    const street = await startFirst({ home: { unsecuredCredit: 1_000_000n } }, [flatProfile(100, 600)])
    const [seller] = street.homes
    const liar = await street.neighbour(9)
    await street.clock.advanceTo(STREET_START + 1000)
    const offer = liar.heard[0]
    const ask = async (number: number, wh: number, pricePerKwh = 19n * CENT): Promise<TradeAnswer> => liar.ask(seller, {
      kind: 'propose', tradeId: hexOf(32, number), orderId: orderId(offer.order, AT), buyer: liar.owner, wh, pricePerKwh
    })
    expect(await ask(1, 100, 19n * CENT - 1n)).to.include({ kind: 'decline', code: 'PRICE_TOO_LOW' })
    const answer = await ask(2, 5000)
    const terms = (answer as { terms: TradeTerms }).terms
    expect(terms).to.include({ wh: 500, slot: slotOf(STREET_START), attester: seller.signer.address, meter: exportMeterId({ attester: seller.signer.address }) })
    expect(await ask(3, 100)).to.include({ kind: 'decline', code: 'SOLD_OUT' })
    expect(await liar.ask(seller, { kind: 'confirm', tradeId: hexOf(32, 2), signature: liar.signer.signTrade(terms) })).to.include({ kind: 'status', state: 'delivered' })
    // a statement of its meter changes nothing any more, and a receipt that leaves the trade out is refused
    await liar.ask(seller, { kind: 'delivery', slot: terms.slot, parts: [{ tradeId: hexOf(32, 2), wh: 0 }] })
    const receipt = { buyer: liar.owner, seller: seller.owner, through: terms.slot * 65_536 + terms.seq, total: 0n, cap: 1_000_000n, expiry: terms.slot + 500 }
    expect(await liar.ask(seller, { kind: 'receipt', receipt, signature: liar.signer.signReceipt(receipt) })).to.include({ kind: 'decline', code: 'TOTAL_TOO_LOW' })
    expect(await tradesOf(seller)).to.have.lengthOf(1)
    expect((await tradesOf(seller))[0]).to.include({ state: 'delivered', deliveredWh: 500 })
    await street.stop()
  })

  /** A seller that says yes to everybody and signs whatever it is asked to. */
  function greedy (seller: Neighbour): { readonly claims: TradeTerms[], signatures: Map<Hex, Hex>, answer(request: TradeRequest): Promise<TradeAnswer> } {
    const terms = new Map<Hex, TradeTerms>()
    const signatures = new Map<Hex, Hex>()
    let seq = 0
    return {
      get claims () { return [...terms.values()] },
      signatures,
      async answer (request) {
        switch (request.kind) {
          case 'propose': {
            const agreed: TradeTerms = {
              buyer: request.buyer,
              seller: seller.owner,
              slot: slotOf(STREET_START),
              seq: ++seq,
              wh: request.wh,
              pricePerKwh: request.pricePerKwh,
              attester: seller.signer.address,
              meter: exportMeterId({ attester: seller.signer.address }),
              claimBy: STREET_START + DAY,
              ref: tradeRef(request.orderId, request.tradeId)
            }
            terms.set(request.tradeId, agreed)
            return { kind: 'accept', tradeId: request.tradeId, terms: agreed, signature: seller.signer.signTrade(agreed), validUntil: STREET_START + 2 * HOUR }
          }
          case 'confirm':
            signatures.set((terms.get(request.tradeId) as TradeTerms).ref, request.signature)
            return { kind: 'status', tradeId: request.tradeId, state: 'delivered' }
          case 'receipt': return request.receipt.total > 0n ? { kind: 'decline', code: 'BUSY', remaining: 0 } : { kind: 'receipt', receipt: request.receipt, signature: seller.signer.signReceipt(request.receipt) }
          default: return { kind: 'decline', code: 'BUSY', remaining: 0 }
        }
      }
    }
  }

  it('should buy no more than its own import from a seller that offers the same energy twice, who is paid once where it claims', async () => {
    const street = await startFirst({}, [flatProfile(400, 0), flatProfile(400, 0)])
    const thief = await street.neighbour(9)
    const { answer, claims, signatures } = (() => {
      const seller = greedy(thief)
      return { answer: seller.answer, claims: () => seller.claims, signatures: seller.signatures }
    })()
    thief.answer = answer
    const offer = (revision: number): SignedOrder => {
      const order: Order = {
        side: 'offer',
        rules: rulesDigest(TEST_RULES),
        maker: thief.owner,
        signer: thief.signer.address,
        periodStart: STREET_START,
        quantity: 500,
        minFill: 10,
        revision,
        schedule: [{ at: residualKnotAt(TEST_RULES), price: 19n * CENT }]
      }
      return { order, signature: thief.signer.signOrder(order) }
    }
    await street.clock.advanceTo(STREET_START + 905)
    for (const revision of [1, 2, 3]) {
      await thief.publish(offer(revision))
      await street.clock.advanceTo(STREET_START + 905 + 400 * revision)
    }
    for (const home of street.homes) {
      const bought = inState(await tradesOf(home), 'delivered')
      expect(bought.reduce((sum, { deliveredWh }) => sum + (deliveredWh ?? 0), 0)).to.equal(400)
    }
    const reading = { attester: thief.signer.address, seller: thief.owner, meter: exportMeterId({ attester: thief.signer.address }), slot: slotOf(STREET_START), wh: 500 }
    const attestation = createLocalSigner(`0x${(0x11 + 9).toString(16).repeat(32)}`, AT).signReading(reading)
    const signed = claims().filter(({ ref }) => signatures.has(ref))
    expect(signed.reduce((sum, { wh }) => sum + wh, 0)).to.equal(800)
    await thief.settlement.claim(signed.map((terms) => ({ terms, buyerSignature: signatures.get(terms.ref) as Hex, readingWh: 500, attestation })))
    const paid = await Promise.all(street.homes.map(async ({ owner }) => (await thief.settlement.tab(owner, thief.owner)).paid))
    expect(paid.reduce((sum, each) => sum + each, 0n)).to.equal(500n * 19n * CENT / 1000n)
    await street.stop()
  })
})
