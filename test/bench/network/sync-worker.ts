/**
 * One side of a book that is read whole: `give` prints its addresses and serves until it is ended, the others print what
 * processor time each order took. Started by `sync.ts`.
 */
import { readFileSync } from 'node:fs'
import { noise } from '@chainsafe/libp2p-noise'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { decodeOrder } from '../../../src/network/codec.ts'
import { orderId } from '../../../src/signing/digests.ts'
import { chooseRecovery } from '../../../src/signing/recovery.ts'
import { aMarketClock } from '../../helpers/book-home.ts'
import { RULES } from '../../helpers/orders.ts'
import { until } from '../../helpers/until.ts'
import { cpuMicros } from './harness.ts'
import { aFullHome } from './homes.ts'
import { bareInputs } from './ingest.ts'
import type { BenchOrder } from './orders.ts'
import type { Libp2p } from '@libp2p/interface'

export interface SyncTask {
  readonly role: 'give' | 'sync' | 'stream' | 'recover'
  /** Messages of orders, each after its length in one byte. */
  readonly file: string
  readonly count: number
  /** Where the giver is. */
  readonly address?: string
}

const PROTOCOL = '/bench/bytes/1.0.0'
const CHUNK_BYTES = 45_000
const TOO_LONG_MS = 600_000

/** Time goes slowly, so that no period ends while books are read. */
const clock = aMarketClock(0.01)

function readOrders (file: string): BenchOrder[] {
  const all = readFileSync(file)
  const orders: BenchOrder[] = []
  for (let at = 0; at < all.length; at += 1 + all[at]) {
    const bytes = new Uint8Array(all.subarray(at + 1, at + 1 + all[at]))
    const signed = decodeOrder(bytes)
    orders.push({ bytes, signed, id: orderId(signed.order, RULES) })
  }
  return orders
}

async function aPlainNode (): Promise<Libp2p> {
  return createLibp2p({ addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] }, transports: [tcp()], connectionEncrypters: [noise()], streamMuxers: [yamux()] })
}

async function give (file: string): Promise<void> {
  const { network, receive } = await aFullHome(1, { clock })
  for (const { signed } of readOrders(file)) {
    const verdict = receive(signed)
    if (verdict.result !== 'accept') {
      throw new Error(`a good order was refused: ${verdict.code}`)
    }
  }
  const bytes = readFileSync(file)
  const plain = await aPlainNode()
  await plain.handle(PROTOCOL, async (stream) => {
    for (let at = 0; at < bytes.length; at += CHUNK_BYTES) {
      if (!stream.send(bytes.subarray(at, at + CHUNK_BYTES))) {
        await stream.onDrain()
      }
    }
    await stream.close()
  })
  process.stdout.write(`${JSON.stringify({ sync: network.addresses()[0], stream: plain.getMultiaddrs()[0].toString() })}\n`)
}

async function sync (address: string, count: number): Promise<number> {
  const { network, book, stop } = await aFullHome(2, { clock })
  const micros = await cpuMicros(count, async () => {
    await network.dial(address)
    await until(() => book.size === count, TOO_LONG_MS)
  })
  await stop()
  return micros
}

async function stream (address: string, { file, count }: SyncTask): Promise<number> {
  const node = await aPlainNode()
  let left = readFileSync(file).length
  const micros = await cpuMicros(count, async () => {
    const stream = await node.dialProtocol(multiaddr(address), PROTOCOL)
    for await (const bytes of stream) {
      left -= bytes.byteLength
    }
  })
  if (left !== 0) {
    throw new Error(`${left} bytes are missing`)
  }
  await node.stop()
  return micros
}

async function recover ({ file, count }: SyncTask): Promise<number> {
  const { recovery } = await chooseRecovery({ allowSlow: true })
  const inputs = bareInputs(readOrders(file))
  return cpuMicros(count, () => { inputs.forEach(({ digest, signature, recid }) => recovery.recover(digest, signature, recid)) })
}

const task = JSON.parse(process.argv[2]) as SyncTask

async function measured ({ role, address = '', count }: SyncTask): Promise<number> {
  switch (role) {
    case 'sync': return sync(address, count)
    case 'stream': return stream(address, task)
    default: return recover(task)
  }
}

if (task.role === 'give') {
  await give(task.file)
} else {
  process.stdout.write(JSON.stringify({ micros: await measured(task) }))
}
