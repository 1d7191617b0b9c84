import { position } from './period.ts'
import { cost } from './units.ts'
import type { Position } from './period.ts'
import type { Account, Hex, Money, PricePerKwh, PublicKey, UnixSeconds, WattHours } from './units.ts'

/** What both sides sign: the escrow's `Trade`. Accounts are owners; signatures come from their hot keys. */
export interface TradeTerms {
  readonly buyer: Account
  readonly seller: Account
  /** Start of the delivery period divided by 900. */
  readonly slot: number
  /** Numbers the trades of the pair within the slot, given by the seller. */
  readonly seq: number
  readonly wh: WattHours
  readonly pricePerKwh: PricePerKwh
  /** Who may vouch for the seller's export in a dispute, and on which register. */
  readonly attester: Account
  readonly meter: Hex
  /** Last second in which the seller may claim without the buyer. */
  readonly claimBy: UnixSeconds
  /** Binds the order and the trade id: keccak256(order id, trade id). */
  readonly ref: Hex
}

export type TradeRole = 'buyer' | 'seller'

/** `proposed` to `settled` is the happy path; the other five are exits. */
export type TradeState = 'proposed' | 'agreed' | 'delivered' | 'receipted' | 'settled' |
  'declined' | 'expired' | 'lapsed' | 'claimed'

/** One trade as this node sees it. Everything it needs to go on after a crash is in here. */
export interface Trade {
  /** 32 random bytes chosen by the buyer; names the trade in every message. */
  readonly id: Hex
  readonly role: TradeRole
  readonly state: TradeState
  readonly orderId: Hex
  readonly periodStart: UnixSeconds
  /** Made after the period was metered, of what its other trades left over. */
  readonly isResidual?: boolean
  /** Owner and hot key of the other side. */
  readonly partner: Account
  readonly partnerKey: PublicKey
  /** What the buyer asked for. The terms may be less. */
  readonly askedWh: WattHours
  readonly pricePerKwh: PricePerKwh
  /** Until when the seller is bound while it waits for the buyer's signature. */
  readonly validUntil: UnixSeconds
  readonly terms?: TradeTerms
  readonly sellerSignature?: Hex
  readonly buyerSignature?: Hex
  /** Buyer only: the seller has said that it holds both signatures. */
  readonly acknowledged?: boolean
  /** This home's and the partner's metered share of the trade, once known. */
  readonly ownWh?: WattHours
  readonly partnerWh?: WattHours
  /** Buyer only: our share has left the house and can no longer change. */
  readonly isStated?: boolean
  readonly deliveredWh?: WattHours
  /** What was paid for it: set with `deliveredWh`. */
  readonly amount?: Money
  /** Why it ended or was last changed: one sentence or a decline code. */
  readonly reason?: string
  /** Why this home made the trade, in one sentence. */
  readonly why?: string
  readonly changedAt: UnixSeconds
}

export const OPEN_STATES: readonly TradeState[] = ['proposed', 'agreed', 'delivered', 'receipted']

/** Position of a trade in its pair's tab. */
export function positionOf (terms: TradeTerms): Position {
  return position(terms.slot, terms.seq)
}

/** The most a trade can cost: its contracted energy at its price. */
export function contractedValue (terms: TradeTerms): Money {
  return cost(terms.wh, terms.pricePerKwh)
}

/** True while the trade takes energy from this home's plans: agreed or later, or a proposal that may still be answered. */
export function isBinding ({ state, validUntil }: Pick<Trade, 'state' | 'validUntil'>, now: UnixSeconds): boolean {
  return state === 'proposed' ? validUntil >= now : state !== 'declined' && state !== 'expired'
}

/** A trade whose terms the seller has signed. */
export type SignedTrade = Trade & { readonly terms: TradeTerms }

export function hasTerms (trade: Trade): trade is SignedTrade {
  return trade.terms != null
}
