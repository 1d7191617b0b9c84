/** One engine, one workload, one process: prints one JSON object. Started by `book.ts`. */
import { OrderBook as OtherBook, Side } from 'nodejs-order-book'
import { OrderBook } from '../../../src/market/order-book.ts'
import { anOffer, buy, DEPTHS, operations, randomFrom, RULES } from './book-workload.ts'
import type { Operation, Workload } from './book-workload.ts'

/** One engine: what each operation is for it, prepared before the clock runs, and what it did in the end. */
interface Engine {
  prepare(operation: Operation): () => void
  /** Wh bought, and a number of offers left. */
  outcome(): { bought: number, resting: number }
}

function ours (count: number): Engine {
  const book = new OrderBook({ rules: RULES, maxOrders: count, maxPerSigner: 1 })
  let bought = 0
  return {
    prepare (operation) {
      switch (operation.kind) {
        case 'add': return () => { book.add(operation.order) }
        case 'cancel': return () => { book.add(operation.withdrawal) }
        default: return () => { bought += buy(book, operation.wh) }
      }
    },
    outcome: () => ({ bought, resting: book.orders().filter(({ remaining }) => remaining > 0).length })
  }
}

function other (): Engine {
  const book = new OtherBook()
  let bought = 0
  return {
    prepare (operation) {
      switch (operation.kind) {
        case 'add': {
          const { id, order } = operation.order
          const options = { side: Side.SELL, id, size: order.quantity, price: Number(order.schedule[0].price) }
          return () => { book.limit(options) }
        }
        case 'cancel': return () => { book.cancel(operation.id) }
        default: return () => {
          const { quantityLeft } = book.market({ side: Side.BUY, size: operation.wh })
          bought += operation.wh - quantityLeft
        }
      }
    },
    outcome: () => ({ bought, resting: book.snapshot().asks.reduce((sum, { orders }) => sum + orders.length, 0) })
  }
}

function engine (name: string, count: number): Engine {
  return name === 'ours' ? ours(count) : other()
}

/** An engine that needs longer is stopped: both get slower with the offers they hold, so it would not have done better in the end. */
const MAX_MICROS = 20e6

function measureSpeed (name: string, workload: Workload, count: number): object {
  const subject = engine(name, count)
  let micros = 0
  let done = 0
  for (const batch of operations(count, workload)) {
    if (micros > MAX_MICROS) {
      break
    }
    done += batch.length
    const work = batch.map((operation) => subject.prepare(operation))
    // what the workload leaves behind is no engine's garbage, nor is what the collector's own threads do about it an engine's work
    globalThis.gc?.({ type: 'minor' })
    const before = process.threadCpuUsage()
    for (const operation of work) {
      operation()
    }
    const { user, system } = process.threadCpuUsage(before)
    micros += user + system
  }
  return { opsPerSec: done / (micros / 1e6), done, ...subject.outcome() }
}

function measureLatency (name: string, workload: Workload, count: number): object {
  const subject = engine(name, count)
  const micros: number[] = []
  for (const batch of operations(count, workload)) {
    for (const operation of batch.map((operation) => subject.prepare(operation))) {
      const begun = performance.now()
      operation()
      micros.push((performance.now() - begun) * 1000)
    }
  }
  const sorted = Float64Array.from(micros).sort()
  return { p50: sorted[count >> 1], p99: sorted[Math.floor(count * 0.99)], ...subject.outcome() }
}

/** What the engine itself needs for each offer that rests: the offers are the caller's and stay with it. */
function measureMemory (name: string, workload: Workload, count: number): object {
  const random = randomFrom(7)
  const subject = engine(name, count)
  const offers = Array.from({ length: count }, (_, number) => anOffer(number, random, DEPTHS[workload]))
  // the ids are hashed, which costs memory too, before either engine sees them
  const known = new Set(offers.flatMap(({ id, order }) => [id, order.signer]))
  const used = (): number => {
    globalThis.gc?.()
    const { heapUsed, external } = process.memoryUsage()
    return heapUsed + external
  }
  const before = used()
  for (const order of offers) {
    subject.prepare({ kind: 'add', order })()
  }
  const bytesPerOrder = (used() - before) / count
  return { bytesPerOrder, ...subject.outcome(), offers: offers.length, known: known.size }
}

const { name, workload, mode, count } = JSON.parse(process.argv[2]) as { name: string, workload: Workload, mode: string, count: number }
const measure = { speed: measureSpeed, latency: measureLatency, memory: measureMemory }[mode]
process.stdout.write(JSON.stringify(measure?.(name, workload, count)))
