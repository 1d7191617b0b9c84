import { open, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Level } from 'level'
import { decodeOrder } from '../../../src/network/codec.ts'
import { chooseRecovery } from '../../../src/signing/recovery.ts'
import { openStore } from '../../../src/store/store.ts'
import { cpuMicros, interleaved, median, ratio } from './harness.ts'
import { aDoor, bareInputs } from './ingest.ts'
import { someOrders } from './orders.ts'
import type { Section } from './harness.ts'
import type { BenchOrder } from './orders.ts'
import type { Recovery } from '../../../src/signing/recovery.ts'

/** As many go to the disk together. */
const BATCH = 64

/** Ingest, and every order that was accepted is written under its id; the next ones are judged while a batch is on its way. */
async function ingestTo (level: Level<string, Uint8Array>, orders: readonly BenchOrder[], { recovery, sync }: { recovery: Recovery, sync: boolean }): Promise<void> {
  const { receive, book } = aDoor(recovery)
  let batch: Array<{ type: 'put', key: string, value: Uint8Array }> = []
  let writing: Promise<void> = Promise.resolve()
  for (const { bytes, id } of orders) {
    if (receive(decodeOrder(bytes)).result === 'accept') {
      batch.push({ type: 'put', key: id, value: bytes })
    }
    if (batch.length === BATCH) {
      await writing
      writing = level.batch(batch, { sync })
      batch = []
    }
  }
  await writing
  await level.batch(batch, { sync })
  if (book.size !== orders.length) {
    throw new Error('an order was refused')
  }
}

async function millis (times: number, work: (index: number) => Promise<unknown>): Promise<number> {
  const taken: number[] = []
  for (let index = 0; index < times; index++) {
    const begun = performance.now()
    await work(index)
    taken.push(performance.now() - begun)
  }
  return median(taken)
}

/** What it costs to keep orders on a disk, and to write one record that must be there after a power cut. */
export const disk: Section = {
  name: 'disk',
  async run (options) {
    const { recovery } = await chooseRecovery({ allowSlow: true })
    const orders = someOrders(options.isQuick ? 1000 : 10_000)
    const raw = bareInputs(orders)
    const folder = await mkdtemp(join(tmpdir(), 'wattmesh-bench-'))
    const store = await openStore(join(folder, 'store'))
    const file = await open(join(folder, 'raw'), 'a')
    const text = 'x'.repeat(300)
    const times = options.isQuick ? 20 : 200
    const wall: Record<'plain' | 'durable', number[]> = { plain: [], durable: [] }
    let runs = 0
    const written = (name: 'plain' | 'durable') => async () => {
      const level = new Level<string, Uint8Array>(join(folder, `orders${runs++}`), { valueEncoding: 'view' })
      await level.open()
      const begun = performance.now()
      const micros = await cpuMicros(orders.length, async () => ingestTo(level, orders, { recovery, sync: name === 'durable' }))
      wall[name].push(performance.now() - begun)
      await level.close()
      return micros
    }
    try {
      const results = await interleaved({
        recover: async () => cpuMicros(raw.length, () => { raw.forEach(({ digest, signature, recid }) => recovery.recover(digest, signature, recid)) }),
        plain: written('plain'),
        durable: written('durable'),
        append: async () => millis(times, async () => {
          await file.write(text)
          await file.sync()
        }),
        commit: async () => millis(times, async (index) => store.commit({ notes: [{ id: `bench ${index}`, text }] }))
      }, options)
      const [plain, durable] = [wall.plain.slice(1), wall.durable.slice(1)]
      return [
        {
          id: 'P2',
          what: `ingest that keeps the orders in \`level\`, in batches of ${BATCH} / bare recovery`,
          figures: `${median(results.plain).toFixed(1)} µs an order, bare ${median(results.recover).toFixed(1)} µs`,
          ratio: ratio(results.recover, results.plain),
          goal: '>= 0.75'
        },
        {
          id: 'P11',
          what: 'the same with every batch on the disk before the next / without, orders a second on the clock',
          figures: `${(median(durable) / orders.length * 1000).toFixed(1)} µs an order, without ${(median(plain) / orders.length * 1000).toFixed(1)} µs`,
          ratio: ratio(plain, durable),
          goal: '>= 0.9'
        },
        {
          id: 'P12',
          what: 'one commit to the store / one bare append and `fsync`, median time',
          figures: `${median(results.commit).toFixed(2)} ms, bare ${median(results.append).toFixed(2)} ms`,
          ratio: ratio(results.commit, results.append),
          goal: '<= 1.5'
        }
      ]
    } finally {
      await store.close()
      await file.close()
      await rm(folder, { recursive: true })
    }
  }
}
