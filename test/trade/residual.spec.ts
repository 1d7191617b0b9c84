import { expect } from 'aegir/chai'
import * as fc from 'fast-check'
import { meterTrades, residualOf } from '../../src/trade/residual.ts'
import { step } from '../../src/trade/trade-machine.ts'
import { someTerms } from '../helpers/builders.ts'
import { aStoredTrade, hexOf } from '../helpers/records.ts'
import type { Trade, TradeRole } from '../../src/domain/trade.ts'

const NOW = 1_800_000_000
const wh = fc.integer({ min: 1, max: 5000 })
const metered = fc.record({ importWh: fc.nat({ max: 8000 }), exportWh: fc.nat({ max: 8000 }) })

function agreed (number: number, role: TradeRole, contracted: number, fields: Partial<Trade> = {}): Trade {
  return aStoredTrade(number, { role, state: 'agreed', terms: someTerms({ wh: contracted, seq: number }), acknowledged: true, ...fields })
}

/** The trade once the neighbour has told its share. */
function stated (trade: Trade, partnerWh: number): Trade {
  return step(trade, { type: 'stated', wh: partnerWh }, NOW)
}

function sum (trades: readonly Trade[], role: TradeRole, of: (trade: Trade) => number | undefined): number {
  return trades.filter((trade) => trade.role === role).reduce((all, trade) => all + (of(trade) ?? 0), 0)
}

function replaced (trades: readonly Trade[], changed: readonly Trade[]): Trade[] {
  return trades.map((trade) => changed.find(({ id }) => id === trade.id) ?? trade)
}

const period = fc.record({
  reading: metered,
  ahead: fc.array(fc.record({ role: fc.constantFrom<TradeRole>('seller', 'buyer'), wh, partnerWh: fc.option(fc.nat({ max: 5000 }), { nil: undefined }) }), { maxLength: 6 }),
  /** What is asked for in the residual round, one after the other. */
  asked: fc.array(fc.record({ role: fc.constantFrom<TradeRole>('seller', 'buyer'), wh }), { maxLength: 8 })
})

/** A home's trades of one period: made ahead, metered, compared as far as neighbours answer, then the residual round. */
function play ({ reading, ahead, asked }: { reading: { importWh: number, exportWh: number }, ahead: Array<{ role: TradeRole, wh: number, partnerWh?: number }>, asked: Array<{ role: TradeRole, wh: number }> }): Trade[] {
  const made = ahead.map(({ role, wh }, place) => agreed(place + 1, role, wh))
  let trades = meterTrades(made, reading, NOW)
  trades = trades.map((trade) => {
    const { partnerWh } = ahead[Number.parseInt(trade.id.slice(-2), 16) - 1]
    return partnerWh == null ? trade : stated(trade, partnerWh)
  })
  for (const [place, { role, wh }] of asked.entries()) {
    const { surplusWh, deficitWh } = residualOf(reading, trades, NOW)
    const contracted = Math.min(wh, role === 'seller' ? surplusWh : deficitWh)
    if (contracted > 0) {
      trades = [...trades, step(agreed(100 + place, role, contracted, { isResidual: true, state: 'proposed' }),
        role === 'seller' ? { type: 'confirmed', buyerSignature: hexOf(64, 2) } : { type: 'accepted', terms: someTerms({ wh: contracted }), sellerSignature: hexOf(64, 1), buyerSignature: hexOf(64, 2) }, NOW)]
    }
  }
  return trades
}

describe('what a period leaves over', () => {
  it('should be what the meter counted, when nothing was traded', () => {
    expect(residualOf({ exportWh: 700, importWh: 120 }, [], NOW)).to.deep.equal({ surplusWh: 700, deficitWh: 120 })
  })

  it('should hold back our share of a sale until the buyer has told its own, and no more than the smaller of both afterwards', () => {
    const reading = { exportWh: 1000, importWh: 0 }
    const [metered] = meterTrades([agreed(1, 'seller', 800)], reading, NOW)
    expect(residualOf(reading, [metered], NOW).surplusWh).to.equal(200)
    expect(residualOf(reading, [stated(metered, 300)], NOW).surplusWh).to.equal(700)
  })

  it('should not be reduced by trades that came to nothing', () => {
    const nothing = [agreed(1, 'seller', 800, { state: 'expired' }), agreed(2, 'seller', 100, { state: 'declined' }), agreed(3, 'seller', 50, { state: 'proposed', validUntil: NOW - 1 })]
    expect(residualOf({ exportWh: 500, importWh: 0 }, nothing, NOW).surplusWh).to.equal(500)
  })

  it('should be held for a proposal that may still be answered', () => {
    const open = agreed(1, 'seller', 300, { state: 'proposed', isResidual: true, validUntil: NOW })
    expect(residualOf({ exportWh: 500, importWh: 0 }, [open], NOW).surplusWh).to.equal(200)
  })

  it('should hold all of a trade that has no share yet', () => {
    expect(residualOf({ exportWh: 500, importWh: 0 }, [agreed(1, 'seller', 450)], NOW).surplusWh).to.equal(50)
  })

  it('should never sell more than was exported nor buy more than was imported, ahead and afterwards together', () => {
    fc.assert(fc.property(period, (init) => {
      const trades = play(init)
      const counted = ({ isResidual, terms, deliveredWh, ownWh }: Trade): number => isResidual === true ? terms?.wh ?? 0 : deliveredWh ?? ownWh ?? 0
      expect(sum(trades, 'seller', counted)).to.be.at.most(init.reading.exportWh)
      expect(sum(trades, 'buyer', counted)).to.be.at.most(init.reading.importWh)
    }))
  })
})

describe('a reading that comes again', () => {
  const sales = [agreed(1, 'seller', 500), agreed(2, 'seller', 500)]

  it('should be shared again over what nobody has been told or answered', () => {
    const first = meterTrades(sales, { exportWh: 600, importWh: 0 }, NOW)
    const again = meterTrades(first, { exportWh: 900, importWh: 0 }, NOW)
    expect(first.map(({ ownWh }) => ownWh)).to.deep.equal([300, 300])
    expect(again.map(({ ownWh }) => ownWh)).to.deep.equal([450, 450])
  })

  it('should take nothing back from a trade both sides have counted, and let the others have what is left', () => {
    const [one, two] = meterTrades(sales, { exportWh: 800, importWh: 0 }, NOW)
    const delivered = stated(one, 400)
    const less = meterTrades([delivered, two], { exportWh: 500, importWh: 0 }, NOW)
    expect(less.map(({ id, ownWh }) => [id, ownWh])).to.deep.equal([[two.id, 100]])
    expect(meterTrades([delivered, two], { exportWh: 300, importWh: 0 }, NOW)[0].ownWh).to.equal(0)
  })

  it('should not change what a buyer has told the seller', () => {
    const [bought] = meterTrades([agreed(1, 'buyer', 500)], { exportWh: 0, importWh: 500 }, NOW)
    const told = step(bought, { type: 'stating' }, NOW)
    expect(meterTrades([told], { exportWh: 0, importWh: 100 }, NOW)).to.deep.equal([])
  })

  it('should leave what it adds to the residual round', () => {
    const [sold] = meterTrades([agreed(1, 'seller', 500)], { exportWh: 500, importWh: 0 }, NOW)
    expect(residualOf({ exportWh: 650, importWh: 0 }, [stated(sold, 500)], NOW).surplusWh).to.equal(150)
  })

  it('should never share out more than the larger of what it says and what was told before', () => {
    fc.assert(fc.property(period, metered, (init, again) => {
      const before = play(init)
      const after = replaced(before, meterTrades(before, again, NOW))
      for (const [role, total] of [['seller', again.exportWh], ['buyer', again.importWh]] as const) {
        const bound = sum(before.filter(({ state, isResidual }) => state !== 'agreed' || isResidual === true), role, ({ deliveredWh, terms }) => deliveredWh ?? terms?.wh)
        expect(sum(after, role, ({ isResidual, terms, deliveredWh, ownWh }) => isResidual === true ? terms?.wh : deliveredWh ?? ownWh)).to.be.at.most(Math.max(bound, total))
      }
      for (const trade of before.filter(({ state }) => state !== 'agreed')) {
        expect(after).to.include(trade)
      }
    }))
  })
})

describe('a residual trade', () => {
  it('should be delivered as contracted as soon as the seller has the buyer\'s signature', () => {
    const held = agreed(1, 'seller', 480, { state: 'proposed', isResidual: true })
    expect(step(held, { type: 'confirmed', buyerSignature: hexOf(64, 2) }, NOW)).to.include({ state: 'delivered', deliveredWh: 480, ownWh: 480, partnerWh: 480 })
  })

  it('should be delivered to the buyer once the seller has acknowledged it, and not before', () => {
    const proposed = aStoredTrade(1, { isResidual: true })
    const accepted = step(proposed, { type: 'accepted', terms: someTerms({ wh: 300 }), sellerSignature: hexOf(64, 1), buyerSignature: hexOf(64, 2) }, NOW)
    expect(accepted).to.include({ state: 'agreed', ownWh: 300 })
    expect(step(accepted, { type: 'acknowledged' }, NOW)).to.include({ state: 'delivered', deliveredWh: 300 })
    expect(step(accepted, { type: 'disowned' }, NOW)).to.include({ state: 'expired' })
  })

  it('should not be changed by what a meter says later', () => {
    const delivered = step(agreed(1, 'seller', 480, { state: 'proposed', isResidual: true }), { type: 'confirmed', buyerSignature: hexOf(64, 2) }, NOW)
    expect(meterTrades([delivered], { exportWh: 0, importWh: 0 }, NOW)).to.deep.equal([])
  })
})
