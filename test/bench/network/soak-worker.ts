/**
 * A street that trades places: homes gossip, one after another is cut off and comes back empty, periods pass. Prints a line
 * of JSON for each sample, the last with `isEnd`. Started by `soak.ts`.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { createLocalSigner } from '../../../src/signing/local-signer.ts'
import { aMarketClock } from '../../helpers/book-home.ts'
import { anOrder, privateKey, RULES } from '../../helpers/orders.ts'
import { randomFrom } from './book-workload.ts'
import { aFullHome } from './homes.ts'
import type { FullHome } from './homes.ts'

export interface SoakTask {
  readonly minutes: number
}

export interface Sample {
  /** Seconds since the beginning. */
  readonly at: number
  /** Bytes of heap and buffers, after the collector has been. */
  readonly held: number
  readonly rss: number
  /** Open orders in all books. */
  readonly open: number
  readonly gossiped: number
  readonly restarts: number
  /** Orders that were not in all books in the end. */
  readonly differing?: number
  readonly isEnd: boolean
}

const HOMES = 8
const MAKERS = 40
const LINKS = 4
/** A period of a quarter of an hour passes in a quarter of a minute. */
const SPEED = 60
const ORDER_EVERY_MS = 50
const RESTART_EVERY_MS = 5000
const SAMPLE_EVERY_MS = 15_000
const SETTLE_MS = 20_000

const { minutes } = JSON.parse(process.argv[2]) as SoakTask
const clock = aMarketClock(SPEED)
const random = randomFrom(4711)
const makers = Array.from({ length: MAKERS }, (_, number) => createLocalSigner(privateKey(number + 1), RULES))
const revisions = new Map<string, number>()
/** One that is cut off just now is missing. */
const homes: Array<FullHome | undefined> = new Array<undefined>(HOMES).fill(undefined)
const begun = performance.now()
let gossiped = 0
let restarts = 0

async function start (index: number): Promise<void> {
  const home = await aFullHome(index + 1, { clock })
  for (const other of present().slice(0, LINKS)) {
    await home.network.dial(other.network.addresses()[0])
  }
  homes[index] = home
}

const present = (): FullHome[] => homes.filter((home) => home != null)

/** A new offer, or a revision of one, or its end, of some maker for one of the next periods. */
async function publishOne (): Promise<void> {
  const signer = makers[Math.floor(random() * MAKERS)]
  const periodStart = (Math.floor(clock.now() / 900) + 2 + Math.floor(random() * 4)) * 900
  const name = `${signer.address} ${periodStart}`
  const revision = (revisions.get(name) ?? 0) + 1
  revisions.delete(name)
  revisions.set(name, revision)
  const [oldest] = revisions.keys()
  if (revisions.size > 1000) {
    revisions.delete(oldest)
  }
  const order = anOrder({ periodStart, revision, quantity: random() < 0.1 ? 0 : 100 + Math.floor(random() * 900) }, signer)
  const signed = { order, signature: signer.signOrder(order) }
  const { receive, network } = present()[Math.floor(random() * present().length)]
  if (receive(signed).result === 'accept') {
    await network.publish(signed)
    gossiped++
  }
}

async function restartOne (): Promise<void> {
  const index = restarts++ % HOMES
  const home = homes[index]
  homes[index] = undefined
  await home?.stop()
  await start(index)
}

function openSignatures ({ book }: FullHome): Set<string> {
  return new Set(book.orders().map(({ order }) => order.signature))
}

/** Orders that are not in all books. */
function differing (): number {
  const books = present().map(openSignatures)
  const all = new Set(books.flatMap((book) => [...book]))
  return [...all].filter((signature) => !books.every((book) => book.has(signature))).length
}

function sample (isEnd: boolean): void {
  present().forEach(({ book }) => book.expire(clock.now()))
  globalThis.gc?.()
  const { heapUsed, external, rss } = process.memoryUsage()
  const open = present().reduce((sum, { book }) => sum + book.size, 0)
  const line: Sample = { at: Math.round((performance.now() - begun) / 1000), held: heapUsed + external, rss, open, gossiped, restarts, isEnd, ...(isEnd ? { differing: differing() } : {}) }
  process.stdout.write(`${JSON.stringify(line)}\n`)
}

async function every (ms: number, task: () => void | Promise<void>): Promise<void> {
  while (performance.now() - begun < minutes * 60_000) {
    await pause(ms)
    await task()
  }
}

for (let index = 0; index < HOMES; index++) {
  await start(index)
}
await Promise.all([every(ORDER_EVERY_MS, publishOne), every(RESTART_EVERY_MS, restartOne), every(SAMPLE_EVERY_MS, () => { sample(false) })])
await pause(SETTLE_MS)
sample(true)
await Promise.all(present().map(async (home) => home.stop()))
