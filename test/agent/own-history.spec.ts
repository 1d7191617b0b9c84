import { expect } from 'aegir/chai'
import * as fc from 'fast-check'
import { errorsByHour } from '../../src/agent/errors-by-hour.ts'
import { persistence } from '../../src/agent/forecast.ts'
import { ownHistory, startOwnHistory } from '../../src/agent/own-history.ts'
import { readFontana } from '../bench/fontana.ts'
import { forecastErrors } from '../bench/forecast-error.ts'
import { someRules } from '../helpers/builders.ts'
import type { Forecast } from '../../src/agent/forecast.ts'
import type { PeriodReading } from '../../src/domain/reading.ts'
import type { Method, Quantity } from '../bench/forecast-error.ts'

const rules = someRules({ periodSec: 3600 })
const MIDNIGHT = 1_700_006_400 - 1_700_006_400 % 86_400
const NOON = 12

function reading (hour: number, { pvWh = 0, loadWh = 400 }: { pvWh?: number, loadWh?: number } = {}): PeriodReading {
  return { periodStart: MIDNIGHT + 3600 * hour, importWh: Math.max(0, loadWh - pvWh), exportWh: Math.max(0, pvWh - loadWh), loadWh, pvWh }
}

/** Sun from six to eighteen o'clock, most at noon, in Wh. */
function clearSun (hour: number): number {
  return Math.max(0, 3000 - 500 * Math.abs(hour % 24 - NOON))
}

/** Days of clear sky before the last midnight. */
function sunnyDays (days: number): Forecast {
  const forecast = startOwnHistory(rules, 2)
  for (let hour = -24 * days; hour < 0; hour++) {
    forecast.observe(reading(hour, { pvWh: clearSun(hour + 24 * days) }))
  }
  return forecast
}

const at = (hour: number): number => MIDNIGHT + 3600 * hour

describe('forecast from the home\'s own history', () => {
  it('should be what was before, until there is a week of data', () => {
    const young = sunnyDays(6)
    const plain = persistence.start(rules)
    plain.observe(reading(-1, { pvWh: 0 }))
    expect(young.expect(at(0))?.netWh).to.equal(plain.expect(at(0))?.netWh)
    expect(young.expect(at(9))).to.equal(undefined)
    expect(ownHistory.start(rules).expect(at(0))).to.equal(undefined)
  })

  it('should expect as clear a sky as in the newest period', () => {
    const forecast = sunnyDays(8)
    for (let hour = 0; hour < 11; hour++) {
      forecast.observe(reading(hour, { pvWh: clearSun(hour) / 2 }))
    }
    const { pvWh = 0, loadWh, netWh } = forecast.expect(at(NOON)) ?? { netWh: 0 }
    // eleven o'clock would have brought 2500 Wh; ten brought half of its 2000, and the mean has a small say
    expect(pvWh).to.be.within(1500, 1700)
    expect(loadWh).to.equal(400)
    expect(netWh).to.equal(400 - pvWh)
  })

  it('should expect the week\'s mean at sunrise, when the newest period was dark', () => {
    const forecast = sunnyDays(8)
    for (let hour = 0; hour < 7; hour++) {
      forecast.observe(reading(hour))
    }
    expect(forecast.expect(at(8))?.pvWh).to.equal(clearSun(8))
    forecast.observe(reading(7))
    // seven o'clock had little light to tell from, and still says that this is a dark morning
    expect(forecast.expect(at(8))?.pvWh).to.be.within(100, 250)
    const dark = sunnyDays(8)
    dark.observe(reading(0))
    expect(dark.expect(at(1))?.pvWh).to.equal(0)
  })

  it('should expect half the newest period and half the week of what the home uses', () => {
    const forecast = sunnyDays(8)
    forecast.observe(reading(0, { loadWh: 1000 }))
    expect(forecast.expect(at(1))?.loadWh).to.equal(700)
  })

  it('should come to trust what fits this home better', () => {
    // a home that keeps for hours what it does, at other hours each day: the week says nothing
    const [steady, habitual] = [startOwnHistory(rules, 1), startOwnHistory(rules, 1)]
    for (let hour = -24 * 20; hour < 0; hour++) {
      steady.observe(reading(hour, { loadWh: Math.floor((hour + 480) / 7) % 2 === 0 ? 200 : 1000 }))
      habitual.observe(reading(hour, { loadWh: hour % 2 === 0 ? 200 : 1000 }))
    }
    const newestWh = 1500
    ;[steady, habitual].forEach((forecast) => { forecast.observe(reading(0, { loadWh: newestWh })) })
    expect(steady.expect(at(1))?.loadWh).to.be.above(1200)
    expect(habitual.expect(at(1))?.loadWh).to.be.within(1000, 1200)
  })

  it('should stand on the week alone after a gap, and say so', () => {
    const expected = sunnyDays(8).expect(at(9))
    expect(expected?.netWh).to.equal(400 - clearSun(9))
    expect(expected?.basis).to.equal('usual at this time of day')
  })

  it('should never look at the period itself or beyond', () => {
    fc.assert(fc.property(fc.array(fc.nat(4000), { minLength: 24, maxLength: 24 }), fc.integer({ min: 1, max: 20 }), (later, hour) => {
      const forecast = sunnyDays(8)
      for (let each = 0; each < hour; each++) {
        forecast.observe(reading(each, { pvWh: clearSun(each) }))
      }
      const before = forecast.expect(at(hour))?.netWh
      later.forEach((pvWh, each) => { forecast.observe(reading(hour + each, { pvWh, loadWh: pvWh })) })
      expect(forecast.expect(at(hour))?.netWh).to.equal(before)
    }), { numRuns: 50 })
  })

  it('should take late and corrected readings for what they are', () => {
    const late = sunnyDays(8)
    const hours = [0, 1, 2, 3].map((hour) => reading(hour, { loadWh: 300 + 100 * hour }))
    late.observe(hours[3])
    late.observe({ ...hours[1], loadWh: 9999 })
    ;[hours[0], hours[2], hours[1]].forEach((each) => { late.observe(each) })
    expect(late.expect(at(5))?.loadWh).to.be.within(400 + 0.2 * 200, 400 + 0.8 * 200)
    // what was corrected is gone from the week
    expect(late.expect(at(25))?.loadWh).to.equal(400)
  })

  it('should work with the grid meter alone, and with one of sun and use', () => {
    const variants = [['loadWh', 'pvWh'], ['pvWh'], ['loadWh'], []].map((known) => {
      const forecast = startOwnHistory(rules, 2)
      for (let hour = -192; hour < 11; hour++) {
        const { periodStart, importWh, exportWh, ...parts } = reading(hour, { pvWh: clearSun(hour + 192) })
        const told = Object.fromEntries(Object.entries(parts).filter(([name]) => known.includes(name)))
        forecast.observe({ periodStart, importWh, exportWh, ...told })
      }
      return forecast.expect(at(NOON))
    })
    variants.forEach((expected) => { expect(expected?.netWh).to.be.within(-2700, -2500) })
    expect(variants.map((expected) => expected?.pvWh != null)).to.deep.equal([true, true, true, false])
  })

  it('should not forget the week when the device is silent about sun and use for a while', () => {
    const forecast = sunnyDays(8)
    const { loadWh, pvWh, ...bare } = reading(0)
    forecast.observe(bare)
    expect(forecast.expect(at(1))?.loadWh).to.equal(400)
    expect([loadWh, pvWh]).to.deep.equal([400, 0])
  })

  it('should know how wrong it was at each hour of the day', () => {
    const forecast = startOwnHistory(rules, 2)
    for (let hour = -24 * 40; hour < 0; hour++) {
      forecast.observe(reading(hour, { loadWh: (hour + 960) % 24 === 3 && Math.floor(hour / 24) % 2 === 0 ? 1400 : 400 }))
    }
    const three = forecast.expect(at(27))
    expect(three?.error(0.1)).to.be.below(0)
    expect(three?.error(0.9)).to.be.above(300)
    expect(forecast.expect(at(12))?.error(0.9)).to.equal(0)
    expect(sunnyDays(8).expect(at(0))?.error(0.5)).to.equal(undefined)
  })

  it('should know what the night usually takes', () => {
    const forecast = sunnyDays(8)
    // 400 Wh an hour from the hour after midnight until the sun brings more, at seven
    expect(forecast.expect(at(0))?.night?.()).to.deep.equal({ needWh: 6 * 400, sunWh: 0, until: at(6) })
  })

  it('should know at noon what the night will take, and what the sun brings before', () => {
    const forecast = startOwnHistory(rules, 2)
    // the afternoon still brings 1200 Wh to spare, the hours after it take far more
    for (let hour = -24 * 8; hour < 12; hour++) {
      forecast.observe(reading(hour, { pvWh: clearSun(hour + 192) / 2.5 }))
    }
    const spare = [13, 14, 15].map((hour) => clearSun(hour) / 2.5 - 400).reduce((sum, wh) => sum + wh, 0)
    const after = [16, 17].map((hour) => 400 - clearSun(hour) / 2.5).reduce((sum, wh) => sum + wh, 0)
    const night = forecast.expect(at(12))?.night?.()
    expect(night?.until).to.be.within(at(31), at(33))
    expect(night?.sunWh).to.be.within(spare, spare + 100)
    expect(night?.needWh).to.be.within(after + 12 * 400 - spare, after + 16 * 400 - spare)
  })

  it('should beat persistence, yesterday and the weekly mean on real homes it was not tuned on', function () {
    const homes = readFontana()?.slice(5, 7)
    if (homes == null) {
      this.skip()
    }
    for (const quantity of ['pv', 'load', 'net'] satisfies Quantity[]) {
      for (const lead of [1, 2]) {
        const errors = (method: Method): ReturnType<typeof forecastErrors> => forecastErrors(homes, { quantity, method, lead, rules })
        const own = errors('own-history')
        for (const simple of ['persistence', 'yesterday', 'weekly mean'] satisfies Method[]) {
          expect(own.nMae, `${quantity} ${lead} h ${simple}`).to.be.below(errors(simple).nMae)
          expect(own.nRmse, `${quantity} ${lead} h ${simple}`).to.be.below(errors(simple).nRmse)
        }
      }
    }
  })
})

describe('errors by hour', () => {
  it('should give the quantiles of each hour by itself', () => {
    const errors = errorsByHour()
    for (let error = 0; error <= 100; error++) {
      errors.add(3600 * 5, error)
    }
    expect([0, 0.25, 0.505, 1, 7].map((share) => errors.quantile(86_400 + 3600 * 5 + 900, share))).to.deep.equal([0, 25, 50.5, 100, 100])
    expect(errors.quantile(3600 * 6, 0.5)).to.equal(undefined)
  })

  it('should remember the newest 400', () => {
    const errors = errorsByHour()
    for (let error = 0; error < 1000; error++) {
      errors.add(0, error)
    }
    expect([errors.quantile(0, 0), errors.quantile(0, 1)]).to.deep.equal([600, 999])
  })
})
