import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'aegir/chai'
import { loadConfig } from '../../src/config/load.ts'
import { CodedError } from '../../src/domain/errors.ts'
import { parseMoney } from '../../src/domain/units.ts'
import { tariffPlan } from '../../src/node/tariff-plan.ts'
import { removeTemporaryDirectories, temporaryDirectory } from '../helpers/directory.ts'
import type { TariffPlan } from '../../src/domain/tariff.ts'

const CENT = 10_000n

/** The plan of a configuration file with this tariff. */
function planOf (tariff: string, market = ''): TariffPlan {
  const file = join(temporaryDirectory(), 'config.yaml')
  writeFileSync(file, `owner: 0x00000000000000000000000000000000000000aa
market: { area: street, chainId: 1, escrow: 0x00000000000000000000000000000000000000ee${market} }
chain: { rpc: http://127.0.0.1:8545 }
meter: { driver: demo }
tariff:
  retail: 0.30
  feedIn: 0.08
${tariff}`)
  return tariffPlan(loadConfig({ file }), (path, text) => {
    const amount = parseMoney(text, 6)
    if (amount == null) {
      throw new CodedError('CONFIG_INVALID', `${path} is "${text}"`)
    }
    return amount
  })
}

const at = (iso: string): number => Date.parse(iso) / 1000

/** Retail prices in cents of every quarter hour of a local day, given its first instant and that of the next. */
function dayOf (plan: TariffPlan, from: string, to: string): bigint[] {
  return Array.from({ length: (at(to) - at(from)) / 900 }, (_, slot) => plan(at(from) + 900 * slot).retail / CENT)
}

const count = (prices: readonly bigint[], cents: bigint): number => prices.filter((price) => price === cents).length

describe('tariff of each period', () => {
  after(removeTemporaryDirectories)

  it('should be flat when nothing else is said', () => {
    const plan = planOf('')
    expect(plan(0)).to.deep.equal({ retail: 30n * CENT, feedIn: 8n * CENT })
    expect(plan(at('2026-06-01T18:00:00Z'))).to.equal(plan(0))
  })

  const evening = `  timeZone: Europe/Berlin
  bands:
    - { days: mon-fri, from: "17:00", to: "21:00", retail: 0.42, feedIn: "0.10" }
    - { from: "22:00", to: "06:00", retail: 0.22 }
`

  it('should follow the bands of the local week, the first that fits', () => {
    const plan = planOf(evening)
    expect(plan(at('2026-01-05T17:00:00+01:00'))).to.deep.equal({ retail: 42n * CENT, feedIn: 10n * CENT })
    expect(plan(at('2026-01-05T16:45:00+01:00')).retail).to.equal(30n * CENT)
    expect(plan(at('2026-01-05T21:00:00+01:00')).retail).to.equal(30n * CENT)
    expect(plan(at('2026-01-10T17:00:00+01:00')).retail).to.equal(30n * CENT) // a Saturday
    expect(plan(at('2026-01-11T03:00:00+01:00'))).to.deep.equal({ retail: 22n * CENT, feedIn: 8n * CENT })
    expect(plan(at('2026-07-06T17:00:00+02:00')).retail).to.equal(42n * CENT)
  })

  it('should count a band that passes midnight to the day on which it begins', () => {
    const plan = planOf('  timeZone: Europe/Berlin\n  bands: [{ days: fri, from: "22:00", to: "06:00", retail: 0.22 }]\n')
    expect(plan(at('2026-01-10T05:45:00+01:00')).retail).to.equal(22n * CENT)
    expect(plan(at('2026-01-09T05:45:00+01:00')).retail).to.equal(30n * CENT)
    expect(plan(at('2026-01-10T22:00:00+01:00')).retail).to.equal(30n * CENT)
  })

  it('should be right on days of 23, 24 and 25 hours', () => {
    const plan = planOf(`  timeZone: Europe/Berlin
  bands:
    - { from: "02:00", to: "03:00", retail: 0.20 }
    - { from: "17:00", to: "24:00", retail: 0.40 }
`)
    const spring = dayOf(plan, '2026-03-29T00:00:00+01:00', '2026-03-30T00:00:00+02:00')
    const summer = dayOf(plan, '2026-06-29T00:00:00+02:00', '2026-06-30T00:00:00+02:00')
    const autumn = dayOf(plan, '2026-10-25T00:00:00+02:00', '2026-10-26T00:00:00+01:00')
    expect([spring, summer, autumn].map((day) => day.length)).to.deep.equal([92, 96, 100])
    expect([spring, summer, autumn].map((day) => count(day, 20n))).to.deep.equal([0, 4, 8])
    expect([spring, summer, autumn].map((day) => count(day, 40n))).to.deep.equal([28, 28, 28])
    expect([spring, summer, autumn].map((day) => day.indexOf(40n))).to.deep.equal([64, 68, 72])
  })

  it('should be right where the clock is half an hour off, and in the south', () => {
    const plan = planOf('  timeZone: Australia/Lord_Howe\n  bands: [{ from: "17:00", to: "18:00", retail: 0.40 }]\n')
    expect(plan(at('2026-01-15T17:00:00+11:00')).retail).to.equal(40n * CENT)
    expect(plan(at('2026-06-15T17:00:00+10:30')).retail).to.equal(40n * CENT)
    expect(plan(at('2026-06-15T17:00:00+11:00')).retail).to.equal(30n * CENT)
  })

  it('should let the table count before the bands', () => {
    const plan = planOf(`${evening}  table:
    - { from: "2026-01-05T17:00:00+01:00", to: "2026-01-05T18:00:00+01:00", retail: "0.51" }
`)
    expect(plan(at('2026-01-05T17:45:00+01:00'))).to.deep.equal({ retail: 51n * CENT, feedIn: 10n * CENT })
    expect(plan(at('2026-01-05T18:00:00+01:00')).retail).to.equal(42n * CENT)
  })

  it('should guard a period that spans two tariffs with the stricter price of each side', () => {
    const plan = planOf('  timeZone: Europe/Berlin\n  bands: [{ from: "16:30", to: "21:00", retail: 0.42, feedIn: 0.10 }]\n', ', periodSec: 3600')
    expect(plan(at('2026-01-05T16:00:00+01:00'))).to.deep.equal({ retail: 30n * CENT, feedIn: 10n * CENT })
    expect(plan(at('2026-01-05T17:00:00+01:00'))).to.deep.equal({ retail: 42n * CENT, feedIn: 10n * CENT })
  })

  it('should say what is wrong with a tariff', () => {
    const wrong: Array<[string, RegExp]> = [
      ['  bands: [{ from: "17:00", to: "21:00", retail: 0.42 }]\n', /tariff\.timeZone.*is not set/],
      ['  timeZone: Mars/Olympus\n', /time zone/],
      ['  timeZone: Europe/Berlin\n  bands: [{ from: "17:05", to: "21:00" }]\n', /quarter hours/],
      ['  timeZone: Europe/Berlin\n  bands: [{ from: "17:00", to: "21:00", price: 1 }]\n', /tariff\.bands/],
      ['  timeZone: Europe/Berlin\n  bands: [{ days: funday, from: "17:00", to: "21:00" }]\n', /days such as/],
      ['  table: [{ from: soon, to: later, retail: 0.1 }]\n', /instant with its offset/],
      ['  table: [{ from: "2026-01-05T17:00:00Z", to: "2026-01-05T18:00:00Z", retail: "0.1234567" }]\n', /table\[0\]\.retail/]
    ]
    for (const [tariff, message] of wrong) {
      expect(() => planOf(tariff), tariff).to.throw(message)
    }
  })
})
