/**
 * How trades end that cannot go their usual way: the seller claims from a silent buyer, and what nobody can be made to pay,
 * meter or answer is given up with its reason.
 */
import { SLOT_SEC } from '../domain/period.ts'
import { isMetered } from '../domain/reading.ts'
import { hasTerms, positionOf } from '../domain/trade.ts'
import { step } from '../trade/trade-machine.ts'
import type { NodeContext } from './context.ts'
import type { TabSettlement } from './settle-tabs.ts'
import type { Position } from '../domain/period.ts'
import type { Claim } from '../domain/receipt.ts'
import type { Tab } from '../domain/tab.ts'
import type { SignedTrade, Trade } from '../domain/trade.ts'
import type { UnixSeconds, WattHours } from '../domain/units.ts'
import type { TradeEvent } from '../trade/trade-machine.ts'

/** Claims in one transaction. */
const MAX_CLAIMS = 32

export interface Endings {
  /** Seller: the buyer stays silent, so the trades and attested readings go to the escrow, oldest first. */
  claim(tab: Tab): Promise<void>
  /** Seller: claims again what a reorganisation took away, all that lies above `through`. */
  claimAgain(tab: Tab, through: Position): Promise<void>
  /** Ends what cannot go on: unanswered proposals, periods without meter data, and trades nobody can be made to pay for. */
  giveUp(): Promise<void>
}

export function endTrades (context: Pick<NodeContext, 'home' | 'rules' | 'clock' | 'ledger' | 'store' | 'settlement' | 'attester'>, tabs: TabSettlement): Endings {
  const { home, rules, clock, ledger, store, settlement, attester } = context

  /** Delivered by our meter, unpaid for long enough, and still claimable. */
  const unpaid = (tab: Tab): SignedTrade[] => {
    const now = clock.now()
    return ledger.between(tab.buyer, tab.seller).filter(hasTerms)
      .filter(({ state, ownWh }) => ownWh != null && (state === 'agreed' || state === 'delivered'))
      .filter(({ terms }) => positionOf(terms) > tab.chain.through && now > terms.slot * SLOT_SEC + home.claimAfterSec)
      .filter(({ terms }) => now < Math.min(terms.claimBy, tab.chain.expiry * SLOT_SEC))
      .sort((a, b) => positionOf(a.terms) - positionOf(b.terms))
      .slice(0, MAX_CLAIMS)
  }

  /** What others bought of the period in the residual round is not for this trade to count once more. */
  const leftOverSales = ({ id, periodStart }: SignedTrade): WattHours => ledger.inPeriod(periodStart)
    .filter((other) => other.id !== id && other.role === 'seller' && other.isResidual === true && other.state !== 'claimed')
    .reduce((sum, { deliveredWh }) => sum + (deliveredWh ?? 0), 0)

  const claimFor = async (trade: SignedTrade): Promise<Claim | undefined> => {
    const { terms, periodStart, buyerSignature } = trade
    const [reading] = await store.readings(periodStart, periodStart + 1)
    if (reading == null || !isMetered(reading) || buyerSignature == null || terms.attester !== attester.address) {
      return
    }
    const readingWh = Math.max(0, reading.exportWh - leftOverSales(trade))
    const attestation = await attester.signReading({ attester: terms.attester, meter: terms.meter, slot: terms.slot, wh: readingWh })
    return { terms, buyerSignature, readingWh, attestation }
  }

  const submitClaims = async (tab: Tab, trades: readonly SignedTrade[]): Promise<void> => {
    const claims = (await Promise.all(trades.map(claimFor))).filter((each) => each != null)
    if (claims.length > 0) {
      tabs.watchClaim(tab, await settlement.claim(claims))
    }
  }

  const ending = ({ state, periodStart, validUntil, ownWh, terms }: Trade, now: UnixSeconds): TradeEvent | undefined => {
    if (state === 'proposed' && now > validUntil + 2 * rules.clockToleranceSec) {
      return { type: 'timed-out' }
    }
    if (state === 'agreed' && ownWh == null && now > periodStart + rules.periodSec + home.meterDeadlineSec) {
      return { type: 'gave-up', reason: 'our meter has no data the period could be settled by' }
    }
    if (terms != null && now > terms.claimBy) {
      return { type: 'gave-up', reason: 'the other side stayed silent until the last moment to claim' }
    }
  }

  return {
    async claim (tab) {
      const silent = tabs.isUnderWay(tab) ? [] : unpaid(tab)
      if (silent.length === 0) {
        return
      }
      // a claim moves the watermark past an older receipt and would make it worthless, so that goes first
      if (tabs.isAhead(tab) && tab.signed != null && await tabs.submit([tab.signed]) > 0) {
        return
      }
      await submitClaims(tab, silent)
    },
    async claimAgain (tab, through) {
      const now = clock.now()
      const lost = ledger.between(tab.buyer, tab.seller).filter(hasTerms)
        .filter(({ state, terms }) => state === 'claimed' && positionOf(terms) > through && now < terms.claimBy)
        .sort((a, b) => positionOf(a.terms) - positionOf(b.terms))
        .slice(0, MAX_CLAIMS)
      if (lost.length > 0) {
        await submitClaims(tab, lost)
      }
    },
    giveUp: async () => ledger.exclusive(async () => {
      const now = clock.now()
      const all = ledger.all()
      const ended = all.map((trade) => {
        const event = ending(trade, now)
        return event == null ? trade : step(trade, event, now)
      }).filter((trade, place) => trade !== all[place])
      if (ended.length > 0) {
        await ledger.commit({ trades: ended })
      }
      ledger.prune(now)
    })
  }
}
