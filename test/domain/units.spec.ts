import { expect } from 'aegir/chai'
import * as fc from 'fast-check'
import { supplierBill } from '../../src/domain/tariff.ts'
import { affordable, cost, formatEnergy, formatMoney, isHex, isWhole, MAX_UINT32, parseMoney } from '../../src/domain/units.ts'

const wh = fc.integer({ min: 0, max: MAX_UINT32 })
const price = fc.bigInt(0n, 10n ** 20n)

describe('units', () => {
  it('should round a cost down, once', () => {
    expect(cost(1500, 300_000n)).to.equal(450_000n)
    expect(cost(999, 1n)).to.equal(0n)
    expect(cost(1000, 1n)).to.equal(1n)
    fc.assert(fc.property(wh, price, (energy, perKwh) => {
      const paid = cost(energy, perKwh) * 1000n
      const exact = BigInt(energy) * perKwh
      expect(paid <= exact && exact < paid + 1000n).to.be.true()
    }))
  })

  it('should never cost more in parts than as a whole', () => {
    fc.assert(fc.property(fc.nat(2 ** 31), fc.nat(2 ** 31 - 1), price, (a, b, perKwh) => {
      const saved = cost(a + b, perKwh) - cost(a, perKwh) - cost(b, perKwh)
      expect(saved === 0n || saved === 1n).to.be.true()
    }))
  })

  it('should afford what it can pay and no more', () => {
    expect(affordable(450_000n, 300_000n)).to.equal(1500)
    expect(affordable(449_999n, 300_000n)).to.equal(1499)
    expect(affordable(0n, 0n)).to.equal(0)
    expect(affordable(-1n, 5n)).to.equal(0)
    expect(affordable(1n, 0n)).to.equal(MAX_UINT32)
    fc.assert(fc.property(fc.bigInt(1n, 10n ** 24n), fc.bigInt(1n, 10n ** 20n), (budget, perKwh) => {
      const most = affordable(budget, perKwh)
      expect(cost(most, perKwh) <= budget).to.be.true()
      expect(most === MAX_UINT32 || BigInt(most + 1) * perKwh > budget * 1000n).to.be.true()
    }))
  })

  it('should tell whole numbers from others', () => {
    expect([0, 7, 9].map((value) => isWhole(value, 0, 9))).to.deep.equal([true, true, true])
    expect([-1, 10, 0.5, Number.NaN, Infinity, '7', 7n, null, undefined].some((value) => isWhole(value, 0, 9))).to.be.false()
    expect(isWhole(2 ** 53, 0, Infinity)).to.be.false()
  })

  it('should tell lower-case hexadecimal from others', () => {
    expect(isHex('0x00ff', 2)).to.be.true()
    expect(['0x00fF', '0x00f', '0x00ff00', '00ff00', '0X00ff', '0x00fg', '0x00f\n', 255, undefined].some((value) => isHex(value, 2))).to.be.false()
  })

  it('should show money cut to its digits', () => {
    expect(formatMoney(1_239_999n, 6)).to.equal('1.23')
    expect(formatMoney(-1_239_999n, 6)).to.equal('-1.23')
    expect(formatMoney(5n, 6, 6)).to.equal('0.000005')
    expect(formatMoney(5n, 1, 3)).to.equal('0.500')
    expect(formatMoney(1_999_999n, 6, 0)).to.equal('1')
    expect(formatMoney(7n, 0)).to.equal('7.00')
    expect(formatEnergy(1250)).to.equal('1.250 kWh')
  })

  it('should read what it shows', () => {
    fc.assert(fc.property(fc.bigInt(0n, 10n ** 30n), fc.integer({ min: 1, max: 18 }), (amount, decimals) => {
      expect(parseMoney(formatMoney(amount, decimals, decimals), decimals)).to.equal(amount)
    }))
    expect(parseMoney(' 0.305 ', 6)).to.equal(305_000n)
    expect(parseMoney('12', 0)).to.equal(12n)
    expect(['', '-1', '1.', '.5', '1,5', '1e3', '0.1234567'].filter((text) => parseMoney(text, 6) != null)).to.deep.equal([])
  })
})

describe('tariff', () => {
  it('should bill import at retail and pay export at feed-in', () => {
    const tariff = { retail: 300_000n, feedIn: 80_000n }
    expect(supplierBill(tariff, 2000, 500)).to.equal(560_000n)
    expect(supplierBill(tariff, 0, 1000)).to.equal(-80_000n)
  })

  it('should never gain by sending power round the meter', () => {
    const ct = fc.bigInt(0n, 10n ** 18n)
    fc.assert(fc.property(ct, ct, fc.nat(10 ** 6), fc.nat(10 ** 6), fc.nat(10 ** 6), (feedIn, margin, imported, exported, round) => {
      const tariff = { feedIn, retail: feedIn + margin }
      const more = supplierBill(tariff, imported + round, exported + round)
      // Each of the two roundings may hide less than one base unit.
      expect(more >= supplierBill(tariff, imported, exported) - 1n).to.be.true()
    }))
  })
})
