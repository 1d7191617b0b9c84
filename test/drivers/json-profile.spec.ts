import { expect } from 'aegir/chai'
import { CodedError } from '../../src/domain/errors.ts'
import { isPeriodic, jsonDevice, valuesAt } from '../../src/drivers/json-profile.ts'
import type { JsonProfile } from '../../src/drivers/json-profile.ts'
import type { JsonAnswer, JsonSource } from '../../src/drivers/transports/json-source.ts'
import type { Device, Sample } from '../../src/ports/device.ts'

const NOW = 1_700_006_400

/** A source that answers what is in `answers` at the time. */
function sourceOf (answers: Record<string, unknown>, more: Partial<JsonAnswer> = {}): JsonSource {
  return {
    async get (request) {
      const value = answers[request]
      if (value instanceof Error) {
        throw value
      }
      return value === undefined ? undefined : { value, ageMs: 0, ...more }
    },
    close: async () => {}
  }
}

function deviceOf (values: JsonProfile['values'], answers: Record<string, unknown>, more: Partial<JsonProfile> & { elapsed?(): number, answer?: Partial<JsonAnswer> } = {}): Device {
  const { elapsed, answer, ...profile } = more
  return jsonDevice({ values, ...profile }, { name: 'it', source: sourceOf(answers, answer), now: () => NOW, elapsed })
}

async function sampleOf (values: JsonProfile['values'], answers: Record<string, unknown>): Promise<Partial<Sample> | string> {
  return deviceOf(values, answers).sample().catch((error: { code: string }) => error.code)
}

describe('a device from a profile', () => {
  it('should find values by names, numbers, stars and members', () => {
    const answer = { a: { 'b.c': [{ id: 7, v: 1 }, { id: '8', v: 2 }] }, 'em:0': { x: null }, list: [3, 4] }
    expect(valuesAt(answer, 'a."b.c".[id=8].v')).to.deep.equal([2])
    expect(valuesAt(answer, 'a."b.c".[id=7].v')).to.deep.equal([1])
    expect(valuesAt(answer, 'a."b.c".*.v')).to.deep.equal([1, 2])
    expect(valuesAt(answer, 'list.1')).to.deep.equal([4])
    expect(valuesAt(answer, 'em:0.x')).to.deep.equal([null])
    expect(valuesAt(answer, '')).to.deep.equal([answer])
    expect(valuesAt(answer, 'em:0.x.y.z')).to.deep.equal([])
    expect(valuesAt(answer, 'toString')).to.deep.equal([])
    expect(valuesAt(answer, '__proto__.constructor')).to.deep.equal([])
  })

  it('should take the first of several places that has a value', async () => {
    const values = { gridWatts: ['a', 'b', 'c'].map((path) => ({ request: '/', path, unit: 'W' as const })) }
    expect(await sampleOf(values, { '/': { a: null, b: 0, c: 5 } })).to.deep.include({ gridWatts: 0 })
  })

  it('should add what a star finds, and know nothing of the sum when a part is unknown', async () => {
    const values = { pvWatts: { request: '/', path: 'strings.*.p', unit: 'W' as const }, gridWatts: { request: '/', path: 'g', unit: 'W' as const } }
    expect(await sampleOf(values, { '/': { g: 1, strings: [{ p: 10 }, { p: 20.5 }] } })).to.deep.include({ pvWatts: 30.5 })
    expect(await sampleOf(values, { '/': { g: 1, strings: [{ p: 10 }, { p: null }] } })).to.not.have.property('pvWatts')
    expect(await sampleOf(values, { '/': { g: 1, strings: [] } })).to.not.have.property('pvWatts')
  })

  it('should turn signs, and show no generation below zero', async () => {
    const values = { gridWatts: { request: '/', path: 'g', unit: 'kW' as const, sign: -1 as const }, pvWatts: { request: '/', path: 'p', unit: 'W' as const } }
    expect(await sampleOf(values, { '/': { g: 1.5, p: -4 } })).to.deep.include({ gridWatts: -1500, pvWatts: 0 })
  })

  it('should learn its serial number later when it answered nonsense at the start, and hold it to that', async () => {
    let now = 0
    const answers: Record<string, unknown> = { '/': { g: 5 }, '/info': new CodedError('DEVICE_BAD_ANSWER', 'starting') }
    const profile = { values: { gridWatts: { request: '/', path: 'g', unit: 'W' as const } }, serial: { request: '/info', path: 'sn' }, model: { request: '/info', path: 'type' } }
    const device = jsonDevice(profile, {
      name: 'it', source: sourceOf(answers), now: () => NOW, elapsed: () => now, traits: { maker: 'M' }, describe: (known) => ({ ...known, addsPhasesSeparately: known.model === 'three' })
    })
    expect(await device.sample()).to.include({ gridWatts: 5 })
    expect(device.traits).to.deep.equal({ maker: 'M', addsPhasesSeparately: false })
    answers['/info'] = { sn: 'A1', type: 'three' }
    now = 59_000
    await device.sample()
    expect(device.traits.serial, 'asked once a minute').to.equal(undefined)
    now = 60_000
    await device.sample()
    expect(device.traits).to.deep.equal({ maker: 'M', serial: 'A1', model: 'three', addsPhasesSeparately: true })
    answers['/info'] = { sn: 'B2' }
    now = 60_000 + 600_000
    await expect(device.sample()).to.eventually.be.rejected.with.property('code', 'DEVICE_WRONG_SERIAL')
    expect(device.traits.serial).to.equal('A1')
  })

  it('should go on with what makes sense, and say why when nothing does', async () => {
    const values = { gridWatts: { request: '/a', path: 'g', unit: 'W' as const }, pvWatts: { request: '/b', path: 'p', unit: 'W' as const } }
    const broken = new CodedError('DEVICE_BAD_ANSWER', 'status 404')
    expect(await sampleOf(values, { '/a': broken, '/b': { p: 3 } })).to.deep.include({ pvWatts: 3 }).and.to.not.have.property('gridWatts')
    await expect(deviceOf(values, { '/a': broken, '/b': {} }).sample()).to.eventually.be.rejectedWith('status 404')
    expect(await sampleOf(values, { '/a': {}, '/b': {} })).to.equal('DEVICE_BAD_ANSWER')
    expect(await sampleOf(values, { '/a': new CodedError('DEVICE_UNREACHABLE', 'gone'), '/b': { p: 3 } })).to.equal('DEVICE_UNREACHABLE')
  })

  describe('E10: numbers as people and devices write them', () => {
    for (const [raw, expected] of [
      ['1234.5', 1_234_500], [' 1234 ', 1_234_000], ['1234 Wh', 1_234_000], ['1234.5Wh', 1_234_500], [1234, 1_234_000], ['1.2e3', 1_200_000], [0, 0],
      ['1234,5', undefined], ['1,234', undefined], ['1.234,5', undefined], ['1 234', undefined], ['1234 kWh', undefined], ['1234 W', undefined], ['NaN', undefined],
      ['Infinity', undefined], ['', undefined], ['Wh', undefined], [true, undefined], [false, undefined], [null, undefined], [[], undefined], [[5], undefined], [{}, undefined],
      ['unknown', undefined], ['0x10', undefined], [-5, undefined], ['-0.1', undefined], [1e300, undefined]
    ] as const) {
      it(`E10 should read ${JSON.stringify(raw)} as ${expected ?? 'unknown'}`, async () => {
        const values = { importMilliWh: { request: '/', path: 'e', unit: 'Wh' as const }, gridWatts: { request: '/', path: 'g', unit: 'W' as const } }
        const sample = await sampleOf(values, { '/': { e: raw, g: 1 } })
        expect((sample as Partial<Sample>).importMilliWh).to.equal(expected)
      })
    }

    it('E10 should take the device\'s own codes for unknown as such', async () => {
      const values = { gridWatts: { request: '/', path: 'g', unit: 'W' as const, none: [-32_768, '--'] }, pvWatts: { request: '/', path: 'p', unit: 'W' as const } }
      for (const g of [-32_768, '--']) {
        expect(await sampleOf(values, { '/': { g, p: 1 } })).to.not.have.property('gridWatts')
      }
    })
  })

  describe('E11: units', () => {
    for (const [unit, step, expected] of [
      ['Wh', 1, 7_000], ['kWh', 1, 7_000_000], ['MWh', 1, 7_000_000_000], ['kWh', 0.1, 700_000], ['kWh', 0.01, 70_000], ['Ws', 1, 1], ['J', 1, 1], ['kJ', 1, 1_944], ['mWh', 1, 7]
    ] as const) {
      it(`E11 should read 7 steps of ${step} ${unit} as ${expected} mWh`, async () => {
        expect(await sampleOf({ exportMilliWh: { request: '/', path: 'e', unit, step } }, { '/': { e: 7 } })).to.deep.include({ exportMilliWh: expected })
      })
    }

    it('E11 should read power in mW, W, kW and MW', async () => {
      for (const [unit, watts] of [['mW', 0.00025], ['W', 0.25], ['kW', 250], ['MW', 250_000]] as const) {
        expect(await sampleOf({ gridWatts: { request: '/', path: 'g', unit } }, { '/': { g: 0.25 } })).to.deep.include({ gridWatts: watts })
      }
    })

    it('E11 should refuse a unit that is missing, unknown or of another kind', () => {
      for (const unit of [undefined, '', 'W', 'kw', 'KWH', '%', 'kVA']) {
        expect(() => deviceOf({ importMilliWh: { request: '/', path: 'e', unit: unit as 'Wh' } }, {}), String(unit)).to.throw().with.property('code', 'DEVICE_BAD_PARAMS')
      }
      expect(() => deviceOf({ gridWatts: { request: '/', path: 'e', unit: 'Wh' } }, {})).to.throw('a unit of power')
      expect(() => deviceOf({ batteryPercent: { request: '/', path: 'e', unit: 'W' } }, {})).to.throw('give %')
    })
  })

  it('E7 should not believe a power that no house has', async () => {
    const values = { gridWatts: { request: '/', path: 'g', unit: 'W' as const }, importMilliWh: { request: '/', path: 'e', unit: 'Wh' as const } }
    for (const g of [2.7e23, -1.1e6]) {
      const sample = await sampleOf(values, { '/': { g, e: 5 } }) as Partial<Sample>
      expect([sample.gridWatts, sample.importMilliWh]).to.deep.equal([undefined, 5_000])
    }
  })

  describe('E12: messages a broker kept', () => {
    const values = { importMilliWh: { request: 't', path: 'e', unit: 'Wh' as const } }

    it('E12 should not use one without a time of its own', async () => {
      await expect(deviceOf(values, { t: { e: 5 } }, { answer: { isRetained: true } }).sample()).to.eventually.be.rejectedWith('kept by the broker')
    })

    for (const [what, time, ageMs] of [['in seconds', NOW - 7200, 7_200_000], ['in milliseconds', (NOW - 60) * 1000, 60_000], ['as a date with a zone', '2023-11-15T01:00:00+01:00', 0], ['in the future', NOW + 9, 0]] as const) {
      it(`E12 should use one with its time ${what}, as old as that`, async () => {
        const sample = await deviceOf(values, { t: { e: 5, time } }, { stamp: { request: 't', path: 'time' }, answer: { isRetained: true } }).sample()
        expect(sample).to.deep.include({ importMilliWh: 5_000, ageMs })
      })
    }

    for (const time of ['2023-11-15T00:00:00', 'yesterday', 12, null]) {
      it(`E12 should not use one whose time says ${String(time)}`, async () => {
        const device = deviceOf(values, { t: { e: 5, time } }, { stamp: { request: 't', path: 'time' }, answer: { isRetained: true } })
        await expect(device.sample()).to.eventually.be.rejected.with.property('code', 'DEVICE_BAD_ANSWER')
      })
    }
  })

  describe('E13: values that stand still', () => {
    const values = { importMilliWh: { request: '/', path: 'e', unit: 'Wh' as const }, gridWatts: { request: '/', path: 'g', unit: 'W' as const } }

    it('E13 should grow old when the device\'s time and all numbers stay the same', async () => {
      let time = 0
      const answers = { '/': { e: 5, g: 1, time: NOW } }
      const device = deviceOf(values, answers, { stamp: { request: '/', path: 'time' }, elapsed: () => time })
      expect((await device.sample()).ageMs).to.equal(0)
      time = 240_000
      expect((await device.sample()).ageMs).to.equal(240_000)
      answers['/'] = { e: 5, g: 1, time: NOW + 250 }
      expect((await device.sample()).ageMs).to.equal(0)
      time = 300_000
      expect(await device.sample()).to.deep.equal({ importMilliWh: 5_000, gridWatts: 1, deviceTime: NOW + 250, ageMs: 60_000 })
    })

    it('E13 should believe numbers that move under a clock that stands', async () => {
      let time = 0
      const answers = { '/': { e: 5, g: 1, time: '2000-01-01T00:00:00' } }
      const device = deviceOf(values, answers, { stamp: { request: '/', path: 'time' }, elapsed: () => time })
      await device.sample()
      time = 240_000
      answers['/'].g = 2
      expect(await device.sample()).to.deep.equal({ importMilliWh: 5_000, gridWatts: 2, ageMs: 0 })
    })
  })

  it('E14 should not make new what a gateway answers twice within its second', async () => {
    let time = 0
    const answers = { '/': { e: 5, time: NOW } }
    const device = deviceOf({ importMilliWh: { request: '/', path: 'e', unit: 'Wh' } }, answers, { stamp: { request: '/', path: 'time' }, elapsed: () => time })
    const ages: number[] = []
    for (const [at, deviceTime] of [[0, NOW], [300, NOW], [600, NOW], [1100, NOW + 1], [1400, NOW + 1]]) {
      time = at
      answers['/'] = { e: 5 + deviceTime - NOW, time: deviceTime }
      ages.push((await device.sample()).ageMs)
    }
    expect(ages).to.deep.equal([0, 300, 600, 0, 300])
  })

  describe('E45: another device at the same address', () => {
    const values = { importMilliWh: { request: '/', path: 'e', unit: 'Wh' as const } }
    const serial = { request: '/info', path: 'mac' }

    it('E45 should stop at once when one comes back after a silence, and go on when it is ours again', async () => {
      const answers: Record<string, unknown> = { '/': { e: 5 }, '/info': { mac: 'AA' } }
      const device = jsonDevice({ values, serial }, { name: 'it', source: sourceOf(answers), now: () => NOW, traits: { serial: 'AA' } })
      expect(await device.sample()).to.have.property('importMilliWh', 5_000)
      answers['/'] = new CodedError('DEVICE_UNREACHABLE', 'gone')
      await expect(device.sample()).to.eventually.be.rejected.with.property('code', 'DEVICE_UNREACHABLE')
      answers['/'] = { e: 9_000_000 }
      answers['/info'] = { mac: 'BB' }
      await expect(device.sample()).to.eventually.be.rejected.with.property('code', 'DEVICE_WRONG_SERIAL')
      await expect(device.sample()).to.eventually.be.rejected.with.property('code', 'DEVICE_WRONG_SERIAL')
      answers['/info'] = { mac: 'AA' }
      answers['/'] = { e: 6 }
      expect(await device.sample()).to.have.property('importMilliWh', 6_000)
    })

    it('E45 should look every ten minutes', async () => {
      let time = 0
      const answers: Record<string, unknown> = { '/': { e: 5 }, '/info': { mac: 'BB' } }
      const device = jsonDevice({ values, serial }, { name: 'it', source: sourceOf(answers), now: () => NOW, traits: { serial: 'AA' }, elapsed: () => time })
      await device.sample()
      time = 600_000
      await expect(device.sample()).to.eventually.be.rejected.with.property('code', 'DEVICE_WRONG_SERIAL')
    })
  })

  it('E19 should know counters of a day, month or year by their names', () => {
    for (const name of ['E_Day', 'Body.Data.Site.E_Year', 'sensor.grid_import_daily', 'tele/x/ENERGY.Today', 'sensor.monthly_energy', 'energyToday', 'Yesterday', 'wattHoursToday']) {
      expect(isPeriodic(name), name).to.equal(true)
    }
    for (const name of ['E_Total', 'ENERGY.Total', 'sensor.sunday_house_import', 'sensor.lifetime_energy', 'daylight/total', 'Total_in', 'yearling', 'sessions_total']) {
      expect(isPeriodic(name), name).to.equal(false)
    }
  })
})
