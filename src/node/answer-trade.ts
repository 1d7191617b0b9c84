/**
 * The seller's side of path c, and both sides' answers afterwards: each request of a neighbour gets one answer, written down
 * before it leaves. A request that comes twice gets the same answer twice.
 */
import { MAX_CLAIM_SEC, MAX_PARTS, MIN_TAB_LIFE_SEC } from '../../protocols/trade/constants.ts'
import { tradeWhy } from '../agent/sentence.ts'
import { closingOf, isResidual, priceAt } from '../domain/order.ts'
import { SLOT_SEC, periodEnd, slotOf, windowOpening } from '../domain/period.ts'
import { EMPTY_TAB } from '../domain/receipt.ts'
import { isBinding, positionOf } from '../domain/trade.ts'
import { affordable } from '../domain/units.ts'
import { exportMeterId, tradeRef } from '../signing/digests.ts'
import { addressOf } from '../signing/keys.ts'
import { isReceiptSignedBy, isTradeSignedBy } from '../signing/verify.ts'
import { NO_TAB, hasPassed, headroom, newerChainTab, nextSeq, receiptProblem, watermark } from '../trade/tab-ledger.ts'
import { step } from '../trade/trade-machine.ts'
import type { NodeContext } from './context.ts'
import type { KeyBook } from './key-book.ts'
import type { Quotes } from './make-quotes.ts'
import type { Members } from './members.ts'
import type { IsPartner } from './neighbours-only.ts'
import type { SubmitterQueue } from './submit-for-others.ts'
import type { TradingGate } from './trading-gate.ts'
import type { Order, VerifiedOrder } from '../domain/order.ts'
import type { Tab } from '../domain/tab.ts'
import type { Accept, Confirm, Decline, DeclineCode, Delivery, Propose, ReceiptMessage, TradeAnswer, TradeRequest } from '../domain/trade-message.ts'
import type { Trade, TradeTerms } from '../domain/trade.ts'
import type { Account, PublicKey, WattHours } from '../domain/units.ts'

function decline (code: DeclineCode, remaining: WattHours = 0): Decline {
  return { kind: 'decline', code, remaining }
}

export type AnswerTrade = (request: TradeRequest, from: PublicKey) => Promise<TradeAnswer>

export function answerTrade (context: NodeContext, parts: { quotes: Quotes, keys: KeyBook, members: Members, queue: SubmitterQueue, isOpen: TradingGate, isPartner: IsPartner }): AnswerTrade {
  const { home, rules, at, recovery, clock, ledger, signer, attester, meter, selling, logger } = context
  const { quotes, keys, members, queue, isOpen, isPartner } = parts

  /** Whether a proposal can become a trade at all; the price may only have moved in the buyer's favour since it was sent. */
  const orderProblem = (order: VerifiedOrder | undefined, request: Propose): DeclineCode | undefined => {
    const now = clock.now()
    if (order == null || order.id !== request.orderId) {
      return 'UNKNOWN_ORDER'
    }
    const tab = ledger.tab(request.buyer, home.owner)
    if (now >= closingOf(order.order, rules) || (tab != null && hasPassed(tab, slotOf(order.order.periodStart)))) {
      return 'GATE_CLOSED'
    }
    const elapsed = now + rules.clockToleranceSec - windowOpening(order.order.periodStart, rules)
    // the tariff may have changed since the offer was signed: never worse than the supplier
    if (request.pricePerKwh < priceAt(order.order.schedule, elapsed) || request.pricePerKwh <= home.tariff(order.order.periodStart).feedIn) {
      return 'PRICE_TOO_LOW'
    }
    if (request.buyer === home.owner) {
      return 'SELF_TRADE'
    }
    return members.isMember(request.buyer) ? undefined : 'NOT_MEMBER'
  }

  /** How much of a proposal the pair's tab covers beside its other trades, in Wh. */
  const covered = (buyer: Account, { id, pricePerKwh, periodStart }: Pick<Trade, 'id' | 'pricePerKwh' | 'periodStart'>): WattHours => {
    const others = ledger.between(buyer, home.owner).filter((trade) => trade.id !== id)
    const until = Math.max(periodEnd(periodStart, rules), clock.now()) + MIN_TAB_LIFE_SEC
    return affordable(headroom(ledger.tab(buyer, home.owner) ?? NO_TAB, others, { credit: home.unsecuredCredit, until }), pricePerKwh)
  }

  /** What is left of the trade's order, as long as that is still what we offer. */
  const leftFor = ({ orderId, periodStart }: Trade): WattHours => {
    const order = quotes.standing(periodStart)
    return order == null || order.id !== orderId || clock.now() >= closingOf(order.order, rules) ? 0 : quotes.remaining(order)
  }

  const accept = (trade: Trade): Accept | Decline => trade.terms == null || trade.sellerSignature == null || trade.state === 'expired'
    ? decline('GATE_CLOSED')
    : { kind: 'accept', tradeId: trade.id, terms: trade.terms, signature: trade.sellerSignature, validUntil: trade.validUntil }

  const termsFor = (request: Propose, order: VerifiedOrder, wh: WattHours): TradeTerms => {
    const slot = slotOf(order.order.periodStart)
    const slotEnd = periodEnd(order.order.periodStart, rules)
    const tab = ledger.tab(request.buyer, home.owner) ?? NO_TAB
    const tabEnd = tab.chain.expiry * SLOT_SEC
    return {
      buyer: request.buyer,
      seller: home.owner,
      slot,
      seq: nextSeq(tab, ledger.between(request.buyer, home.owner), slot),
      wh,
      pricePerKwh: request.pricePerKwh,
      attester: attester.address,
      meter: exportMeterId({ serial: meter.status().traits.serial, attester: attester.address }),
      // on credit alone nothing can be claimed; the trade ends all the same
      claimBy: tabEnd > slotEnd ? Math.min(slotEnd + MAX_CLAIM_SEC, tabEnd - 1) : slotEnd + MAX_CLAIM_SEC,
      ref: tradeRef(request.orderId, request.tradeId)
    }
  }

  const onPropose = async (request: Propose, from: PublicKey): Promise<Accept | Decline> => {
    if (ledger.trade(request.tradeId) == null && (!isOpen() || selling.problem() != null || !isPartner(request.buyer, from))) {
      const order = quotes.all().find(({ id }) => id === request.orderId)
      return decline('BUSY', order == null ? 0 : quotes.remaining(order))
    }
    const validUntil = await keys.validUntil(request.buyer, addressOf(from))
    return ledger.exclusive(async () => {
      const known = ledger.trade(request.tradeId)
      if (known != null) {
        return known.partnerKey === from && known.role === 'seller' ? accept(known) : decline('UNKNOWN_TRADE')
      }
      const order = quotes.all().find(({ id }) => id === request.orderId)
      const problem = orderProblem(order, request)
      if (problem != null || order == null) {
        return decline(problem ?? 'UNKNOWN_ORDER')
      }
      if (validUntil < Math.max(periodEnd(order.order.periodStart, rules), clock.now())) {
        return decline('KEY_NOT_REGISTERED')
      }
      const remaining = quotes.remaining(order)
      const smallest = Math.max(rules.minTradeWh, order.order.minFill)
      if (remaining < smallest) {
        return decline('SOLD_OUT')
      }
      const asked = { id: request.tradeId, pricePerKwh: request.pricePerKwh, periodStart: order.order.periodStart }
      const wh = Math.min(request.wh, remaining, covered(request.buyer, asked))
      if (wh < smallest) {
        return decline(request.wh < smallest ? 'TOO_SMALL' : 'NO_TAB', remaining)
      }
      const terms = termsFor(request, order, wh)
      if (terms.seq > MAX_PARTS) {
        return decline('BUSY', remaining)
      }
      const trade = held(request, { terms, order: order.order, from })
      await ledger.commit({ trades: [trade] })
      return accept(trade)
    })
  }

  const held = (request: Propose, { terms, order, from }: { terms: TradeTerms, order: Order, from: PublicKey }): Trade => ({
    id: request.tradeId,
    role: 'seller',
    state: 'proposed',
    orderId: request.orderId,
    periodStart: order.periodStart,
    ...isResidual(order, rules) ? { isResidual: true } : {},
    partner: request.buyer,
    partnerKey: from,
    askedWh: request.wh,
    pricePerKwh: request.pricePerKwh,
    validUntil: Math.min(clock.now() + rules.confirmSec, closingOf(order, rules)),
    terms,
    sellerSignature: signer.signTrade(terms),
    why: tradeWhy('sold', terms, quotes.reason(order)),
    changedAt: clock.now()
  })

  const onConfirm = async (request: Confirm, from: PublicKey): Promise<TradeAnswer> => ledger.exclusive(async () => {
    const trade = ledger.trade(request.tradeId)
    if (trade?.terms == null || trade.partnerKey !== from || trade.role !== 'seller') {
      return decline('UNKNOWN_TRADE')
    }
    if (!isTradeSignedBy(from, trade.terms, { signature: request.signature, at, recovery })) {
      return decline('BAD_SIGNATURE')
    }
    const isLate = !isBinding(trade, clock.now())
    const isPassed = positionOf(trade.terms) <= watermark(ledger.tab(trade.partner, home.owner) ?? NO_TAB)
    if (isLate && (isPassed || Math.min(leftFor(trade), covered(trade.partner, trade)) < trade.terms.wh)) {
      return { kind: 'status', tradeId: trade.id, state: 'expired' }
    }
    const agreed = step(trade, { type: 'confirmed', buyerSignature: request.signature }, clock.now())
    if (agreed !== trade) {
      await ledger.commit({ trades: [agreed] })
      const order = quotes.standing(trade.periodStart)
      if (order != null && order.id === trade.orderId && quotes.remaining(order) < Math.max(rules.minTradeWh, order.order.minFill)) {
        await quotes.announceSoldOut(trade.periodStart)
      }
    }
    return { kind: 'status', tradeId: trade.id, state: agreed.state }
  })

  const onDelivery = async (request: Delivery, from: PublicKey): Promise<TradeAnswer> => ledger.exclusive(async () => {
    const trades = ledger.all().filter(({ role, terms, partnerKey }) => role === 'seller' && terms?.slot === request.slot && partnerKey === from)
    const now = clock.now()
    const stated = trades.map((trade) => {
      const part = request.parts.find(({ tradeId }) => tradeId === trade.id)
      return part == null ? trade : step(trade, { type: 'stated', wh: part.wh }, now)
    })
    const changed = stated.filter((trade, place) => trade !== trades[place])
    if (changed.length > 0) {
      await ledger.commit({ trades: changed })
    }
    const counted = stated.filter(({ ownWh, state }) => ownWh != null && state !== 'expired')
    return stated.some(({ state, ownWh }) => state === 'agreed' && ownWh == null)
      ? decline('NOT_READY')
      : { kind: 'delivery', slot: request.slot, parts: counted.map(({ id, ownWh }) => ({ tradeId: id, wh: ownWh ?? 0 })) }
  })

  const onReceipt = async (request: ReceiptMessage, from: PublicKey): Promise<TradeAnswer> => {
    const { receipt } = request
    if (receipt.seller !== home.owner || receipt.buyer === home.owner) {
      return decline(receipt.buyer === receipt.seller ? 'SELF_TRADE' : 'BAD_TERMS')
    }
    if (!isReceiptSignedBy(from, receipt, { signature: request.signature, at, recovery })) {
      return decline('BAD_SIGNATURE')
    }
    const buyerKeyValidUntil = await keys.validUntil(receipt.buyer, addressOf(from))
    if (buyerKeyValidUntil <= clock.now()) {
      return decline('KEY_NOT_REGISTERED')
    }
    const read = await context.settlement.tab(receipt.buyer, receipt.seller)
    return ledger.exclusive(async () => {
      const known = ledger.tab(receipt.buyer, receipt.seller)
      const chain = newerChainTab(known?.chain ?? EMPTY_TAB, read)
      const tab: Tab = { buyer: receipt.buyer, seller: receipt.seller, role: 'seller', ...known, partnerKey: from, chain }
      if (tab.signed?.buyerSignature === request.signature) {
        return { kind: 'receipt', receipt, signature: tab.signed.sellerSignature }
      }
      const trades = ledger.between(receipt.buyer, receipt.seller)
      const problem = receiptProblem(tab, trades, { receipt, now: clock.now(), credit: home.unsecuredCredit, buyerKeyValidUntil })
      if (problem != null) {
        logger.debug('receipt not countersigned', { buyer: receipt.buyer, problem })
        return decline(problem)
      }
      const sellerSignature = signer.signReceipt(receipt)
      await ledger.commit({
        tabs: [{ ...tab, signed: { receipt, buyerSignature: request.signature, sellerSignature } }],
        trades: receiptTrades(trades, receipt.through, clock.now())
      })
      return { kind: 'receipt', receipt, signature: sellerSignature }
    })
  }

  return async (request, from) => {
    switch (request.kind) {
      case 'propose': return onPropose(request, from)
      case 'confirm': return onConfirm(request, from)
      case 'delivery': return onDelivery(request, from)
      case 'receipt': return onReceipt(request, from)
      case 'submit': return queue.take(request, from)
      default: {
        const trade = ledger.trade(request.tradeId)
        return trade == null || trade.partnerKey !== from ? decline('UNKNOWN_TRADE') : { kind: 'status', tradeId: trade.id, state: trade.state }
      }
    }
  }
}

/** The delivered trades a receipt covers, one step further. */
export function receiptTrades (trades: readonly Trade[], through: number, now: number): Trade[] {
  return trades
    .filter(({ state, terms }) => state === 'delivered' && terms != null && positionOf(terms) <= through)
    .map((trade) => step(trade, { type: 'receipted' }, now))
}
