import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'aegir/chai'
import { periodAt } from '../../src/domain/period.ts'
import { composite } from '../../src/drivers/composite.ts'
import { forRestart, readingAt } from '../../src/drivers/register-log.ts'
import { registerMeter } from '../../src/drivers/registers.ts'
import { shareOut } from '../../src/trade/delivery.ts'
import { someRules } from '../helpers/builders.ts'
import { FINE, logOf, periodOf, scriptedDevice, steady } from '../helpers/scripted-device.ts'
import type { PeriodReading } from '../../src/domain/reading.ts'
import type { RegisterLog } from '../../src/drivers/register-log.ts'
import type { DeviceTraits, Sample } from '../../src/ports/device.ts'
import type { Meter, MeterMemory, MeterStatus } from '../../src/ports/meter.ts'
import type { Look } from '../helpers/scripted-device.ts'

/** Everything a driver must get right, by the number under which its tests are found. */
const EDGE_CASES: ReadonlyArray<readonly [number: number, what: string]> = [
  [1, 'codes for "not implemented"'], [2, 'a scale factor that changes between two reads'], [3, 'a scale factor that is not implemented'],
  [4, 'an accumulator that wraps'], [5, 'torn values'], [6, 'word and byte order'], [7, 'float garbage'], [8, 'addresses from 0 and from 1'],
  [9, '64-bit registers'], [10, 'numbers as people write them'], [11, 'units'], [12, 'retained messages'], [13, 'frozen values'],
  [14, 'answers from a cache'], [15, 'zeros while a device wakes up'], [16, 'steps back from rounding'], [17, 'a meter that was exchanged'],
  [18, 'a wrap below the type\'s limit'], [19, 'daily counters'], [20, 'phases that are counted one by one'], [21, 'returned energy that is also counted as consumed'],
  [22, 'a total that follows one phase'], [23, 'import and export swapped'], [24, 'production taken for export'], [25, 'two sources for one thing'],
  [26, 'hybrid inverters'], [27, 'small negative generation at night'], [28, 'power of zero while registers climb'], [29, 'several grid meters'],
  [30, 'checksums of telegrams'], [31, 'tariff registers beside their sum'], [32, 'a clock that stands still'], [33, 'gas and water'], [34, 'encrypted telegrams'],
  [35, 'telegrams in pieces'], [36, 'telegrams of another taste'], [37, 'frames with escapes and padding'], [38, 'meters without their PIN'],
  [39, 'power of the wrong sign'], [40, 'meters for import only'], [41, 'optional scalers'], [42, 'one client at a time'], [43, 'late answers'],
  [44, 'devices that sleep at night'], [45, 'addresses that change'], [46, 'tokens that expire'], [47, 'self-signed certificates'], [48, 'hostile answers'],
  [49, 'no writes'], [50, 'days of 92, 96 and 100 slots'], [51, 'a clock that is set'], [52, 'leap seconds and odd zones'], [53, 'a computer that sleeps'],
  [54, 'a restart within a slot'], [55, 'two nodes on one meter'], [56, 'surplus now and surplus in the slot'], [57, 'shortfalls'], [58, 'rounding'],
  [59, 'export limits'], [60, 'grid outages']
]

const START = 1_800_000_000
const SLOT = 900
const KWH = 1_000_000

function period (log: RegisterLog, number = 0): PeriodReading | undefined {
  return periodOf(log, START + SLOT * number)
}

/** Numbers that titles of tests name, in all files of these folders. */
function tested (folders: readonly string[]): Set<number> {
  const files = folders.flatMap((folder) => readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.spec.ts')).map((file) => join(folder, file)))
  const titles = files.flatMap((file) => readFileSync(file, 'utf8').split('\n').filter((line) => /^\s*(?:(?:it|describe)(?:\.\w+)?\(|\[)\s*['"`]/.test(line)))
  return new Set(titles.flatMap((title) => [...title.matchAll(/\bE([1-9]\d?)\b/g)].map(([, number]) => Number(number))))
}

/** A meter over a device that shows what it is told, on clocks of our own. */
function aMeter (traits: DeviceTraits = FINE, options: { maySellCoarse?: boolean } = {}): { meter: Meter, show(look: Look): Promise<MeterStatus> } {
  let now = { wallMs: START * 1000, elapsedMs: 0 }
  let shown: Sample = { ageMs: 0 }
  const meter = registerMeter(scriptedDevice(() => shown, traits), { instant: () => now, ...options })
  return {
    meter,
    async show ({ at, off = 0, ...sample }) {
      now = { wallMs: (START + at + off) * 1000, elapsedMs: at * 1000 }
      shown = { ageMs: 0, ...sample }
      await meter.sampler?.sample()
      return meter.status()
    }
  }
}

describe('edge cases', () => {
  it('should all have a test that names them', () => {
    expect(EDGE_CASES.map(([number]) => number)).to.deep.equal(Array.from({ length: 60 }, (_, index) => index + 1))
    const found = tested(['test/drivers', 'test/node', 'test/integration'])
    expect(EDGE_CASES.filter(([number]) => !found.has(number)).map(([number, what]) => `E${number} ${what}`)).to.deep.equal([])
  })

  describe('registers over time', () => {
    const day = steady({ from: -5, to: 1900, watts: 3600 })
    const whole = { importWh: 900, exportWh: 0 }

    it('E15 should hold its registers while the counter reads nothing or next to nothing, however long', () => {
      for (const [from, to, importMilliWh] of [[300, 600, 0], [300, 1700, 0], [300, 1200, 12_000]]) {
        const looks = day.map((look) => look.at >= from && look.at < to ? { at: look.at, importMilliWh, exportMilliWh: 0 } : look)
        const log = logOf(looks, { start: START })
        expect(period(log)).to.deep.include(whole)
        expect(period(log, 1)).to.deep.include(whole)
        expect([log.epoch, log.held]).to.deep.equal([0, looks.filter(({ at }) => at >= from && at < to).length])
      }
    })

    it('E15 should not begin at a zero that was the first thing it saw', () => {
      const looks = day.map((look) => look.at < 100 ? { ...look, importMilliWh: 0, exportMilliWh: 0 } : look)
      const log = logOf([...looks, ...steady({ from: 1900, to: 2900, watts: 0, importMilliWh: 1_000_000_123 + 1_905_000 })], { start: START })
      expect(period(log)).to.equal(undefined)
      expect(log.marks.every(({ totals, epoch }) => epoch > 0 || totals.importMilliWh === 0)).to.equal(true)
    })

    it('E16 should take a step back from rounding for standing still, also when it lasts', () => {
      const flicker = day.map((look, index) => ({ ...look, exportMilliWh: 500_000_300 - (index % 3 === 1 ? 100 : 0) }))
      const fallen = day.map((look) => ({ ...look, exportMilliWh: 500_000_300 - (look.at > 200 ? 200 : 0) }))
      for (const looks of [flicker, fallen]) {
        const log = logOf(looks, { start: START })
        expect(period(log)).to.deep.equal({ periodStart: START, ...whole, loadWh: undefined, pvWh: undefined, quality: 'measured' })
        expect([log.epoch, log.held]).to.deep.equal([0, 0])
      }
    })

    it('E17 should begin a new epoch when a meter was exchanged: the slot is missing and the user told', async () => {
      const { meter, show } = aMeter()
      const told: string[] = []
      for (const look of steady({ from: -5, to: 1000, watts: 3600 })) {
        await show(look)
      }
      for (const look of steady({ from: 1000, to: 3700, watts: 3600, importMilliWh: 3 * KWH, exportMilliWh: 0 })) {
        const { problem, epoch } = await show(look)
        told.push(`${epoch} ${problem ?? 'well'}`)
      }
      expect([...new Set(told)].map((each) => each.slice(0, 20))).to.deep.equal(['0 the registers jump', '1 well'])
      expect((await meter.read(START)).epoch).to.equal(0)
      expect((await meter.read(START + SLOT)).epoch).to.equal(0)
      await expect(meter.read(START + 2 * SLOT)).to.eventually.be.rejected.with.property('code', 'DEVICE_NO_DATA')
      const [from, to] = [await meter.read(START + 3 * SLOT), await meter.read(START + 4 * SLOT)]
      expect([from.epoch, to.importMilliWh - from.importMilliWh]).to.deep.equal([1, 900_000])
    })

    it('E17 E45 should begin a new epoch when another serial number answers after a restart', async () => {
      const [old, other] = [aMeter({ ...FINE, serial: 'A' }), aMeter({ ...FINE, serial: 'B' })]
      for (const look of steady({ from: -5, to: 400, watts: 3600 })) {
        await old.show(look)
      }
      other.meter.sampler?.restore(JSON.parse(JSON.stringify(old.meter.sampler?.memory())) as MeterMemory)
      let status: MeterStatus | undefined
      for (const look of steady({ from: 420, to: 1900, watts: 3600, importMilliWh: 1_000_410_000 })) {
        status = await other.show(look)
      }
      expect(status?.epoch).to.equal(1)
      expect((await other.meter.read(START)).epoch).to.equal(0)
      expect((await other.meter.read(START + SLOT)).epoch).to.equal(1)
    })

    it('E17 should know nothing of a register that became negative, and never take it for zero', () => {
      // drivers say nothing where a lifetime is negative
      const looks = day.map((look) => look.at < 500 ? look : { at: look.at, importMilliWh: look.importMilliWh })
      expect(period(logOf(looks, { start: START }))).to.equal(undefined)
    })

    it('E4 E18 should add the range only to a register that was near its top', () => {
      const top = 2 ** 32 * 1000
      const traits = { ...FINE, wrapsAtMilliWh: top }
      const wrapped = steady({ from: -5, to: 1900, watts: 3600, importMilliWh: top - 400_000 }).map((look) => ({ ...look, importMilliWh: (look.importMilliWh ?? 0) % top }))
      expect(period(logOf(wrapped, { start: START, traits }))).to.deep.include(whole)
      expect(period(logOf(wrapped, { start: START, traits }), 1)).to.deep.include(whole)
      const reset = steady({ from: -5, to: 1900, watts: 3600, importMilliWh: top / 2 }).map((look) => look.at < 500 ? look : { ...look, importMilliWh: (look.importMilliWh ?? 0) - top / 2 })
      expect(period(logOf(reset, { start: START, traits }))).to.equal(undefined)
    })

    it('E18 should hold a wrap it was not told of, and lose the slot rather than invent', () => {
      const limit = 1_200_000 * 1000
      const looks = steady({ from: -5, to: 4500, watts: 3600, importMilliWh: limit - 400_000 }).map((look) => ({ ...look, importMilliWh: (look.importMilliWh ?? 0) % limit }))
      const log = logOf(looks, { start: START })
      expect(period(log)).to.equal(undefined)
      expect(period(log, 3)).to.deep.include(whole)
      expect(log.epoch).to.equal(1)
    })

    it('E19 should recognise a register that begins again every day, and sell nothing by it', async () => {
      const { show } = aMeter()
      let status: MeterStatus | undefined
      for (let at = 0; at < 2.3 * 86_400; at += 60) {
        const today = (at + 43_200) % 86_400
        status = await show({ at, importMilliWh: Math.floor(500 * today / 3.6), exportMilliWh: Math.floor(400 * today / 3.6) })
      }
      expect(status?.epoch).to.equal(2)
      expect(status?.cannotSell).to.include('begins again every day')
      expect(status?.problem).to.include('choose one that counts for a lifetime')
    })

    describe('E20 phases that are counted one by one', () => {
      const traits = { ...FINE, addsPhasesSeparately: true }
      /** Registers as such a device counts: both grow at once, and move once a minute. */
      const phases = (gridWatts: (at: number) => number, both: number, everySec: number): Look[] => {
        let [imported, exported, shown] = [0, 0, { importMilliWh: 0, exportMilliWh: 0 }]
        return Array.from({ length: 192 }, (_, index) => {
          const at = index * 10 - 10
          const net = gridWatts(at)
          imported += Math.floor((both + Math.max(0, net)) * 10 / 3.6)
          exported += Math.floor((both + Math.max(0, -net)) * 10 / 3.6)
          shown = at % everySec === 0 ? { importMilliWh: imported, exportMilliWh: exported } : shown
          return { at, gridWatts: net, ...shown }
        })
      }

      it('E20 should net them, label the quality and lose nothing of the balance', () => {
        const taken = logOf(phases(() => 400, 600, 10), { start: START, traits })
        expect(period(taken)).to.deep.include({ importWh: 100, exportWh: 0, quality: 'estimated' })
        const given = logOf(phases(() => -400, 600, 60), { start: START, traits })
        expect(period(given)).to.deep.include({ importWh: 0, exportWh: 100, quality: 'estimated' })
      })

      it('E20 should keep both directions of a slot in which the balance turned', () => {
        const log = logOf(phases((at) => at % 120 < 60 ? 1200 : -1200, 600, 10), { start: START, traits })
        const reading = period(log)
        // between two looks power counts as a straight line, which a switch is not
        expect(reading?.importWh).to.be.closeTo(160, 20)
        expect(reading?.exportWh).to.be.closeTo(140, 20)
        const [a, b] = [readingAt(log, START), readingAt(log, START + SLOT)]
        const raw = phases((at) => at % 120 < 60 ? 1200 : -1200, 600, 10)
        const net = (look?: { importMilliWh?: number, exportMilliWh?: number }): number => (look?.importMilliWh ?? 0) - (look?.exportMilliWh ?? 0)
        expect(net(b) - net(a)).to.equal(net(raw[91]) - net(raw[1]))
      })

      it('E20 should take such registers as they are from a device that nets them itself', () => {
        expect(period(logOf(phases(() => 400, 600, 10), { start: START, traits: FINE }))).to.deep.include({ importWh: 250, exportWh: 150, quality: 'measured' })
      })
    })

    it('E23 should notice that import and export are swapped: at night, a house gives away what nothing generates', async () => {
      const night = async (watts: number): Promise<MeterStatus | undefined> => {
        const { show } = aMeter()
        let status: MeterStatus | undefined
        for (const look of steady({ from: 0, to: 700, watts })) {
          status = await show({ ...look, pvWatts: 0, pvMilliWh: 7 * KWH })
        }
        return status
      }
      expect(await night(500)).to.deep.include({ problem: undefined, cannotSell: undefined })
      const swapped = await night(-500)
      expect(swapped?.problem).to.include('look swapped')
      expect(swapped?.cannotSell).to.include('look swapped')
    })

    it('E23 should notice that power says the opposite of the registers', async () => {
      const { show } = aMeter()
      let status: MeterStatus | undefined
      for (const look of steady({ from: 0, to: 700, watts: 2000 })) {
        status = await show({ ...look, gridWatts: -2000 })
      }
      expect(status?.problem).to.include('look swapped')
    })

    it('E24 should never take production for export: a device without grid registers is no grid meter', async () => {
      const { meter, show } = aMeter()
      await show({ at: 0, pvMilliWh: 5 * KWH, pvWatts: 3000 })
      const status = await show({ at: 900, pvMilliWh: 6 * KWH, pvWatts: 3000 })
      expect(status.problem).to.include('does not measure the grid connection')
      expect(status.cannotSell).to.be.a('string')
      await expect(meter.read(START)).to.eventually.be.rejected.with.property('code', 'DEVICE_NO_DATA')
      // and beside a meter only the meter counts
      const home = composite({
        meter: scriptedDevice(() => ({ ageMs: 0, importMilliWh: 1, exportMilliWh: 2, gridWatts: 100 })),
        inverter: scriptedDevice(() => ({ ageMs: 0, importMilliWh: 77, exportMilliWh: 88, gridWatts: -9, pvMilliWh: 99, pvWatts: 4000 }))
      })
      expect(await home.sample()).to.include({ importMilliWh: 1, exportMilliWh: 2, gridWatts: 100, pvMilliWh: 99, pvWatts: 4000 })
    })

    it('E28 should trust registers that climb while power says nothing', () => {
      const looks = steady({ from: -5, to: 960, watts: 3600 }).map((look) => ({ ...look, gridWatts: 0 }))
      expect(period(logOf(looks, { start: START }))).to.deep.include({ ...whole, quality: 'measured' })
    })
  })

  describe('coarse registers', () => {
    const traits: DeviceTraits = { ratedWatts: 11_000 }
    /** A register in steps of 1 kWh beside a power that reads `factor` of the truth. */
    const coarse = (hours: number, factor: number): Look[] => steady({ from: -5, to: hours * 3600, watts: 2000, importMilliWh: 25_688 * KWH, exportMilliWh: 41 * KWH })
      .map((look) => ({ ...look, gridWatts: 2000 * factor, importMilliWh: Math.floor((look.importMilliWh ?? 0) / KWH) * KWH }))

    for (const factor of [1, 0.8, 1.3]) {
      it(`should share out steps of 1 kWh by a power that reads ${factor} of the truth, never a step ahead`, () => {
        const looks = coarse(8, factor)
        const log = logOf(looks, { start: START, traits })
        const slots = Array.from({ length: 31 }, (_, number) => period(log, number))
        expect(slots.every((slot) => slot?.quality === 'estimated')).to.equal(true)
        // once a step has shown what power is worth, every slot is right
        slots.slice(8).forEach((slot) => { expect(slot?.importWh).to.be.closeTo(500, 26) })
        for (const { ms, totals } of log.marks) {
          const shown = looks.find(({ at }) => (START + at) * 1000 === ms)?.importMilliWh ?? 0
          expect(totals.importMilliWh - shown).to.be.within(0, KWH - 1)
        }
      })
    }

    it('E38 should not sell by them unless the community allows it', async () => {
      for (const maySellCoarse of [false, true]) {
        const { show } = aMeter(traits, { maySellCoarse })
        let status: MeterStatus | undefined
        for (const look of coarse(2, 1)) {
          status = await show(look)
        }
        expect(status?.resolutionMilliWh).to.equal(KWH)
        expect(status?.cannotSell).to.equal(maySellCoarse ? undefined : 'the export register moves in steps too coarse to sell by')
      }
    })

    it('should find out that a register is a fine one as soon as it shows it', async () => {
      const { show } = aMeter(traits)
      expect((await show({ at: 0, importMilliWh: 3 * KWH, exportMilliWh: 2 * KWH })).cannotSell).to.include('too coarse')
      expect((await show({ at: 10, importMilliWh: 3 * KWH + 2000, exportMilliWh: 2 * KWH })).cannotSell).to.equal(undefined)
      expect((await show({ at: 20, importMilliWh: 3 * KWH + 3000, exportMilliWh: 2 * KWH })).resolutionMilliWh).to.equal(1000)
    })
  })

  describe('homes of several devices', () => {
    const grid = (fields: Partial<Sample> = {}): Sample => ({ ageMs: 0, importMilliWh: 10 * KWH, exportMilliWh: 20 * KWH, gridWatts: -1500, ...fields })

    it('E25 should take each quantity from one device', async () => {
      const home = composite({
        meter: scriptedDevice(() => grid({ pvWatts: 9999, pvMilliWh: 1, batteryWatts: 1, batteryPercent: 1, batteryCapacityWh: 1 })),
        inverter: scriptedDevice(() => ({ ageMs: 0, pvWatts: 2500, pvMilliWh: 5, batteryWatts: 2, batteryPercent: 2, batteryCapacityWh: 2 })),
        battery: scriptedDevice(() => ({ ageMs: 0, pvWatts: 7, batteryWatts: -300, batteryPercent: 55, batteryCapacityWh: 10_000 }))
      })
      expect(await home.sample()).to.deep.equal(grid({ pvWatts: 2500, pvMilliWh: 5, batteryWatts: -300, batteryPercent: 55, batteryCapacityWh: 10_000 }))
    })

    it('E25 should find the load as what came in less what went out, once', () => {
      // 500 W of load: 2000 W from the roof, 300 W into the battery, 1200 W out
      const looks = steady({ from: -10, to: 960, watts: -1200 }).map((look) => ({ ...look, pvWatts: 2000, pvMilliWh: Math.floor(2000 * (look.at + 10) / 3.6), batteryWatts: -300, batteryPercent: 40, batteryCapacityWh: 10_000 }))
      expect(period(logOf(looks, { start: START }))).to.deep.equal({
        periodStart: START, importWh: 0, exportWh: 300, loadWh: 125, pvWh: 500, battery: { storedWh: 4000, capacityWh: 10_000 }, quality: 'measured'
      })
    })

    it('E25 should leave a home of one device as it is', () => {
      const meter = scriptedDevice(() => grid())
      expect(composite({ meter })).to.equal(meter)
    })

    it('E26 should not take what a battery gives at night for generation', () => {
      // a hybrid inverter gives 800 W from its battery: 500 W for the house, 300 W to the grid
      const looks = steady({ from: -10, to: 960, watts: -300 }).map((look) => ({ ...look, pvWatts: 0, pvMilliWh: 5 * KWH, batteryWatts: 800 }))
      expect(period(logOf(looks, { start: START }))).to.deep.include({ exportWh: 75, pvWh: 0, loadWh: 125 })
    })

    it('E27 should take an inverter\'s own need at night for load, not for negative generation', () => {
      const looks = steady({ from: -10, to: 960, watts: 240 }).map((look) => ({ ...look, pvWatts: -8 }))
      expect(period(logOf(looks, { start: START }))).to.deep.include({ importWh: 60, pvWh: 0, loadWh: 60 })
    })

    it('E29 should add up two grid meters and sell only what the first exports', async () => {
      const home = composite({
        meter: scriptedDevice(() => grid(), { serial: 'first', ratedWatts: 11_000 }),
        secondMeter: scriptedDevice(() => ({ ageMs: 400, importMilliWh: 3 * KWH, exportMilliWh: 7 * KWH, gridWatts: 700 }), { serial: 'second', ratedWatts: 5000 })
      })
      expect(await home.sample()).to.include({ ageMs: 400, importMilliWh: 13 * KWH, exportMilliWh: 20 * KWH, gridWatts: -800 })
      expect(home.traits).to.include({ serial: 'first', ratedWatts: 16_000 })
    })

    it('E29 should know nothing while one of two meters is silent', async () => {
      const home = composite({ meter: scriptedDevice(() => grid()), secondMeter: scriptedDevice(async () => { throw new Error('away') }) })
      await expect(home.sample()).to.eventually.be.rejectedWith('away')
    })

    it('E44 should do without an inverter that sleeps, and not take one that failed for one that sleeps', async () => {
      let shown: Sample | undefined
      const home = composite({
        meter: scriptedDevice(() => grid()),
        inverter: scriptedDevice(async () => {
          if (shown == null) {
            throw new Error('no answer')
          }
          return shown
        })
      })
      shown = { ageMs: 0, pvWatts: 2500, pvMilliWh: 9 * KWH }
      await home.sample()
      shown = undefined
      expect(await home.sample()).to.include({ pvWatts: undefined, pvMilliWh: undefined, importMilliWh: 10 * KWH })
      shown = { ageMs: 0, pvWatts: 12, pvMilliWh: 9 * KWH }
      await home.sample()
      shown = undefined
      expect(await home.sample()).to.include({ pvWatts: 0, pvMilliWh: 9 * KWH })
    })
  })

  describe('freshness', () => {
    it('E13 should not count a device whose clock and registers stand still as read', async () => {
      const { show } = aMeter()
      await show({ at: 0, importMilliWh: 5, exportMilliWh: 5, deviceTime: 7 })
      const status = await show({ at: 70, importMilliWh: 5, exportMilliWh: 5, deviceTime: 7 })
      expect(status.problem).to.equal('the device has shown nothing new for more than a minute')
      const looks = steady({ from: -5, to: 1900, watts: 3600 })
      const frozen = looks.map((look) => ({ ...look, ...look.at >= 600 && look.at < 1300 ? { importMilliWh: looks[60].importMilliWh, deviceTime: 600 } : { deviceTime: START + look.at } }))
      expect(period(logOf(frozen, { start: START }))).to.deep.include({ quality: 'recovered' })
    })

    it('E14 should not count the same second twice', () => {
      const looks = steady({ from: -5, to: 960, watts: 3600 })
      expect(logOf(looks.flatMap((look) => [look, look, look]), { start: START }).marks).to.deep.equal(logOf(looks, { start: START }).marks)
    })
  })

  describe('time', () => {
    const rules = someRules()

    it('E50 should have 92, 96 and 100 slots in the days of a zone with summer time', () => {
      const slots = (day: string, next: string): number => {
        const starts = new Set<number>()
        for (let time = Date.parse(day) / 1000; time < Date.parse(next) / 1000; time += 60) {
          starts.add(periodAt(time, rules))
        }
        return starts.size
      }
      expect(slots('2026-03-29T00:00:00+01:00', '2026-03-30T00:00:00+02:00')).to.equal(92)
      expect(slots('2026-06-29T00:00:00+02:00', '2026-06-30T00:00:00+02:00')).to.equal(96)
      expect(slots('2026-10-25T00:00:00+02:00', '2026-10-26T00:00:00+01:00')).to.equal(100)
    })

    it('E50 should keep both hours of the night that has one twice', () => {
      const twice = Date.parse('2026-10-25T02:30:00+02:00') / 1000
      const log = logOf(steady({ from: -10, to: 7300, watts: 3600 }), { start: twice })
      const hours = Array.from({ length: 8 }, (_, number) => periodOf(log, twice + SLOT * number))
      expect(hours.map((each) => each?.importWh)).to.deep.equal(Array.from({ length: 8 }, () => 900))
    })

    for (const [what, off] of [['forward by two minutes', 120], ['back by two minutes', -120], ['back by a quarter of an hour', -840]] as const) {
      it(`E51 should lose and double nothing when the clock is set ${what} within a slot`, () => {
        const looks = steady({ from: -5, to: 3700, watts: 3600 }).map((look) => look.at < 1200 ? look : { ...look, off })
        const log = logOf(looks, { start: START })
        const slots = [0, 1, 2].map((number) => period(log, number))
        const [from, to] = [readingAt(log, START), readingAt(log, START + 3 * SLOT)]
        expect(slots.reduce((sum, slot) => sum + (slot?.importWh ?? NaN), 0)).to.equal(Math.floor((to?.importMilliWh ?? 0) / 1000) - Math.floor((from?.importMilliWh ?? 0) / 1000))
        expect(slots[0]).to.deep.include({ importWh: 900, quality: 'measured' })
        expect(slots[1]?.quality).to.equal('estimated')
      })
    }

    it('E51 should begin anew when the clock showed another year, and lose the slot it was put right in', () => {
      for (const off of [-86_400 * 400, 86_400 * 400]) {
        const looks = steady({ from: -5, to: 2800, watts: 3600 }).map((look) => look.at < 1200 ? { ...look, off } : look)
        const log = logOf(looks, { start: START })
        expect(log.broken).to.equal('clock')
        expect([0, 1, 2].map((number) => period(log, number)?.importWh)).to.deep.equal([undefined, undefined, 900])
      }
    })

    it('E52 should not notice a smeared leap second, and know zones of half and three quarters of an hour', () => {
      const looks = steady({ from: -10, to: 86_400, every: 30, watts: 3600 }).map((look) => ({ ...look, off: Math.round(look.at / 86.4) / 1000 }))
      const log = logOf(looks, { start: START })
      const slots = Array.from({ length: 95 }, (_, number) => period(log, number))
      expect(slots.every((slot) => slot?.quality === 'measured')).to.equal(true)
      expect([log.epoch, log.gaps]).to.deep.equal([0, 0])
      for (const midnight of ['2028-02-29T00:00:00+05:30', '2028-02-29T00:00:00+05:45', '2028-02-29T00:00:00-09:30']) {
        const time = Date.parse(midnight) / 1000
        expect(periodAt(time, rules)).to.equal(time)
      }
    })

    it('E53 should see one gap after an hour of sleep, and look once', () => {
      const looks = steady({ from: -5, to: 8000, watts: 3600 }).filter(({ at }) => at < 1000 || at >= 4600)
      const log = logOf(looks, { start: START })
      expect(log.gaps).to.equal(1)
      expect([0, 1, 2, 4, 5].map((number) => period(log, number)?.quality)).to.deep.equal(['measured', 'recovered', 'recovered', 'recovered', 'recovered'])
      expect([0, 1, 2, 3, 4, 5, 6, 7].reduce((sum, number) => sum + (period(log, number)?.importWh ?? NaN), 0)).to.equal(8 * 900)
    })

    it('E54 should go on within the slot after a restart', () => {
      const looks = steady({ from: -5, to: 1900, watts: 3600 })
      const before = logOf(looks.filter(({ at }) => at < 400), { start: START })
      const kept = JSON.parse(JSON.stringify(forRestart(before))) as RegisterLog
      // the forward clock begins anew
      const later = looks.filter(({ at }) => at >= 430).map((look) => ({ ...look, at: look.at - 430, off: 430 }))
      expect(period(logOf(later, { start: START, log: kept }))).to.deep.include({ importWh: 900, quality: 'measured' })
      const muchLater = looks.filter(({ at }) => at >= 800).map((look) => ({ ...look, at: look.at - 800, off: 800 }))
      expect(period(logOf(muchLater, { start: START, log: kept }))).to.deep.include({ importWh: 900, quality: 'estimated' })
    })
  })

  it('E58 should lose nothing to rounding: fractions are carried from slot to slot and shares add up', () => {
    const log = logOf(steady({ from: -10, to: 90_200, every: 50, watts: 1.7 }), { start: START })
    const slots = Array.from({ length: 100 }, (_, number) => period(log, number)?.importWh ?? NaN)
    expect(slots.every((wh) => wh === 0 || wh === 1)).to.equal(true)
    expect(slots.reduce((sum, wh) => sum + wh, 0)).to.equal(Math.floor((readingAt(log, START + 90_000)?.importMilliWh ?? 0) / 1000) - Math.floor((readingAt(log, START)?.importMilliWh ?? 0) / 1000))
    const shares = shareOut(100, [{ id: '0x01', wh: 60 }, { id: '0x02', wh: 60 }, { id: '0x03', wh: 60 }])
    expect([...shares.values()].reduce((sum, wh) => sum + wh, 0)).to.equal(100)
  })
})
