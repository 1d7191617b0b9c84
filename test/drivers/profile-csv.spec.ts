import { existsSync, readFileSync } from 'node:fs'
import { expect } from 'aegir/chai'
import * as fc from 'fast-check'
import { parseProfileCsv, toCsv } from '../../src/drivers/profile-csv.ts'

const HEADER = 'period_start,load_kwh,pv_kwh'
const FIRST = '2026-05-01T12:00:00+02:00,0.25,1.5'
const SECOND = '2026-05-01T12:15:00+02:00,0.3,0'
const RECORDED = '../shared/data/fontana'

function problem (text: string): string {
  try {
    parseProfileCsv(text, 'home-03.csv')
    return 'none'
  } catch (error) {
    expect(error).to.have.property('code', 'DEVICE_BAD_PROFILE')
    return (error as Error).message
  }
}

function lines (...rows: string[]): string {
  return [HEADER, ...rows].join('\n')
}

describe('profile csv', () => {
  it('should read quarter hours', () => {
    expect(parseProfileCsv(lines(FIRST, SECOND), 'a.csv')).to.deep.equal({
      start: Date.UTC(2026, 4, 1, 10) / 1000, stepSec: 900, loadMilliWh: [250_000, 300_000], pvMilliWh: [1_500_000, 0]
    })
  })

  it('should read hours, offsets and either line ending', () => {
    const { start, stepSec } = parseProfileCsv(`\uFEFF${lines('2026-05-01T12:00Z,1,0', '2026-05-01 08:30:00-0430,1,0')}\n\n`.replaceAll('\n', '\r\n'), 'a.csv')
    expect([start, stepSec]).to.deep.equal([Date.UTC(2026, 4, 1, 12) / 1000, 3600])
  })

  it('should follow a clock that is put back for the winter', () => {
    const text = lines('2026-10-25T02:00:00+02:00,1,0', '2026-10-25T02:00:00+01:00,1,0', '2026-10-25T03:00:00+01:00,1,0')
    expect(parseProfileCsv(text, 'a.csv').loadMilliWh).to.have.lengthOf(3)
  })

  it('should read decimals exactly and cut what is less than a milliwatt-hour', () => {
    const energy = (cell: string): number => parseProfileCsv(lines(`2026-05-01T12:00:00Z,${cell},0`, '2026-05-01T13:00:00Z,0,0'), 'a.csv').loadMilliWh[0]
    expect(['0.29', '1.005', '0.0000019999', '2.', '10000.000000', '007'].map(energy)).to.deep.equal([290_000, 1_005_000, 1, 2_000_000, 10_000_000_000, 7_000_000])
  })

  for (const [what, text, message] of [
    ['an empty file', '', 'line 1: the file is empty'],
    ['a wrong header', 'time,load,pv\n1,2,3', 'line 1: the header must be period_start,load_kwh,pv_kwh'],
    ['no rows', HEADER, 'line 1: there must be 2 to 100000 rows'],
    ['a single row', lines(FIRST), 'line 2: there must be 2 to 100000 rows'],
    ['a missing column', lines(FIRST, '2026-05-01T12:15:00+02:00,0.3'), 'line 3: there must be 3 columns, not 2'],
    ['a line left out', lines(FIRST, '', SECOND), 'line 3: there must be 3 columns, not 1'],
    ['a word for a number', lines(FIRST, '2026-05-01T12:15:00+02:00,abc,0'), 'line 3: load_kwh is not a number: \'abc\''],
    ['NaN', lines(FIRST, '2026-05-01T12:15:00+02:00,0,NaN'), 'line 3: pv_kwh is not a number: \'NaN\''],
    ['an empty cell', lines(FIRST, '2026-05-01T12:15:00+02:00,,0'), 'line 3: load_kwh is not a number: \'\''],
    ['a power of ten', lines(FIRST, '2026-05-01T12:15:00+02:00,1e3,0'), 'line 3: load_kwh is not a number: \'1e3\''],
    ['a negative number', lines(FIRST, '2026-05-01T12:15:00+02:00,0,-0.1'), 'line 3: pv_kwh is negative: \'-0.1\''],
    ['an absurd number', lines(FIRST, '2026-05-01T12:15:00+02:00,10000.000001,0'), 'line 3: load_kwh is more than a home can use: \'10000.000001\''],
    ['a time without a zone', lines('2026-05-01T12:00:00,1,0', SECOND), 'line 2: period_start is not a time like 2026-05-01T12:00:00+02:00: \'2026-05-01T12:00:00\''],
    ['a day that does not exist', lines('2026-02-30T12:00:00Z,1,0', SECOND), 'line 2: period_start is not a time like 2026-05-01T12:00:00+02:00: \'2026-02-30T12:00:00Z\''],
    ['an hour that does not exist', lines('2026-02-03T24:00:00Z,1,0', SECOND), 'line 2: period_start is not a time like 2026-05-01T12:00:00+02:00: \'2026-02-03T24:00:00Z\''],
    ['a zone that does not exist', lines('2026-02-03T12:00:00+15:00,1,0', SECOND), 'line 2: period_start is not a time like 2026-05-01T12:00:00+02:00: \'2026-02-03T12:00:00+15:00\''],
    ['a repeated row', lines(FIRST, FIRST), 'line 3: period_start repeats the line above'],
    ['a row out of order', lines(FIRST, SECOND, FIRST), 'line 4: period_start is earlier than the line above'],
    ['a step of half an hour', lines(FIRST, '2026-05-01T12:30:00+02:00,1,0'), 'line 3: rows must be 900 or 3600 seconds apart, not 1800'],
    ['a gap', lines(FIRST, SECOND, '2026-05-01T12:45:00+02:00,1,0'), 'line 4: there is a gap: 1800 seconds instead of 900'],
    ['a change of step', lines(FIRST, SECOND, '2026-05-01T13:15:00+02:00,1,0'), 'line 4: the step changes from 900 to 3600 seconds']
  ]) {
    it(`should refuse ${what} and say where`, () => {
      expect(problem(text)).to.equal(`home-03.csv ${message}`)
    })
  }

  it('should read back what it wrote', () => {
    const milliWh = fc.integer({ min: 0, max: 10_000_000_000 })
    const steps = fc.array(fc.tuple(milliWh, milliWh), { minLength: 2, maxLength: 20 })
    fc.assert(fc.property(steps, fc.constantFrom(900, 3600), fc.integer({ min: 0, max: 4_000_000_000 }), (list, stepSec, start) => {
      const profile = { start, stepSec, loadMilliWh: list.map(([load]) => load), pvMilliWh: list.map(([, pv]) => pv) }
      expect(parseProfileCsv(toCsv(profile), 'a.csv')).to.deep.equal(profile)
    }))
  })

  it('should read a year of ten real homes', function () {
    if (!existsSync(RECORDED)) {
      this.skip()
    }
    for (let home = 1; home <= 10; home++) {
      const file = `home-${String(home).padStart(2, '0')}.csv`
      const { start, stepSec, loadMilliWh, pvMilliWh } = parseProfileCsv(readFileSync(`${RECORDED}/${file}`, 'utf8'), file)
      expect([start, stepSec, loadMilliWh.length]).to.deep.equal([Date.UTC(2016, 7, 1, 7) / 1000, 3600, 8760])
      const share = pvMilliWh.reduce((a, b) => a + b) / loadMilliWh.reduce((a, b) => a + b)
      expect(share).to.be.within(0.5, 0.95)
    }
  })
})
