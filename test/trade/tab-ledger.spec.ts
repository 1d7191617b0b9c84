import { expect } from 'aegir/chai'
import * as fc from 'fast-check'
import { position, SLOT_SEC, slotOf } from '../../src/domain/period.ts'
import { contractedValue, positionOf } from '../../src/domain/trade.ts'
import { cost } from '../../src/domain/units.ts'
import { effectiveCap, hasPayable, headroom, MAX_LOCK_SLOTS, newerChainTab, nextReceipt, NO_TAB, owed, receiptProblem, settledPoint } from '../../src/trade/tab-ledger.ts'
import { CENT, PERIOD, someTerms } from '../helpers/builders.ts'
import { aStoredTab, aStoredTrade, hexOf } from '../helpers/records.ts'
import type { ChainTab, Receipt } from '../../src/domain/receipt.ts'
import type { Tab } from '../../src/domain/tab.ts'
import type { Trade, TradeState } from '../../src/domain/trade.ts'

const SLOT = slotOf(PERIOD)
const NOW = PERIOD + 10 * SLOT_SEC
const PRICE = 20n * CENT
const KEY_UNTIL = NOW + 365 * 86_400
const INIT = { now: NOW, ceiling: 1_000_000n, lifeSec: 4 * 86_400, keyValidUntil: KEY_UNTIL }
const CHAIN: ChainTab = { cap: 1_000_000n, paid: 0n, through: position(SLOT - 1, 0), expiry: slotOf(NOW + 3 * 86_400) }

/** A trade of 1 kWh, which costs 200 000, in slot `SLOT + slot`. Delivered Wh are given where the state has them. */
function aTrade (slot: number, state: TradeState, { seq = 1, wh = 1000, delivered = wh }: { seq?: number, wh?: number, delivered?: number } = {}): Trade {
  const isPriced = ['delivered', 'receipted', 'settled', 'claimed'].includes(state)
  return aStoredTrade(slot * 100 + seq, {
    state,
    periodStart: PERIOD + slot * SLOT_SEC,
    terms: someTerms({ slot: SLOT + slot, seq, wh, pricePerKwh: PRICE }),
    ...(isPriced ? { deliveredWh: delivered, amount: cost(delivered, PRICE) } : {})
  })
}

function aTab (fields: Partial<Tab> = {}): Tab {
  return aStoredTab(1, { chain: CHAIN, ...fields })
}

function signed (receipt: Partial<Receipt>): NonNullable<Tab['signed']> {
  return { receipt: { buyer: hexOf(20, 1), seller: hexOf(20, 9), through: position(SLOT, 1), total: 200_000n, cap: 1_200_000n, expiry: CHAIN.expiry, ...receipt }, buyerSignature: hexOf(64, 1), sellerSignature: hexOf(64, 2) }
}

function next (tab: Tab, trades: Trade[], init: Partial<typeof INIT> = {}): Receipt {
  const receipt = nextReceipt(tab, trades, { ...INIT, ...init })
  if (receipt == null) {
    throw new Error('there is no receipt to sign')
  }
  return receipt
}

describe('what a pair owes each other', () => {
  it('should count from the chain, or from a newer receipt with both signatures', () => {
    expect(settledPoint(aTab())).to.deep.equal({ through: CHAIN.through, total: 0n })
    expect(settledPoint(aTab({ signed: signed({}) }))).to.deep.equal({ through: position(SLOT, 1), total: 200_000n })
    const chain = { ...CHAIN, through: position(SLOT, 1), paid: 190_000n }
    expect(settledPoint(aTab({ chain, signed: signed({}) }))).to.deep.equal({ through: position(SLOT, 1), total: 190_000n })
  })

  it('should owe delivered, receipted and claimed trades above the watermark at what was delivered', () => {
    const trades = [aTrade(0, 'delivered', { delivered: 500 }), aTrade(1, 'receipted'), aTrade(2, 'claimed', { delivered: 250 }), aTrade(-1, 'settled', { seq: 0 })]
    expect(owed(aTab(), trades)).to.equal(100_000n + 200_000n + 50_000n)
    expect(owed(aTab(), trades, position(SLOT + 1, 1))).to.equal(300_000n)
    expect(owed(aTab(), trades, position(SLOT + 1, 0))).to.equal(100_000n)
    expect(owed(aTab({ signed: signed({ through: position(SLOT, 1), total: 100_000n }) }), trades)).to.equal(350_000n)
  })

  it('should owe nothing for trades that are not delivered or came to nothing', () => {
    for (const state of ['proposed', 'agreed', 'declined', 'expired', 'lapsed'] as const) {
      expect(owed(aTab(), [aTrade(0, state)])).to.equal(0n)
    }
  })

  it('should rely on the lowest ceiling that may still come true', () => {
    expect(effectiveCap(aTab())).to.equal(1_000_000n)
    expect(effectiveCap(aTab({ signed: signed({ cap: 2_000_000n }) }))).to.equal(1_000_000n)
    expect(effectiveCap(aTab({ signed: signed({ cap: 600_000n }) }))).to.equal(600_000n)
    const { receipt, buyerSignature } = signed({ cap: 500_000n, through: position(SLOT, 2) })
    expect(effectiveCap(aTab({ signed: signed({ cap: 600_000n }), offered: { receipt, buyerSignature } }))).to.equal(500_000n)
    expect(effectiveCap(aTab({ signed: signed({ cap: 600_000n, through: CHAIN.through }) }))).to.equal(1_000_000n)
  })

  it('should leave room for what is neither owed nor contracted', () => {
    const trades = [aTrade(0, 'delivered', { delivered: 500 }), aTrade(1, 'agreed'), aTrade(2, 'proposed'), aTrade(3, 'expired'), aTrade(4, 'lapsed')]
    expect(headroom(aTab(), trades)).to.equal(500_000n)
    expect(headroom(aTab(), [...trades, aTrade(5, 'agreed', { wh: 10_000 })])).to.equal(0n)
    expect(headroom(aTab(), trades, { credit: 70_000n })).to.equal(570_000n)
  })

  it('should not count what the watermark has passed', () => {
    const chain = { ...CHAIN, through: position(SLOT + 1, 1), paid: 300_000n }
    expect(headroom(aTab({ chain }), [aTrade(0, 'agreed'), aTrade(1, 'receipted')])).to.equal(700_000n)
  })

  it('should cover nothing with a ceiling that ends too soon, but what it has paid', () => {
    const until = CHAIN.expiry * SLOT_SEC
    expect(headroom(aTab(), [], { until })).to.equal(1_000_000n)
    expect(headroom(aTab(), [], { until: until + 1 })).to.equal(0n)
    expect(headroom(aTab({ chain: { ...CHAIN, paid: 300_000n } }), [], { until: until + 1, credit: 50_000n })).to.equal(50_000n)
  })

  it('should trust a stranger with the credit once, not for every trade', () => {
    expect(headroom(NO_TAB, [], { credit: 250_000n, until: NOW })).to.equal(250_000n)
    expect(headroom(NO_TAB, [aTrade(0, 'agreed')], { credit: 250_000n, until: NOW })).to.equal(50_000n)
    expect(headroom(NO_TAB, [aTrade(0, 'delivered'), aTrade(1, 'proposed')], { credit: 250_000n, until: NOW })).to.equal(0n)
  })

  it('should not let an older look at the chain replace a newer one', () => {
    const newer = { ...CHAIN, through: CHAIN.through + 1 }
    expect(newerChainTab(CHAIN, newer)).to.equal(newer)
    expect(newerChainTab(newer, CHAIN)).to.equal(newer)
    expect(newerChainTab(CHAIN, { ...CHAIN, cap: 0n }).cap).to.equal(0n)
  })
})

describe('the receipt a buyer signs next', () => {
  it('should open a tab at the slot before, with the ceiling and nothing to pay', () => {
    const receipt = next(aTab({ chain: NO_TAB.chain }), [])
    expect(receipt).to.include({ through: position(slotOf(NOW) - 1, 0), total: 0n, cap: 1_000_000n, expiry: slotOf(NOW + 4 * 86_400) })
    expect(hasPayable(aTab(), [])).to.equal(false)
  })

  it('should pay every delivered trade up to the first slot with an open one', () => {
    const trades = [aTrade(0, 'delivered', { delivered: 500 }), aTrade(0, 'delivered', { seq: 2 }), aTrade(1, 'delivered'), aTrade(2, 'delivered'), aTrade(2, 'agreed', { seq: 2 }), aTrade(3, 'delivered')]
    expect(hasPayable(aTab(), trades)).to.equal(true)
    expect(next(aTab(), trades)).to.include({ through: position(SLOT + 1, 1), total: 500_000n })
    expect(next(aTab(), [...trades, aTrade(0, 'proposed', { seq: 3 })])).to.include({ through: CHAIN.through + 1, total: 0n })
    expect(hasPayable(aTab(), [...trades, aTrade(0, 'proposed', { seq: 3 })])).to.equal(false)
  })

  it('should not wait for a trade that the watermark has passed', () => {
    const chain = { ...CHAIN, through: position(SLOT + 1, 1), paid: 200_000n }
    expect(next(aTab({ chain }), [aTrade(0, 'agreed'), aTrade(2, 'delivered')])).to.include({ through: position(SLOT + 2, 1), total: 400_000n })
  })

  it('should never sign a position again that it has offered or been refused', () => {
    const paid = aTrade(0, 'delivered')
    expect(next(aTab({ signed: signed({}) }), []).through).to.equal(position(SLOT, 2))
    expect(next(aTab({ refusedThrough: position(SLOT, 7) }), [paid])).to.include({ through: position(SLOT, 8), total: 200_000n })
    const { receipt, buyerSignature } = signed({ through: position(SLOT, 9) })
    expect(next(aTab({ offered: { receipt, buyerSignature } }), [paid]).through).to.equal(position(SLOT, 10))
  })

  it('should sign nothing that would pass over an open trade', () => {
    const chain = { ...CHAIN, through: position(SLOT, 1) }
    expect(nextReceipt(aTab({ chain }), [aTrade(0, 'agreed', { seq: 2 })], INIT)).to.equal(undefined)
    expect(nextReceipt(aTab({ chain }), [aTrade(0, 'agreed', { seq: 3 })], INIT)?.through).to.equal(position(SLOT, 2))
  })

  it('should open a tab below the trades that were made on credit', () => {
    const tab = aTab({ chain: NO_TAB.chain })
    const trades = [aTrade(0, 'agreed'), aTrade(5, 'agreed')]
    const opening = next(tab, trades)
    expect(opening.through).to.be.below(position(SLOT, 1))
    expect(next({ ...tab, refusedThrough: opening.through }, trades).through).to.be.below(position(SLOT, 1))
  })

  it('should cover all that is still to come, even beyond the usual ceiling', () => {
    const trades = [aTrade(0, 'delivered'), aTrade(1, 'agreed', { wh: 4000 }), aTrade(2, 'delivered', { wh: 3000 })]
    expect(next(aTab(), trades)).to.include({ total: 200_000n, cap: 200_000n + 800_000n + 600_000n })
    expect(next(aTab(), trades, { ceiling: 5_000_000n }).cap).to.equal(5_200_000n)
  })

  it('should end within 14 days and the life of the key, and never before the tab does', () => {
    expect(next(aTab(), [], { lifeSec: 30 * 86_400 }).expiry).to.equal(slotOf(NOW) + MAX_LOCK_SLOTS - 1)
    expect(next(aTab(), [], { keyValidUntil: NOW + 86_400 + 1 }).expiry).to.equal(slotOf(NOW + 86_400))
    expect(next(aTab(), [], { lifeSec: 3600 }).expiry).to.equal(CHAIN.expiry)
  })
})

describe('the receipt a seller is asked to sign', () => {
  const trades = [aTrade(0, 'delivered'), aTrade(1, 'delivered'), aTrade(2, 'agreed')]
  const honest = next(aTab(), trades)
  const problem = (receipt: Partial<Receipt>, { tab = aTab(), credit = 0n, buyerKeyValidUntil = KEY_UNTIL, known = trades } = {}): string | undefined =>
    receiptProblem(tab, known, { receipt: { ...honest, ...receipt }, now: NOW, credit, buyerKeyValidUntil })

  it('should be signed when it is what the seller would write itself', () => {
    expect(problem({})).to.equal(undefined)
    expect(problem({ total: honest.total + 1n, cap: honest.cap + 1n })).to.equal(undefined)
  })

  it('should be STALE_RECEIPT at or below the watermark, or below what was settled', () => {
    expect(problem({ through: CHAIN.through })).to.equal('STALE_RECEIPT')
    expect(problem({ through: CHAIN.through + 1, total: 0n })).to.equal(undefined)
    expect(problem({}, { tab: aTab({ signed: signed({ through: honest.through, total: honest.total }) }) })).to.equal('STALE_RECEIPT')
    expect(problem({ total: 99_999n }, { tab: aTab({ chain: { ...CHAIN, paid: 100_000n } }), known: [] })).to.equal('STALE_RECEIPT')
  })

  it('should be BAD_TERMS when it lies in the future', () => {
    expect(problem({ through: position(slotOf(NOW) + 1, 0) }, { known: [] })).to.equal('BAD_TERMS')
    expect(problem({ through: position(slotOf(NOW), 9) }, { known: [] })).to.equal(undefined)
  })

  it('should be NOT_READY when it passes a trade whose delivery is open', () => {
    expect(problem({ through: position(SLOT + 2, 1), total: 1_000_000n })).to.equal('NOT_READY')
    expect(problem({ through: position(SLOT + 2, 0) })).to.equal(undefined)
    expect(problem({ through: position(SLOT + 2, 1) }, { known: [aTrade(2, 'proposed')] })).to.equal('NOT_READY')
    expect(problem({ through: position(SLOT + 2, 1) }, { known: [aTrade(2, 'lapsed'), aTrade(1, 'expired')] })).to.equal(undefined)
  })

  it('should be TOTAL_TOO_LOW below its own books', () => {
    expect(problem({ total: honest.total - 1n })).to.equal('TOTAL_TOO_LOW')
    expect(problem({ through: position(SLOT + 1, 0), total: 200_000n })).to.equal(undefined)
    expect(problem({ through: position(SLOT + 1, 0), total: 199_999n })).to.equal('TOTAL_TOO_LOW')
  })

  it('should be CEILING when the total is not covered, or what is to come', () => {
    expect(problem({}, { tab: aTab({ chain: { ...CHAIN, cap: honest.total - 1n } }) })).to.equal('CEILING')
    expect(problem({}, { tab: aTab({ chain: { ...CHAIN, cap: honest.total - 1n } }), credit: 1n })).to.equal(undefined)
    expect(problem({ cap: honest.total + 200_000n })).to.equal(undefined)
    expect(problem({ cap: honest.total + 199_999n })).to.equal('CEILING')
    expect(problem({ cap: honest.total + 199_999n }, { credit: 1n })).to.equal(undefined)
    expect(problem({ cap: honest.total + 199_999n }, { known: [...trades, aTrade(3, 'delivered')], credit: 200_000n })).to.equal('CEILING')
  })

  it('should be CEILING when the escrow could never pay it', () => {
    expect(problem({ cap: honest.total - 1n }, { known: [], credit: 1_000_000n })).to.equal('CEILING')
    const lowered = signed({ through: position(SLOT, 1), total: 200_000n, cap: 300_000n })
    expect(problem({}, { tab: aTab({ signed: lowered }) })).to.equal('CEILING')
  })

  it('should be EXPIRY when it ends too late, outlives the key, or too early for what is to come', () => {
    expect(problem({ expiry: slotOf(NOW) + MAX_LOCK_SLOTS })).to.equal(undefined)
    expect(problem({ expiry: slotOf(NOW) + MAX_LOCK_SLOTS + 1 })).to.equal('EXPIRY')
    expect(problem({}, { buyerKeyValidUntil: honest.expiry * SLOT_SEC })).to.equal(undefined)
    expect(problem({}, { buyerKeyValidUntil: honest.expiry * SLOT_SEC - 1 })).to.equal('EXPIRY')
    expect(problem({ expiry: CHAIN.expiry - 1 })).to.equal('EXPIRY')
    expect(problem({ expiry: CHAIN.expiry - 1 }, { known: [] })).to.equal(undefined)
  })
})

type Move = 'agree' | 'deliver' | 'lapse' | 'pay' | 'lose-answer' | 'submit' | 'claim' | 'look'
const MOVES: readonly Move[] = ['agree', 'agree', 'deliver', 'deliver', 'deliver', 'lapse', 'pay', 'pay', 'lose-answer', 'submit', 'claim', 'look']

/** A pair whose trades are known to both, each with its own idea of the tab, over one chain that grants what is asked. */
class Pair {
  readonly trades: Trade[] = []
  chain: ChainTab = { ...NO_TAB.chain }
  buyer: Tab = aTab({ chain: this.chain })
  seller: Tab = aTab({ chain: this.chain })
  readonly signedAt = new Map<number, string>()
  private slot = 1

  run (move: Move, pick: number): void {
    switch (move) {
      case 'agree': return this.agree(pick)
      case 'deliver': return this.resolve(pick, 'delivered')
      case 'lapse': return this.resolve(pick, 'lapsed')
      case 'pay': return this.pay(false)
      case 'lose-answer': return this.pay(true)
      case 'submit': return this.submit()
      case 'claim': return this.claim()
      default: return this.look()
    }
  }

  get now (): number {
    return PERIOD + this.slot * SLOT_SEC
  }

  /** For the next slot, and only what the seller's own view of the tab covers. */
  private agree (pick: number): void {
    this.slot += pick % 2
    const seq = 1 + this.trades.filter(({ terms }) => terms?.slot === SLOT + this.slot + 1).length
    const trade = aTrade(this.slot + 1, 'agreed', { seq, wh: 100 + pick })
    if (trade.terms != null && contractedValue(trade.terms) <= headroom(this.seller, this.trades)) {
      this.trades.push(trade)
    }
  }

  private resolve (pick: number, state: TradeState): void {
    const place = this.trades.findIndex((trade) => trade.state === 'agreed')
    if (place >= 0) {
      const { terms } = this.trades[place]
      const wh = Math.min(terms?.wh ?? 0, pick)
      this.slot = Math.max(this.slot, (terms?.slot ?? 0) - SLOT + 1)
      this.trades[place] = { ...this.trades[place], state, ...(state === 'delivered' ? { deliveredWh: wh, amount: cost(wh, PRICE) } : {}) }
    }
  }

  private pay (isAnswerLost: boolean): void {
    const receipt = this.buyer.offered?.receipt ?? nextReceipt(this.buyer, this.trades, { ...INIT, now: this.now })
    if (receipt == null) {
      return
    }
    const text = `${receipt.total} ${receipt.cap} ${receipt.expiry}`
    expect(this.signedAt.get(receipt.through) ?? text, 'one position is signed once').to.equal(text)
    this.signedAt.set(receipt.through, text)
    const buyerSignature = hexOf(64, receipt.through)
    this.buyer = { ...this.buyer, offered: { receipt, buyerSignature } }
    this.seller = { ...this.seller, chain: this.chain }
    if (this.seller.signed?.buyerSignature !== buyerSignature) {
      const problem = receiptProblem(this.seller, this.trades, { receipt, now: this.now, credit: 0n, buyerKeyValidUntil: KEY_UNTIL })
      if (problem != null) {
        expect(problem === 'NOT_READY' || receipt.through <= this.chain.through || this.buyer.chain !== this.chain, `an honest receipt is refused as ${problem}`).to.equal(true)
        this.buyer = problem === 'NOT_READY' ? this.buyer : { ...this.buyer, offered: undefined, refusedThrough: receipt.through }
        return
      }
      this.seller = { ...this.seller, signed: { receipt, buyerSignature, sellerSignature: hexOf(64, 2) } }
    }
    if (!isAnswerLost) {
      this.buyer = { ...this.buyer, signed: this.seller.signed, offered: undefined }
    }
  }

  private submit (): void {
    const receipt = this.seller.signed?.receipt
    if (receipt != null && receipt.through > this.chain.through) {
      expect(receipt.total >= this.chain.paid && receipt.total <= receipt.cap).to.equal(true)
      expect(receipt.total <= this.chain.cap || this.chain.cap === 0n, 'no receipt needs more than was granted').to.equal(true)
      this.chain = { cap: receipt.cap, paid: receipt.total, through: receipt.through, expiry: receipt.expiry }
    }
  }

  /** The seller claims its oldest delivered trade, after putting its newest receipt on the chain. */
  private claim (): void {
    this.submit()
    const place = this.trades.findIndex(({ state, terms }) => state === 'delivered' && terms != null && positionOf(terms) > this.chain.through)
    const { terms, amount } = this.trades[place] ?? {}
    const isFirst = this.trades.every((trade) => trade.state !== 'agreed' || trade.terms == null || terms == null || positionOf(trade.terms) > positionOf(terms))
    if (terms != null && amount != null && isFirst) {
      expect(this.chain.paid + amount <= this.chain.cap, 'the ceiling covers every claim').to.equal(true)
      this.chain = { ...this.chain, paid: this.chain.paid + amount, through: positionOf(terms) }
      this.trades[place] = { ...this.trades[place], state: 'claimed' }
      this.look()
    }
  }

  private look (): void {
    this.buyer = { ...this.buyer, chain: this.chain }
    this.seller = { ...this.seller, chain: this.chain }
  }
}

describe('an honest pair', () => {
  it('should agree in the end on a total that is the sum of what was delivered, within the ceiling', () => {
    const moves = fc.array(fc.tuple(fc.constantFrom(...MOVES), fc.nat({ max: 900 })), { maxLength: 80 })
    fc.assert(fc.property(moves, (moves) => {
      const pair = new Pair()
      pair.run('pay', 0)
      pair.run('submit', 0)
      pair.run('look', 0)
      for (const [move, pick] of moves) {
        pair.run(move, pick)
      }
      pair.trades.forEach(() => { pair.run('deliver', 300) })
      for (let round = 0; round < 4; round++) {
        pair.run('look', 0)
        pair.run('pay', 0)
        pair.run('submit', 0)
      }
      const sum = pair.trades.reduce((total, { amount }) => total + (amount ?? 0n), 0n)
      expect(pair.chain.paid).to.equal(sum)
      expect(pair.buyer.offered).to.equal(undefined)
    }), { numRuns: 400, endOnFailure: true })
  })
})
