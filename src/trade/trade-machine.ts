/**
 * The life of one trade, as a pure function of what happened. It knows no network, disk or clock: `step` says what a
 * trade becomes, the node writes that down, and only then acts on it. Start reading at the table.
 */
import { cost } from '../domain/units.ts'
import type { Trade, TradeState, TradeTerms } from '../domain/trade.ts'
import type { Hex, Money, UnixSeconds, WattHours } from '../domain/units.ts'

export type TradeEvent =
  | { readonly type: 'accepted', readonly terms: TradeTerms, readonly sellerSignature: Hex, readonly buyerSignature: Hex }
  | { readonly type: 'confirmed', readonly buyerSignature: Hex }
  | { readonly type: 'acknowledged' }
  | { readonly type: 'declined', readonly reason: string }
  | { readonly type: 'timed-out' }
  | { readonly type: 'disowned' }
  | { readonly type: 'metered', readonly wh: WattHours }
  | { readonly type: 'stating' }
  | { readonly type: 'stated', readonly wh: WattHours }
  | { readonly type: 'receipted' }
  | { readonly type: 'settled' }
  | { readonly type: 'claimed', readonly wh: WattHours, readonly amount: Money }
  | { readonly type: 'gave-up', readonly reason: string }

type EventType = TradeEvent['type']

/**
 * Every legal move. An event that is missing in a row does not change a trade in that state. `metered` and `stated` lead to
 * `delivered` once both are known, `receipted` of a trade that costs nothing to `settled`. A claim is a fact on chain, so it overrules what a side had made of the trade meanwhile.
 */
export const TRANSITIONS: Readonly<Record<TradeState, Readonly<Partial<Record<EventType, TradeState>>>>> = {
  proposed: { accepted: 'agreed', confirmed: 'agreed', declined: 'declined', 'timed-out': 'expired' },
  agreed: { acknowledged: 'agreed', disowned: 'expired', metered: 'agreed', stating: 'agreed', stated: 'agreed', claimed: 'claimed', 'gave-up': 'lapsed' },
  delivered: { receipted: 'receipted', settled: 'settled', claimed: 'claimed', 'gave-up': 'lapsed' },
  receipted: { settled: 'settled' },
  settled: { claimed: 'claimed' },
  declined: {},
  expired: { confirmed: 'agreed', claimed: 'claimed' },
  lapsed: { claimed: 'claimed' },
  claimed: {}
}

/** The trade after `event`, or the very same object when the event does not apply or says nothing new: every event may come twice. */
export function step (trade: Trade, event: TradeEvent, now: UnixSeconds): Trade {
  const state = TRANSITIONS[trade.state][event.type]
  if (state == null || !isForRole(trade, event)) {
    return trade
  }
  const next: Trade = finish({ ...trade, ...changes(event), state })
  const isNew = (Object.keys(next) as Array<keyof Trade>).some((field) => next[field] !== trade[field])
  return isNew ? { ...next, changedAt: now } : trade
}

/** The buyer accepts terms, only the seller is confirmed to: the other combination is a programming error and does nothing. */
function isForRole (trade: Trade, event: TradeEvent): boolean {
  switch (event.type) {
    case 'accepted': case 'acknowledged': case 'disowned': case 'stating': return trade.role === 'buyer'
    case 'confirmed': return trade.role === 'seller' && trade.terms != null
    case 'claimed': return trade.terms != null
    default: return true
  }
}

function changes (event: TradeEvent): Partial<Trade> {
  switch (event.type) {
    case 'accepted': return { terms: event.terms, sellerSignature: event.sellerSignature, buyerSignature: event.buyerSignature, acknowledged: false }
    case 'confirmed': return { buyerSignature: event.buyerSignature, reason: undefined }
    case 'acknowledged': return { acknowledged: true }
    case 'metered': return { ownWh: event.wh }
    case 'stating': return { isStated: true }
    case 'stated': return { partnerWh: event.wh }
    case 'claimed': return { deliveredWh: event.wh, amount: event.amount, reason: undefined }
    case 'declined': case 'gave-up': return { reason: event.reason }
    case 'timed-out': return { reason: 'the other side did not answer in time' }
    case 'disowned': return { reason: 'the seller no longer holds it' }
    default: return {}
  }
}

/**
 * Both shares known: what was delivered is the smaller one, and never more than was contracted. A residual trade was metered
 * before it was agreed, so it is delivered as contracted once both sides hold it. Signed for and worth nothing: no
 * transaction is needed to settle it.
 */
function finish (trade: Trade): Trade {
  if (trade.state === 'receipted' && trade.amount === 0n) {
    return { ...trade, state: 'settled' }
  }
  if (trade.isResidual === true && trade.state === 'agreed' && trade.terms != null) {
    const { wh } = trade.terms
    const isHeldByBoth = trade.role === 'seller' || trade.acknowledged === true
    return isHeldByBoth ? deliver({ ...trade, ownWh: wh, partnerWh: wh }, trade.terms) : { ...trade, ownWh: wh }
  }
  if (trade.state !== 'agreed' || trade.ownWh == null || trade.partnerWh == null || trade.terms == null) {
    return trade
  }
  return deliver({ ...trade, ownWh: trade.ownWh, partnerWh: trade.partnerWh }, trade.terms)
}

function deliver (trade: Trade & { readonly ownWh: WattHours, readonly partnerWh: WattHours }, terms: TradeTerms): Trade {
  const deliveredWh = Math.min(trade.ownWh, trade.partnerWh, terms.wh)
  return { ...trade, state: 'delivered', deliveredWh, amount: cost(deliveredWh, terms.pricePerKwh) }
}
