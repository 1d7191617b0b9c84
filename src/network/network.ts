/**
 * The network port over libp2p: one node, order gossip and the trade protocol on it. It knows bytes, peers and streams
 * and nothing of markets: what an order or a request means is for the handlers to say. Start reading at `createNetwork`.
 */
import { privateKeyFromRaw } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey, peerIdFromString } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { LevelDatastore } from 'datastore-level'
import { fromString } from 'uint8arrays/from-string'
import { orderTopic } from '../../protocols/constants.ts'
import { createBookSync } from './book-sync.ts'
import { networkError } from './errors.ts'
import { createLibp2pNode } from './libp2p.ts'
import { exchangeMeterTags } from './meter-tag.ts'
import { ENOUGH_CONNECTIONS, keepInTouch } from './neighbours.ts'
import { createOrderGossip } from './order-gossip.ts'
import { connectedPeers, keyOf } from './peer-ids.ts'
import { reachability } from './reachability.ts'
import { rememberedScores } from './remembered-scores.ts'
import { keepRendezvous } from './rendezvous.ts'
import { createTradeProtocol } from './trade-protocol.ts'
import { isWebRtcDirect } from './webrtc.ts'
import type { BookSync } from './book-sync.ts'
import type { Libp2pNode } from './libp2p.ts'
import type { MeterTags } from './meter-tag.ts'
import type { OrderGossip, VerdictCounts } from './order-gossip.ts'
import type { Reach } from './reach.ts'
import type { TradeProtocol } from './trade-protocol.ts'
import type { Hex } from '../domain/units.ts'
import type { Network, NetworkHandlers, Peer } from '../ports/network.ts'
import type { Logger } from '../ports/telemetry.ts'
import type { PeerId, PrivateKey } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'

export interface NetworkInit {
  /** The hot key, 32 bytes: libp2p identity and trading key in one. */
  readonly privateKey: Hex
  /** What is shown of our meter. */
  readonly meterTag?: Hex
  /** Digest of the market rules; it is part of the topic. */
  readonly rules: Hex
  readonly listen: readonly string[]
  readonly announce?: readonly string[]
  /** Full multiaddresses of neighbours to stay connected to. */
  readonly bootstrap?: readonly string[]
  readonly mdns?: { readonly serviceTag: string } | false
  /** How homes beyond the local network are found and reached; not at all unless given. */
  readonly reach?: Reach
  /** Folder in which addresses and bad scores of peers outlive a restart; kept in memory unless given. */
  readonly peersPath?: string
  /** For tests and unusual links; the protocols' own values otherwise. */
  readonly limits?: NetworkLimits
  readonly logger?: Logger
}

export interface NetworkLimits {
  readonly replyTimeoutMs?: number
  readonly maxOrdersInValidation?: number
  readonly maxOrdersPerPeerBurst?: number
  /** How often connections are looked after, and how long a link may be without gossip. */
  readonly checkConnectionsMs?: number
  /** First pause before the table is asked for homes of this market. */
  readonly rendezvousMs?: number
  readonly syncIdleTimeoutMs?: number
  readonly maxSyncStreamMs?: number
  readonly maxSyncOrdersPerSec?: number
  readonly maxSyncQuestionsPerMinute?: number
}

export interface Libp2pNetwork extends Network {
  /** Verdicts on received orders since the start, for metrics. */
  verdicts(): VerdictCounts
  /** How many connected neighbours take part in the gossip of this market. */
  hearers(): number
}

const CHECK_CONNECTIONS_MS = 30_000
const RENDEZVOUS_MS = 5000

interface Running {
  readonly node: Libp2pNode
  readonly gossip: OrderGossip
  readonly trades: TradeProtocol
  readonly books: BookSync
  readonly tags: MeterTags
  stop(): Promise<void>
}

export function createNetwork (init: NetworkInit): Libp2pNetwork {
  const privateKey = privateKeyFromRaw(fromString(init.privateKey.slice(2), 'base16'))
  const peerId = peerIdFromPrivateKey(privateKey)
  const key = keyOf(peerId)
  if (key == null) {
    throw networkError('NETWORK_STOPPED', 'The hot key must be a secp256k1 private key of 32 bytes.')
  }
  let running: Running | undefined

  function isRunning (): Running {
    if (running == null) {
      throw networkError('NETWORK_STOPPED', 'The network is not running; start it first.')
    }
    return running
  }

  return {
    peerId: peerId.toString(),
    key,
    async start (handlers) {
      running ??= await startNode(init, privateKey, handlers)
    },
    async stop () {
      const stopping = running
      running = undefined
      await stopping?.stop()
    },
    publish: async (order) => isRunning().gossip.publish(order),
    converse: async (key) => isRunning().trades.converse(key),
    readBook: async (peerId) => isRunning().books.readBook(peerIdFromString(peerId)),
    peers: () => running == null ? [] : connectedPeers(running.node).map((peer) => ({ ...describe(isRunning().node, peer), meterTag: isRunning().tags.of(peer.toString()) })),
    addresses: () => running == null ? [] : running.node.getMultiaddrs().map(String),
    reach: () => running == null ? { open: [], local: [], unconfirmed: [], relayed: [], mapped: [] } : reachability(running.node),
    async dial (address) {
      const { node } = isRunning()
      const target = fullAddress(address)
      if (isWebRtcDirect(address) && !init.listen.some(isWebRtcDirect)) {
        throw networkError('NETWORK_UNREACHABLE', `Only a home that listens on a /webrtc-direct address itself can call ${address}; take another address of that neighbour.`)
      }
      try {
        await node.dial(target)
      } catch (error) {
        throw networkError('NETWORK_UNREACHABLE', `Nobody answers at ${address}; check that the node there is running.`, error)
      }
    },
    hangUp: async (peerId) => isRunning().node.hangUp(peerIdFromString(peerId)),
    verdicts: () => running?.gossip.verdicts() ?? {},
    hearers: () => running?.node.services.pubsub.getSubscribers(orderTopic(init.rules)).length ?? 0
  }
}

async function startNode (init: NetworkInit, privateKey: PrivateKey, handlers: NetworkHandlers): Promise<Running> {
  const { logger, limits } = init
  const topic = orderTopic(init.rules)
  const scores = rememberedScores()
  const datastore = init.peersPath == null ? undefined : new LevelDatastore(init.peersPath)
  await datastore?.open()
  const node = await createLibp2pNode({ ...init, privateKey, topic, datastore, rememberedScore: scores.of }).catch(async (error: unknown) => {
    await datastore?.close()
    throw error
  })
  await scores.load(node.peerStore)
  const bootstrap = (init.bootstrap ?? []).map(fullAddress).filter((address) => !address.toString().endsWith(`/${node.peerId.toString()}`))
  announcePeers(node, handlers, logger)
  const trades = await createTradeProtocol(node, {
    onTrade: async (request, from) => handlers.onTrade(request, from),
    replyTimeoutMs: limits?.replyTimeoutMs,
    log: logger?.scope('trade-protocol')
  })
  const books = await createBookSync(node, {
    onBook: async (question) => handlers.onBook?.(question) ?? { kind: 'refusal', code: 'OTHER_MARKET' },
    idleTimeoutMs: limits?.syncIdleTimeoutMs,
    maxStreamMs: limits?.maxSyncStreamMs,
    maxOrdersPerSec: limits?.maxSyncOrdersPerSec,
    maxQuestionsPerMinute: limits?.maxSyncQuestionsPerMinute,
    log: logger?.scope('book-sync')
  })
  const tags = await exchangeMeterTags(node, init.meterTag)
  try {
    await node.start()
  } catch (error) {
    await node.stop()
    await datastore?.close()
    throw networkError('NETWORK_LISTEN', `The node cannot listen on ${init.listen.join(', ')}; choose another address or port.`, error)
  }
  const gossip = createOrderGossip(node.services.pubsub, {
    topic,
    onOrder: async (order) => handlers.onOrder(order),
    maxInValidation: limits?.maxOrdersInValidation,
    maxPerPeerBurst: limits?.maxOrdersPerPeerBurst,
    log: logger?.scope('order-gossip')
  })
  const letGo = keepInTouch(node, {
    topic,
    bootstrap,
    checkMs: limits?.checkConnectionsMs ?? CHECK_CONNECTIONS_MS,
    scores,
    log: logger?.scope('neighbours')
  })
  const leave = init.reach?.dht === true
    ? keepRendezvous(node, { rules: init.rules, enough: ENOUGH_CONNECTIONS, everyMs: limits?.rendezvousMs ?? RENDEZVOUS_MS, log: logger?.scope('rendezvous') })
    : undefined
  return {
    node,
    gossip,
    trades,
    books,
    tags,
    async stop () {
      leave?.()
      letGo()
      gossip.stop()
      await scores.save(node)
      await node.stop()
      await datastore?.close()
    }
  }
}

/** Tells the handler of neighbours that come and go. */
function announcePeers (node: Libp2pNode, handlers: NetworkHandlers, logger?: Logger): void {
  const connected = new Map<string, Peer>()
  const tell = (peer: Peer, isConnected: boolean): void => {
    try {
      handlers.onPeer?.(peer, isConnected)
    } catch (error) {
      logger?.error('peer could not be announced', { error })
    }
  }
  node.addEventListener('peer:connect', ({ detail }) => {
    const peer = describe(node, detail)
    connected.set(peer.peerId, peer)
    tell(peer, true)
  })
  node.addEventListener('peer:disconnect', ({ detail }) => {
    tell(connected.get(detail.toString()) ?? describe(node, detail), false)
    connected.delete(detail.toString())
  })
}

function describe (node: Libp2pNode, peer: PeerId): Peer {
  const address = node.getConnections(peer)[0]?.remoteAddr.toString() ?? ''
  return { peerId: peer.toString(), key: keyOf(peer), address }
}

function fullAddress (address: string): Multiaddr {
  try {
    const parsed = multiaddr(address)
    if (parsed.getComponents().some(({ name }) => name === 'p2p')) {
      return parsed
    }
  } catch {
    // falls through to the one sentence for every wrong address
  }
  throw networkError('NETWORK_BAD_ADDRESS', 'The address must be a multiaddress that ends in /p2p/ and a peer id.')
}
