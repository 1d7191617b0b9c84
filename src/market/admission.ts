/**
 * The numbered rules of order gossip that need neither the bytes (1, most of 2) nor the signature (14): cheap ones first, each
 * an entry of one table. A broken rule is a verdict and never an exception.
 */
import { closingOf, isResidual } from '../domain/order.ts'
import { periodAt, periodEnd } from '../domain/period.ts'
import { isHex, isWhole, MAX_UINT40 } from '../domain/units.ts'
import type { OrderBook } from './order-book.ts'
import type { MarketRules } from '../domain/market-rules.ts'
import type { Knot, Order } from '../domain/order.ts'
import type { Account, Hex, PricePerKwh, UnixSeconds, WattHours } from '../domain/units.ts'
import type { OrderRuleCode, Verdict } from '../domain/verdict.ts'

/** The bounds every node of the protocol shares. */
export interface OrderBounds {
  readonly maxKnots: number
  readonly maxOrderWh: WattHours
  readonly maxPrice: PricePerKwh
  readonly maxRevision: number
  readonly maxPeriodsAhead: number
  readonly maxOpenOrdersPerSigner: number
  readonly maxOrdersPerSignerPerPeriod: number
  readonly minWorkBits: number
}

export interface AdmissionContext {
  readonly rules: MarketRules
  readonly rulesDigest: Hex
  readonly book: Pick<OrderBook, 'revisionOf' | 'standing' | 'hasOpen'>
  readonly now: UnixSeconds
  readonly bounds: OrderBounds
  /** Whether the community lets an owner trade now; in a market without a meter book, always. */
  isMember(owner: Account): boolean
  /** What came with the order, if anything. */
  readonly work?: number
  /** Zero bits of the work that came with the order of this id. */
  workBits(id: Hex): number
  /** True when the owner is known to have registered the signer with the escrow. */
  isKnown(order: Order): boolean
  /** Orders of the signer accepted in the current period. */
  acceptedOf(signer: Account): number
}

export interface AdmissionRule {
  /** As in the protocol's README. */
  readonly number: number
  readonly code: OrderRuleCode
  readonly result: 'ignore' | 'reject'
  /** True when the order breaks the rule. */
  applies(order: Order, context: AdmissionContext, id: () => Hex): boolean
}

export const ADMISSION_RULES: readonly AdmissionRule[] = [
  { number: 2, code: 'MALFORMED', result: 'reject', applies: (_, { rules, work }) => work != null && rules.unknownMakers !== 'work' },
  { number: 3, code: 'WRONG_RULES', result: 'reject', applies: (order, { rulesDigest }) => order.rules !== rulesDigest },
  { number: 4, code: 'OUT_OF_RANGE', result: 'reject', applies: (order, { rules, bounds }) => !isInRange(order, rules, bounds) },
  { number: 5, code: 'MISALIGNED', result: 'reject', applies: (order, { rules }) => order.periodStart % rules.periodSec !== 0 },
  { number: 6, code: 'GATE_CLOSED', result: 'ignore', applies: (order, { rules, now }) => now > closingOf(order, rules) + rules.clockToleranceSec },
  { number: 7, code: 'TOO_FAR_AHEAD', result: 'ignore', applies: isTooEarly },
  { number: 8, code: 'KNOWN', result: 'ignore', applies: (order, { book }, id) => book.standing(order.signer, order.periodStart, order.side)?.order.id === id() },
  { number: 9, code: 'SUPERSEDED', result: 'ignore', applies: (order, { book }) => order.revision <= book.revisionOf(order.signer, order.periodStart, order.side) },
  { number: 10, code: 'QUOTA', result: 'ignore', applies: (order, { book, bounds }) => opensAnother(order, book) && book.hasOpen(order.signer, bounds.maxOpenOrdersPerSigner) },
  { number: 11, code: 'NOT_MEMBER', result: 'ignore', applies: (order, { isMember }) => !isMember(order.maker) },
  { number: 12, code: 'TOO_MANY', result: 'ignore', applies: (order, { acceptedOf, bounds }) => acceptedOf(order.signer) >= bounds.maxOrdersPerSignerPerPeriod },
  { number: 13, code: 'UNPAID', result: 'ignore', applies: (order, { rules, isKnown, workBits, bounds }, id) => rules.unknownMakers === 'work' && !isKnown(order) && workBits(id()) < bounds.minWorkBits }
]

/**
 * The verdict of the first rule the order breaks; undefined when its signature is all that is left to check. `id` is asked
 * for only once every field is known to be in range, because only then can it be computed.
 */
export function admit (order: Order, id: () => Hex, context: AdmissionContext): Verdict | undefined {
  const broken = ADMISSION_RULES.find((rule) => rule.applies(order, context, id))
  return broken == null ? undefined : { result: broken.result, code: broken.code }
}

function isInRange (order: Order, rules: MarketRules, bounds: OrderBounds): boolean {
  return (order.side === 'offer' || (order.side === 'bid' && rules.mechanism !== 'continuous')) &&
    isHex(order.maker, 20) && isHex(order.signer, 20) &&
    isWhole(order.periodStart, 0, MAX_UINT40) &&
    isWhole(order.quantity, 0, bounds.maxOrderWh) &&
    isWhole(order.minFill, 1, order.quantity === 0 ? bounds.maxOrderWh : order.quantity) &&
    isWhole(order.revision, 1, bounds.maxRevision) &&
    order.schedule.length >= 1 && order.schedule.length <= bounds.maxKnots &&
    isFallingSchedule(order.schedule, { maxAt: maxKnotAt(order, rules), maxPrice: bounds.maxPrice })
}

function maxKnotAt (order: Order, rules: MarketRules): number {
  const { at } = order.schedule[0]
  return rules.residualSec > 0 && isResidual(order, rules) ? at : rules.windowSec - rules.flatSec
}

/** What a period leaves over is known once it has ended. */
function isTooEarly (order: Order, { rules, now, bounds }: Pick<AdmissionContext, 'rules' | 'now' | 'bounds'>): boolean {
  return isResidual(order, rules)
    ? now < periodEnd(order.periodStart, rules) - rules.clockToleranceSec
    : order.periodStart - periodAt(now, rules) > bounds.maxPeriodsAhead * rules.periodSec
}

function isFallingSchedule (schedule: readonly Knot[], { maxAt, maxPrice }: { maxAt: number, maxPrice: PricePerKwh }): boolean {
  let before = { at: -1, price: maxPrice }
  for (const knot of schedule) {
    if (!isWhole(knot.at, before.at + 1, maxAt) || knot.price < 0n || knot.price > before.price) {
      return false
    }
    before = knot
  }
  return true
}

function opensAnother (order: Order, book: AdmissionContext['book']): boolean {
  return order.quantity > 0 && book.standing(order.signer, order.periodStart, order.side) == null
}
