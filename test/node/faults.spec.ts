import { expect } from 'aegir/chai'
import { draw } from '../../src/agent/draws.ts'
import { CodedError } from '../../src/domain/errors.ts'
import { flatProfile, silentLogger, STREET_START, startMemoryHomes } from '../helpers/street.ts'
import { expectAllEnded, expectMoneyAddsUp, expectTwins, inState, meddledNetwork, never, powerCut, Sales, tradesOf } from './street-checks.ts'
import type { EnergyProfile } from '../../src/drivers/profile.ts'
import type { Home } from '../../src/node/context.ts'
import type { Meter } from '../../src/ports/meter.ts'
import type { Settlement } from '../../src/ports/settlement.ts'
import type { Logger } from '../../src/ports/telemetry.ts'
import type { MemoryHomesInit, MemoryStreetHomes } from '../helpers/street.ts'

const HOUR = 3600
const DAY = 24 * HOUR
const SELLER = flatProfile(100, 500)
const BUYER = flatProfile(300, 0)
const QUICK: Partial<Home> = { settleEverySec: 1800, tradeUntil: STREET_START + 2 * HOUR }

/** A seller and a buyer who trade for two hours; the first reading, and with it the first trade, comes after a quarter. */
async function startPair (init: MemoryHomesInit = {}): Promise<MemoryStreetHomes> {
  return startMemoryHomes([SELLER, BUYER], { ...init, home: { ...QUICK, ...init.home } })
}

async function expectGoodEnd (street: MemoryStreetHomes, least: number): Promise<void> {
  await expectAllEnded(street.homes)
  await expectTwins(street.homes)
  await expectMoneyAddsUp(street)
  const settled = inState((await Promise.all(street.homes.map(tradesOf))).flat(), 'settled')
  expect(settled.length).to.be.at.least(2 * least)
}

/** A meter that says nothing while `isMute()`. */
function mutable (meter: Meter, isMute: () => boolean, code = 'DEVICE_NO_DATA'): Meter {
  return {
    ...meter,
    async read (at) {
      if (isMute()) {
        throw new CodedError(code, 'The meter does not answer.')
      }
      return meter.read(at)
    }
  }
}

/** Every call fails while `isDown()`. */
function flaky (settlement: Settlement, isDown: () => boolean): Settlement {
  const guard = <A extends unknown[], R>(call: (...args: A) => Promise<R>) => async (...args: A): Promise<R> => {
    if (isDown()) {
      throw new CodedError('CHAIN_UNREACHABLE', 'The chain does not answer.')
    }
    return call(...args)
  }
  return {
    ...settlement,
    account: guard(settlement.account),
    key: guard(settlement.key),
    tab: guard(settlement.tab),
    settle: guard(settlement.settle),
    claim: guard(settlement.claim),
    isMined: guard(settlement.isMined),
    release: guard(settlement.release)
  }
}

describe('faults', function () {
  describe('at each point of a conversation', () => {
    const points = (['propose', 'confirm', 'delivery', 'receipt'] as const)
      .flatMap((kind) => (['question', 'answer'] as const).map((leg) => ({ kind, leg })))

    for (const { kind, leg } of points) {
      for (const times of [1, 3]) {
        it(`should end well when the ${leg} of ${kind} is lost ${times} times`, async () => {
          let left = 0
          const street = await startPair({
            adapt: (index, { network }) => ({ network: meddledNetwork(network, (what, where) => what === kind && where === leg && left-- > 0) })
          })
          await street.clock.advanceTo(STREET_START + 60)
          left = times
          await street.clock.advanceTo(STREET_START + 4 * HOUR)
          expect(left, 'nothing was lost').to.be.below(1)
          await expectGoodEnd(street, 1)
          await street.stop()
        })
      }

      for (const [name, index] of [['seller', 0], ['buyer', 1]] as const) {
        it(`should end well when the ${name} loses its power with the ${leg} of ${kind} on the way`, async () => {
          const cut = powerCut(() => street, { kind, leg, index })
          const street: MemoryStreetHomes = await startPair({ adapt: cut.adapt })
          await street.clock.advanceTo(STREET_START + 60)
          cut.arm()
          await street.clock.advanceTo(STREET_START + 4 * HOUR)
          expect(cut.isArmed(), 'the power stayed on').to.equal(false)
          await expectGoodEnd(street, 1)
          await street.stop()
        })
      }
    }
  })

  it('should propose again when nothing came back', async () => {
    let left = 1
    const street = await startPair({ adapt: (_, { network }) => ({ network: meddledNetwork(network, (kind, leg) => kind === 'propose' && leg === 'question' && left-- > 0) }) })
    await street.clock.advanceTo(STREET_START + 1800)
    const trades = await tradesOf(street.homes[1])
    const [lost] = inState(trades, 'expired')
    expect(inState(trades, 'agreed').map(({ orderId }) => orderId)).to.include(lost.orderId)
    await street.stop()
  })

  describe('at random', () => {
    /**
     * Four homes for whom everything goes wrong until `healed`: messages get lost, the street parts, meters fall silent, the
     * chain is away, and computers fail in the middle of writing.
     */
    async function startBadStreet (seed: number, healed: number, sales: Sales): Promise<MemoryStreetHomes> {
      const scene: { street?: MemoryStreetHomes } = {}
      let count = 0
      const isBad = (): boolean => scene.street != null && scene.street.clock.now() < healed
      const happens = (chance: number): boolean => isBad() && draw(seed, count++) < chance
      // a trouble that lasts for half an hour
      const lasts = (what: string, index: number, chance: number): boolean =>
        isBad() && draw(seed, what, index, Math.floor((scene.street?.clock.now() ?? 0) / 1800)) < chance
      const crash = async (index: number): Promise<never> => {
        scene.street?.homes[index].kill()
        scene.street?.clock.after(5 + 300 * draw(seed, 'pause', count++), () => { void scene.street?.restart(index) })
        return never()
      }
      const profile = (index: number, pvWh: number, loadWh: number): EnergyProfile => {
        const uneven = (what: string, wh: number): number[] => Array.from({ length: 100 }, (_, step) => Math.floor(wh * 1000 * (0.3 + 1.4 * draw(seed, what, index, step))))
        return { start: STREET_START, stepSec: 900, loadMilliWh: uneven('load', loadWh), pvMilliWh: uneven('pv', pvWh) }
      }
      scene.street = await startMemoryHomes([profile(0, 500, 100), profile(1, 0, 300), profile(2, 200, 190), profile(3, 0, 150)], {
        confirmations: seed % 2 === 0 ? 3 : undefined,
        home: { settleEverySec: 1800, tradeUntil: healed - 900, meterDeadlineSec: 1.5 * HOUR, claimAfterSec: 2 * HOUR, ceiling: 300_000n },
        onEvent: sales.onEvent,
        network: { isLost: () => happens(0.05), isLinked: (from, to) => !lasts('parted', 0, 0.2) || (from < '0x03') === (to < '0x03') },
        adapt: (index, { network, store, meter, settlement }) => ({
          network: meddledNetwork(network, async () => happens(0.05)),
          meter: mutable(meter, () => lasts('mute', index, 0.15)),
          settlement: flaky(settlement, () => lasts('away', 0, 0.1)),
          store: {
            ...store,
            async commit (batch) {
              if (happens(0.002)) {
                return crash(index)
              }
              await store.commit(batch)
              if (happens(0.005)) {
                return crash(index)
              }
            }
          }
        })
      })
      return scene.street
    }

    for (const seed of [1, 2, 3, 4]) {
      it(`should lose, double and oversell nothing (seed ${seed})`, async () => {
        const sales = new Sales()
        const healed = STREET_START + 5 * HOUR
        const street = await startBadStreet(seed, healed, sales)
        await street.clock.advanceTo(healed + 4 * HOUR)
        await expectGoodEnd(street, 5)
        sales.expectNoOversell()
        await street.stop()
      })
    }
  })

  describe('of a neighbour', () => {
    it('should claim from a buyer who is never heard of again, with the seller\'s reading', async () => {
      let isParted = false
      const street = await startPair({ home: { claimAfterSec: 2 * HOUR }, network: { isLinked: () => !isParted } })
      await street.clock.advanceTo(STREET_START + HOUR - 1)
      isParted = true
      const [seller, buyer] = street.homes
      const agreed = inState(await tradesOf(seller), 'agreed')
      await street.clock.advanceTo(STREET_START + 5 * HOUR)
      const claimed = inState(await tradesOf(seller), 'claimed')
      expect(claimed.map(({ id }) => id)).to.include.members(agreed.map(({ id }) => id))
      expect(claimed.every(({ deliveredWh, terms }) => deliveredWh === terms?.wh)).to.equal(true)
      expect(inState(await tradesOf(buyer), 'claimed').length).to.equal(claimed.length)
      await expectTwins(street.homes)
      await expectMoneyAddsUp(street)
      await street.stop()
    })

    it('should learn of a claim that was made while it was away, from the chain', async () => {
      const street = await startPair({ home: { claimAfterSec: 2 * HOUR } })
      await street.clock.advanceTo(STREET_START + HOUR - 1)
      street.homes[1].kill()
      await street.clock.advanceTo(STREET_START + 6 * HOUR)
      await street.restart(1)
      await street.clock.advanceTo(STREET_START + 7 * HOUR)
      expect(inState(await tradesOf(street.homes[1]), 'claimed').length).to.be.at.least(1)
      await expectTwins(street.homes)
      await expectMoneyAddsUp(street)
      await street.stop()
    })

    it('should go on with receipts where claims have left off', async () => {
      let isParted = false
      const street = await startPair({ home: { claimAfterSec: 2 * HOUR, tradeUntil: STREET_START + 6 * HOUR }, network: { isLinked: () => !isParted } })
      await street.clock.advanceTo(STREET_START + HOUR)
      isParted = true
      await street.clock.advanceTo(STREET_START + 4 * HOUR)
      isParted = false
      await street.clock.advanceTo(STREET_START + 8 * HOUR)
      expect(inState(await tradesOf(street.homes[0]), 'claimed').length).to.be.at.least(1)
      await expectGoodEnd(street, 6)
      await street.stop()
    })

    it('should put a receipt on the chain before a claim that would make it worthless', async () => {
      let isParted = false
      let submitted = 0
      const street = await startPair({
        confirmations: 8,
        home: { claimAfterSec: 2 * HOUR, settleEverySec: 30 * DAY },
        network: { isLinked: () => !isParted },
        onEvent: (index, event) => { submitted += Number(index === 0 && event.type === 'receipts:submitted') }
      })
      await street.clock.advanceTo(STREET_START + HOUR - 1)
      isParted = true
      const receipted = inState(await tradesOf(street.homes[0]), 'receipted')
      expect(receipted.length).to.be.at.least(1)
      await street.clock.advanceTo(STREET_START + 5 * HOUR)
      const trades = await tradesOf(street.homes[0])
      expect(inState(trades, 'claimed').length).to.be.at.least(1)
      expect(inState(trades, 'settled').map(({ id }) => id)).to.include.members(receipted.map(({ id }) => id))
      expect(submitted).to.equal(1)
      await expectMoneyAddsUp(street)
      await street.stop()
    })

    it('should pay nothing to a seller who is never heard of again, and have its money free after the tab ended', async () => {
      const street = await startPair({ home: { tabLifeSec: 3 * DAY } })
      await street.clock.advanceTo(STREET_START + HOUR - 1)
      const [seller, buyer] = street.homes
      const { reserved } = await buyer.settlement.account(buyer.owner)
      expect(reserved > 0n).to.equal(true)
      const agreed = inState(await tradesOf(buyer), 'agreed')
      seller.kill()
      const { paid } = await buyer.settlement.tab(buyer.owner, seller.owner)
      await street.clock.advanceTo(STREET_START + 2 * DAY)
      expect((await buyer.settlement.account(buyer.owner)).reserved).to.equal(reserved)
      await street.clock.advanceTo(STREET_START + 4 * DAY)
      expect(await buyer.settlement.account(buyer.owner)).to.deep.equal({ balance: 100_000_000n - paid, reserved: 0n })
      const ended = await tradesOf(buyer)
      for (const { id } of agreed) {
        expect(ended.find((trade) => trade.id === id)).to.include({ state: 'lapsed' })
      }
      await buyer.node.stop()
    })

    it('should settle by itself when the street was parted and came together', async () => {
      let isParted = false
      const sales = new Sales()
      const street = await startMemoryHomes([SELLER, BUYER, flatProfile(50, 350), flatProfile(200, 0)], {
        home: { ...QUICK, tradeUntil: STREET_START + 4 * HOUR },
        network: { isLinked: (from, to) => !isParted || (from < to) === (from > to) },
        onEvent: sales.onEvent
      })
      await street.clock.advanceTo(STREET_START + 2 * HOUR - 700)
      isParted = true
      await street.clock.advanceTo(STREET_START + 3 * HOUR)
      isParted = false
      await street.clock.advanceTo(STREET_START + 7 * HOUR)
      await expectGoodEnd(street, 10)
      sales.expectNoOversell()
      await street.stop()
    })
  })

  describe('of a meter', () => {
    /** A pair of which one home's meter says nothing while `isMute()`. */
    async function startWithMuteMeter (mute: number, isMute: () => boolean): Promise<MemoryStreetHomes> {
      return startPair({
        home: { meterDeadlineSec: 4 * HOUR, claimAfterSec: 6 * HOUR },
        adapt: (index, { meter }) => ({ meter: mutable(meter, () => index === mute && isMute()) })
      })
    }

    for (const [name, index] of [['seller', 0], ['buyer', 1]] as const) {
      it(`should wait for a ${name}'s meter that is late and then pay what it shows`, async () => {
        let isMute = false
        const street = await startWithMuteMeter(index, () => isMute)
        await street.clock.advanceTo(STREET_START + 1700)
        isMute = true
        await street.clock.advanceTo(STREET_START + 4 * HOUR)
        const waiting = inState(await tradesOf(street.homes[1]), 'agreed')
        expect(waiting.length).to.be.at.least(1)
        expect(waiting.every(({ amount }) => amount == null)).to.equal(true)
        isMute = false
        await street.clock.advanceTo(STREET_START + 6 * HOUR)
        await expectGoodEnd(street, 1)
        const settled = await tradesOf(street.homes[1])
        for (const { id } of waiting) {
          expect(settled.find((trade) => trade.id === id)?.deliveredWh).to.be.above(0)
        }
        await street.stop()
      })
    }

    it('should go on after the line to the meter was down', async () => {
      let isDown = false
      const street = await startPair({ adapt: (_, { meter }) => ({ meter: mutable(meter, () => isDown, 'DEVICE_TIMEOUT') }) })
      await street.clock.advanceTo(STREET_START + 1700)
      isDown = true
      await street.clock.advanceTo(STREET_START + HOUR)
      isDown = false
      await street.clock.advanceTo(STREET_START + 4 * HOUR)
      await expectGoodEnd(street, 3)
      await street.stop()
    })

    it('should lapse with a reason, and cost nothing, when the seller\'s meter stays mute', async () => {
      let isMute = false
      const street = await startWithMuteMeter(0, () => isMute)
      await street.clock.advanceTo(STREET_START + 1700)
      isMute = true
      await street.clock.advanceTo(STREET_START + 10 * HOUR)
      const [seller] = street.homes
      const lapsed = inState(await tradesOf(seller), 'lapsed')
      expect(lapsed.length).to.be.at.least(1)
      expect(lapsed.every(({ reason, ownWh, amount }) => reason === 'our meter has no data the period could be settled by' && ownWh == null && amount == null)).to.equal(true)
      await expectAllEnded(street.homes)
      await expectTwins(street.homes)
      await expectMoneyAddsUp(street)
      await street.stop()
    })

    it('should leave a claim to the seller when the buyer\'s meter stays mute', async () => {
      let isMute = false
      const street = await startWithMuteMeter(1, () => isMute)
      await street.clock.advanceTo(STREET_START + 1700)
      isMute = true
      await street.clock.advanceTo(STREET_START + 5.5 * HOUR)
      expect(inState(await tradesOf(street.homes[1]), 'lapsed').length).to.be.at.least(1)
      await street.clock.advanceTo(STREET_START + 12 * HOUR)
      expect(inState(await tradesOf(street.homes[1]), 'claimed').length).to.be.at.least(1)
      await expectAllEnded(street.homes)
      await expectTwins(street.homes)
      await expectMoneyAddsUp(street)
      await street.stop()
    })
  })

  describe('of the owner', () => {
    for (const [what, init] of [['a key that is not registered', { keyUntil: 0 }], ['no money', { funds: 0n }], ['a key that ends too soon for a tab', { keyUntil: STREET_START + DAY }]] as const) {
      it(`should buy nothing and go on running with ${what}`, async () => {
        const street = await startPair(init)
        await street.clock.advanceTo(STREET_START + HOUR)
        for (const home of street.homes) {
          expect(inState(await tradesOf(home), 'agreed', 'delivered', 'receipted')).to.deep.equal([])
          expect((await home.settlement.account(home.owner)).reserved).to.equal(0n)
          expect(home.node.status().lastReading).to.not.equal(undefined)
        }
        await street.stop()
      })
    }

    it('should stop to buy, and pay what it owes, two days before its key ends', async () => {
      const keyUntil = STREET_START + 2 * DAY + 2 * HOUR
      const street = await startPair({ keyUntil, home: { tradeUntil: STREET_START + 5 * HOUR } })
      await street.clock.advanceTo(STREET_START + 7 * HOUR)
      await expectGoodEnd(street, 3)
      const bought = inState(await tradesOf(street.homes[1]), 'settled')
      expect(Math.max(...bought.map(({ periodStart }) => periodStart + 900 + 2 * DAY))).to.be.at.most(keyUntil)
      await street.stop()
    })

    it('should start to trade once the key is registered', async () => {
      const street = await startPair({ keyUntil: 0, home: { tradeUntil: STREET_START + 3 * HOUR } })
      await street.clock.advanceTo(STREET_START + HOUR)
      for (const { owner, signer } of street.homes) {
        await street.escrow.owner(owner).setKey(signer.address, STREET_START + 365 * DAY, 1_000_000_000n)
      }
      await street.clock.advanceTo(STREET_START + 5 * HOUR)
      await expectGoodEnd(street, 4)
      await street.stop()
    })
  })

  describe('of the chain', () => {
    it('should trade on within its ceilings while the chain is away, and settle when it is back', async () => {
      let isDown = false
      const street = await startPair({ home: { tradeUntil: STREET_START + 5 * HOUR }, adapt: (_, { settlement }) => ({ settlement: flaky(settlement, () => isDown) }) })
      await street.clock.advanceTo(STREET_START + HOUR)
      isDown = true
      const before = (await tradesOf(street.homes[1])).length
      await street.clock.advanceTo(STREET_START + 4 * HOUR)
      expect((await tradesOf(street.homes[1])).length).to.be.above(before)
      isDown = false
      await street.clock.advanceTo(STREET_START + 8 * HOUR)
      await expectGoodEnd(street, 10)
      await street.stop()
    })

    it('should make no new trades while the chain cannot be trusted, say so once, and go on by itself', async () => {
      const sick = { ok: false, reason: 'the chain has not answered for 40 s' }
      const ill = new Set<number>()
      const lines: string[] = []
      const note = (message: string, fields?: Record<string, unknown>): void => { lines.push([message, ...Object.values(fields ?? {})].join(': ')) }
      const logger: Logger = { ...silentLogger(), warn: note, info: note, scope: () => logger }
      const street = await startPair({
        logger,
        home: { tradeUntil: STREET_START + 6 * HOUR },
        adapt: (index, { settlement }) => ({ settlement: { ...settlement, isHealthy: () => ill.has(index) ? sick : { ok: true } } })
      })
      const [seller, buyer] = street.homes
      const said = (text: string): number => lines.filter((line) => line === text).length
      const agreed = async (): Promise<number> => (await tradesOf(buyer)).filter(({ terms, state }) => terms != null && state !== 'expired').length
      const proposed = async (): Promise<number> => (await tradesOf(buyer)).length

      await street.clock.advanceTo(STREET_START + HOUR)
      ill.add(1)
      const before = await proposed()
      await street.clock.advanceTo(STREET_START + 2 * HOUR)
      expect(await proposed()).to.equal(before)
      expect(buyer.node.status().chain).to.deep.equal(sick)
      expect(said('trading paused, money safe: the chain has not answered for 40 s')).to.equal(1)
      ill.clear()
      await street.clock.advanceTo(STREET_START + 3 * HOUR)
      expect(await proposed()).to.be.above(before)
      expect(said('trading resumes')).to.equal(1)
      expect(buyer.node.status().chain).to.deep.equal({ ok: true })

      ill.add(0)
      const asked = await agreed()
      await street.clock.advanceTo(STREET_START + 4 * HOUR)
      expect(await agreed()).to.equal(asked)
      expect(seller.node.status().chain).to.deep.equal(sick)
      ill.clear()
      await street.clock.advanceTo(STREET_START + 9 * HOUR)
      expect(await agreed()).to.be.above(asked)
      await expectGoodEnd(street, 5)
      await street.stop()
    })

    it('should settle on a chain that confirms late', async () => {
      const street = await startPair({ confirmations: 4, home: { claimAfterSec: 3 * HOUR } })
      await street.clock.advanceTo(STREET_START + 4 * HOUR)
      await expectGoodEnd(street, 4)
      await street.stop()
    })

    it('should not submit again what waits to be confirmed', async () => {
      let submitted = 0
      const street = await startPair({
        confirmations: 25,
        home: { settleEverySec: 900 },
        onEvent: (index, event) => { submitted += Number(index === 0 && event.type === 'receipts:submitted') }
      })
      await street.clock.advanceTo(STREET_START + 5 * HOUR)
      await expectGoodEnd(street, 2)
      expect(submitted).to.be.within(1, 6)
      await street.stop()
    })

    for (const confirmations of [undefined, 4]) {
      it(`should submit again soon what a reorganisation took away (${confirmations ?? 1} confirmations)`, async () => {
        const submitted: number[] = []
        const street: MemoryStreetHomes = await startPair({
          confirmations,
          home: { settleEverySec: 1800 },
          onEvent: (index, event) => { index === 0 && event.type === 'receipts:submitted' && submitted.push(street.clock.now()) }
        })
        const [seller, buyer] = street.homes
        let takeBack = (): void => {}
        while (submitted.length === 0) {
          takeBack = street.escrow.snapshot()
          await street.clock.advanceTo(street.clock.now() + 1)
        }
        const { paid } = await seller.settlement.tab(buyer.owner, seller.owner)
        const [lostAt] = submitted
        takeBack()
        await street.clock.advanceTo(lostAt + 300)
        expect(submitted.length).to.equal(2)
        await street.clock.advanceTo(lostAt + 900)
        const after = await seller.settlement.tab(buyer.owner, seller.owner)
        expect(after.paid > 0n && after.paid >= paid).to.equal(true)
        await street.clock.advanceTo(STREET_START + 5 * HOUR)
        await expectGoodEnd(street, 2)
        expect(submitted.length).to.be.below(8)
        await street.stop()
      })
    }

    for (const isAway of [false, true]) {
      it(`should claim again what a reorganisation took away${isAway ? ' while the seller was away' : ''}`, async () => {
        let isParted = false
        const street = await startPair({ home: { claimAfterSec: 2 * HOUR }, network: { isLinked: () => !isParted } })
        await street.clock.advanceTo(STREET_START + HOUR - 1)
        isParted = true
        const [seller, buyer] = street.homes
        const paid = async (): Promise<bigint> => (await seller.settlement.tab(buyer.owner, seller.owner)).paid
        let takeBack = (): void => {}
        while (inState(await tradesOf(seller), 'claimed').length === 0) {
          takeBack = street.escrow.snapshot()
          await street.clock.advanceTo(street.clock.now() + 20)
        }
        const claimed = await paid()
        takeBack()
        expect(await paid() < claimed).to.equal(true)
        if (isAway) {
          await street.restart(0)
        }
        await street.clock.advanceTo(street.clock.now() + 300)
        expect(await paid() >= claimed).to.equal(true)
        await street.clock.advanceTo(STREET_START + 6 * HOUR)
        await expectTwins(street.homes)
        await expectMoneyAddsUp(street)
        await street.stop()
      })
    }

    it('should bring back what is owed when the chain fell back behind what it had confirmed while the seller was away', async () => {
      const street = await startPair({ home: { settleEverySec: 900 } })
      await street.clock.advanceTo(STREET_START + 1200)
      const takeBack = street.escrow.snapshot()
      await street.clock.advanceTo(STREET_START + 5 * HOUR)
      const [seller, buyer] = street.homes
      const before = await seller.settlement.tab(buyer.owner, seller.owner)
      expect(before.paid > 0n).to.equal(true)
      takeBack()
      expect((await seller.settlement.tab(buyer.owner, seller.owner)).paid).to.equal(0n)
      await street.restart(0)
      await street.clock.advanceTo(street.clock.now() + 300)
      expect((await seller.settlement.tab(buyer.owner, seller.owner)).paid).to.equal(before.paid)
      await street.stop()
    })

    it('should not burden the chain once the key may raise no more ceilings today', async () => {
      let submitted = 0
      const street = await startPair({
        home: { ceiling: 200_000n, tradeUntil: STREET_START + 10 * HOUR, settleEverySec: 12 * HOUR },
        onEvent: (index, event) => { submitted += Number(index === 1 && event.type === 'receipts:submitted') }
      })
      const { owner, signer } = street.homes[1]
      await street.escrow.owner(owner).setKey(signer.address, STREET_START + 365 * DAY, 250_000n)
      await street.clock.advanceTo(STREET_START + 1200)
      await street.clock.advanceTo(STREET_START + HOUR)
      const early = submitted
      await street.clock.advanceTo(STREET_START + 5 * HOUR)
      expect(early).to.be.within(1, 15)
      expect(submitted - early).to.be.below(10)
      const { leftToday } = await street.homes[1].settlement.key(owner, signer.address)
      expect(leftToday).to.equal(0n)
      await street.stop()
    })

    it('should notice by itself what the chain did while no event came through', async () => {
      let isDeaf = false
      const street = await startPair({
        home: { settleEverySec: 900 },
        adapt: (_, { settlement }) => ({ settlement: { ...settlement, watch: (listener) => settlement.watch((event) => { isDeaf || listener(event) }) } })
      })
      await street.clock.advanceTo(STREET_START + HOUR)
      isDeaf = true
      await street.clock.advanceTo(STREET_START + 4 * HOUR)
      await expectGoodEnd(street, 2)
      await street.stop()
    })

    it('should look at the chain a few times only when it hears its whole past again', async () => {
      let looks = 0
      const street = await startPair({
        home: { settleEverySec: 900, tradeUntil: STREET_START + 6 * HOUR },
        adapt: (_, { settlement }) => ({
          settlement: {
            ...settlement,
            async tab (buyer, seller) {
              looks++
              return settlement.tab(buyer, seller)
            }
          }
        })
      })
      await street.clock.advanceTo(STREET_START + 7 * HOUR)
      expect(inState(await tradesOf(street.homes[1]), 'settled').length).to.be.above(12)
      looks = 0
      await street.restart(1)
      await street.clock.advanceTo(street.clock.now() + 10)
      expect(looks).to.be.within(1, 4)
      await street.stop()
    })

    it('should settle although the node is restarted more often than it settles', async () => {
      const street = await startPair({ home: { settleEverySec: 3 * HOUR } })
      for (let hour = 1; hour <= 6; hour++) {
        await street.clock.advanceTo(STREET_START + hour * HOUR)
        await street.restart(0)
      }
      await expectGoodEnd(street, 2)
      await street.stop()
    })
  })
})
