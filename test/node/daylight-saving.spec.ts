import { expect } from 'aegir/chai'
import { exportOfDay } from '../../src/domain/certificate.ts'
import { isMetered } from '../../src/domain/reading.ts'
import { flatTariff } from '../../src/domain/tariff.ts'
import { parseMoney } from '../../src/domain/units.ts'
import { parseProfileCsv } from '../../src/drivers/profile-csv.ts'
import { tariffPlan } from '../../src/node/tariff-plan.ts'
import { CENT, startMemoryHomes, TEST_RULES } from '../helpers/street.ts'
import { expectTwins, tradesOf } from './street-checks.ts'
import type { PeriodReading } from '../../src/domain/reading.ts'
import type { TariffPlan } from '../../src/domain/tariff.ts'

const QUARTER = 900
const HOUR = 3600

const at = (iso: string): number => Date.parse(iso) / 1000

/** Both days of 2026 on which Berlin's clocks change: from local midnight to local midnight. */
const DAYS = [
  { name: 'spring', periods: 92, from: at('2026-03-29T00:00:00+01:00'), to: at('2026-03-30T00:00:00+02:00'), change: at('2026-03-29T01:00:00Z'), offsets: [1, 2], dearFrom: 64 },
  { name: 'autumn', periods: 100, from: at('2026-10-25T00:00:00+02:00'), to: at('2026-10-26T00:00:00+01:00'), change: at('2026-10-25T01:00:00Z'), offsets: [2, 1], dearFrom: 72 }
] as const

type Day = typeof DAYS[number]

/** What a meter that writes local time has recorded from three hours before the day to three after it: each row's load is its own. */
function recording ({ from, to, change, offsets }: Day, pvKwh: string): string {
  const rows = Array.from({ length: (to - from + 6 * HOUR) / QUARTER }, (_, place) => {
    const time = from - 3 * HOUR + place * QUARTER
    const offset = offsets[time < change ? 0 : 1]
    return `${new Date((time + offset * HOUR) * 1000).toISOString().slice(0, 19)}+0${offset}:00,0.${200 + place},${pvKwh}`
  })
  return ['period_start,load_kwh,pv_kwh', ...rows].join('\n')
}

/** Dear in the evening, cheap in the hour that one of the days has not and the other has twice. */
const byTheHour: TariffPlan = tariffPlan({
  market: { ...TEST_RULES, unknownMakers: 'allow' },
  tariff: {
    retail: '0.30',
    feedIn: '0.08',
    timeZone: 'Europe/Berlin',
    bands: [{ from: '17:00', to: '21:00', retail: '0.42' }, { from: '02:00', to: '03:00', retail: '0.20' }],
    table: []
  }
}, (_, text) => parseMoney(text, 6) ?? 0n)

function within (readings: readonly PeriodReading[], from: number, to: number): PeriodReading[] {
  return readings.filter(({ periodStart }) => periodStart >= from && periodStart < to)
}

const sum = (readings: readonly PeriodReading[], part: 'importWh' | 'exportWh'): number => readings.reduce((all, reading) => all + reading[part], 0)

const berlin = new Intl.DateTimeFormat('en-GB', { timeZone: 'Europe/Berlin', hour: '2-digit', minute: '2-digit' })

describe('days on which the clocks change', () => {
  for (const day of DAYS) {
    const { name, periods, from, to, dearFrom } = day

    it(`should count ${periods} periods in ${name}, lose and add nothing, and trade at the tariff of the local hour`, async function () {
      this.timeout(60_000)
      const profiles = ['2', '0'].map((pvKwh, home) => parseProfileCsv(recording(day, pvKwh), `home-${home}.csv`))
      const street = await startMemoryHomes(profiles, {
        start: from - 3 * HOUR,
        home: { lookMinSec: 240, lookMaxSec: 300 },
        // asks more than the buyer's supplier does but in the evening
        homeOf: (home) => home === 0
          ? { tariff: flatTariff({ retail: 45n * CENT, feedIn: 8n * CENT }), lowestSellingPrice: 31n * CENT, unsecuredCredit: 10_000_000n }
          : { tariff: byTheHour }
      })
      await street.clock.advanceTo(to + 2 * HOUR)

      const [seller, buyer] = await Promise.all(street.homes.map(async ({ store }) => (await store.readings(0, to + 2 * HOUR)).filter(isMetered)))
      const offered = Array.from({ length: periods }, (_, place) => 200 + 12 + place)
      for (const [readings, part, ofPeriod] of [[buyer, 'importWh', (load: number) => load], [seller, 'exportWh', (load: number) => 2000 - load]] as const) {
        const local = within(readings, from, to)
        expect(local.map((reading) => reading[part])).to.deep.equal(offered.map(ofPeriod))
        expect(local.map(({ periodStart }) => periodStart)).to.deep.equal(offered.map((_, place) => from + place * QUARTER))
        expect(local.every(({ quality = 'measured' }) => quality === 'measured')).to.be.true()
      }
      // a day of UTC, by which certificates go, has 96 of them on any date
      const utc = Math.floor(to / 86_400)
      const certified = exportOfDay(utc, seller, QUARTER)
      expect(certified).to.deep.equal({ wh: sum(within(seller, utc * 86_400, (utc + 1) * 86_400), 'exportWh'), missingSec: 0 })
      expect(within(seller, utc * 86_400, (utc + 1) * 86_400)).to.have.length(96)

      const trades = (await tradesOf(street.homes[1])).filter(({ state }) => state === 'settled')
      const traded = [...new Set(trades.map(({ periodStart }) => periodStart))].sort((a, b) => a - b)
      expect(traded).to.deep.equal(Array.from({ length: 16 }, (_, place) => from + (dearFrom + place) * QUARTER))
      expect([traded[0], traded[15]].map((time) => berlin.format(time * 1000))).to.deep.equal(['17:00', '20:45'])
      trades.forEach(({ pricePerKwh }) => { expect(pricePerKwh >= 31n * CENT && pricePerKwh < 42n * CENT).to.be.true() })
      await expectTwins(street.homes)
      await street.stop()
    })
  }

  it('should leave out or repeat the hour between two and three', () => {
    const cheap = DAYS.map(({ from, to }) => Array.from({ length: (to - from) / QUARTER }, (_, place) => from + place * QUARTER)
      .filter((start) => byTheHour(start).retail === 20n * CENT).map((start) => (start - from) / QUARTER))
    expect(cheap).to.deep.equal([[], [8, 9, 10, 11, 12, 13, 14, 15]])
  })
})
