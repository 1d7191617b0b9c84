/**
 * The market as this node has heard of it: the newest revision of every order, kept per delivery period. It knows
 * neither where orders come from nor what becomes of them, and has no clock: the time is an argument. Start at `add`.
 */
import { closingOf, priceAt } from '../domain/order.ts'
import { windowOpening } from '../domain/period.ts'
import type { MarketRules } from '../domain/market-rules.ts'
import type { Order, Side, VerifiedOrder } from '../domain/order.ts'
import type { Account, Hex, PricePerKwh, UnixSeconds, WattHours } from '../domain/units.ts'

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

/** What is known of one (signer, period, side). Without an entry the order was withdrawn and only its revision is kept. */
interface Place {
  revision: number
  /** When the newest revision can no longer be traded. */
  closing: UnixSeconds
  entry?: BookEntry
}

type Period = Map<string, Place>

export class OrderBook {
  private readonly init: OrderBookInit
  private readonly periods = new Map<UnixSeconds, Period>()
  private readonly entries = new Map<Hex, BookEntry>()
  private readonly openBySigner = new Map<Account, number>()
  private places = 0
  private arrivals = 0

  constructor (init: OrderBookInit) {
    this.init = init
  }

  /** Number of open orders. */
  get size (): number {
    return this.entries.size
  }

  add (order: VerifiedOrder): AddResult {
    const { signer, periodStart, side, revision, quantity } = order.order
    const place = this.placeOf(signer, periodStart, side)
    if (this.entries.has(order.id)) {
      return 'known'
    }
    if (place != null && revision <= place.revision) {
      return 'superseded'
    }
    if (quantity > 0 && place?.entry == null && this.openOf(signer) >= this.init.maxPerSigner) {
      return 'quota'
    }
    if (place == null && this.places >= this.init.maxOrders) {
      return 'full'
    }
    this.put(order, place ?? this.newPlace(order.order))
    return place == null ? 'added' : 'replaced'
  }

  has (id: Hex): boolean {
    return this.entries.has(id)
  }

  get (id: Hex): BookEntry | undefined {
    return this.entries.get(id)
  }

  /** Newest revision heard of, open or withdrawn; 0 when there was none. */
  revisionOf (signer: Account, periodStart: UnixSeconds, side: Side): number {
    return this.placeOf(signer, periodStart, side)?.revision ?? 0
  }

  /** The open order of one signer, period and side. */
  standing (signer: Account, periodStart: UnixSeconds, side: Side): BookEntry | undefined {
    return this.placeOf(signer, periodStart, side)?.entry
  }

  /** Number of open orders of one signer. */
  openOf (signer: Account): number {
    return this.openBySigner.get(signer) ?? 0
  }

  /** Offers of the period of which enough is left to trade: cheapest at `now` first, then first come. */
  offers (periodStart: UnixSeconds, now: UnixSeconds): PricedOffer[] {
    const { rules } = this.init
    const elapsed = now - windowOpening(periodStart, rules)
    const offers: PricedOffer[] = []
    for (const { entry } of this.periods.get(periodStart)?.values() ?? []) {
      if (entry?.order.order.side === 'offer' && entry.remaining >= Math.max(entry.order.order.minFill, rules.minTradeWh)) {
        offers.push({ entry, price: priceAt(entry.order.order.schedule, elapsed) })
      }
    }
    return offers.sort(byPriceThenArrival)
  }

  /** Takes note that less is left of an order; never raises it, and does nothing for an unknown one. */
  setRemaining (id: Hex, wh: WattHours): void {
    const entry = this.entries.get(id)
    if (entry != null && wh < entry.remaining) {
      this.replaceEntry({ ...entry, remaining: Math.max(0, wh) })
    }
  }

  /** Forgets the orders that could not be admitted any more; returns how many open ones went with them. */
  expire (now: UnixSeconds): number {
    const before = this.size
    for (const [periodStart, period] of this.periods) {
      for (const [key, place] of period) {
        if (now > place.closing + this.init.rules.clockToleranceSec) {
          this.close(place)
          this.places--
          period.delete(key)
        }
      }
      if (period.size === 0) {
        this.periods.delete(periodStart)
      }
    }
    return before - this.size
  }

  /** What can be bought in the period at each price, cheapest first. */
  depth (periodStart: UnixSeconds, now: UnixSeconds): DepthLevel[] {
    const levels: DepthLevel[] = []
    for (const { entry, price } of this.offers(periodStart, now)) {
      const last = levels.at(-1)
      if (last?.price === price) {
        levels[levels.length - 1] = { price, wh: last.wh + entry.remaining, orders: last.orders + 1 }
      } else {
        levels.push({ price, wh: entry.remaining, orders: 1 })
      }
    }
    return levels
  }

  /** Every open order, oldest arrival first. */
  orders (): BookEntry[] {
    return [...this.entries.values()].sort((a, b) => a.arrival - b.arrival)
  }

  private placeOf (signer: Account, periodStart: UnixSeconds, side: Side): Place | undefined {
    return this.periods.get(periodStart)?.get(placeKey(signer, side))
  }

  private newPlace ({ signer, periodStart, side }: Order): Place {
    const period: Period = this.periods.get(periodStart) ?? new Map()
    const place: Place = { revision: 0, closing: 0 }
    this.periods.set(periodStart, period)
    period.set(placeKey(signer, side), place)
    this.places++
    return place
  }

  private put (order: VerifiedOrder, place: Place): void {
    this.close(place)
    place.revision = order.order.revision
    place.closing = closingOf(order.order, this.init.rules)
    if (order.order.quantity > 0) {
      place.entry = { order, remaining: order.order.quantity, arrival: this.arrivals++ }
      this.entries.set(order.id, place.entry)
      this.openBySigner.set(order.order.signer, this.openOf(order.order.signer) + 1)
    }
  }

  private replaceEntry (entry: BookEntry): void {
    const { signer, periodStart, side } = entry.order.order
    const place = this.placeOf(signer, periodStart, side)
    if (place != null) {
      place.entry = entry
      this.entries.set(entry.order.id, entry)
    }
  }

  /** Takes the open order, if any, out of its place. */
  private close (place: Place): void {
    if (place.entry == null) {
      return
    }
    const { id, order: { signer } } = place.entry.order
    const open = this.openOf(signer) - 1
    this.entries.delete(id)
    place.entry = undefined
    if (open === 0) {
      this.openBySigner.delete(signer)
    } else {
      this.openBySigner.set(signer, open)
    }
  }
}

function placeKey (signer: Account, side: Side): string {
  return `${side} ${signer}`
}

/** Arrivals are unique, so that the order of equal prices is never left to the sort. */
function byPriceThenArrival (a: PricedOffer, b: PricedOffer): number {
  if (a.price === b.price) {
    return a.entry.arrival - b.entry.arrival
  }
  return a.price < b.price ? -1 : 1
}
