import { recoverTypedDataAddress } from 'viem'
import { SignedOrder as OrderWire } from '../../../protocols/order/order.ts'
import { ORDER_DOMAIN_NAME, ORDER_DOMAIN_VERSION, ORDER_TYPES } from '../../../protocols/order/typed-data.ts'
import { OrderBook } from '../../../src/market/order-book.ts'
import { decodeOrder } from '../../../src/network/codec.ts'
import { receiveOrder } from '../../../src/node/receive-order.ts'
import { createLocalSigner } from '../../../src/signing/local-signer.ts'
import { chooseRecovery } from '../../../src/signing/recovery.ts'
import { privateKey, RULES, RULES_DIGEST } from '../../helpers/orders.ts'
import { cpuMicros, interleaved, median, ratio } from './harness.ts'
import { NOW, someOrders } from './orders.ts'
import type { Section } from './harness.ts'
import type { BenchOrder } from './orders.ts'
import type { Hex } from '../../../src/domain/units.ts'
import type { ReceiveOrder } from '../../../src/node/receive-order.ts'
import type { Recovery } from '../../../src/signing/recovery.ts'

const domain = { name: ORDER_DOMAIN_NAME, version: ORDER_DOMAIN_VERSION, chainId: RULES.chainId, verifyingContract: RULES.escrow }
const hex = (bytes: Uint8Array): Hex => `0x${Buffer.from(bytes).toString('hex')}`

/** Times that all orders are taken in, each into an empty book: the collector comes every other time. */
const PASSES = 4

/** The door of a home with an empty book. */
export function aDoor (recovery: Recovery): { receive: ReceiveOrder, book: OrderBook } {
  const book = new OrderBook({ rules: RULES, maxOrders: 1_000_000, maxPerSigner: 1000 })
  const clock = { now: () => NOW, instant: () => ({ wallMs: 0, elapsedMs: 0 }), at: () => () => {}, after: () => () => {} }
  const receive = receiveOrder({ rules: RULES, rulesDigest: RULES_DIGEST, at: RULES, book, clock, signer: createLocalSigner(privateKey(255), RULES), recovery, emit: () => {} })
  return { receive, book }
}

export function ingest (orders: readonly BenchOrder[], { receive, book }: ReturnType<typeof aDoor>): void {
  for (const { bytes } of orders) {
    receive(decodeOrder(bytes))
  }
  if (book.size !== orders.length) {
    throw new Error(`only ${book.size} of ${orders.length} orders were accepted`)
  }
}

/** What the recovery of a key takes, ready made. */
export function bareInputs (orders: readonly BenchOrder[]): Array<{ signature: Uint8Array, recid: number, digest: Uint8Array }> {
  return orders.map(({ signed, id }) => {
    const signature = Buffer.from(signed.signature.slice(2), 'hex')
    const recid = signature[32] >> 7
    signature[32] &= 0x7f
    return { signature: new Uint8Array(signature), recid, digest: new Uint8Array(Buffer.from(id.slice(2), 'hex')) }
  })
}

/** What a program does that takes the shortest way with viem: decode, recover, compare, keep. */
async function naive (orders: readonly BenchOrder[]): Promise<void> {
  const book = new Map<string, object>()
  for (const { bytes } of orders) {
    const { signature, ...wire } = OrderWire.decode(bytes)
    const message = { ...wire, rules: hex(wire.rules), maker: hex(wire.maker), signer: hex(wire.signer) }
    const full = Uint8Array.of(...signature, 27 + (signature[32] >> 7))
    full[32] &= 0x7f
    const by = await recoverTypedDataAddress({ domain, types: ORDER_TYPES, primaryType: 'Order', message, signature: hex(full) })
    if (by.toLowerCase() !== message.signer) {
      throw new Error('a good order was refused')
    }
    book.set(`${message.signer} ${message.periodStart}`, message)
  }
}

/** Decode, rules, digest, recover, address, book: what an order costs a home, beside the bare recovery of its key. */
export const ingestion: Section = {
  name: 'ingest',
  async run (options) {
    const { recovery } = await chooseRecovery({ allowSlow: true })
    options.progress(`signing orders; recovery by ${recovery.name}`)
    const orders = someOrders(options.isQuick ? 500 : 10_000)
    const raw = bareInputs(orders)
    const few = orders.slice(0, options.isQuick ? 50 : 500)
    const often = (work: () => void): () => Promise<number> => async () => cpuMicros(PASSES * orders.length, () => {
      for (let pass = 0; pass < PASSES; pass++) {
        work()
      }
    })
    const micros = await interleaved({
      recover: often(() => { raw.forEach(({ digest, signature, recid }) => recovery.recover(digest, signature, recid)) }),
      ingest: often(() => { ingest(orders, aDoor(recovery)) }),
      viem: async () => cpuMicros(few.length, async () => naive(few))
    }, options)
    const figures = `${median(micros.ingest).toFixed(1)} µs an order`
    return [
      { id: 'P1', what: `ingest without disk / bare recovery (${recovery.name})`, figures: `${figures}, bare ${median(micros.recover).toFixed(1)} µs`, ratio: ratio(micros.recover, micros.ingest), goal: '>= 0.85' },
      { id: 'P3', what: 'ingest / the same with plain viem', figures: `${figures}, viem ${median(micros.viem).toFixed(0)} µs`, ratio: ratio(micros.viem, micros.ingest), goal: '>= 20' },
      { id: 'P8', what: 'bytes of an order as gossiped', figures: 'an offer with two knots', ratio: Math.max(...orders.map(({ bytes }) => bytes.length)), goal: '<= 200' }
    ]
  }
}
