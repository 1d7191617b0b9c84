/** Homes of one kind that gossip, all in one process: prints one JSON object. Started by `gossip.ts`. */
import { setTimeout as pause } from 'node:timers/promises'
import { until } from '../../helpers/until.ts'
import { randomFrom } from './book-workload.ts'
import { aGossiper } from './homes.ts'
import { someOrders } from './orders.ts'
import type { Gossiper, Kind } from './homes.ts'
import type { BenchOrder } from './orders.ts'

export interface GossipTask {
  readonly kind: Kind
  readonly homes: number
  readonly messages: number
  /** Messages sent in a second, whatever becomes of those before; as fast as they arrive when left out. */
  readonly perSec?: number
}

const LINKS = 4
const IN_FLIGHT = 8
/** Enough for the compiler to have seen all of it. */
const WARM_UP = 200
/** Meshes form at the heartbeats, which come every second. */
const MESH_MS = 4000

const task = JSON.parse(process.argv[2]) as GossipTask
const open = new Map<string, { left: number, readonly sentAt: number, done(): void }>()
const latencies: number[] = []

function onDelivery (name: string): void {
  const message = open.get(name)
  if (message != null) {
    latencies.push(performance.now() - message.sentAt)
    if (--message.left === 0) {
      open.delete(name)
      message.done()
    }
  }
}

/** Resolves when all others have it. */
async function gossip (home: Gossiper, order: BenchOrder): Promise<void> {
  home.own(order)
  return new Promise((resolve, reject) => {
    open.set(order.signed.signature.slice(-16), { left: task.homes - 1, sentAt: performance.now(), done: resolve })
    home.send(order).catch(reject)
  })
}

async function closedLoop (homes: readonly Gossiper[], orders: readonly BenchOrder[]): Promise<void> {
  let next = 0
  await Promise.all(Array.from({ length: IN_FLIGHT }, async () => {
    while (next < orders.length) {
      const index = next++
      await gossip(homes[index % homes.length], orders[index])
    }
  }))
}

async function openLoop (homes: readonly Gossiper[], orders: readonly BenchOrder[], perSec: number): Promise<void> {
  const begun = performance.now()
  const sent: Array<Promise<void>> = []
  for (const [index, order] of orders.entries()) {
    await pause(Math.max(0, begun + index * 1000 / perSec - performance.now()))
    sent.push(gossip(homes[index % homes.length], order))
  }
  await Promise.all(sent)
}

/** A ring, and for each home a few links across it: about eight connections each. */
async function connect (homes: readonly Gossiper[]): Promise<void> {
  const random = randomFrom(99)
  const links = homes.map(() => new Set<number>())
  for (const [from, home] of homes.entries()) {
    const targets = [(from + 1) % homes.length, ...Array.from({ length: LINKS - 1 }, () => Math.floor(random() * homes.length))]
    for (const to of targets.filter((to) => to !== from && !links[from].has(to))) {
      links[from].add(to)
      links[to].add(from)
      await home.dial(homes[to].address())
    }
  }
  await until(() => homes.every((home, index) => home.hearers() >= links[index].size), 600_000)
  await pause(MESH_MS)
}

// whoever lost a message would wait for ever
const watchdog = setTimeout(() => { throw new Error(`${homes.length} of ${task.homes} homes were there, and ${open.size} messages were still on their way`) }, 1_800_000)
const orders = someOrders(WARM_UP + task.messages)
const homes: Gossiper[] = []
for (let number = 1; number <= task.homes; number++) {
  homes.push(await aGossiper(task.kind, number, onDelivery))
}
await connect(homes)
await closedLoop(homes, orders.slice(0, WARM_UP))
latencies.length = 0

const begun = performance.now()
const before = process.cpuUsage()
const measured = orders.slice(WARM_UP)
await (task.perSec == null ? closedLoop(homes, measured) : openLoop(homes, measured, task.perSec))
const { user, system } = process.cpuUsage(before)
const seconds = (performance.now() - begun) / 1000

const sorted = Float64Array.from(latencies).sort()
process.stdout.write(JSON.stringify({
  microsPerDelivery: (user + system) / (task.messages * (task.homes - 1)),
  perSec: task.messages / seconds,
  p50: sorted[sorted.length >> 1],
  p99: sorted[Math.floor(sorted.length * 0.99)],
  delivered: latencies.length / (task.messages * (task.homes - 1))
}))
clearTimeout(watchdog)
await Promise.all(homes.map(async (home) => home.stop()))
