/**
 * The market as this node has heard of it: the newest revision of every order, kept per delivery period. It knows
 * neither where orders come from nor what becomes of them, and has no clock: the time is an argument. Start at `add`.
 */
import { closingOf } from '../domain/order.ts'
import { residualEnd, windowOpening } from '../domain/period.ts'
import { PriceIndex } from './price-index.ts'
import { firstNotBefore } from './sorted.ts'
import type { Listed } from './price-index.ts'
import type { MarketRules } from '../domain/market-rules.ts'
import type { Order, Side, VerifiedOrder } from '../domain/order.ts'
import type { Account, PricePerKwh, UnixSeconds, WattHours } from '../domain/units.ts'

export interface BookEntry {
  readonly order: VerifiedOrder
  /** What is thought to be left of it, at most the order's quantity. */
  readonly remaining: WattHours
  /** Counts up with every order the book took in; no two entries share one. */
  readonly arrival: number
}

/** An offer and what it costs at the moment it was asked for. */
export interface PricedOffer {
  readonly entry: BookEntry
  readonly price: PricePerKwh
}

export interface DepthLevel {
  readonly price: PricePerKwh
  readonly wh: WattHours
  readonly orders: number
}

export interface OrderBookInit {
  readonly rules: MarketRules
  /** Bounds the places in the book; a withdrawn order keeps its place until its period ends. */
  readonly maxOrders: number
  readonly maxPerSigner: number
}

/** `added` and `replaced` changed the book; the others left it as it was. */
export type AddResult = 'added' | 'replaced' | 'superseded' | 'known' | 'quota' | 'full'

/** The newest revision of one (signer, period, side). One of quantity 0 is withdrawn: it keeps its place, but is not open. */
interface Place extends Listed {
  order: VerifiedOrder
  remaining: WattHours
  arrival: number
}

export class OrderBook {
  private readonly init: OrderBookInit
  private readonly periods = new Map<UnixSeconds, PriceIndex>()
  /** Most signers have one place: a list for each would weigh more than the rest of the book. */
  private readonly signers = new Map<Account, Place | Place[]>()
  private places = 0
  private open = 0
  private arrivals = 0

  constructor (init: OrderBookInit) {
    this.init = init
  }

  /** Number of open orders. */
  get size (): number {
    return this.open
  }

  add (order: VerifiedOrder): AddResult {
    const { signer, revision, quantity } = order.order
    const places = this.signers.get(signer)
    const before = find(places, order.order)
    if (before != null && revision <= before.order.order.revision) {
      return before.order.id === order.id && isOpen(before) ? 'known' : 'superseded'
    }
    if (quantity > 0 && (before == null || !isOpen(before)) && hasOpen(places, this.init.maxPerSigner)) {
      return 'quota'
    }
    if (before == null && this.places >= this.init.maxOrders) {
      return 'full'
    }
    if (before == null) {
      this.places++
      this.put(places, undefined, this.enter(order))
      return 'added'
    }
    this.leave(before)
    if (quantity > 0) {
      this.put(places, before, this.enter(order))
    } else {
      before.order = order
      before.arrival = this.arrivals++
    }
    return 'replaced'
  }

  /** Newest revision heard of, open or withdrawn; 0 when there was none. */
  revisionOf (signer: Account, periodStart: UnixSeconds, side: Side): number {
    return find(this.signers.get(signer), { periodStart, side })?.order.order.revision ?? 0
  }

  /** The open order of one signer, period and side. */
  standing (signer: Account, periodStart: UnixSeconds, side: Side): BookEntry | undefined {
    const place = find(this.signers.get(signer), { periodStart, side })
    return place != null && isOpen(place) ? place : undefined
  }

  /** Whether a signer has at least so many open orders. */
  hasOpen (signer: Account, count: number): boolean {
    return hasOpen(this.signers.get(signer), count)
  }

  /**
   * Offers of the period of which enough is left to trade: cheapest at `now` first, then first come. They are found one by
   * one; while they are read, the book may change only by `setRemaining` of those read already.
   */
  cheapest (periodStart: UnixSeconds, now: UnixSeconds): Iterable<PricedOffer> {
    return this.periods.get(periodStart)?.cheapest(now - windowOpening(periodStart, this.init.rules)) ?? []
  }

  /** All of them, as they are now. */
  offers (periodStart: UnixSeconds, now: UnixSeconds): PricedOffer[] {
    return Array.from(this.cheapest(periodStart, now), ({ entry, price }) => ({ entry: snapshot(entry), price }))
  }

  /** Takes note that less is left of an open order; never raises it, and does nothing for one that was replaced. */
  setRemaining ({ id, order }: VerifiedOrder, wh: WattHours): void {
    const place = find(this.signers.get(order.signer), order)
    if (place?.order.id === id && wh < place.remaining) {
      this.lower(place, Math.max(0, wh))
    }
  }

  /** Forgets the orders that could not be admitted any more; returns how many open ones went with them. */
  expire (now: UnixSeconds): number {
    const { rules } = this.init
    const isOver = ({ order }: Place): boolean => now > closingOf(order.order, rules) + rules.clockToleranceSec
    const before = this.open
    for (const [signer, places] of this.signers) {
      const all = listOf(places)
      const over = all.filter(isOver)
      if (over.length > 0) {
        const left = all.filter((place) => !over.includes(place))
        over.forEach((place) => { this.leave(place) })
        this.places -= over.length
        if (left.length === 0) {
          this.signers.delete(signer)
        } else {
          this.signers.set(signer, left.length === 1 ? left[0] : left)
        }
      }
    }
    for (const periodStart of this.periods.keys()) {
      if (now > residualEnd(periodStart, rules) + rules.clockToleranceSec) {
        this.periods.delete(periodStart)
      }
    }
    return before - this.open
  }

  /** What can be bought in the period at each price, cheapest first. */
  depth (periodStart: UnixSeconds, now: UnixSeconds): DepthLevel[] {
    const levels: DepthLevel[] = []
    for (const { entry, price } of this.cheapest(periodStart, now)) {
      const last = levels.at(-1)
      if (last?.price === price) {
        levels[levels.length - 1] = { price, wh: last.wh + entry.remaining, orders: last.orders + 1 }
      } else {
        levels.push({ price, wh: entry.remaining, orders: 1 })
      }
    }
    return levels
  }

  /** Every open order as it is now, oldest arrival first. */
  orders (): BookEntry[] {
    return [...this.signers.values()].flat().filter(isOpen).map(snapshot).sort((a, b) => a.arrival - b.arrival)
  }

  /** Gives the signer `place` instead of `before`, or beside its others. */
  private put (places: Places, before: Place | undefined, place: Place): void {
    if (!Array.isArray(places)) {
      this.signers.set(place.order.order.signer, places == null || places === before ? place : [places, place].sort((a, b) => compare(a, b.order.order)))
    } else {
      places.splice(positionOf(places, place.order.order), before == null ? 0 : 1, place)
    }
  }

  /** A place for the order, on the market when it can be traded. */
  private enter (order: VerifiedOrder): Place {
    const { periodStart, quantity } = order.order
    const place: Place = { order, remaining: quantity, arrival: this.arrivals++, older: undefined, younger: undefined }
    this.open += Number(isOpen(place))
    if (this.isTradable(place)) {
      let index = this.periods.get(periodStart)
      if (index == null) {
        index = new PriceIndex()
        this.periods.set(periodStart, index)
      }
      index.add(place)
    }
    return place
  }

  /** Takes the order off the market. */
  private leave (place: Place): void {
    this.lower(place, 0)
    this.open -= Number(isOpen(place))
  }

  private lower (place: Place, remaining: WattHours): void {
    const wasTradable = this.isTradable(place)
    place.remaining = remaining
    if (wasTradable && !this.isTradable(place)) {
      this.periods.get(place.order.order.periodStart)?.remove(place)
    }
  }

  private isTradable ({ order: { order }, remaining }: BookEntry): boolean {
    return order.side === 'offer' && remaining > 0 && remaining >= order.minFill && remaining >= this.init.rules.minTradeWh
  }
}

/** Sorted by `compare` where there are several. */
type Places = Place | Place[] | undefined

type Spot = Pick<Order, 'periodStart' | 'side'>

function listOf (places: Places): Place[] {
  if (places == null) {
    return []
  }
  return Array.isArray(places) ? places : [places]
}

function find (places: Places, at: Spot): Place | undefined {
  const place = Array.isArray(places) ? places[positionOf(places, at)] : places
  return place != null && compare(place, at) === 0 ? place : undefined
}

/** Where a place stands, or would stand, among a signer's others. */
function positionOf (places: readonly Place[], at: Spot): number {
  return firstNotBefore(places, (place) => compare(place, at) < 0)
}

/** By period; within one, offers before bids. */
function compare ({ order: { order } }: Place, { periodStart, side }: Spot): number {
  return order.periodStart - periodStart || Number(side === 'offer') - Number(order.side === 'offer')
}

/** Without the links to its neighbours in the book. */
function snapshot ({ order, remaining, arrival }: BookEntry): BookEntry {
  return { order, remaining, arrival }
}

function isOpen ({ order }: Place): boolean {
  return order.order.quantity > 0
}

/** Most signers have few places, which need not be looked at to know that they are not too many. */
function hasOpen (places: Places, count: number): boolean {
  const all = listOf(places)
  return all.length >= count && all.filter(isOpen).length >= count
}
