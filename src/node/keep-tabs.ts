/**
 * The fourth path: after delivery. Neighbours compare what their meters counted, the buyer signs a cumulative receipt, the seller
 * countersigns it, and every so often one transaction moves the money of many receipts. Each round looks at the state of every
 * trade and tab and does whatever is due next, so that a crash, a lost message or a silent neighbour needs no special case.
 */
import { MIN_TAB_LIFE_SEC } from '../../protocols/trade/constants.ts'
import { explain } from '../domain/errors.ts'
import { SLOT_SEC, slotOf } from '../domain/period.ts'
import { EMPTY_TAB, isSameChainTab } from '../domain/receipt.ts'
import { tabId } from '../domain/tab.ts'
import { hasTerms, positionOf } from '../domain/trade.ts'
import { isReceiptSignedBy } from '../signing/verify.ts'
import { hasPayable, headroom, newerChainTab, nextReceipt, settledPoint } from '../trade/tab-ledger.ts'
import { step } from '../trade/trade-machine.ts'
import { receiptTrades } from './answer-trade.ts'
import type { NodeContext } from './context.ts'
import type { KeyBook } from './key-book.ts'
import type { Buyer } from './run-trade.ts'
import type { Claim, SignedReceipt } from '../domain/receipt.ts'
import type { Tab } from '../domain/tab.ts'
import type { SignedTrade, Trade } from '../domain/trade.ts'
import type { Account, PublicKey, UnixSeconds } from '../domain/units.ts'
import type { Conversation } from '../ports/network.ts'
import type { TradeEvent } from '../trade/trade-machine.ts'

/** Pause after a neighbour did not answer or refused. */
const RETRY_SEC = 120

/** A receipt that was mined and is not confirmed after this long was lost in a reorganisation and is submitted again. */
const CONFIRM_SEC = 3600

/** Longest pause between two rounds. */
const ROUND_SEC = 60

/** Tabs are read from the chain again after this long even if no event told of them. */
const REFRESH_SEC = 3600

/** Claims in one transaction. */
const MAX_CLAIMS = 32

export interface Tabs {
  /** Opens or refills the tab with a seller; does nothing when it was tried a moment ago or the home has too many. */
  open(seller: Account, key: PublicKey): Promise<void>
  /** Everything that is due now; returns the seconds until the next round. */
  round(): Promise<number>
  /** Puts every countersigned receipt that is ahead of the chain on the chain, ours to pay and ours to be paid. */
  settleNow(): Promise<number>
  /** Reads one tab from the chain again and moves the trades it settles. */
  refresh(buyer: Account, seller: Account): Promise<void>
}

export function keepTabs (context: NodeContext, parts: { keys: KeyBook, buyer: Buyer }): Tabs {
  const { home, rules, at, clock, ledger, network, settlement, signer, logger } = context
  const notBefore = new Map<string, UnixSeconds>()
  const submittedUntil = new Map<string, UnixSeconds>()

  /** Runs a task never twice at once, and not again until a pause after it ended: a broken neighbour or chain is not hammered. */
  const attempt = async (what: string, task: () => Promise<void>, pauseSec = 0): Promise<void> => {
    if ((notBefore.get(what) ?? 0) > clock.now()) {
      return
    }
    notBefore.set(what, Number.MAX_SAFE_INTEGER)
    try {
      await task()
    } catch (error) {
      logger.debug(`${what} will be tried again`, { error: explain(error) })
    } finally {
      notBefore.set(what, clock.now() + pauseSec)
    }
  }

  const talk = async <T>(key: PublicKey, task: (conversation: Conversation) => Promise<T>): Promise<T> => {
    const conversation = await network.converse(key)
    try {
      return await task(conversation)
    } finally {
      await conversation.close().catch(() => {})
    }
  }

  /** Signs the next receipt, writes it down, gets it countersigned, writes that down. */
  const receipt = async (seller: Account, key: PublicKey, conversation: Conversation): Promise<SignedReceipt | undefined> => {
    const { validUntil } = await settlement.key(home.owner, signer.address)
    if (validUntil <= clock.now()) {
      logger.warn('our key is not registered: nothing can be paid until its owner does so', { key: signer.address })
      return
    }
    const offered = await ledger.exclusive(async () => {
      const tab: Tab = ledger.tab(home.owner, seller) ?? { buyer: home.owner, seller, role: 'buyer', partnerKey: key, chain: EMPTY_TAB }
      if (tab.offered != null) {
        return tab.offered
      }
      const next = nextReceipt(tab, ledger.between(home.owner, seller), {
        now: clock.now(), ceiling: home.ceiling, lifeSec: home.tabLifeSec, keyValidUntil: validUntil
      })
      if (next == null) {
        return
      }
      const signed = { receipt: next, buyerSignature: signer.signReceipt(next) }
      await ledger.commit({ tabs: [{ ...tab, partnerKey: key, offered: signed }] })
      return signed
    })
    if (offered == null) {
      return
    }
    const answer = await conversation.ask({ kind: 'receipt', receipt: offered.receipt, signature: offered.buyerSignature })
    return ledger.exclusive(async () => {
      const tab = ledger.tab(home.owner, seller)
      if (tab == null) {
        return
      }
      if (answer.kind === 'receipt' && isReceiptSignedBy(key, offered.receipt, { signature: answer.signature, at })) {
        const signed = { ...offered, sellerSignature: answer.signature }
        const trades = receiptTrades(ledger.between(home.owner, seller), offered.receipt.through, clock.now())
        await ledger.commit({ tabs: [{ ...tab, signed, offered: undefined }], trades })
        return signed
      }
      const code = answer.kind === 'decline' ? answer.code : 'BAD_SIGNATURE'
      logger.debug('receipt was not countersigned', { seller, code })
      if (code !== 'NOT_READY' && code !== 'BUSY') {
        await ledger.commit({ tabs: [{ ...tab, offered: undefined, refusedThrough: offered.receipt.through }] })
      }
    })
  }

  const open: Tabs['open'] = async (seller, key) => {
    await attempt(`opening a tab with ${seller}`, async () => {
      const tab = ledger.tab(home.owner, seller)
      if (tab != null && isUnderWay(tab)) {
        return
      }
      const mine = ledger.allTabs().filter(({ role, chain }) => role === 'buyer' && chain.expiry > slotOf(clock.now()))
      const { balance, reserved } = await settlement.account(home.owner)
      const { leftToday, validUntil } = await settlement.key(home.owner, signer.address)
      const isKnown = mine.some((tab) => tab.seller === seller)
      const isKeyLasting = validUntil > clock.now() + MIN_TAB_LIFE_SEC
      if (balance <= reserved || leftToday === 0n || !isKeyLasting || (!isKnown && mine.length >= home.maxOpenTabs)) {
        logger.info('no tab can be opened', { seller, openTabs: mine.length, free: balance - reserved, leftToday, keyValidUntil: validUntil })
        return
      }
      const signed = await talk(key, async (conversation) => receipt(seller, key, conversation))
      if (signed != null) {
        await submit([signed])
      }
    }, RETRY_SEC)
  }

  /** Submits a batch; resolves with the number of receipts that the escrow took. */
  const submit = async (receipts: SignedReceipt[]): Promise<number> => {
    const submitted = await settlement.settle(receipts)
    for (const { index, reason } of submitted.skipped) {
      logger.info('the escrow passed over a receipt', { reason, seller: receipts[index]?.receipt.seller, buyer: receipts[index]?.receipt.buyer })
    }
    for (const { receipt: { buyer, seller } } of receipts) {
      submittedUntil.set(tabId(buyer, seller), clock.now() + CONFIRM_SEC)
    }
    const count = receipts.length - submitted.skipped.length
    context.emit({ type: 'receipts:submitted', count, submitted })
    return count
  }

  /** Buyer: state what our meter says for one slot, hear what theirs says, and pay. */
  const settleUp = async (seller: Account, key: PublicKey): Promise<void> => talk(key, async (conversation) => {
    const due = ledger.between(home.owner, seller).filter(isComparable).filter(hasTerms)
    for (const slot of new Set(due.map(({ terms }) => terms.slot))) {
      await compare(due.filter(({ terms }) => terms.slot === slot), slot, conversation)
    }
    const tab = ledger.tab(home.owner, seller)
    const trades = ledger.between(home.owner, seller)
    if (tab != null && (tab.offered != null || hasPayable(tab, trades))) {
      await receipt(seller, key, conversation)
    }
  })

  const compare = async (trades: Trade[], slot: number, conversation: Conversation): Promise<void> => {
    const answer = await conversation.ask({ kind: 'delivery', slot, parts: trades.map(({ id, ownWh }) => ({ tradeId: id, wh: ownWh ?? 0 })) })
    if (answer.kind !== 'delivery') {
      return
    }
    await ledger.exclusive(async () => {
      const stated = trades.map(({ id }) => ledger.trade(id)).filter((trade) => trade != null).map((trade) => {
        const part = answer.parts.find(({ tradeId }) => tradeId === trade.id)
        return step(trade, part == null ? { type: 'disowned' } : { type: 'stated', wh: part.wh }, clock.now())
      }).filter((trade) => trade !== ledger.trade(trade.id))
      await ledger.commit({ trades: stated })
    })
  }

  const waitingLooks = new Map<string, Promise<void>>()
  let lastLook: Promise<void> = Promise.resolve()

  // One look at the chain at a time, shared by all who ask before it begins: after a start the whole past arrives at once.
  const refresh: Tabs['refresh'] = async (buyer, seller) => {
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
      const chain = newerChainTab(tab.chain, read)
      const passed = ledger.between(buyer, seller).filter(hasTerms).filter(({ terms }) => positionOf(terms) <= chain.through)
      const moved = passed.map((trade) => step(trade, { type: 'settled' }, clock.now())).filter((trade, place) => trade !== passed[place])
      if (moved.length > 0 || !isSameChainTab(tab.chain, chain)) {
        await ledger.commit({ tabs: [{ ...tab, chain }], trades: moved })
      }
    })
  }

  const refreshAll = async (): Promise<void> => {
    for (const { buyer, seller } of ledger.allTabs()) {
      await refresh(buyer, seller)
    }
  }

  const isAhead = ({ signed, chain }: Tab): boolean => signed != null && signed.receipt.through > chain.through

  /** Mined a moment ago and not confirmed yet. */
  const isUnderWay = (tab: Tab): boolean => isAhead(tab) && (submittedUntil.get(tabId(tab.buyer, tab.seller)) ?? 0) > clock.now()

  const settleNow: Tabs['settleNow'] = async () => {
    const ahead = ledger.allTabs().filter(isAhead)
    const batch = ahead.map(({ signed }) => signed).filter((signed) => signed != null)
    if (batch.length > 0) {
      await submit(batch)
    }
    return batch.length
  }

  /** Seller: submit all that we are owed as soon as some of it is owed for a whole settlement interval, also after a restart. */
  const collect = async (): Promise<void> => {
    const owedToUs = ledger.allTabs().filter((tab) => tab.role === 'seller' && isAhead(tab) && !isUnderWay(tab) && settledPoint(tab).total > tab.chain.paid)
    const isDue = ({ role, state, changedAt }: Trade): boolean => role === 'seller' && state === 'receipted' && changedAt <= clock.now() - home.settleEverySec
    if (!owedToUs.some(({ buyer, seller }) => ledger.between(buyer, seller).some(isDue))) {
      return
    }
    const batch = owedToUs.map(({ signed }) => signed).filter((signed) => signed != null)
    if (batch.length > 0) {
      await submit(batch)
    }
  }

  /** Buyer: a tab that is nearly used up or nearly over is refilled by the newest receipt. */
  const refill = async (tab: Tab): Promise<void> => {
    const trades = ledger.between(tab.buyer, tab.seller)
    const isInUse = trades.some(({ periodStart }) => periodStart > clock.now() - 86_400)
    const isLow = headroom(tab, trades) * 3n < home.ceiling || tab.chain.expiry < slotOf(clock.now() + home.tabLifeSec / 2)
    if (isInUse && isLow && !isUnderWay(tab)) {
      isAhead(tab) && tab.signed != null ? await submit([tab.signed]) : await open(tab.seller, tab.partnerKey)
    }
  }

  const releaseExpired = async (): Promise<void> => {
    const over = ledger.allTabs().filter(({ role, chain }) => role === 'buyer' && chain.cap > chain.paid && chain.expiry <= slotOf(clock.now() - 2 * SLOT_SEC))
    if (over.length > 0) {
      await settlement.release(home.owner, over.map(({ seller }) => seller))
    }
  }

  /** Seller: the buyer stays silent, so the trade and an attested reading go to the escrow, oldest first. */
  const claim = async (tab: Tab): Promise<void> => {
    const now = clock.now()
    if (isUnderWay(tab)) {
      return
    }
    const silent = ledger.between(tab.buyer, tab.seller).filter(hasTerms)
      .filter(({ state, ownWh }) => ownWh != null && (state === 'agreed' || state === 'delivered'))
      .filter(({ terms }) => positionOf(terms) > tab.chain.through && now > terms.slot * SLOT_SEC + home.claimAfterSec)
      .filter(({ terms }) => now < Math.min(terms.claimBy, tab.chain.expiry * SLOT_SEC))
      .sort((a, b) => positionOf(a.terms) - positionOf(b.terms))
      .slice(0, MAX_CLAIMS)
    if (silent.length === 0) {
      return
    }
    // a claim moves the watermark past an older receipt and would make it worthless, so that goes first
    if (isAhead(tab) && tab.signed != null && await submit([tab.signed]) > 0) {
      return
    }
    const claims = await Promise.all(silent.map(claimFor))
    await settlement.claim(claims.filter((each) => each != null))
  }

  const claimFor = async ({ terms, periodStart, buyerSignature }: SignedTrade): Promise<Claim | undefined> => {
    const [reading] = await context.store.readings(periodStart, periodStart + 1)
    if (reading == null || buyerSignature == null) {
      return
    }
    const attestation = signer.signReading({ attester: terms.attester, meter: terms.meter, slot: terms.slot, wh: reading.exportWh })
    return { terms, buyerSignature, readingWh: reading.exportWh, attestation }
  }

  /** Ends what cannot go on: unanswered proposals, periods without meter data, and trades nobody can be made to pay for. */
  const giveUp = async (): Promise<void> => ledger.exclusive(async () => {
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

  const ending = ({ state, periodStart, validUntil, ownWh, terms }: Trade, now: UnixSeconds): TradeEvent | undefined => {
    if (state === 'proposed' && now > validUntil + 2 * rules.clockToleranceSec) {
      return { type: 'timed-out' }
    }
    if (state === 'agreed' && ownWh == null && now > periodStart + rules.periodSec + home.meterDeadlineSec) {
      return { type: 'gave-up', reason: 'our meter has no data for the period' }
    }
    if (terms != null && now > terms.claimBy) {
      return { type: 'gave-up', reason: 'the other side stayed silent until the last moment to claim' }
    }
  }

  return {
    open,
    settleNow,
    refresh,
    async round () {
      for (const [what, time] of notBefore) {
        if (time <= clock.now()) {
          notBefore.delete(what)
        }
      }
      await giveUp()
      for (const trade of ledger.all().filter(({ state, role, acknowledged }) => state === 'agreed' && role === 'buyer' && acknowledged !== true)) {
        await attempt(`confirming trade ${trade.id}`, async () => parts.buyer.heal(trade), RETRY_SEC)
      }
      await attempt('reading tabs from the chain', refreshAll, REFRESH_SEC)
      await Promise.all(ledger.allTabs().map(async (tab) => tab.role === 'seller'
        ? attempt(`claiming from ${tab.buyer}`, async () => claim(tab), RETRY_SEC)
        : attempt(`paying ${tab.seller}`, async () => payAndRefill(tab))))
      await attempt('settling', collect, RETRY_SEC)
      await attempt('releasing tabs', releaseExpired, RETRY_SEC)
      return ROUND_SEC
    }
  }

  async function payAndRefill (tab: Tab): Promise<void> {
    const trades = ledger.between(tab.buyer, tab.seller)
    const isDue = tab.offered != null || hasPayable(tab, trades) || trades.some(isComparable)
    if (isDue) {
      await settleUp(tab.seller, tab.partnerKey)
    }
    await refill(ledger.tab(tab.buyer, tab.seller) ?? tab)
  }
}

/** Buyer: our meter has spoken and the seller knows of the trade. */
function isComparable ({ state, ownWh, acknowledged }: Trade): boolean {
  return state === 'agreed' && ownWh != null && acknowledged === true
}
