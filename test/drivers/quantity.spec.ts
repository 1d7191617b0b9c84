import { expect } from 'aegir/chai'
import * as fc from 'fast-check'
import { isEnergyUnit, isUnit, toMilliWh, toNumber, toWatts } from '../../src/drivers/quantity.ts'

describe('quantities', () => {
  it('should turn registers of every unit into whole mWh', () => {
    expect(toMilliWh(12_345.678, 'kWh')).to.equal(12_345_678_000)
    expect(toMilliWh('12345.678', 'kWh')).to.equal(12_345_678_000)
    expect(toMilliWh(1234, 'Wh', 0.1)).to.equal(123_400)
    expect(toMilliWh(5, 'kWh', 0.01)).to.equal(50_000)
    expect(toMilliWh(3_600_000n, 'Ws')).to.equal(1_000_000)
    expect(toMilliWh(1, 'J')).to.equal(0)
    expect(toMilliWh('1.5e3', 'Wh')).to.equal(1_500_000)
    expect(toMilliWh(0, 'MWh')).to.equal(0)
  })

  it('should be exact where floats are not', () => {
    expect(toMilliWh('0.29', 'kWh')).to.equal(290_000)
    expect(toMilliWh(9_007_199_254_740_991n, 'mWh')).to.equal(9_007_199_254_740_991)
    fc.assert(fc.property(fc.integer({ min: 0, max: 1e12 }), (wh) => toMilliWh(`${Math.floor(wh / 1000)}.${String(wh % 1000).padStart(3, '0')}`, 'kWh') === wh * 1000))
  })

  it('should not know what is not a number, is negative or has no room', () => {
    for (const value of [null, undefined, NaN, Infinity, true, '', 'NaN', '1,5', '1 234', '1234 Wh', '-', {}, [], -1, '-0.5', 9_007_199_254_740_992n]) {
      expect(toMilliWh(value, 'mWh'), String(value)).to.be.undefined()
    }
  })

  it('should turn powers into watts and keep their sign', () => {
    expect(toWatts(-1.5, 'kW')).to.equal(-1500)
    expect(toWatts('230', 'W', -1)).to.equal(-230)
    expect(toWatts(null, 'W')).to.be.undefined()
    expect(toWatts('1500 W', 'W')).to.be.undefined()
    // an 8-byte number of an SML meter with a power of ten of 90
    expect(toWatts(10n ** 18n, 'W', 1e300)).to.be.undefined()
    expect(toWatts(-2, 'MW', 1e9)).to.be.undefined()
    expect(toWatts(0n, 'W', Infinity)).to.be.undefined()
    expect(toNumber(5n)).to.equal(5)
  })

  it('should tell units apart', () => {
    expect(['W', 'kW', 'mW', 'MW', 'Wh', 'kWh', 'J', 'Ws'].every(isUnit)).to.be.true()
    expect(['w', 'KW', 'kwh', 'toString', ''].some(isUnit)).to.be.false()
    expect(isEnergyUnit('kWh')).to.be.true()
    expect(isEnergyUnit('kW')).to.be.false()
  })
})
