/**
 * Path c, second half, the buyer: propose, check the seller's terms, write them down with our signature, confirm. Every
 * step is on disk before it leaves the house, and a lost answer is healed by asking again with the same trade id.
 */
import { MAX_CLAIM_SEC } from '../../protocols/trade/constants.ts'
import { explain } from '../domain/errors.ts'
import { closingOf, isResidual } from '../domain/order.ts'
import { SLOT_SEC, slotOf } from '../domain/period.ts'
import { hasTerms, positionOf } from '../domain/trade.ts'
import { tradeRef } from '../signing/digests.ts'
import { isTradeSignedBy } from '../signing/verify.ts'
import { NO_TAB, watermark } from '../trade/tab-ledger.ts'
import { step } from '../trade/trade-machine.ts'
import { membersOf } from './members.ts'
import { talk } from './talk.ts'
import type { NodeContext } from './context.ts'
import type { VerifiedOrder } from '../domain/order.ts'
import type { Accept, TradeAnswer } from '../domain/trade-message.ts'
import type { Trade, TradeTerms } from '../domain/trade.ts'
import type { Hex, PricePerKwh, WattHours } from '../domain/units.ts'
import type { Conversation } from '../ports/network.ts'
import type { TradeEvent } from '../trade/trade-machine.ts'

export interface Outcome {
  readonly isAgreed: boolean
  /** False when nothing came back: the same offer may be tried again. */
  readonly isAnswered: boolean
  /** The seller takes no proposals just now, whatever they are. */
  readonly isBusy?: boolean
  /** What the seller says is left of the order. */
  readonly remaining?: WattHours
}

export interface Buyer {
  /** One proposal from start to end. Failing is an outcome, not an exception. */
  propose(order: VerifiedOrder, deal: { readonly wh: WattHours, readonly price: PricePerKwh, readonly why: string }): Promise<Outcome>
  /** Makes sure the seller knows of an agreed trade it has not acknowledged. */
  heal(trade: Trade): Promise<void>
}

export function createBuyer (context: Pick<NodeContext, 'home' | 'rules' | 'at' | 'recovery' | 'clock' | 'ledger' | 'membership' | 'network' | 'signer' | 'logger'> & { newTradeId(): Hex }): Buyer {
  const { isAttestedBy } = membersOf(context)
  const { home, rules, at, recovery, clock, ledger, network, signer, logger } = context

  const apply = async (id: Hex, event: TradeEvent): Promise<Trade> => ledger.exclusive(async () => {
    const before = ledger.trade(id)
    if (before == null) {
      throw new Error(`trade ${id} is not in the ledger`)
    }
    const after = step(before, event, clock.now())
    if (after !== before) {
      await ledger.commit({ trades: [after] })
    }
    return after
  })

  const confirm = async (trade: Trade, conversation: Conversation): Promise<Trade> => {
    if (trade.buyerSignature == null) {
      return trade
    }
    const answer = await conversation.ask({ kind: 'confirm', tradeId: trade.id, signature: trade.buyerSignature })
    const isLost = answer.kind === 'decline' || (answer.kind === 'status' && (answer.state === 'expired' || answer.state === 'declined'))
    return apply(trade.id, isLost ? { type: 'disowned' } : { type: 'acknowledged' })
  }

  const settleAnswer = async (trade: Trade, answer: TradeAnswer, conversation: Conversation): Promise<Outcome> => {
    if (answer.kind === 'decline') {
      await apply(trade.id, { type: 'declined', reason: answer.code })
      return { isAgreed: false, isAnswered: true, isBusy: answer.code === 'BUSY', remaining: answer.remaining }
    }
    const problem = answer.kind === 'accept' ? termsProblem(trade, answer) : 'the answer was not an ACCEPT'
    if (problem != null || answer.kind !== 'accept') {
      logger.warn('seller answered with terms we do not sign', { tradeId: trade.id, problem })
      await apply(trade.id, { type: 'declined', reason: problem ?? 'BAD_TERMS' })
      return { isAgreed: false, isAnswered: true }
    }
    const agreed = await apply(trade.id, {
      type: 'accepted', terms: answer.terms, sellerSignature: answer.signature, buyerSignature: signer.signTrade(answer.terms)
    })
    const final = await confirm(agreed, conversation)
    return { isAgreed: final.state === 'agreed' || final.state === 'delivered', isAnswered: true }
  }

  const termsProblem = (trade: Trade, { terms, signature, tradeId }: Accept): string | undefined => {
    const slot = slotOf(trade.periodStart)
    const expected: Partial<TradeTerms> = {
      buyer: home.owner,
      seller: trade.partner,
      slot,
      pricePerKwh: trade.pricePerKwh,
      ref: tradeRef(trade.orderId, trade.id)
    }
    const wrong = Object.entries(expected).find(([name, value]) => terms[name as keyof TradeTerms] !== value)
    if (tradeId !== trade.id || wrong != null) {
      return `${wrong?.[0] ?? 'tradeId'} is not what we proposed`
    }
    if (terms.wh > trade.askedWh || terms.wh < rules.minTradeWh) {
      return 'the quantity is outside what we asked for'
    }
    if (positionOf(terms) <= watermark(ledger.tab(home.owner, trade.partner) ?? NO_TAB)) {
      return 'its place in the tab is settled already'
    }
    if (!isAttestedBy(trade.partner, terms.attester)) {
      return 'the attester is not the seller\'s meter key in the meter book'
    }
    const others = ledger.all().filter(hasTerms).filter(({ role, terms }) => role === 'buyer' && terms.slot === slot).map(({ terms }) => terms)
    if (others.some((other) => other.meter === terms.meter && other.seller !== terms.seller)) {
      return 'another seller sells by the same meter'
    }
    if (others.some((other) => other.seller === terms.seller && (other.meter !== terms.meter || other.attester !== terms.attester))) {
      return 'the seller names another meter or another key of it within one period'
    }
    if (terms.claimBy > slot * SLOT_SEC + rules.periodSec + MAX_CLAIM_SEC) {
      return 'the seller wants to claim for too long'
    }
    if (!isTradeSignedBy(trade.partnerKey, terms, { signature, at, recovery })) {
      return 'the signature is not the seller\'s'
    }
  }

  return {
    async propose (order, { wh, price, why }) {
      const trade: Trade = {
        id: context.newTradeId(),
        role: 'buyer',
        state: 'proposed',
        orderId: order.id,
        periodStart: order.order.periodStart,
        ...isResidual(order.order, rules) ? { isResidual: true } : {},
        partner: order.order.maker,
        partnerKey: order.key,
        askedWh: wh,
        pricePerKwh: price,
        why,
        validUntil: Math.min(clock.now() + rules.confirmSec, closingOf(order.order, rules)),
        changedAt: clock.now()
      }
      await ledger.exclusive(async () => ledger.commit({ trades: [trade] }))
      try {
        return await talk(network, trade.partnerKey, async (conversation) => {
          const answer = await conversation.ask({ kind: 'propose', tradeId: trade.id, orderId: order.id, buyer: home.owner, wh, pricePerKwh: price })
          return settleAnswer(trade, answer, conversation)
        })
      } catch (error) {
        logger.debug('proposal got no answer', { tradeId: trade.id, error: explain(error) })
        const now = await apply(trade.id, { type: 'timed-out' })
        return { isAgreed: now.state === 'agreed' || now.state === 'delivered', isAnswered: false }
      }
    },
    async heal (trade) {
      await talk(network, trade.partnerKey, async (conversation) => confirm(trade, conversation))
    }
  }
}
