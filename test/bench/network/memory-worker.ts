/** What one process holds: prints one JSON object. Started by `memory.ts`. */
import { readFileSync } from 'node:fs'
import { decodeOrder } from '../../../src/network/codec.ts'
import { aMarketClock } from '../../helpers/book-home.ts'
import { aFullHome, aGossiper } from './homes.ts'

export interface MemoryTask {
  readonly what: 'bare' | 'idle' | 'holding'
  /** Messages of orders, each after its length in one byte. */
  readonly file: string
}

export interface Memory {
  /** Bytes of the heap and of buffers, after the collector has been. */
  readonly held: number
  /** Of the whole process, which has room for garbage too. */
  readonly rss: number
  readonly offers: number
}

/** Read one by one, as they come over the wire, so that no bytes are kept beside what the node keeps of them. */
function * messages (file: string): Generator<Uint8Array> {
  const all = readFileSync(file)
  for (let at = 0; at < all.length; at += 1 + all[at]) {
    yield new Uint8Array(all.subarray(at + 1, at + 1 + all[at]))
  }
}

async function start ({ what, file }: MemoryTask): Promise<{ offers: number, stop(): Promise<void> }> {
  if (what === 'bare') {
    return { offers: 0, stop: (await aGossiper('bare', 1, () => {})).stop }
  }
  const home = await aFullHome(1, { clock: aMarketClock(0.01) })
  if (what === 'holding') {
    for (const bytes of messages(file)) {
      home.receive(decodeOrder(bytes))
    }
  }
  return { offers: home.book.size, stop: home.stop }
}

const { offers, stop } = await start(JSON.parse(process.argv[2]) as MemoryTask)
for (let times = 0; times < 3; times++) {
  await new Promise((resolve) => { setTimeout(resolve, 200) })
  globalThis.gc?.()
}
const { heapUsed, external, rss } = process.memoryUsage()
process.stdout.write(JSON.stringify({ held: heapUsed + external, rss, offers }))
await stop()
