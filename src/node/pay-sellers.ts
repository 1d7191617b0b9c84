/**
 * The buyer's side after delivery: state what our meter says of each slot, hear what theirs says, and sign the cumulative
 * receipt that pays for it. Every receipt is on disk before it leaves the house, and is offered again until it is answered.
 */
import { EMPTY_TAB } from '../domain/receipt.ts'
import { hasTerms } from '../domain/trade.ts'
import { isReceiptSignedBy } from '../signing/verify.ts'
import { hasPayable, nextReceipt } from '../trade/tab-ledger.ts'
import { step } from '../trade/trade-machine.ts'
import { receiptTrades } from './answer-trade.ts'
import { talk } from './talk.ts'
import type { NodeContext } from './context.ts'
import type { SignedReceipt } from '../domain/receipt.ts'
import type { Tab } from '../domain/tab.ts'
import type { TradeAnswer } from '../domain/trade-message.ts'
import type { Trade } from '../domain/trade.ts'
import type { Account, Hex, PublicKey, UnixSeconds } from '../domain/units.ts'
import type { Conversation } from '../ports/network.ts'

/** A receipt waits so long after the newest delivery of a slot for what the residual round may still add to it. */
const RESIDUAL_WAIT_SEC = 1800

type Offered = NonNullable<Tab['offered']>

export interface Payer {
  /** True when there is something to compare or to pay. */
  isDue(tab: Tab): boolean
  /** Compares deliveries and pays what is resolved. */
  settleUp(seller: Account, key: PublicKey): Promise<void>
  /** Gets a receipt countersigned that opens, refills or renews the tab; undefined when the seller would not or we could not. */
  renew(seller: Account, key: PublicKey): Promise<SignedReceipt | undefined>
}

export function createPayer (context: Pick<NodeContext, 'home' | 'rules' | 'at' | 'recovery' | 'clock' | 'ledger' | 'network' | 'settlement' | 'signer' | 'logger'>): Payer {
  const { home, rules, at, recovery, clock, ledger, network, settlement, signer, logger } = context
  const deliveredBy = (): UnixSeconds => clock.now() - Math.min(RESIDUAL_WAIT_SEC, rules.residualSec)

  /** The receipt to offer: the one that was offered before and not answered, or a new one that is written down first. */
  const nextOffer = async (seller: Account, key: PublicKey): Promise<Offered | undefined> => {
    const { validUntil } = await settlement.key(home.owner, signer.address)
    if (validUntil <= clock.now()) {
      logger.warn('our key is not registered: nothing can be paid until its owner does so', { key: signer.address })
      return
    }
    return ledger.exclusive(async () => {
      const tab: Tab = ledger.tab(home.owner, seller) ?? { buyer: home.owner, seller, role: 'buyer', partnerKey: key, chain: EMPTY_TAB }
      if (tab.offered != null) {
        return tab.offered
      }
      const next = nextReceipt(tab, ledger.between(home.owner, seller), {
        now: clock.now(),
        ceiling: home.ceiling,
        lifeSec: home.tabLifeSec,
        keyValidUntil: validUntil,
        deliveredBy: deliveredBy(),
        openFrom: clock.now() - rules.periodSec - rules.residualSec
      })
      if (next == null) {
        return
      }
      const offered = { receipt: next, buyerSignature: signer.signReceipt(next) }
      await ledger.commit({ tabs: [{ ...tab, partnerKey: key, offered }] })
      return offered
    })
  }

  const takeAnswer = async (offered: Offered, answer: TradeAnswer, key: PublicKey): Promise<SignedReceipt | undefined> => ledger.exclusive(async () => {
    const { receipt } = offered
    const tab = ledger.tab(home.owner, receipt.seller)
    if (tab == null) {
      return
    }
    if (answer.kind === 'receipt' && isReceiptSignedBy(key, receipt, { signature: answer.signature, at, recovery })) {
      const signed = { ...offered, sellerSignature: answer.signature }
      const trades = receiptTrades(ledger.between(home.owner, receipt.seller), receipt.through, clock.now())
      await ledger.commit({ tabs: [{ ...tab, signed, offered: undefined }], trades })
      return signed
    }
    const code = answer.kind === 'decline' ? answer.code : 'BAD_SIGNATURE'
    logger.debug('receipt was not countersigned', { seller: receipt.seller, code })
    if (code !== 'NOT_READY' && code !== 'BUSY') {
      await ledger.commit({ tabs: [{ ...tab, offered: undefined, refusedThrough: receipt.through }] })
    }
  })

  const pay = async (seller: Account, key: PublicKey, conversation: Conversation): Promise<SignedReceipt | undefined> => {
    const offered = await nextOffer(seller, key)
    return offered == null
      ? undefined
      : takeAnswer(offered, await conversation.ask({ kind: 'receipt', receipt: offered.receipt, signature: offered.buyerSignature }), key)
  }

  /** Our shares as they are now, written down as said: from here on a correction of our meter does not change them. */
  const state = async (ids: readonly Hex[]): Promise<Trade[]> => ledger.exclusive(async () => {
    const trades = ids.map((id) => ledger.trade(id)).filter((trade) => trade != null)
    const stated = trades.map((trade) => step(trade, { type: 'stating' }, clock.now()))
    await ledger.commit({ trades: stated.filter((trade, place) => trade !== trades[place]) })
    return stated
  })

  const compare = async (due: readonly Trade[], slot: number, conversation: Conversation): Promise<void> => {
    const trades = await state(due.map(({ id }) => id))
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

  return {
    isDue: (tab) => {
      const trades = ledger.between(tab.buyer, tab.seller)
      return tab.offered != null || hasPayable(tab, trades, deliveredBy()) || trades.some(isComparable)
    },
    settleUp: async (seller, key) => talk(network, key, async (conversation) => {
      const due = ledger.between(home.owner, seller).filter(isComparable).filter(hasTerms)
      for (const slot of new Set(due.map(({ terms }) => terms.slot))) {
        await compare(due.filter(({ terms }) => terms.slot === slot), slot, conversation)
      }
      const tab = ledger.tab(home.owner, seller)
      if (tab != null && (tab.offered != null || hasPayable(tab, ledger.between(home.owner, seller), deliveredBy()))) {
        await pay(seller, key, conversation)
      }
    }),
    renew: async (seller, key) => talk(network, key, async (conversation) => pay(seller, key, conversation))
  }
}

/** Buyer: our meter has spoken and the seller knows of the trade. */
function isComparable ({ state, ownWh, acknowledged }: Trade): boolean {
  return state === 'agreed' && ownWh != null && acknowledged === true
}
