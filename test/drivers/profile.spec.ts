import { expect } from 'aegir/chai'
import * as fc from 'fast-check'
import { periodReading } from '../../src/domain/reading.ts'
import { MAX_STEP_MILLI_WH, profileEnd, profileMeter } from '../../src/drivers/profile.ts'
import { meterCompliance } from '../compliance/meter.ts'
import { PERIOD } from '../helpers/builders.ts'
import type { EnergyProfile } from '../../src/drivers/profile.ts'

function aProfile (fields: Partial<EnergyProfile> = {}): EnergyProfile {
  return { start: PERIOD, stepSec: 3600, loadMilliWh: [1_000_001, 200_000, 0], pvMilliWh: [0, 1_400_003, 7], ...fields }
}

describe('profile meter', () => {
  meterCompliance(async () => ({ meter: profileMeter(aProfile()), from: PERIOD, to: profileEnd(aProfile()) }))

  it('should count net load as import and net generation as export', async () => {
    const { importMilliWh, exportMilliWh, loadMilliWh, pvMilliWh } = await profileMeter(aProfile()).read(PERIOD + 3 * 3600)
    expect({ importMilliWh, exportMilliWh, loadMilliWh, pvMilliWh }).to.deep.equal({
      importMilliWh: 1_000_001, exportMilliWh: 1_200_010, loadMilliWh: 1_200_001, pvMilliWh: 1_400_010
    })
  })

  it('should grow evenly inside a step, rounded down', async () => {
    const meter = profileMeter(aProfile())
    expect((await meter.read(PERIOD + 900)).importMilliWh).to.equal(250_000)
    expect((await meter.read(PERIOD + 3599)).importMilliWh).to.equal(999_723)
    expect((await meter.read(PERIOD + 3600)).importMilliWh).to.equal(1_000_001)
  })

  it('should not know the future when it is given a clock', async () => {
    let now = PERIOD + 100
    const meter = profileMeter(aProfile(), () => now)
    await expect(meter.read(PERIOD + 101)).to.eventually.be.rejected.with.property('code', 'DEVICE_NO_DATA')
    now++
    expect((await meter.read(PERIOD + 101)).time).to.equal(PERIOD + 101)
  })

  it('should add up exactly, however the time is divided', async () => {
    const milliWh = fc.oneof(fc.integer({ min: 0, max: 5_000_000 }), fc.constantFrom(0, 1, MAX_STEP_MILLI_WH))
    const steps = fc.array(fc.tuple(milliWh, milliWh), { minLength: 1, maxLength: 30 })
    await fc.assert(fc.asyncProperty(steps, fc.constantFrom(60, 900, 3600), fc.array(fc.nat(), { maxLength: 10 }), async (list, stepSec, marks) => {
      const profile = aProfile({ stepSec, loadMilliWh: list.map(([load]) => load), pvMilliWh: list.map(([, pv]) => pv) })
      const meter = profileMeter(profile)
      const end = profileEnd(profile)
      const times = [PERIOD, ...marks.map((mark) => PERIOD + mark % (end - PERIOD)), end].sort((a, b) => a - b)
      const net = { importMilliWh: 0, exportMilliWh: 0, importWh: 0, exportWh: 0 }
      for (let index = 1; index < times.length; index++) {
        const [a, b] = [await meter.read(times[index - 1]), await meter.read(times[index])]
        const period = periodReading(times[index - 1], a, b)
        net.importMilliWh += b.importMilliWh - a.importMilliWh
        net.exportMilliWh += b.exportMilliWh - a.exportMilliWh
        net.importWh += period.importWh
        net.exportWh += period.exportWh
      }
      const total = (sign: number): number => list.reduce((sum, [load, pv]) => sum + Math.max(0, sign * (load - pv)), 0)
      expect(net.importMilliWh).to.equal(total(1))
      expect(net.exportMilliWh).to.equal(total(-1))
      expect(net.importWh).to.equal(Math.floor(total(1) / 1000))
      expect(net.exportWh).to.equal(Math.floor(total(-1) / 1000))
    }))
  })

  for (const [what, fields] of Object.entries<Partial<EnergyProfile>>({
    'no steps': { loadMilliWh: [], pvMilliWh: [] },
    'more load than generation steps': { loadMilliWh: [1, 2, 3, 4] },
    'a negative step': { pvMilliWh: [0, -1, 0] },
    'half a milliwatt-hour': { loadMilliWh: [0.5, 0, 0] },
    'a step beyond reason': { loadMilliWh: [MAX_STEP_MILLI_WH + 1, 0, 0] },
    'a start that is no time': { start: Number.NaN },
    'a step of no length': { stepSec: 0 }
  })) {
    it(`should refuse a profile with ${what}`, () => {
      expect(() => profileMeter(aProfile(fields))).to.throw().with.property('code', 'DEVICE_BAD_PROFILE')
    })
  }
})
