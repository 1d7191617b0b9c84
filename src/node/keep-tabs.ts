/**
 * The fourth path: after delivery. Neighbours compare what their meters counted and sign cumulative receipts (`pay-sellers`, answered
 * by `answer-trade`), every so often one transaction moves the money of many (`settle-tabs`), and what cannot go its usual way ends
 * in `end-trades`. Each round looks at the state of every trade and tab and does whatever is due next, so that a crash, a lost
 * message or a silent neighbour needs no special case.
 */
import { MIN_TAB_LIFE_SEC } from '../../protocols/trade/constants.ts'
import { explain } from '../domain/errors.ts'
import { slotOf } from '../domain/period.ts'
import { headroom } from '../trade/tab-ledger.ts'
import { endTrades } from './end-trades.ts'
import { handOver } from './hand-over.ts'
import { createPayer } from './pay-sellers.ts'
import { settleTabs } from './settle-tabs.ts'
import type { NodeContext } from './context.ts'
import type { Buyer } from './run-trade.ts'
import type { TabSettlement } from './settle-tabs.ts'
import type { SubmitterQueue } from './submit-for-others.ts'
import type { Tab } from '../domain/tab.ts'
import type { Account, PublicKey, UnixSeconds } from '../domain/units.ts'

/** Pause after a neighbour did not answer or refused. */
const RETRY_SEC = 120

/** Longest pause after failures in a row. */
const MAX_RETRY_SEC = 1800

/** Longest pause between two rounds. */
const ROUND_SEC = 60

/** Tabs are read from the chain again after this long even if no event told of them. */
const REFRESH_SEC = 3600

/** A tab with a trade this recent is worth refilling. */
const IN_USE_SEC = 86_400

export interface Tabs extends Pick<TabSettlement, 'refresh' | 'settleNow'> {
  /** Opens or refills the tab with a seller; does nothing when it was tried a moment ago or the home has too many. */
  open(seller: Account, key: PublicKey): Promise<void>
  /** Everything that is due now; returns the seconds until the next round. */
  round(): Promise<number>
}

export function keepTabs (context: NodeContext, parts: { buyer: Buyer, queue: SubmitterQueue }): Tabs {
  const { home, clock, ledger, settlement, signer, logger } = context
  const { buyer, queue } = parts
  const attempt = attempts(context)
  const payer = createPayer(context)
  const chain = settleTabs(context, handOver(context))
  const endings = endTrades(context, chain)

  const mayOpen = async (seller: Account): Promise<boolean> => {
    const mine = ledger.allTabs().filter(({ role, chain }) => role === 'buyer' && chain.expiry > slotOf(clock.now()))
    const { balance, reserved } = await settlement.account(home.owner)
    const { leftToday, validUntil } = await settlement.key(home.owner, signer.address)
    const hasPlace = mine.length < home.maxOpenTabs || mine.some((tab) => tab.seller === seller)
    const isKeyLasting = validUntil > clock.now() + MIN_TAB_LIFE_SEC
    const may = balance > reserved && leftToday > 0n && isKeyLasting && hasPlace
    if (!may) {
      logger.info('no tab can be opened', { seller, openTabs: mine.length, free: balance - reserved, leftToday, keyValidUntil: validUntil })
    }
    return may
  }

  const open: Tabs['open'] = async (seller, key) => attempt(`opening a tab with ${seller}`, async () => {
    const tab = ledger.tab(home.owner, seller)
    if ((tab != null && chain.isUnderWay(tab)) || !await mayOpen(seller)) {
      return
    }
    const signed = await payer.renew(seller, key)
    if (signed != null) {
      await chain.submit([signed])
    }
  }, RETRY_SEC)

  /** A tab that is nearly used up or nearly over is refilled by the newest receipt. */
  const refill = async (tab: Tab): Promise<void> => {
    const trades = ledger.between(tab.buyer, tab.seller)
    const isInUse = trades.some(({ periodStart }) => periodStart > clock.now() - IN_USE_SEC)
    const isLow = headroom(tab, trades) * 3n < home.ceiling || tab.chain.expiry < slotOf(clock.now() + home.tabLifeSec / 2)
    if (!isInUse || !isLow || chain.isUnderWay(tab)) {
      return
    }
    if (chain.isAhead(tab) && tab.signed != null) {
      await chain.submit([tab.signed])
    } else {
      await open(tab.seller, tab.partnerKey)
    }
  }

  const payAndRefill = async (tab: Tab): Promise<void> => {
    if (payer.isDue(tab)) {
      await payer.settleUp(tab.seller, tab.partnerKey)
    }
    await refill(ledger.tab(tab.buyer, tab.seller) ?? tab)
  }

  return {
    open,
    settleNow: chain.settleNow,
    refresh: chain.refresh,
    async round () {
      await endings.giveUp()
      for (const trade of ledger.all().filter(({ state, role, acknowledged }) => state === 'agreed' && role === 'buyer' && acknowledged !== true)) {
        await attempt(`confirming trade ${trade.id}`, async () => buyer.heal(trade), RETRY_SEC)
      }
      await attempt('reading tabs from the chain', chain.refreshAll, REFRESH_SEC)
      await Promise.all(ledger.allTabs().map(async (tab) => tab.role === 'seller'
        ? attempt(`claiming from ${tab.buyer}`, async () => endings.claim(tab), RETRY_SEC)
        : attempt(`paying ${tab.seller}`, async () => payAndRefill(tab))))
      await attempt('submitting again', async () => {
        for (const { tab, through } of await chain.resubmit()) {
          await endings.claimAgain(tab, through)
        }
      })
      await attempt('submitting for neighbours', async () => queue.flush(chain))
      await attempt('settling', chain.collect, RETRY_SEC)
      await attempt('releasing tabs', chain.releaseExpired, RETRY_SEC)
      return ROUND_SEC
    }
  }
}

type Attempt = (what: string, task: () => Promise<void>, pauseSec?: number) => Promise<void>

/**
 * Runs a task never twice at once, and not again until a pause after it ended. The pause doubles with every failure in a row, so
 * that a silent neighbour or a broken chain is not hammered.
 */
function attempts ({ clock, logger }: Pick<NodeContext, 'clock' | 'logger'>): Attempt {
  const notBefore = new Map<string, UnixSeconds>()
  const failures = new Map<string, number>()
  return async (what, task, pauseSec = 0) => {
    for (const [earlier, time] of notBefore) {
      if (time <= clock.now()) {
        notBefore.delete(earlier)
      }
    }
    if (notBefore.has(what)) {
      return
    }
    notBefore.set(what, Number.MAX_SAFE_INTEGER)
    try {
      await task()
      failures.delete(what)
      notBefore.set(what, clock.now() + pauseSec)
    } catch (error) {
      const inRow = failures.get(what) ?? 0
      const inSec = Math.min(MAX_RETRY_SEC, Math.max(pauseSec, ROUND_SEC) * 2 ** inRow)
      failures.set(what, inRow + 1)
      notBefore.set(what, clock.now() + inSec)
      logger.debug(`${what} will be tried again`, { error: explain(error), inSec })
    }
  }
}
