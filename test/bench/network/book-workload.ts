import { OrderBook } from '../../../src/market/order-book.ts'
import { someRules } from '../../helpers/builders.ts'
import { hexOf } from '../../helpers/records.ts'
import type { VerifiedOrder } from '../../../src/domain/order.ts'

export const PERIOD = 1_800_000_000
export const NOW = PERIOD - 60
export const RULES = someRules({ minTradeWh: 1 })

/** Mean distance of a price from the best one, in ticks. */
export const DEPTHS = { narrow: 50, wide: 5000 } as const
export type Workload = keyof typeof DEPTHS

export type Operation =
  | { readonly kind: 'add', readonly order: VerifiedOrder }
  | { readonly kind: 'cancel', readonly id: string, readonly withdrawal: VerifiedOrder }
  | { readonly kind: 'cross', readonly wh: number }

/** Xorshift: the same numbers in every run and process. */
export function randomFrom (seed: number): () => number {
  let state = seed
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 0x100000000
  }
}

export function anOffer (number: number, random: () => number, depth: number): VerifiedOrder {
  const price = 1_000_000n + BigInt(Math.floor(-depth * Math.log(1 - random())))
  return {
    id: hexOf(32, 1_000_001 + 2 * number),
    key: KEY,
    signature: SIGNATURE,
    order: { side: 'offer', rules: DIGEST, maker: OWNER, signer: hexOf(20, 1000 + number), periodStart: PERIOD, quantity: quantity(random), minFill: 1, revision: 1, schedule: [{ at: 0, price }] }
  }
}

const KEY = hexOf(33, 3)
const SIGNATURE = hexOf(64, 7)
const DIGEST = hexOf(32, 4)
const OWNER = hexOf(20, 5)

/** As many as are made, and then done, in one go: an order that has just been read is what a book gets in practice. */
const BATCH = 1000

/** 60 % new offers, 30 % withdrawals of an offer of which something is left, 10 % purchases as large as an offer. */
export function * operations (count: number, workload: Workload): Generator<Operation[]> {
  const random = randomFrom(12345)
  const book = new OrderBook({ rules: RULES, maxOrders: count, maxPerSigner: 1 })
  const resting: VerifiedOrder[] = []
  const leftOf = (order: VerifiedOrder): number => book.standing(order.order.signer, PERIOD, 'offer')?.remaining ?? 0
  /** One of those with something left, taken out of the list; sold out ones are dropped on the way. */
  const draw = (): VerifiedOrder | undefined => {
    for (;;) {
      const index = Math.floor(random() * resting.length)
      const order = resting[index]
      const last = resting.pop()
      if (last != null && last !== order) {
        resting[index] = last
      }
      if (order == null || leftOf(order) > 0) {
        return order
      }
    }
  }
  for (let number = 0; number < count; number += BATCH) {
    yield Array.from({ length: BATCH }, (_, place): Operation => {
      const kind = random()
      const order = kind >= 0.6 && kind < 0.9 ? draw() : undefined
      if (order != null) {
        const withdrawal = { ...order, id: hexOf(32, 1_000_000 + 2 * (number + place)), order: { ...order.order, quantity: 0, revision: 2 } }
        book.add(withdrawal)
        return { kind: 'cancel', id: order.id, withdrawal }
      }
      if (kind >= 0.9) {
        const wh = quantity(random)
        buy(book, wh)
        return { kind: 'cross', wh }
      }
      const offer = anOffer(number + place, random, DEPTHS[workload])
      resting.push(offer)
      book.add(offer)
      return { kind: 'add', order: offer }
    })
  }
}

function quantity (random: () => number): number {
  return 100 + Math.floor(random() * 900)
}

/** Buys the cheapest; returns what was had. */
export function buy (book: OrderBook, wh: number): number {
  let left = wh
  for (const { entry } of book.cheapest(PERIOD, NOW)) {
    const part = Math.min(left, entry.remaining)
    book.setRemaining(entry.order, entry.remaining - part)
    left -= part
    if (left === 0) {
      break
    }
  }
  return wh - left
}
