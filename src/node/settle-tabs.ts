/**
 * The chain's side of the tabs: which receipts are on their way to it, what it has made of them, and when we collect. A read
 * never moves a tab back, and a transaction that vanishes is sent again.
 */
import { SLOT_SEC, slotOf } from '../domain/period.ts'
import { isSameChainTab } from '../domain/receipt.ts'
import { tabId } from '../domain/tab.ts'
import { hasTerms, positionOf } from '../domain/trade.ts'
import { newerChainTab, settledPoint } from '../trade/tab-ledger.ts'
import { step } from '../trade/trade-machine.ts'
import type { NodeContext } from './context.ts'
import type { CountersignedTab, HandOver } from './hand-over.ts'
import type { Position } from '../domain/period.ts'
import type { ChainTab, SignedReceipt } from '../domain/receipt.ts'
import type { Tab } from '../domain/tab.ts'
import type { Trade } from '../domain/trade.ts'
import type { Account, Hex, UnixSeconds } from '../domain/units.ts'
import type { Submitted } from '../ports/settlement.ts'

/** How long a transaction is watched after it was mined; a receipt that is still not confirmed then is submitted again. */
const CONFIRM_SEC = 3600

/** What the chain has not had for so long, at each look, is lost: one look may have met a service that is a block behind. */
const LOST_SEC = 60

export interface TabSettlement {
  /** Submits receipts; resolves with the number that the escrow took. */
  submit(receipts: readonly SignedReceipt[]): Promise<number>
  /** Both sides signed something the chain has not seen. */
  isAhead(tab: Tab): boolean
  /** Mined a moment ago and not confirmed yet. */
  isUnderWay(tab: Tab): boolean
  /** Reads one tab from the chain again and moves the trades it settles. */
  refresh(buyer: Account, seller: Account): Promise<void>
  refreshAll(): Promise<void>
  /** Seller: what we are owed, as soon as some of it is owed for a whole settlement interval. */
  owed(): SignedReceipt[]
  /** Seller: gives away or submits all that we are owed as soon as some of it is owed for a whole settlement interval, also after a restart. */
  collect(): Promise<void>
  /**
   * Submits again what a reorganisation took away: our transactions that vanished, and what we are owed when a tab fell back.
   * Resolves with these tabs and how far receipts bring them: what was claimed beyond has to be claimed again.
   */
  resubmit(): Promise<ReadonlyArray<{ readonly tab: Tab, readonly through: Position }>>
  /** Seller: a claim is under way; if it vanishes, `resubmit` says so. */
  watchClaim(tab: Tab, submitted: Submitted): void
  /** Submits everything that is ahead of the chain, ours to pay and ours to be paid; resolves with the number of receipts. */
  settleNow(): Promise<number>
  /** Buyer: frees what expired tabs still hold. */
  releaseExpired(): Promise<void>
}

interface UnderWay {
  readonly tx: Hex
  readonly until: UnixSeconds
  readonly missingSince?: UnixSeconds
}

export function settleTabs (context: Pick<NodeContext, 'home' | 'clock' | 'ledger' | 'settlement' | 'logger' | 'emit'>, handOver: HandOver): TabSettlement {
  const { home, clock, ledger, settlement, logger } = context
  const underWay = new Map<string, UnderWay>()
  /** Tabs that the chain once had further than it has now, and since when. */
  const fallenSince = new Map<string, UnixSeconds>()
  const waitingLooks = new Map<string, Promise<void>>()
  let lastLook: Promise<void> = Promise.resolve()

  const submit = async (receipts: readonly SignedReceipt[]): Promise<number> => {
    const submitted = await settlement.settle(receipts)
    for (const { index, reason } of submitted.skipped) {
      logger.info('the escrow passed over a receipt', { reason, seller: receipts[index]?.receipt.seller, buyer: receipts[index]?.receipt.buyer })
    }
    for (const { receipt: { buyer, seller } } of receipts) {
      underWay.set(tabId(buyer, seller), { tx: submitted.tx, until: clock.now() + CONFIRM_SEC })
      fallenSince.delete(tabId(buyer, seller))
    }
    const count = receipts.length - submitted.skipped.length
    context.emit({ type: 'receipts:submitted', count, submitted })
    return count
  }

  // One look at the chain at a time, shared by all who ask before it begins: after a start the whole past arrives at once.
  const refresh: TabSettlement['refresh'] = async (buyer, seller) => {
    const id = tabId(buyer, seller)
    let look = waitingLooks.get(id)
    if (look == null) {
      look = lastLook.then(async () => {
        waitingLooks.delete(id)
        await lookAtChain(buyer, seller)
      })
      waitingLooks.set(id, look)
      lastLook = look.catch(() => {})
    }
    return look
  }

  const lookAtChain = async (buyer: Account, seller: Account): Promise<void> => {
    const read = await settlement.tab(buyer, seller)
    await ledger.exclusive(async () => {
      const tab = ledger.tab(buyer, seller)
      if (tab == null) {
        return
      }
      noteFall(tab, read)
      const chain = newerChainTab(tab.chain, read)
      const passed = ledger.between(buyer, seller).filter(hasTerms).filter(({ terms }) => positionOf(terms) <= chain.through)
      const moved = passed.map((trade) => step(trade, { type: 'settled' }, clock.now())).filter((trade, place) => trade !== passed[place])
      if (moved.length > 0 || !isSameChainTab(tab.chain, chain)) {
        await ledger.commit({ tabs: [{ ...tab, chain }], trades: moved })
      }
    })
  }

  const noteFall = (tab: Tab, read: ChainTab): void => {
    const id = tabId(tab.buyer, tab.seller)
    if (read.through >= tab.chain.through) {
      fallenSince.delete(id)
    } else if (tab.role === 'seller') {
      fallenSince.set(id, fallenSince.get(id) ?? clock.now())
    }
  }

  /** Looks for our transactions; true for each tab whose transaction has been missing for a while. */
  const findVanished = async (): Promise<(id: string) => boolean> => {
    const txs = new Set([...underWay.values()].map(({ tx }) => tx))
    const mined = new Map(await Promise.all([...txs].map(async (tx) => [tx, await settlement.isMined(tx)] as const)))
    for (const [id, { tx, until, missingSince }] of underWay) {
      if (until <= clock.now()) {
        underWay.delete(id)
      } else if (mined.has(tx)) {
        underWay.set(id, { tx, until, missingSince: mined.get(tx) === true ? undefined : missingSince ?? clock.now() })
      }
    }
    return (id) => isLost(underWay.get(id)?.missingSince)
  }

  const isLost = (since: UnixSeconds | undefined): boolean => since != null && since <= clock.now() - LOST_SEC

  const isAhead = ({ signed, chain }: Tab): boolean => signed != null && signed.receipt.through > chain.through

  const isUnderWay = (tab: Tab): boolean => isAhead(tab) && (underWay.get(tabId(tab.buyer, tab.seller))?.until ?? 0) > clock.now()

  const owed = (): CountersignedTab[] => {
    const isOwed = (tab: Tab): boolean => tab.role === 'seller' && isAhead(tab) && !isUnderWay(tab) && settledPoint(tab).total > tab.chain.paid
    const isDue = ({ role, state, changedAt }: Trade): boolean => role === 'seller' && state === 'receipted' && changedAt <= clock.now() - home.settleEverySec
    const tabs = ledger.allTabs().filter(isCountersigned).filter(isOwed)
    return tabs.some(({ buyer, seller }) => ledger.between(buyer, seller).some(isDue)) ? tabs : []
  }

  const submitAll = async (tabs: readonly Tab[]): Promise<number> => {
    const batch = tabs.map(({ signed }) => signed).filter((signed) => signed != null)
    if (batch.length > 0) {
      await submit(batch)
    }
    return batch.length
  }

  return {
    submit,
    isAhead,
    isUnderWay,
    refresh,
    async refreshAll () {
      for (const { buyer, seller } of ledger.allTabs()) {
        await refresh(buyer, seller)
      }
    },
    watchClaim ({ buyer, seller }, { tx }) {
      underWay.set(tabId(buyer, seller), { tx, until: clock.now() + CONFIRM_SEC })
      fallenSince.delete(tabId(buyer, seller))
    },
    async resubmit () {
      const isVanished = await findVanished()
      for (const { buyer, seller } of ledger.allTabs().filter(({ buyer, seller }) => fallenSince.has(tabId(buyer, seller)))) {
        await refresh(buyer, seller)
      }
      const lost = ledger.allTabs().filter(({ buyer, seller }) => {
        const id = tabId(buyer, seller)
        return isVanished(id) || (isLost(fallenSince.get(id)) && !underWay.has(id))
      })
      if (lost.length === 0) {
        return []
      }
      logger.warn('the chain lost receipts or claims: they are submitted again', { tabs: lost.length })
      const now = await Promise.all(lost.map(async (tab) => ({ tab, through: (await settlement.tab(tab.buyer, tab.seller)).through })))
      const receipts = now.filter(({ tab, through }) => tab.signed != null && tab.signed.receipt.through > through)
      await submitAll(receipts.map(({ tab }) => tab))
      return now.map(({ tab, through }) => ({ tab, through: Math.max(through, tab.signed?.receipt.through ?? 0) }))
    },
    settleNow: async () => submitAll(ledger.allTabs().filter(isAhead)),
    owed: () => owed().map(({ signed }) => signed),
    collect: async () => { await submitAll(await handOver(owed())) },
    async releaseExpired () {
      const over = ledger.allTabs().filter(({ role, chain }) => role === 'buyer' && chain.cap > chain.paid && chain.expiry <= slotOf(clock.now() - 2 * SLOT_SEC))
      if (over.length > 0) {
        await settlement.release(home.owner, over.map(({ seller }) => seller))
      }
    }
  }
}

function isCountersigned (tab: Tab): tab is CountersignedTab {
  return tab.signed != null
}
