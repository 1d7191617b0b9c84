import { expect } from 'aegir/chai'
import { CodedError } from '../../src/domain/errors.ts'
import { isMetered } from '../../src/domain/reading.ts'
import { registerMeter } from '../../src/drivers/registers.ts'
import { meterTag } from '../../src/signing/digests.ts'
import { createLocalSigner } from '../../src/signing/local-signer.ts'
import { scriptedDevice } from '../helpers/scripted-device.ts'
import { ESCROW, STREET_START, flatProfile, startMemoryHomes, TEST_RULES } from '../helpers/street.ts'
import { expectAllEnded, expectMoneyAddsUp, expectTwins, inState, tradesOf } from './street-checks.ts'
import type { PeriodReading, Quality } from '../../src/domain/reading.ts'
import type { Trade } from '../../src/domain/trade.ts'
import type { EnergyProfile } from '../../src/drivers/profile.ts'
import type { Home } from '../../src/node/context.ts'
import type { NodeEvent } from '../../src/node/events.ts'
import type { Device, Sample } from '../../src/ports/device.ts'
import type { Meter } from '../../src/ports/meter.ts'
import type { VirtualClock } from '../../src/simulator/virtual-clock.ts'
import type { MemoryHome, MemoryHomesInit, MemoryStreetHomes } from '../helpers/street.ts'

const HOUR = 3600
const SERIAL = 'E0047007372478416'
const SELLER = flatProfile(100, 500)
const BUYER = flatProfile(300, 0)
const QUICK: Partial<Home> = { settleEverySec: 1800, tradeUntil: STREET_START + 2 * HOUR, meterDeadlineSec: 4 * HOUR, claimAfterSec: 6 * HOUR }

/** The home's profile behind a device that does not remember: it must be looked at. `change` is what happens to a look. */
function sampled (meter: Meter, clock: VirtualClock, change: (sample: Sample) => Sample = (sample) => sample): Meter {
  const profile = meter as Meter & Device
  const device = scriptedDevice(async () => change(await profile.sample()), { serial: SERIAL, ratedWatts: 11_000 })
  return registerMeter(device, { instant: () => clock.instant() })
}

async function startPair (init: MemoryHomesInit = {}, profiles: EnergyProfile[] = [SELLER, BUYER]): Promise<MemoryStreetHomes> {
  return startMemoryHomes(profiles, { ...init, home: { ...QUICK, ...init.home } })
}

/** A pair of which the seller's device is looked at. */
async function startSampled (init: MemoryHomesInit & { change?(sample: Sample, clock: VirtualClock): Sample } = {}): Promise<MemoryStreetHomes> {
  return startPair({ ...init, adapt: (index, { meter }, clock) => index === 0 ? { meter: sampled(meter, clock, (sample) => init.change?.(sample, clock) ?? sample) } : {} })
}

async function readingsOf ({ store }: MemoryHome): Promise<PeriodReading[]> {
  return (await store.readings(0, Number.MAX_SAFE_INTEGER)).filter(isMetered)
}

async function sales (street: MemoryStreetHomes): Promise<Trade[]> {
  return inState(await tradesOf(street.homes[0]), 'agreed', 'delivered', 'receipted', 'settled', 'lapsed', 'claimed')
}

describe('a meter that is looked at', () => {
  it('should be traded and settled by, period for period, as by a meter with a memory', async () => {
    const street = await startSampled()
    await street.clock.advanceTo(STREET_START + 5 * HOUR)
    const readings = await readingsOf(street.homes[0])
    expect(readings.length).to.be.at.least(19)
    expect(readings.every(({ exportWh, importWh, quality }) => exportWh === 400 && importWh === 0 && quality === 'measured')).to.equal(true)
    await expectAllEnded(street.homes)
    await expectTwins(street.homes)
    await expectMoneyAddsUp(street)
    expect(inState(await tradesOf(street.homes[0]), 'settled').length).to.be.at.least(4)
    await street.stop()
  })

  it('should know a period within seconds of its end', async () => {
    const seen: number[] = []
    let now = (): number => 0
    const street = await startSampled({ onEvent: (index, event) => { if (index === 0 && event.type === 'period:metered') { seen.push(now() - event.reading.periodStart - 900) } } })
    now = () => street.clock.now()
    await street.clock.advanceTo(STREET_START + 2 * HOUR)
    expect(seen.length).to.be.at.least(7)
    expect(Math.max(...seen)).to.be.at.most(10)
    await street.stop()
  })

  it('E54 should go on within the slot after a restart, and write no slot twice', async () => {
    const metered: number[] = []
    const street = await startSampled({ onEvent: (index, event) => { if (index === 0 && event.type === 'period:metered') { metered.push(event.reading.periodStart) } } })
    await street.clock.advanceTo(STREET_START + 3000)
    await street.restart(0)
    await street.clock.advanceTo(STREET_START + 4000)
    street.homes[0].kill()
    await street.clock.advanceTo(STREET_START + 4200)
    await street.restart(0)
    await street.clock.advanceTo(STREET_START + 5 * HOUR)
    const readings = await readingsOf(street.homes[0])
    expect(readings.every(({ exportWh }) => exportWh === 400)).to.equal(true)
    const quality = (start: number): Quality | undefined => readings.find(({ periodStart }) => periodStart === STREET_START + start)?.quality
    // the first restart is back at once, the second came after a gap; what the first slot saw before is on disk by its end
    expect([quality(1800), quality(4500)]).to.deep.equal(['measured', 'measured'])
    expect(['estimated', 'recovered']).to.include(quality(3600))
    expect(metered.length).to.equal(new Set(metered).size)
    await street.stop()
  })

  for (const settleRecovered of [false, true]) {
    it(`should ${settleRecovered ? '' : 'not '}settle a recovered period where the rule says ${settleRecovered ? 'so' : 'nothing'}`, async () => {
      const street = await startSampled({
        home: { settleRecovered },
        change: (sample, clock) => {
          if (clock.now() > STREET_START + 3500 && clock.now() < STREET_START + 3700) {
            throw new CodedError('DEVICE_UNREACHABLE', 'The device does not answer.')
          }
          return sample
        }
      })
      await street.clock.advanceTo(STREET_START + 8 * HOUR)
      const readings = await readingsOf(street.homes[0])
      const recovered = readings.filter(({ quality }) => quality === 'recovered').map(({ periodStart }) => periodStart - STREET_START)
      expect(recovered).to.deep.equal([2700, 3600])
      readings.forEach(({ exportWh }) => { expect(exportWh).to.be.closeTo(400, 1) })
      expect(readings.reduce((sum, { exportWh }) => sum + exportWh, 0)).to.equal(400 * readings.length)
      const touched = (await sales(street)).filter(({ periodStart }) => recovered.includes(periodStart - STREET_START))
      expect(touched.length).to.be.at.least(2)
      for (const { state, reason } of touched) {
        expect([state, reason]).to.deep.equal(settleRecovered ? ['settled', undefined] : ['lapsed', 'our meter has no data the period could be settled by'])
      }
      await expectMoneyAddsUp(street)
      await street.stop()
    })
  }

  it('should accept better data that comes hours late, and correct what it wrote', async () => {
    let isRough = true
    const street = await startPair({
      adapt: (index, { meter }) => index !== 0
        ? {}
        : {
            meter: {
              ...meter,
              read: async (at) => {
                const reading = await meter.read(at)
                return isRough ? { ...reading, exportMilliWh: Math.floor(reading.exportMilliWh / 2), quality: 'recovered' } : reading
              }
            }
          }
    })
    await street.clock.advanceTo(STREET_START + 2 * HOUR)
    expect((await readingsOf(street.homes[0])).every(({ exportWh, quality }) => exportWh === 200 && quality === 'recovered')).to.equal(true)
    const waiting = (await sales(street)).filter(({ state }) => state === 'agreed')
    expect(waiting.length).to.be.at.least(1)
    isRough = false
    await street.clock.advanceTo(STREET_START + 5 * HOUR)
    const corrected = (await readingsOf(street.homes[0])).filter(({ periodStart }) => waiting.some((trade) => trade.periodStart === periodStart))
    expect(corrected.every(({ exportWh, quality }) => exportWh === 400 && quality === 'measured')).to.equal(true)
    await expectAllEnded(street.homes)
    await expectTwins(street.homes)
    for (const { id } of waiting) {
      expect((await sales(street)).find((trade) => trade.id === id)).to.include({ state: 'settled' })
    }
    await street.stop()
  })

  it('E17 should write the slot of a register change as missing, and tell', async () => {
    const events: NodeEvent[] = []
    const street = await startSampled({
      change: (sample, clock) => clock.now() < STREET_START + 3000
        ? sample
        : { ...sample, importMilliWh: (sample.importMilliWh ?? 0) + 5_000_000_000, exportMilliWh: (sample.exportMilliWh ?? 0) - 1_300_000 },
      onEvent: (index, event) => { if (index === 0) { events.push(event) } }
    })
    await street.clock.advanceTo(STREET_START + 8 * HOUR)
    const records = await street.homes[0].store.readings(0, Number.MAX_SAFE_INTEGER)
    const missing = records.filter((record) => !isMetered(record))
    expect(missing).to.deep.equal([{ periodStart: STREET_START + 2700, quality: 'missing' }, { periodStart: STREET_START + 3600, quality: 'missing' }])
    expect(records.filter(isMetered).every(({ exportWh }) => exportWh === 400)).to.equal(true)
    expect(events.filter(({ type }) => type === 'period:missed').length).to.equal(2)
    const told = events.filter((event) => event.type === 'meter:changed').map(({ meter }) => [meter.epoch, meter.problem != null, meter.cannotSell != null])
    expect(told).to.deep.equal([[0, true, false], [0, true, true], [1, false, false]])
    const touched = (await sales(street)).filter(({ periodStart }) => [2700, 3600].includes(periodStart - STREET_START))
    expect(touched.every(({ state }) => state === 'lapsed')).to.equal(true)
    await expectMoneyAddsUp(street)
    await street.stop()
  })
})

describe('selling', () => {
  const offers = (street: MemoryStreetHomes): number[] => street.homes[1].node.book().flatMap(({ offers }) => offers.map(({ entry }) => entry.remaining))

  it('E55 should stop while another node shows the same meter, withdraw its offers and say so', async () => {
    let shown: 'nothing' | 'our meter' | 'our own tag' = 'nothing'
    const street = await startPair({
      adapt: (index, { meter, network }, clock) => index !== 0
        ? {}
        : {
            meter: sampled(meter, clock),
            network: {
              ...network,
              peers: () => shown === 'nothing' ? [] : [{ peerId: 'them', address: '', meterTag: meterTag(SERIAL, shown === 'our meter' ? 'them' : network.peerId) }]
            }
          },
      // no purchases: the offers stand
      homeOf: (index) => index === 1 ? { highestBuyingPrice: 1n } : {},
      home: { tradeUntil: STREET_START + 20 * HOUR }
    })
    await street.clock.advanceTo(STREET_START + 1000)
    expect(offers(street).length).to.be.at.least(1)
    shown = 'our own tag'
    await street.clock.advanceTo(STREET_START + 2000)
    expect(street.homes[0].node.status().cannotSell).to.equal(undefined)
    expect(offers(street).length).to.be.at.least(1)
    shown = 'our meter'
    await street.clock.advanceTo(STREET_START + 3000)
    expect(street.homes[0].node.status().cannotSell).to.equal('another node, them, sells by the same meter: stop one of the two')
    expect(offers(street)).to.deep.equal([])
    shown = 'nothing'
    await street.clock.advanceTo(STREET_START + 3000 + 2 * HOUR)
    expect(street.homes[0].node.status().cannotSell).to.equal(undefined)
    expect(offers(street).length).to.be.at.least(1)
    await street.stop()
  })

  it('E56 E57 should offer what it expects, settle by the register, and show the shortfall of each trade', async () => {
    // sunny until half past, then clouds: the offer for the next slot was made before
    const clouded: EnergyProfile = { ...SELLER, pvMilliWh: SELLER.pvMilliWh.map((wh, step) => step < 3 ? wh : 150_000) }
    const street = await startPair({ home: { tradeUntil: STREET_START + 2700 + 900 } }, [clouded, BUYER])
    await street.clock.advanceTo(STREET_START + 5 * HOUR)
    const short = (await sales(street)).filter(({ periodStart }) => periodStart === STREET_START + 2700)
    expect(short.length).to.be.at.least(1)
    const agreed = short.reduce((sum, { terms }) => sum + (terms?.wh ?? 0), 0)
    const delivered = short.reduce((sum, { deliveredWh }) => sum + (deliveredWh ?? NaN), 0)
    expect(agreed).to.be.above(50)
    expect(delivered).to.equal(50)
    for (const { deliveredWh, ownWh, terms, amount } of short) {
      expect(ownWh).to.equal(deliveredWh)
      expect(deliveredWh).to.be.below(terms?.wh ?? 0)
      expect(Number(amount)).to.be.above(0)
    }
    await expectTwins(street.homes)
    await street.stop()
  })

  it('E59 should never offer more than may flow out', async () => {
    for (const [exportLimitWatts, most] of [[800, 200], [0, 0]]) {
      const street = await startPair({ homeOf: (index) => index === 0 ? { exportLimitWatts } : { highestBuyingPrice: 1n } })
      await street.clock.advanceTo(STREET_START + 1500)
      expect(Math.max(0, ...offers(street))).to.equal(most)
      await street.stop()
    }
  })

  it('E60 should offer nothing while the house is off the grid, and take back what it offered', async () => {
    let isOffGrid = false
    const street = await startSampled({ change: (sample) => ({ ...sample, isOffGrid }), homeOf: (index) => index === 1 ? { highestBuyingPrice: 1n } : {} })
    await street.clock.advanceTo(STREET_START + 1000)
    expect(offers(street).length).to.be.at.least(1)
    isOffGrid = true
    await street.clock.advanceTo(STREET_START + 1900)
    expect(offers(street)).to.deep.equal([])
    expect(street.homes[0].node.status().cannotSell).to.equal('the house is off the grid')
    isOffGrid = false
    await street.clock.advanceTo(STREET_START + 2800)
    expect(offers(street).length).to.be.at.least(1)
    await street.stop()
  })

  it('should claim from a silent buyer by a reading that the meter\'s own key has signed', async () => {
    const meterKey = createLocalSigner(`0x${'77'.repeat(32)}`, { chainId: TEST_RULES.chainId, escrow: ESCROW })
    let signed = 0
    const element = { address: meterKey.address, signReading: async (...args: Parameters<typeof meterKey.signReading>) => { signed++; return meterKey.signReading(...args) } }
    const street = await startPair({ adapt: (index) => index === 0 ? { attester: element } : {} })
    await street.clock.advanceTo(STREET_START + 1850)
    street.homes[1].kill()
    await street.clock.advanceTo(STREET_START + 12 * HOUR)
    const claimed = inState(await tradesOf(street.homes[0]), 'claimed')
    expect(claimed.length).to.be.at.least(1)
    expect(claimed.every(({ terms }) => terms?.attester === meterKey.address && terms.attester !== street.homes[0].signer.address)).to.equal(true)
    expect(signed).to.be.at.least(1)
    await street.homes[0].node.stop()
  })
})
