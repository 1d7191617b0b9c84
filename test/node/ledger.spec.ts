import { expect } from 'aegir/chai'
import { keyBook } from '../../src/node/key-book.ts'
import { Ledger } from '../../src/node/ledger.ts'
import { createMemoryStore } from '../../src/simulator/memory-store.ts'
import { createVirtualClock } from '../../src/simulator/virtual-clock.ts'
import { someTerms } from '../helpers/builders.ts'
import { aStoredTab, aStoredTrade, hexOf } from '../helpers/records.ts'
import type { Settlement } from '../../src/ports/settlement.ts'

const NOW = 1_700_100_000
const DAY = 86_400

describe('ledger', () => {
  it('should show a change only once it is on disk, and not at all when that fails', async () => {
    const store = createMemoryStore()
    const told: unknown[] = []
    const ledger: Ledger = new Ledger({
      ...store,
      async commit (batch) {
        expect(ledger.all()).to.deep.equal([])
        await store.commit(batch)
      }
    }, (batch) => told.push(batch))
    const trade = aStoredTrade(1)
    await ledger.commit({ trades: [trade] })
    expect(ledger.trade(trade.id)).to.equal(trade)
    expect(told).to.have.lengthOf(1)
    await store.close()
    await expect(ledger.commit({ trades: [{ ...trade, state: 'expired' }] })).to.eventually.be.rejected()
    expect(ledger.trade(trade.id)).to.equal(trade)
    expect(told).to.have.lengthOf(1)
  })

  it('should run exclusive tasks one after the other, also after one failed', async () => {
    const ledger = new Ledger(createMemoryStore(), () => {})
    const seen: string[] = []
    const task = (name: string, fails = false) => async (): Promise<string> => {
      seen.push(`${name} in`)
      await new Promise((resolve) => setImmediate(resolve))
      seen.push(`${name} out`)
      if (fails) {
        throw new Error(name)
      }
      return name
    }
    const all = await Promise.allSettled([ledger.exclusive(task('a')), ledger.exclusive(task('b', true)), ledger.exclusive(task('c'))])
    expect(seen).to.deep.equal(['a in', 'a out', 'b in', 'b out', 'c in', 'c out'])
    expect(all.map(({ status }) => status)).to.deep.equal(['fulfilled', 'rejected', 'fulfilled'])
  })

  it('should know after a restart every open trade, what ended lately, and the tabs', async () => {
    const store = createMemoryStore()
    const old = NOW - 30 * DAY
    await store.commit({
      trades: [
        aStoredTrade(1, { state: 'agreed', periodStart: old }),
        aStoredTrade(2, { state: 'settled', periodStart: old }),
        aStoredTrade(3, { state: 'settled', periodStart: NOW - DAY }),
        aStoredTrade(4, { state: 'receipted', periodStart: old })
      ],
      tabs: [aStoredTab(1)]
    })
    const ledger = new Ledger(store, () => {})
    await ledger.load(NOW)
    expect(ledger.all().map(({ id }) => id)).to.have.members([1, 3, 4].map((number) => hexOf(32, number)))
    expect(ledger.tab(hexOf(20, 1), hexOf(20, 9))).to.deep.equal(aStoredTab(1))
    ledger.prune(NOW + 2 * DAY)
    expect(ledger.all().map(({ id }) => id)).to.have.members([1, 4].map((number) => hexOf(32, number)))
  })

  it('should tell the two directions of a pair apart', async () => {
    const ledger = new Ledger(createMemoryStore(), () => {})
    const [we, they] = [hexOf(20, 1), hexOf(20, 2)]
    const bought = aStoredTrade(1, { role: 'buyer', partner: they, terms: someTerms({ buyer: we, seller: they }) })
    const sold = aStoredTrade(2, { role: 'seller', partner: they, terms: someTerms({ buyer: they, seller: we }) })
    await ledger.commit({ trades: [bought, sold] })
    expect(ledger.between(we, they)).to.deep.equal([bought])
    expect(ledger.between(they, we)).to.deep.equal([sold])
  })
})

describe('key book', () => {
  it('should ask the chain once, again after six hours, when it was told to forget, and while a key is not live', async () => {
    const clock = createVirtualClock(NOW)
    let asked = 0
    let validUntil = 0
    const settlement = { key: async () => ({ validUntil, dailyLimit: 0n, leftToday: 0n, asked: ++asked }) } as unknown as Settlement
    const keys = keyBook({ settlement, clock })
    const ask = async (): Promise<number> => keys.validUntil(hexOf(20, 1), hexOf(20, 2))
    expect([await ask(), await ask(), asked]).to.deep.equal([0, 0, 1])
    validUntil = NOW + DAY
    await clock.advanceTo(NOW + 600)
    expect([await ask(), await ask(), asked]).to.deep.equal([validUntil, validUntil, 2])
    keys.forget(hexOf(20, 1), hexOf(20, 2))
    expect([await ask(), asked]).to.deep.equal([validUntil, 3])
    await clock.advanceTo(NOW + 600 + 6 * 3600)
    expect([await ask(), asked]).to.deep.equal([validUntil, 4])
  })
})
