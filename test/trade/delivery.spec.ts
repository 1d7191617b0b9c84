import { expect } from 'aegir/chai'
import * as fc from 'fast-check'
import { shareOut } from '../../src/trade/delivery.ts'
import { hexOf } from '../helpers/records.ts'
import type { Contracted } from '../../src/trade/delivery.ts'

const A: Contracted = { id: hexOf(32, 0xaa), wh: 250 }
const B: Contracted = { id: hexOf(32, 0xbb), wh: 350 }

const trades = fc.uniqueArray(fc.record({ id: fc.nat({ max: 1000 }).map((n) => hexOf(32, n)), wh: fc.integer({ min: 1, max: 1_000_000 }) }), { selector: ({ id }) => id, maxLength: 20 })
const total = fc.oneof(fc.nat({ max: 1000 }), fc.nat({ max: 20_000_000 }))

function sumOf (values: Iterable<number>): number {
  return [...values].reduce((sum, wh) => sum + wh, 0)
}

describe('sharing what a meter counted', () => {
  it('should give every trade what it contracted when there is enough', () => {
    expect([...shareOut(600, [A, B])]).to.deep.equal([[A.id, 250], [B.id, 350]])
    expect([...shareOut(10_000, [A, B])]).to.deep.equal([[A.id, 250], [B.id, 350]])
  })

  it('should share pro rata and give what is left over to the first in order of id', () => {
    expect([...shareOut(400, [B, A])]).to.deep.equal([[A.id, 167], [B.id, 233]])
    expect([...shareOut(1, [B, A])]).to.deep.equal([[A.id, 1], [B.id, 0]])
  })

  it('should give nothing when nothing was counted or nobody contracted', () => {
    expect([...shareOut(0, [A, B])]).to.deep.equal([[A.id, 0], [B.id, 0]])
    expect([...shareOut(500, [])]).to.deep.equal([])
    expect([...shareOut(0, [])]).to.deep.equal([])
  })

  it('should not give a left over Wh to a trade of nothing', () => {
    const none = { id: hexOf(32, 0), wh: 0 }
    expect(shareOut(400, [none, A, B]).get(none.id) ?? 0).to.equal(0)
    expect(sumOf(shareOut(400, [none, A, B]).values())).to.equal(400)
  })

  it('should share out all there is, up to what was contracted, and no trade more than its own', () => {
    fc.assert(fc.property(total, trades, (total, trades) => {
      const shares = shareOut(total, trades)
      const sum = sumOf(trades.map(({ wh }) => wh))
      expect(sumOf(shares.values())).to.equal(Math.min(total, sum))
      for (const { id, wh } of trades) {
        const share = shares.get(id) ?? NaN
        expect(share).to.be.within(0, wh)
        expect(total >= sum || Math.abs(share - total * wh / sum) < 1.0001).to.equal(true)
      }
    }))
  })

  it('should be the same for both sides, in whatever order each knows the trades', () => {
    fc.assert(fc.property(total, trades, fc.func(fc.integer()), (total, trades, weigh) => {
      const shuffled = [...trades].sort((a, b) => weigh(a.id) - weigh(b.id))
      expect([...shareOut(total, shuffled)]).to.have.deep.members([...shareOut(total, trades)])
    }))
  })
})
