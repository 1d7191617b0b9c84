import { expect } from 'aegir/chai'
import * as fc from 'fast-check'
import { EMPTY_LOG, forRestart, readingAt } from '../../src/drivers/register-log.ts'
import { FINE, logOf, periodOf, steady } from '../helpers/scripted-device.ts'
import type { PeriodReading } from '../../src/domain/reading.ts'
import type { RegisterLog } from '../../src/drivers/register-log.ts'
import type { Look } from '../helpers/scripted-device.ts'

const START = 1_800_000_000
const SLOT = 900

function periods (log: RegisterLog, count: number): Array<PeriodReading | undefined> {
  return Array.from({ length: count }, (_, index) => periodOf(log, START + SLOT * index))
}

function sum (readings: ReadonlyArray<PeriodReading | undefined>, name: 'importWh' | 'exportWh'): number {
  return readings.reduce((all, reading) => all + (reading?.[name] ?? 0), 0)
}

const moves = fc.record({
  after: fc.oneof(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 31, max: 4000 })),
  importWatts: fc.integer({ min: 0, max: 11_000 }),
  exportWatts: fc.integer({ min: 0, max: 11_000 })
})

/** Looks at any distance from each other, at registers that move as the house may. */
const anyLooks = fc.array(moves, { minLength: 2, maxLength: 120 }).map((steps) => {
  const looks: Look[] = [{ at: -37, importMilliWh: 7_000_001, exportMilliWh: 3_000_001 }]
  for (const { after, importWatts, exportWatts } of steps) {
    const last = looks[looks.length - 1]
    looks.push({
      at: last.at + after,
      importMilliWh: (last.importMilliWh ?? 0) + Math.floor(importWatts * after / 3.6),
      exportMilliWh: (last.exportMilliWh ?? 0) + Math.floor(exportWatts * after / 3.6)
    })
  }
  return looks
})

describe('register log', () => {
  it('should add up to what the registers moved, exactly, for any pattern of looks', () => {
    fc.assert(fc.property(anyLooks, (looks) => {
      const log = logOf(looks, { start: START })
      const count = Math.floor(looks[looks.length - 1].at / SLOT)
      const readings = periods(log, count)
      expect(readings.every((reading) => reading != null && reading.importWh >= 0 && reading.exportWh >= 0)).to.equal(true)
      if (count > 0) {
        const [from, to] = [readingAt(log, START), readingAt(log, START + SLOT * count)]
        expect(sum(readings, 'importWh')).to.equal(Math.floor((to?.importMilliWh ?? 0) / 1000) - Math.floor((from?.importMilliWh ?? 0) / 1000))
        expect(sum(readings, 'exportWh')).to.equal(Math.floor((to?.exportMilliWh ?? 0) / 1000) - Math.floor((from?.exportMilliWh ?? 0) / 1000))
        // and the boundaries lie where the registers were
        expect(to?.importMilliWh).to.be.at.most(looks[looks.length - 1].importMilliWh ?? 0)
        expect(from?.importMilliWh).to.be.at.least(7_000_001)
      }
    }), { numRuns: 300 })
  })

  it('should add up exactly when the looks fall on the boundaries', () => {
    fc.assert(fc.property(fc.array(fc.nat(2_000_000), { minLength: 1, maxLength: 40 }), (growths) => {
      let total = 5
      const looks: Look[] = [{ at: 0, importMilliWh: total, exportMilliWh: 0 }]
      growths.forEach((growth, index) => {
        total += growth
        looks.push({ at: SLOT * (index + 1), importMilliWh: total, exportMilliWh: 0 })
      })
      const readings = periods(logOf(looks, { start: START }), growths.length)
      expect(sum(readings, 'importWh')).to.equal(Math.floor(total / 1000))
    }))
  })

  it('should never invent: spikes, drops and zeros between good looks change nothing', () => {
    const disturbed = fc.tuple(anyLooks, fc.array(fc.record({ where: fc.nat(), importMilliWh: fc.oneof(fc.constant(0), fc.nat(10 ** 14)), exportMilliWh: fc.oneof(fc.constant(0), fc.nat(10 ** 14)) }), { maxLength: 8 }))
    fc.assert(fc.property(disturbed, ([looks, noise]) => {
      const noisy = [...looks]
      for (const { where, importMilliWh, exportMilliWh } of noise) {
        const place = 1 + where % (noisy.length - 1)
        const [before, after] = [noisy[place - 1], noisy[place]]
        // one that a house cannot have made since the look before; nothing new at the same instant
        const dt = (after.at + before.at) / 2 - before.at
        const isImpossible = importMilliWh > 10 ** 10 || (importMilliWh < 7_000_000 && exportMilliWh < 3_000_000)
        if (isImpossible && dt > 0) {
          noisy.splice(place, 0, { at: before.at + dt, importMilliWh, exportMilliWh })
        }
      }
      const [clean, log] = [logOf(looks, { start: START }), logOf(noisy, { start: START })]
      const end = readingAt(clean, START + SLOT * Math.floor(looks[looks.length - 1].at / SLOT))
      const other = end == null ? undefined : readingAt(log, end.time)
      // a register change is declared only after twenty minutes, and then it is missing rather than wrong
      if (log.epoch === 0) {
        expect(other?.importMilliWh).to.equal(end?.importMilliWh)
        expect(other?.exportMilliWh).to.equal(end?.exportMilliWh)
      }
    }), { numRuns: 300 })
  })

  it('should go on over any restarts, as if there had been none', () => {
    fc.assert(fc.property(anyLooks, fc.array(fc.nat(), { maxLength: 5 }), (looks, cuts) => {
      const whole = logOf(looks, { start: START })
      const places = cuts.map((cut) => cut % looks.length)
      let log = EMPTY_LOG
      looks.forEach((look, index) => {
        log = logOf([look], { start: START, log: places.includes(index) ? forRestart(JSON.parse(JSON.stringify(log)) as RegisterLog) : log })
      })
      const last = START + SLOT * Math.floor(looks[looks.length - 1].at / SLOT)
      expect(readingAt(log, last)?.importMilliWh).to.equal(readingAt(whole, last)?.importMilliWh)
    }), { numRuns: 200 })
  })

  it('should never fall, whatever is shown and whatever the clock does', () => {
    const anything = fc.array(fc.record({ after: fc.integer({ min: 0, max: 2000 }), off: fc.integer({ min: -2000, max: 2000 }), importMilliWh: fc.nat(10 ** 9), exportMilliWh: fc.nat(10 ** 9) }), { minLength: 1, maxLength: 80 })
    fc.assert(fc.property(anything, fc.boolean(), fc.boolean(), (steps, addsPhasesSeparately, isCoarse) => {
      let at = 0
      const looks = steps.map(({ after, ...look }) => {
        at += after
        return { ...look, at, gridWatts: look.importMilliWh % 7000 - 3500 }
      })
      const log = logOf(looks, { start: START, traits: { ...FINE, addsPhasesSeparately, resolutionMilliWh: isCoarse ? 1_000_000 : 100 } })
      for (let index = 1; index < log.marks.length; index++) {
        const [a, b] = [log.marks[index - 1], log.marks[index]]
        expect(b.ms).to.be.above(a.ms)
        if (a.epoch === b.epoch) {
          expect(b.totals.importMilliWh).to.be.at.least(a.totals.importMilliWh)
          expect(b.totals.exportMilliWh).to.be.at.least(a.totals.exportMilliWh)
        }
      }
    }), { numRuns: 300 })
  })

  describe('quality', () => {
    it('should be measured with looks within a minute of both ends and no gap between', () => {
      const reading = periodOf(logOf(steady({ from: -5, to: 960, watts: 3600 }), { start: START }), START)
      expect(reading).to.deep.include({ importWh: 900, exportWh: 0, quality: 'measured' })
    })

    it('should be estimated with a gap inside and exact ends', () => {
      const looks = steady({ from: -5, to: 960, watts: 3600 }).filter(({ at }) => at < 300 || at > 500)
      expect(periodOf(logOf(looks, { start: START }), START)).to.deep.include({ importWh: 900, quality: 'estimated' })
    })

    it('should be recovered in both periods whose boundary lies in a gap, shared out evenly, and add up', () => {
      const looks = steady({ from: -5, to: 1860, watts: 3600 }).filter(({ at }) => at < 600 || at > 1200)
      const log = logOf(looks, { start: START })
      expect(periodOf(log, START)).to.deep.include({ importWh: 900, quality: 'recovered' })
      expect(periodOf(log, START + SLOT)).to.deep.include({ importWh: 900, quality: 'recovered' })
    })

    it('should be unknown before the first look and after the last', () => {
      const log = logOf(steady({ from: 10, to: 1900, watts: 500 }), { start: START })
      expect(periodOf(log, START)).to.equal(undefined)
      expect(periodOf(log, START + SLOT)).to.have.property('quality', 'measured')
      expect(periodOf(log, START + 2 * SLOT)).to.equal(undefined)
    })
  })

  it('should keep few marks over a long time, and answer the same', () => {
    const looks = steady({ from: 0, to: 86_400, watts: 1234 })
    const log = logOf(looks, { start: START })
    expect(log.marks.length).to.be.at.most(200)
    expect(sum(periods(log, 95), 'importWh')).to.equal(Math.floor((readingAt(log, START + 95 * SLOT)?.importMilliWh ?? 0) / 1000) - 1_000_000)
    expect(JSON.stringify(forRestart(log)).length).to.be.below(4000)
  })
})
