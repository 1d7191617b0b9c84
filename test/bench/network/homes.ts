import { gossipsub, StrictNoSign, StrictSign } from '@chainsafe/libp2p-gossipsub'
import { noise } from '@chainsafe/libp2p-noise'
import { identify } from '@libp2p/identify'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { orderTopic } from '../../../protocols/constants.ts'
import { OrderBook } from '../../../src/market/order-book.ts'
import { receiveOrder } from '../../../src/node/receive-order.ts'
import { syncBook } from '../../../src/node/sync-book.ts'
import { chooseRecovery } from '../../../src/signing/recovery.ts'
import { aMarketClock } from '../../helpers/book-home.ts'
import { aSigner, RULES, RULES_DIGEST } from '../../helpers/orders.ts'
import { silentLogger } from '../../helpers/street.ts'
import { aNetwork } from '../../helpers/streets.ts'
import type { BenchOrder } from './orders.ts'
import type { VerifiedOrder } from '../../../src/domain/order.ts'
import type { Libp2pNetwork } from '../../../src/network/network.ts'
import type { ReceiveOrder } from '../../../src/node/receive-order.ts'
import type { SyncBook } from '../../../src/node/sync-book.ts'
import type { Clock } from '../../../src/ports/clock.ts'

/** One of many that pass messages on to each other over TCP and noise. */
export interface Gossiper {
  address(): string
  dial(address: string): Promise<void>
  /** Neighbours that take part. */
  hearers(): number
  /** Makes the message this home's own: whatever comes before it is sent. */
  own(order: BenchOrder): void
  send(order: BenchOrder): Promise<void>
  stop(): Promise<void>
}

/** `bare` and `signed` are gossipsub and nothing else, as it comes: the one without signatures, the other with its own. */
export type Kind = 'bare' | 'signed' | 'full'

/** The last bytes of a message as digits: those of its signature. */
export const nameOf = (data: Uint8Array): string => Buffer.from(data.buffer, data.byteOffset + data.byteLength - 8, 8).toString('hex')

export async function aGossiper (kind: Kind, number: number, onDelivery: (name: string) => void): Promise<Gossiper> {
  return kind === 'full' ? aFullGossiper(number, onDelivery) : aBareGossiper(kind, onDelivery)
}

async function aBareGossiper (kind: Exclude<Kind, 'full'>, onDelivery: (name: string) => void): Promise<Gossiper> {
  const topic = orderTopic(RULES_DIGEST)
  const globalSignaturePolicy = kind === 'bare' ? StrictNoSign : StrictSign
  const node = await createLibp2p({
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    // all of them share an address
    connectionManager: { inboundConnectionThreshold: 1000, maxIncomingPendingConnections: 1000 },
    services: { identify: identify(), pubsub: gossipsub({ globalSignaturePolicy, scoreParams: { IPColocationFactorWeight: 0 } }) }
  })
  const { pubsub } = node.services
  pubsub.addEventListener('message', ({ detail }) => { onDelivery(nameOf(detail.data)) })
  pubsub.subscribe(topic)
  return {
    address: () => node.getMultiaddrs()[0].toString(),
    dial: async (address) => { await node.dial(multiaddr(address)) },
    hearers: () => pubsub.getSubscribers(topic).length,
    own: () => {},
    send: async ({ bytes }) => { await pubsub.publish(topic, bytes) },
    stop: async () => node.stop()
  }
}

async function aFullGossiper (number: number, onDelivery: (name: string) => void): Promise<Gossiper> {
  // market time nearly stands still: comparing books takes its time by the clock and not by the order
  const clock = aMarketClock(0.01)
  const { network, receive, stop } = await aFullHome(number, { clock, onAccepted: ({ signature }) => { onDelivery(signature.slice(-16)) } })
  return {
    address: () => network.addresses()[0],
    dial: async (address) => network.dial(address),
    hearers: () => network.hearers(),
    own: ({ signed }) => { receive(signed) },
    send: async ({ signed }) => { await network.publish(signed) },
    stop
  }
}

/** All that an order passes through in a node: network, rules, signature, book, and what is told to neighbours who ask. */
export interface FullHome {
  readonly network: Libp2pNetwork
  readonly book: OrderBook
  readonly sync: SyncBook
  readonly receive: ReceiveOrder
  stop(): Promise<void>
}

const MANY = 1_000_000

/** A started home whose bounds are out of the way: they are there to be reached. */
export async function aFullHome (number: number, { clock = aMarketClock(1), onAccepted }: { clock?: Clock, onAccepted?(order: VerifiedOrder): void } = {}): Promise<FullHome> {
  const network = aNetwork(number, { limits: { maxOrdersPerPeerBurst: MANY, maxSyncOrdersPerSec: MANY, maxSyncQuestionsPerMinute: MANY, maxSyncStreamMs: 3_600_000 } })
  const book = new OrderBook({ rules: RULES, maxOrders: MANY, maxPerSigner: 1000 })
  const { recovery } = await chooseRecovery({ allowSlow: true })
  const context = { rules: RULES, rulesDigest: RULES_DIGEST, at: RULES, book, clock, signer: aSigner(number), recovery, network, logger: silentLogger() }
  const receive = receiveOrder({
    ...context,
    emit (event) {
      if (event.type === 'order:accepted') {
        sync.add(event.order)
        onAccepted?.(event.order)
      }
    }
  })
  const sync = syncBook(context, receive, { maxOrdersFromOne: MANY, maxSigners: MANY })
  await network.start({
    onOrder: async (signed) => receive(signed),
    onTrade: async () => ({ kind: 'decline', code: 'BUSY', remaining: 0 }),
    onBook: async (question) => sync.answer(question),
    onPeer: (peer, isConnected) => { sync.peerChanged(peer.peerId, isConnected) }
  })
  sync.start()
  return {
    network,
    book,
    sync,
    receive,
    async stop () {
      await sync.stop()
      await network.stop()
    }
  }
}
