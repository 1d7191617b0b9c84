/**
 * The offers of one period that can be traded, by price. A price falls with time, so offers are kept by the lowest price
 * they will ever have: read from there, the cheapest at any moment comes first without looking at all of them.
 */
import { priceAt } from '../domain/order.ts'
import { firstNotBefore } from './sorted.ts'
import type { BookEntry, PricedOffer } from './order-book.ts'

/** An entry of the book, with its neighbours among the offers of the same lowest price while it can be traded. */
export interface Listed extends BookEntry {
  older: Listed | undefined
  younger: Listed | undefined
}

/** Offers of a few neighbouring prices, the lowest they will ever have, rounded where a number cannot hold them. */
interface Shelf {
  /** The first of them. */
  readonly from: number
  /** For each price the oldest offer, then the youngest. */
  readonly ends: Array<Listed | undefined>
  /** How many of the prices have an offer. */
  filled: number
}

const PRICES_PER_SHELF = 16
/** A rung of this many shelves is split, so that a new one never moves more of them. */
const SHELVES_PER_RUNG = 256

export class PriceIndex {
  private shelves = new Map<number, Shelf>()
  /** The shelves, cheapest first, in short lists. */
  private ladder: Shelf[][] = [[]]
  /** Prices come back, so a shelf stays when its last offer goes; they are dropped when half of them are empty. */
  private empty = 0
  /** No offer is cheaper. */
  private front = 0

  /** The entry must be younger than all others. */
  add (entry: Listed): void {
    const price = lowestPrice(entry)
    const shelf = this.shelfOf(price)
    const at = 2 * (price - shelf.from)
    const youngest = shelf.ends[at + 1]
    shelf.ends[at + 1] = entry
    entry.older = youngest
    if (youngest != null) {
      youngest.younger = entry
      return
    }
    shelf.ends[at] = entry
    this.empty -= Number(shelf.filled === 0)
    shelf.filled++
    this.front = Math.min(this.front, price)
  }

  /** The entry must be here. Who has just read it still finds the way to the next one. */
  remove (entry: Listed): void {
    const { older, younger } = entry
    if (older != null && younger != null) {
      older.younger = younger
      younger.older = older
      return
    }
    // an entry does not point to its shelf, which would cost every one of them memory
    const price = lowestPrice(entry)
    const shelf = this.shelfOf(price)
    const at = 2 * (price - shelf.from)
    if (older == null) {
      shelf.ends[at] = younger
    } else {
      older.younger = younger
    }
    if (younger == null) {
      shelf.ends[at + 1] = older
    } else {
      younger.older = older
    }
    if (older == null && younger == null) {
      shelf.filled--
      this.empty += Number(shelf.filled === 0)
    }
  }

  /** Offers by their price `elapsed` seconds after the window opened, then by arrival. Those read may be removed meanwhile. */
  * cheapest (elapsed: number): Generator<PricedOffer> {
    const falling = new Heap()
    for (const { price: lowest, oldest } of this.filled()) {
      while (falling.top != null && Number(falling.top.price) < lowest) {
        yield falling.pop()
      }
      for (let entry: Listed | undefined = oldest; entry != null; entry = entry.younger) {
        const offer = { entry, price: priceAt(entry.order.order.schedule, elapsed) }
        // beyond 53 bits different prices look the same
        if (lowest >= Number.MAX_SAFE_INTEGER || Number(offer.price) !== lowest) {
          falling.push(offer)
          continue
        }
        while (falling.top != null && isBefore(falling.top, offer)) {
          yield falling.pop()
        }
        yield offer
      }
    }
    while (falling.top != null) {
      yield falling.pop()
    }
  }

  /** Prices with offers, cheapest first. */
  private * filled (): Generator<{ price: number, oldest: Listed }> {
    let isFirst = true
    let at = this.rungAt(this.front)
    let place = placeOf(this.ladder[at], shelfStart(this.front))
    for (; at < this.ladder.length; at++, place = 0) {
      for (; place < this.ladder[at].length; place++) {
        const { from, filled, ends } = this.ladder[at][place]
        for (let end = filled > 0 ? 0 : ends.length; end < ends.length; end += 2) {
          const oldest = ends[end]
          if (oldest != null) {
            const price = from + end / 2
            this.front = isFirst ? price : this.front
            isFirst = false
            yield { price, oldest }
          }
        }
      }
    }
  }

  private shelfOf (price: number): Shelf {
    const from = shelfStart(price)
    const known = this.shelves.get(from)
    if (known != null) {
      return known
    }
    if (this.empty > SHELVES_PER_RUNG && 2 * this.empty > this.shelves.size) {
      this.sweep()
    }
    const shelf: Shelf = { from, ends: new Array<undefined>(2 * PRICES_PER_SHELF).fill(undefined), filled: 0 }
    const at = this.rungAt(from)
    const rung = this.ladder[at]
    rung.splice(placeOf(rung, from), 0, shelf)
    if (rung.length > SHELVES_PER_RUNG) {
      this.ladder.splice(at + 1, 0, rung.splice(SHELVES_PER_RUNG / 2))
    }
    this.shelves.set(from, shelf)
    this.empty++
    return shelf
  }

  private sweep (): void {
    const rungs = this.ladder.map((rung) => rung.filter(({ filled }) => filled > 0)).filter(({ length }) => length > 0)
    this.ladder = rungs.length > 0 ? rungs : [[]]
    this.shelves = new Map(this.ladder.flat().map((shelf) => [shelf.from, shelf]))
    this.empty = 0
  }

  /** Number of the rung that holds, or would hold, a price: the last one that does not begin above it. */
  private rungAt (price: number): number {
    let low = 0
    let high = this.ladder.length - 1
    while (low < high) {
      const middle = low + high + 1 >>> 1
      if (this.ladder[middle][0].from <= price) {
        low = middle
      } else {
        high = middle - 1
      }
    }
    return low
  }
}

function lowestPrice (entry: Listed): number {
  const { schedule } = entry.order.order
  return Number(schedule[schedule.length - 1].price)
}

const shelfStart = (price: number): number => price - price % PRICES_PER_SHELF

/** Where in a rung a shelf stands or would stand. */
function placeOf (rung: readonly Shelf[], price: number): number {
  return firstNotBefore(rung, ({ from }) => from < price)
}

/** Arrivals are unique, so that the order of equal prices is never left to chance. */
function isBefore (a: PricedOffer, b: PricedOffer): boolean {
  return a.price === b.price ? a.entry.arrival < b.entry.arrival : a.price < b.price
}

/** A binary heap with the cheapest offer on top. */
class Heap {
  private readonly offers: PricedOffer[] = []

  get top (): PricedOffer | undefined {
    return this.offers[0]
  }

  push (offer: PricedOffer): void {
    let at = this.offers.push(offer) - 1
    while (at > 0) {
      const parent = at - 1 >> 1
      if (!isBefore(offer, this.offers[parent])) {
        break
      }
      this.offers[at] = this.offers[parent]
      at = parent
    }
    this.offers[at] = offer
  }

  /** Only while there is a top. */
  pop (): PricedOffer {
    const top = this.offers[0]
    const last = this.offers.pop()
    if (last != null && this.offers.length > 0) {
      this.sink(last)
    }
    return top
  }

  private sink (offer: PricedOffer): void {
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child + 1 < this.offers.length && isBefore(this.offers[child + 1], this.offers[child])) {
        child++
      }
      if (child >= this.offers.length || !isBefore(this.offers[child], offer)) {
        break
      }
      this.offers[at] = this.offers[child]
      at = child
    }
    this.offers[at] = offer
  }
}
