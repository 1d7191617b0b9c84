import { expect } from 'aegir/chai'
import { hasCode } from '../../src/domain/errors.ts'
import { aStoredOrder, aStoredReading, aStoredTab, aStoredTrade, hexOf } from '../helpers/records.ts'
import type { Trade } from '../../src/domain/trade.ts'
import type { Store } from '../../src/ports/store.ts'

const PERIOD = 1_700_000_100

/** What every store promises. `open` gives an empty one; the suite closes it. */
export function storeCompliance (open: () => Promise<Store>): void {
  let store: Store

  beforeEach(async () => {
    store = await open()
  })

  afterEach(async () => {
    await store.close()
  })

  it('should be empty at first', async () => {
    expect(await store.trades()).to.deep.equal([])
    expect(await store.tabs()).to.deep.equal([])
    expect(await store.orders(0)).to.deep.equal([])
    expect(await store.readings(0, Infinity)).to.deep.equal([])
  })

  it('should give every record back exactly', async () => {
    const trade = aStoredTrade(1, {
      state: 'receipted',
      terms: {
        buyer: hexOf(20, 1),
        seller: hexOf(20, 2),
        slot: 1_888_889,
        seq: 3,
        wh: 480,
        pricePerKwh: 79_228_162_514_264_337_593_543_950_335n,
        attester: hexOf(20, 3),
        meter: hexOf(32, 4),
        claimBy: 1_700_200_000,
        ref: hexOf(32, 5)
      },
      sellerSignature: hexOf(64, 6),
      buyerSignature: hexOf(64, 7),
      acknowledged: false,
      ownWh: 0,
      deliveredWh: 479,
      amount: 0n,
      reason: '12n'
    })
    const receipt = { buyer: hexOf(20, 1), seller: hexOf(20, 9), through: 123_786_231_812, total: 7n, cap: 5n, expiry: 1_890_000 }
    const tab = aStoredTab(1, {
      signed: { receipt, buyerSignature: hexOf(64, 1), sellerSignature: hexOf(64, 2) },
      offered: { receipt: { ...receipt, total: -7n }, buyerSignature: hexOf(64, 3) }
    })
    const order = aStoredOrder(PERIOD, 1)
    const reading = aStoredReading(PERIOD, { importWh: 12, loadWh: 40, pvWh: 0 })

    await store.commit({ trades: [trade], tabs: [tab], orders: [order], readings: [reading] })
    expect(await store.trades()).to.deep.equal([trade])
    expect(await store.tabs()).to.deep.equal([tab])
    expect(await store.orders(PERIOD)).to.deep.equal([order])
    expect(await store.readings(PERIOD, PERIOD + 1)).to.deep.equal([reading])
  })

  it('should keep a missing period until data replaces it, and where the meter left off beside the period', async () => {
    expect(await store.meter()).to.equal(undefined)
    await store.commit({ readings: [{ periodStart: PERIOD, quality: 'missing' }], meter: { version: 1, log: { marks: [{ ms: 5 }] } } })
    expect(await store.readings(0, Infinity)).to.deep.equal([{ periodStart: PERIOD, quality: 'missing' }])
    expect(await store.meter()).to.deep.equal({ version: 1, log: { marks: [{ ms: 5 }] } })
    await store.commit({ readings: [aStoredReading(PERIOD, { quality: 'estimated' })] })
    expect(await store.readings(0, Infinity)).to.deep.equal([aStoredReading(PERIOD, { quality: 'estimated' })])
    await store.commit({ meter: { version: 1, log: {} } })
    expect(await store.meter()).to.deep.equal({ version: 1, log: {} })
  })

  it('should leave out fields that are undefined', async () => {
    await store.commit({ readings: [aStoredReading(PERIOD, { loadWh: undefined })], trades: [aStoredTrade(1, { terms: undefined })] })
    expect(await store.readings(0, Infinity)).to.deep.equal([aStoredReading(PERIOD)])
    expect(await store.trades()).to.deep.equal([aStoredTrade(1)])
  })

  it('should replace a record of the same id', async () => {
    await store.commit({
      trades: [aStoredTrade(1), aStoredTrade(2)],
      tabs: [aStoredTab(1)],
      orders: [aStoredOrder(PERIOD, 1)],
      readings: [aStoredReading(PERIOD)]
    })
    const trade = aStoredTrade(1, { state: 'declined', reason: 'SOLD_OUT' })
    const tab = aStoredTab(1, { chain: { cap: 9n, paid: 1n, through: 2, expiry: 3 } })
    await store.commit({
      trades: [trade],
      tabs: [tab],
      orders: [aStoredOrder(PERIOD, 2)],
      readings: [aStoredReading(PERIOD, { exportWh: 5 })]
    })
    expect(await store.trades()).to.deep.equal([trade, aStoredTrade(2)])
    expect(await store.tabs()).to.deep.equal([tab])
    expect(await store.orders(0)).to.deep.equal([aStoredOrder(PERIOD, 2)])
    expect(await store.readings(0, Infinity)).to.deep.equal([aStoredReading(PERIOD, { exportWh: 5 })])
  })

  it('should keep the last of two versions within one batch', async () => {
    await store.commit({ trades: [aStoredTrade(1), aStoredTrade(1, { state: 'agreed' })] })
    expect(await store.trades()).to.deep.equal([aStoredTrade(1, { state: 'agreed' })])
  })

  it('should answer ranges that begin with their start and end before their end, oldest first', async () => {
    // 900 and 9_000_000_000 would sort wrongly as text
    const starts = [9_000_000_000, PERIOD + 900, 900, PERIOD]
    await store.commit({
      trades: starts.map((periodStart, i) => aStoredTrade(i, { periodStart })),
      orders: starts.map(periodStart => aStoredOrder(periodStart, 1)),
      readings: starts.map(periodStart => aStoredReading(periodStart))
    })
    const startsOf = (trades: Trade[]): number[] => trades.map(({ periodStart }) => periodStart)

    expect(startsOf(await store.trades())).to.deep.equal([900, PERIOD, PERIOD + 900, 9_000_000_000])
    expect(startsOf(await store.trades({ from: PERIOD }))).to.deep.equal([PERIOD, PERIOD + 900, 9_000_000_000])
    expect(startsOf(await store.trades({ to: PERIOD }))).to.deep.equal([900])
    expect(startsOf(await store.trades({ from: PERIOD, to: PERIOD + 900 }))).to.deep.equal([PERIOD])
    expect(startsOf(await store.trades({ from: -1, to: Number.MAX_SAFE_INTEGER }))).to.have.length(4)
    expect((await store.orders(PERIOD + 1)).map(({ order }) => order.periodStart)).to.deep.equal([PERIOD + 900, 9_000_000_000])
    expect((await store.readings(900, PERIOD + 900)).map(({ periodStart }) => periodStart)).to.deep.equal([900, PERIOD])
  })

  it('should answer only trades in the states asked for', async () => {
    await store.commit({ trades: [aStoredTrade(1), aStoredTrade(2, { state: 'agreed' }), aStoredTrade(3, { state: 'settled' })] })
    expect(await store.trades({ states: ['agreed', 'proposed'] })).to.deep.equal([aStoredTrade(1), aStoredTrade(2, { state: 'agreed' })])
    expect(await store.trades({ states: [] })).to.deep.equal([])
    expect(await store.trades({ states: ['settled'], to: PERIOD })).to.deep.equal([])
  })

  it('should show nothing of a commit that failed with STORE_FAILED', async () => {
    const unstorable = { ...aStoredTrade(2), askedWh: NaN }
    const failure: unknown = await store.commit({ readings: [aStoredReading(PERIOD)], trades: [aStoredTrade(1), unstorable] }).catch(error => error)
    expect(hasCode(failure, 'STORE_FAILED')).to.equal(true)
    expect(await store.trades()).to.deep.equal([])
    expect(await store.readings(0, Infinity)).to.deep.equal([])
    await store.commit({ trades: [aStoredTrade(1)] })
    expect(await store.trades()).to.have.length(1)
  })

  it('should keep every one of many concurrent commits, the last version winning', async () => {
    await Promise.all(Array.from({ length: 100 }, async (_, i) => {
      await store.commit({ trades: [aStoredTrade(i)], tabs: [aStoredTab(1, { chain: { cap: BigInt(i), paid: 0n, through: i, expiry: 0 } })] })
    }))
    expect(await store.trades()).to.deep.equal(Array.from({ length: 100 }, (_, i) => aStoredTrade(i)))
    expect((await store.tabs()).map(tab => tab.chain.through)).to.deep.equal([99])
  })

  it('should keep the newest decision of each period, and what the owner changed last', async () => {
    expect(await store.knobs()).to.deep.equal({})
    const first = { periodStart: PERIOD, decidedAt: PERIOD - 900, why: 'because' }
    const next = { periodStart: PERIOD + 900, decidedAt: PERIOD, why: 'why not', advice: '12n' }
    await store.commit({ decisions: [next, first], knobs: { paused: true, lowestSellingPrice: 12n } })
    await store.commit({ decisions: [{ ...first, why: 'on second thought' }], knobs: { reserve: '20%' } })
    expect(await store.decisions(0, Infinity)).to.deep.equal([{ ...first, why: 'on second thought' }, next])
    expect(await store.decisions(PERIOD + 1, PERIOD + 901)).to.deep.equal([next])
    expect(await store.knobs()).to.deep.equal({ reserve: '20%' })
    expect(await store.readings(0, Infinity)).to.deep.equal([])
  })

  it('should not change when a caller changes what it committed', async () => {
    const chain = { cap: 1n, paid: 0n, through: 0, expiry: 0 }
    const committing = store.commit({ tabs: [aStoredTab(1, { chain })] })
    chain.cap = 2n
    await committing
    expect((await store.tabs())[0].chain.cap).to.equal(1n)
  })

  it('should refuse to work with STORE_CLOSED after it was closed', async () => {
    const last = store.commit({ trades: [aStoredTrade(1)] })
    await store.close()
    await last
    await store.close()
    const attempts = [store.commit({}), store.trades(), store.tabs(), store.orders(0), store.readings(0, 1), store.decisions(0, 1), store.knobs()]
    for (const attempt of attempts) {
      expect(hasCode(await attempt.catch((error: unknown) => error), 'STORE_CLOSED')).to.equal(true)
    }
  })
}
