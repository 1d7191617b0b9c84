import { expect } from 'aegir/chai'
import { ownHistory } from '../../src/agent/own-history.ts'
import { CENT, flatProfile, STREET_START, startMemoryHomes } from '../helpers/street.ts'
import { tradesOf } from './street-checks.ts'
import type { Meter } from '../../src/ports/meter.ts'
import type { Store } from '../../src/ports/store.ts'
import type { MemoryStreetHomes } from '../helpers/street.ts'

const QUARTER = 900
const HOUR = 3600

/** What the home uses by itself in a quarter hour; the rest of its import goes into the battery. */
const USE_WH = 150
const BATTERY = { storedWh: 2000, capacityWh: 10_000, maxPowerW: 2000 }

/** The meter of a home whose owner charges the battery as advised, at full power. */
function charging (meter: Meter): Meter {
  return {
    ...meter,
    async read (at) {
      const reading = await meter.read(at)
      const periods = (at - STREET_START) / QUARTER
      return { ...reading, loadMilliWh: Math.floor(1000 * USE_WH * periods), battery: BATTERY }
    }
  }
}

/** Nine days in which the home used its share and the sun never shone. */
async function remember (store: Store): Promise<void> {
  await store.commit({
    readings: Array.from({ length: 9 * 96 }, (_, place) => ({
      periodStart: STREET_START - (place + 1) * QUARTER, importWh: USE_WH, exportWh: 0, loadWh: USE_WH, pvWh: 0, battery: BATTERY
    }))
  })
}

/** A neighbour with a surplus, and a home with a battery that the night will ask more of than it holds. */
async function startStreet (buysForBattery: boolean): Promise<MemoryStreetHomes> {
  return startMemoryHomes([flatProfile(100, 900), flatProfile(USE_WH + 500, 0)], {
    forecaster: ownHistory,
    home: { unsecuredCredit: 10_000_000n },
    homeOf: (index) => index === 1 ? { buysForBattery } : {},
    adapt (index, { meter, store }) {
      if (index === 0) {
        return {}
      }
      void remember(store)
      return { meter: charging(meter) }
    }
  })
}

describe('a battery that the night will ask more of than it holds', () => {
  it('should be named with what it could take from neighbours, and at which price, and nothing bought', async () => {
    const street = await startStreet(false)
    await street.clock.advanceTo(STREET_START + 2 * HOUR)
    const { store } = street.homes[1]
    const advice = (await store.decisions(STREET_START, STREET_START + 2 * HOUR)).map(({ advice }) => advice).filter((each) => each != null)
    expect(advice).to.include('The battery holds 2.000 kWh and tonight will take about 14.400 kWh: it could take 0.500 kWh from neighbours in this period, for 0.1350 per kWh or less.')
    expect((await tradesOf(street.homes[1])).filter(({ isResidual }) => isResidual !== true)).to.deep.equal([])
    await street.stop()
  })

  it('should be charged with a neighbour\'s surplus where its owner says so, for less than it spares', async () => {
    const street = await startStreet(true)
    await street.clock.advanceTo(STREET_START + 3 * HOUR)
    const trades = (await tradesOf(street.homes[1])).filter(({ isResidual, terms }) => isResidual !== true && terms != null)
    expect(trades.length).to.be.above(3)
    for (const { pricePerKwh, terms, why } of trades) {
      expect(pricePerKwh <= 135n * CENT / 10n).to.be.true()
      expect(terms?.wh).to.be.at.most(500)
      expect(why).to.match(/for the battery at 0\.1350 per kWh or less/)
    }
    const delivered = trades.filter(({ deliveredWh }) => deliveredWh != null)
    expect(delivered.length).to.be.above(2)
    delivered.forEach(({ deliveredWh, terms }) => { expect(deliveredWh).to.equal(terms?.wh) })
    await street.stop()
  })
})
