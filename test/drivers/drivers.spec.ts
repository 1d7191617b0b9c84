import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'aegir/chai'
import { syntheticProfile } from '../../src/drivers/devices/demo.ts'
import { drivers } from '../../src/drivers/index.ts'
import { toCsv } from '../../src/drivers/profile-csv.ts'
import { profileEnd, profileMeter } from '../../src/drivers/profile.ts'
import { registerMeter } from '../../src/drivers/registers.ts'
import { meterCompliance } from '../compliance/meter.ts'
import { PERIOD } from '../helpers/builders.ts'
import { removeTemporaryDirectories, temporaryDirectory } from '../helpers/directory.ts'
import { silentLogger } from '../helpers/street.ts'
import type { DriverParams } from '../../src/drivers/driver.ts'
import type { EnergyProfile } from '../../src/drivers/profile.ts'
import type { Meter } from '../../src/ports/meter.ts'

const DAY = 86_400
const street = { seed: 3, start: PERIOD, periods: 96 * 28 }

async function connect (type: string, params: DriverParams, now = PERIOD + 40 * DAY): Promise<Meter> {
  const driver = drivers.find((one) => one.type === type)
  if (driver == null) {
    throw new Error(`there is no driver ${type}`)
  }
  return registerMeter(await driver.connect(params, { now: () => now, periodSec: 900, logger: silentLogger() }), { instant: () => ({ wallMs: now * 1000, elapsedMs: now * 1000 }) })
}

function aFile (profile: EnergyProfile): string {
  const file = join(temporaryDirectory(), 'home.csv')
  writeFileSync(file, toCsv(profile))
  return file
}

function kwh (milliWh: readonly number[]): number {
  return milliWh.reduce((a, b) => a + b) / 1_000_000
}

describe('drivers', () => {
  after(removeTemporaryDirectories)

  it('should have each type once, and say what each setting is', () => {
    expect(drivers.map(({ type }) => type)).to.deep.equal([...new Set(drivers.map(({ type }) => type))])
    for (const { type, title, params } of drivers) {
      expect(type).to.match(/^[a-z0-9-]+$/)
      expect(title).to.not.equal('')
      params.forEach(({ description }) => { expect(description).to.match(/\.$/) })
    }
  })

  for (const [what, type, params, message] of [
    ['a missing setting', 'csv-replay', {}, 'Setting "file" of device type "csv-replay" is missing: Path of a file'],
    ['an unknown setting', 'csv-replay', { file: 'a', fil: 'b' }, 'Setting "fil" of device type "csv-replay" is not one of its settings, which are: file, start'],
    ['a number for a text', 'csv-replay', { file: 7 }, 'must be a text'],
    ['an empty text', 'csv-replay', { file: '' }, 'must be a text'],
    ['a text for a number', 'demo', { seed: '7' }, 'must be a whole number, at least 0'],
    ['a number out of range', 'demo', { periods: 100_001 }, 'must be a whole number, at least 1, at most 100000'],
    ['a value not on the list', 'demo', { kind: 'castle' }, 'must be one of any, consumer, prosumer']
  ] as const) {
    it(`should refuse ${what}`, async () => {
      const refused = await connect(type, params).then(() => undefined, (error: Error) => error)
      expect(refused).to.have.property('code', 'DEVICE_BAD_PARAMS')
      expect(refused?.message).to.include(message)
    })
  }

  describe('csv-replay', () => {
    const profile = { start: PERIOD, stepSec: 900, loadMilliWh: [1, 250_000, 3, 4, 5, 6, 7, 8], pvMilliWh: [0, 0, 700_000, 0, 0, 0, 0, 999] }

    meterCompliance(async () => ({ meter: await connect('csv-replay', { file: aFile(profile) }), from: PERIOD, to: PERIOD + 7200 }))

    it('should play the file from another start when asked to', async () => {
      const meter = await connect('csv-replay', { file: aFile(profile), start: PERIOD + DAY })
      expect(await meter.read(PERIOD + DAY + 1800)).to.include({ importMilliWh: 250_001, exportMilliWh: 0 })
      await expect(meter.read(PERIOD)).to.eventually.be.rejected.with.property('code', 'DEVICE_NO_DATA')
    })

    it('should say which file it cannot read', async () => {
      const refused = await connect('csv-replay', { file: '/nowhere/home.csv' }).then(() => undefined, (error: Error) => error)
      expect(refused).to.have.property('code', 'DEVICE_BAD_PROFILE')
      expect(refused?.message).to.include('/nowhere/home.csv')
    })
  })

  describe('demo', () => {
    meterCompliance(async () => ({
      meter: await connect('demo', { seed: 3, home: 2, start: PERIOD, periods: 96, kind: 'prosumer' }), from: PERIOD, to: PERIOD + DAY
    }))

    it('should have data from a week ago until now without any settings', async () => {
      const meter = await connect('demo', {}, PERIOD)
      expect((await meter.read(PERIOD)).importMilliWh).to.be.above((await meter.read(PERIOD - 7 * DAY)).importMilliWh)
      await expect(meter.read(PERIOD + 1)).to.eventually.be.rejected.with.property('code', 'DEVICE_NO_DATA')
    })

    it('should have the same profile under the same seed, and others under others', () => {
      const home = { ...street, periods: 96, home: 1, kind: 'prosumer' as const }
      expect(syntheticProfile(home)).to.deep.equal(syntheticProfile(home))
      expect(syntheticProfile({ ...home, home: 2 }).loadMilliWh).to.not.deep.equal(syntheticProfile(home).loadMilliWh)
      expect(syntheticProfile({ ...home, seed: 4 }).pvMilliWh).to.not.deep.equal(syntheticProfile(home).pvMilliWh)
    })

    it('should show the same day in a profile that starts earlier', () => {
      const long = syntheticProfile({ ...street, periods: 192, home: 1, kind: 'prosumer' })
      const short = syntheticProfile({ ...street, periods: 96, start: PERIOD + DAY, home: 1, kind: 'prosumer' })
      expect(long.loadMilliWh.slice(96)).to.deep.equal(short.loadMilliWh)
      expect(long.pvMilliWh.slice(96)).to.deep.equal(short.pvMilliWh)
    })

    it('should give PV to two homes in five, or as it is told', () => {
      const generates = (home: number, kind?: 'consumer' | 'prosumer', pvKw?: number): boolean =>
        kwh(syntheticProfile({ ...street, periods: 96, home, kind, pvKw }).pvMilliWh) > 0
      const homes = Array.from({ length: 200 }, (_, index) => index)
      expect(homes.filter((home) => generates(home)).length).to.be.within(60, 100)
      expect(homes.filter((home) => generates(home, 'prosumer')).length).to.equal(200)
      expect(homes.filter((home) => generates(home, 'consumer')).length).to.equal(0)
      expect(generates(1, 'prosumer', 0)).to.be.false()
      expect(generates(1, 'consumer', 3)).to.be.true()
    })

    it('should look like a home: an evening peak, sun by day, plausible amounts', () => {
      const { start, stepSec, loadMilliWh, pvMilliWh } = syntheticProfile({ ...street, home: 5, pvKw: 4 })
      const hourOf = (step: number): number => Math.floor((start + step * stepSec + 3600) % DAY / 3600)
      const during = (values: readonly number[], from: number, to: number): number => kwh(values.filter((_, step) => hourOf(step) >= from && hourOf(step) < to))
      expect(during(loadMilliWh, 18, 21)).to.be.above(1.5 * during(loadMilliWh, 2, 5))
      expect(during(pvMilliWh, 0, 4)).to.equal(0)
      expect(during(pvMilliWh, 11, 14)).to.be.above(during(pvMilliWh, 7, 10))
      expect(Math.max(...pvMilliWh)).to.be.at.most(4_000_000 / 4)
      expect(kwh(loadMilliWh) / 28 * 365).to.be.within(1500, 7000)
      expect(kwh(pvMilliWh)).to.be.above(0)
    })

    it('should have more sun in the south in winter', () => {
      const at = (latitude: number): number => kwh(syntheticProfile({ ...street, home: 5, pvKw: 4, latitude }).pvMilliWh)
      expect(at(30)).to.be.above(at(55))
    })

    it('should be a profile a meter accepts and a file can hold', () => {
      const profile = syntheticProfile({ ...street, home: 5, pvKw: 4 })
      expect(() => profileMeter(profile)).to.not.throw()
      expect(profileEnd(profile)).to.equal(PERIOD + 28 * DAY)
      expect(toCsv(profile).split('\n')).to.have.lengthOf(street.periods + 2)
    })
  })
})
