import { expect } from 'aegir/chai'
import * as fc from 'fast-check'
import { periodReading } from '../../src/domain/reading.ts'
import { PERIOD } from '../helpers/builders.ts'
import type { Reading } from '../../src/domain/reading.ts'

function at (time: number, importMilliWh: number, exportMilliWh: number): Reading {
  return { time, importMilliWh, exportMilliWh }
}

describe('period reading', () => {
  it('should count whole watt-hours between two readings', () => {
    expect(periodReading(PERIOD, at(0, 1999, 500), at(900, 3000, 1500))).to.deep.equal({
      periodStart: PERIOD, importWh: 2, exportWh: 1, loadWh: undefined, pvWh: undefined, quality: 'measured'
    })
  })

  it('should carry load and generation where both readings know them', () => {
    const from = { ...at(0, 0, 0), loadMilliWh: 0, pvMilliWh: 999 }
    const to = { ...at(900, 0, 0), loadMilliWh: 4000, pvMilliWh: 1000 }
    expect(periodReading(PERIOD, from, to)).to.include({ loadWh: 4, pvWh: 1 })
    expect(periodReading(PERIOD, at(0, 0, 0), to)).to.include({ loadWh: undefined, pvWh: undefined })
  })

  it('should be known no better than its ends, and estimated with a gap between them', () => {
    const quality = (from: Partial<Reading>, to: Partial<Reading>): unknown => periodReading(PERIOD, { ...at(0, 0, 0), ...from }, { ...at(900, 0, 0), ...to }).quality
    expect(quality({}, {})).to.equal('measured')
    expect(quality({ gaps: 2 }, { gaps: 3 })).to.equal('estimated')
    expect(quality({ quality: 'estimated' }, {})).to.equal('estimated')
    expect(quality({ quality: 'recovered', gaps: 2 }, { gaps: 3 })).to.equal('recovered')
    expect(quality({ quality: 'estimated' }, { quality: 'recovered' })).to.equal('recovered')
  })

  it('should lose and gain nothing over many periods', () => {
    const growth = fc.tuple(fc.nat(5_000_000), fc.nat(5_000_000))
    fc.assert(fc.property(fc.nat(10 ** 12), fc.array(growth, { minLength: 1, maxLength: 50 }), (start, steps) => {
      const readings = [at(0, start, start)]
      for (const [imported, exported] of steps) {
        const last = readings[readings.length - 1]
        readings.push(at(last.time + 900, last.importMilliWh + imported, last.exportMilliWh + exported))
      }
      const last = readings[readings.length - 1]
      const periods = readings.slice(1).map((to, index) => periodReading(PERIOD + 900 * index, readings[index], to))
      const whole = periodReading(PERIOD, readings[0], last)
      expect(periods.reduce((sum, { importWh }) => sum + importWh, 0)).to.equal(whole.importWh)
      expect(periods.reduce((sum, { exportWh }) => sum + exportWh, 0)).to.equal(whole.exportWh)
      expect(periods.every(({ importWh, exportWh }) => importWh >= 0 && exportWh >= 0)).to.be.true()
    }))
  })
})
