/**
 * The offers of one period that can be traded, by price. A price falls with time, so offers are kept by the lowest price
 * they will ever have: read from there, the cheapest at any moment comes first without looking at all of them.
 */
import { priceAt } from '../domain/order.ts'
import type { BookEntry, PricedOffer } from './order-book.ts'

/** An entry of the book, with its neighbours among the offers of the same lowest price while it can be traded. */
export interface Listed extends BookEntry {
  older: Listed | undefined
  younger: Listed | undefined
}

/** Offers with one lowest price, rounded where a number cannot hold it. */
interface Level {
  readonly price: number
  oldest: Listed | undefined
  youngest: Listed | undefined
}

/** A rung of this many levels is split, so that a new price never moves more of them. */
const LEVELS_PER_RUNG = 256

export class PriceIndex {
  private levels = new Map<number, Level>()
  /** The levels, cheapest first, in short lists. */
  private ladder: Level[][] = [[]]
  /** Prices come back, so a level stays when its last offer goes; they are dropped when half of them are empty. */
  private empty = 0

  /** The entry must be younger than all others. */
  add (entry: Listed): void {
    const level = this.levelAt(lowestPrice(entry))
    entry.older = level.youngest
    if (level.youngest == null) {
      level.oldest = entry
      this.empty--
    } else {
      level.youngest.younger = entry
    }
    level.youngest = entry
  }

  /** The entry must be here. Who has just read it still finds the way to the next one. */
  remove (entry: Listed): void {
    const { older, younger } = entry
    if (older != null && younger != null) {
      older.younger = younger
      younger.older = older
      return
    }
    // an entry does not point to its level, which would cost every one of them memory
    const level = this.levelAt(lowestPrice(entry))
    if (older == null) {
      level.oldest = younger
    } else {
      older.younger = younger
    }
    if (younger == null) {
      level.youngest = older
    } else {
      younger.older = older
    }
    if (level.oldest == null) {
      this.empty++
      if (this.empty > LEVELS_PER_RUNG && 2 * this.empty > this.levels.size) {
        this.sweep()
      }
    }
  }

  /** Offers by their price `elapsed` seconds after the window opened, then by arrival. Those read may be removed meanwhile. */
  * cheapest (elapsed: number): Generator<PricedOffer> {
    const falling = new Heap()
    this.dropEmptyFront()
    for (let level = this.levelAbove(-1); level != null; level = this.levelAbove(level.price)) {
      const { price: lowest } = level
      while (falling.top != null && Number(falling.top.price) < lowest) {
        yield falling.pop()
      }
      for (let entry = level.oldest; entry != null; entry = entry.younger) {
        const offer = { entry, price: priceAt(entry.order.order.schedule, elapsed) }
        // beyond 53 bits different prices share a level
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

  private levelAt (price: number): Level {
    const known = this.levels.get(price)
    if (known != null) {
      return known
    }
    const level: Level = { price, oldest: undefined, youngest: undefined }
    const at = this.rungAt(price)
    const rung = this.ladder[at]
    rung.splice(placeOf(rung, price), 0, level)
    if (rung.length > LEVELS_PER_RUNG) {
      this.ladder.splice(at + 1, 0, rung.splice(LEVELS_PER_RUNG / 2))
    }
    this.levels.set(price, level)
    this.empty++
    return level
  }

  /** Who reads from the cheapest on shall not walk past many empty levels again and again. */
  private dropEmptyFront (): void {
    for (let first = this.ladder[0][0]; first != null && first.oldest == null; first = this.ladder[0][0]) {
      this.ladder[0].shift()
      this.levels.delete(first.price)
      this.empty--
      if (this.ladder[0].length === 0 && this.ladder.length > 1) {
        this.ladder.shift()
      }
    }
  }

  private sweep (): void {
    const rungs = this.ladder.map((rung) => rung.filter(({ oldest }) => oldest != null)).filter(({ length }) => length > 0)
    this.ladder = rungs.length > 0 ? rungs : [[]]
    this.levels = new Map(this.ladder.flat().map((level) => [level.price, level]))
    this.empty = 0
  }

  private levelAbove (price: number): Level | undefined {
    const at = this.rungAt(price)
    const rung = this.ladder[at]
    const place = placeOf(rung, price)
    return rung[rung[place]?.price === price ? place + 1 : place] ?? this.ladder[at + 1]?.[0]
  }

  /** Number of the rung that holds, or would hold, a price: the last one that does not begin above it. */
  private rungAt (price: number): number {
    let low = 0
    let high = this.ladder.length - 1
    while (low < high) {
      const middle = low + high + 1 >>> 1
      if (this.ladder[middle][0].price <= price) {
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

/** Where in a rung a price stands or would stand. */
function placeOf (rung: readonly Level[], price: number): number {
  let low = 0
  let high = rung.length
  while (low < high) {
    const middle = low + high >>> 1
    if (rung[middle].price < price) {
      low = middle + 1
    } else {
      high = middle
    }
  }
  return low
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
