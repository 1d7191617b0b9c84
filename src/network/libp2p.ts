import { hash } from 'node:crypto'
import { gossipsub, StrictNoSign } from '@chainsafe/libp2p-gossipsub'
import { createTopicScoreParams } from '@chainsafe/libp2p-gossipsub/score'
import { noise } from '@chainsafe/libp2p-noise'
import { identify } from '@libp2p/identify'
import { mdns } from '@libp2p/mdns'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { webSockets } from '@libp2p/websockets'
import { yamux } from '@libp2p/yamux'
import { createLibp2p } from 'libp2p'
import { NO_REACH, reachListen, reachServices, reachTransports } from './reach.ts'
import { addressBook } from './reachability.ts'
import { spread } from './spread.ts'
import { webRtcTransports } from './webrtc.ts'
import { wholeWrites } from './whole-writes.ts'
import type { PortMapping } from './port-mapping.ts'
import type { Reach } from './reach.ts'
import type { AddressBook } from './reachability.ts'
import type { GossipSub, GossipsubOpts } from '@chainsafe/libp2p-gossipsub'
import type { Identify } from '@libp2p/identify'
import type { Libp2p, PrivateKey } from '@libp2p/interface'
import type { Ping } from '@libp2p/ping'
import type { LevelDatastore } from 'datastore-level'

export interface Libp2pNodeInit {
  readonly privateKey: PrivateKey
  /** Multiaddresses to listen on: `/ip4/0.0.0.0/tcp/7690`, and for browsers the same with `/ws`, or `/ip4/0.0.0.0/udp/7690/webrtc-direct`. */
  readonly listen: readonly string[]
  /** Addresses to tell others instead of the listening ones, for homes behind a forwarded port. */
  readonly announce?: readonly string[]
  /** Look for neighbours on the local network under this name; homes with another name stay unseen. */
  readonly mdns?: { readonly serviceTag: string } | false
  readonly topic: string
  /** How homes beyond the local network are found and reached; not at all unless given. */
  readonly reach?: Reach
  /** Where addresses of peers are kept; in memory unless given. Opened and closed by the caller. */
  readonly datastore?: LevelDatastore
  /** What is left of a peer's bad behaviour before the restart: 0 or less. */
  rememberedScore?(peer: string): number
}

interface Libp2pServices extends Record<string, unknown> {
  identify: Identify
  ping: Ping
  pubsub: GossipSub
  addressBook: AddressBook
  /** Only where `reach.portMapping` is on. */
  upnp?: { readonly portMappingClient: PortMapping }
  /** Only where `reach.dht` is on. */
  dht?: { readonly routingTable: { readonly size: number } }
}

export type Libp2pNode = Libp2p<Libp2pServices>

/** Seconds-per-host limits of libp2p assume one peer per address; a village behind one router, or a test, has many. */
const MAX_NEW_CONNECTIONS_PER_HOST_PER_SEC = 200
const MAX_PENDING_CONNECTIONS = 200
/** A larger window would outgrow what a stream may hold unread, and the stream would be reset. */
const MAX_STREAM_WINDOW_BYTES = 1024 * 1024
/** A neighbour that stops reading may make us queue this much gossip. */
const MAX_GOSSIP_QUEUE_BYTES = 8 * 1024 * 1024
/** Of a message as small as one order, the copies that are spared weigh less than telling every neighbour of it: a third more bytes were sent. */
const IDONTWANT_MIN_BYTES = 512

/** With one at a time, the table's question whether a neighbour is there makes the connection look dead that is being watched, and it is cut. */
const MAX_PINGS = 8

/** A neighbour's word about other peers counts once it has brought a few orders. */
const ACCEPT_PEERS_FROM = 1
/** A dead link is noticed after about so long. Each question costs both sides as much as a few orders, and orders show who lives. */
const PING_EVERY_MS = 30_000
/** Addresses and people move; what was not seen for this long is forgotten. */
const MAX_ADDRESS_AGE_MS = 7 * 86_400_000
const MAX_PEER_AGE_MS = 30 * 86_400_000

/** The libp2p node, configured and not yet started. Throws `NETWORK_LISTEN` where an address needs a package that is not there. */
export async function createLibp2pNode (init: Libp2pNodeInit): Promise<Libp2pNode> {
  const { reach = NO_REACH } = init
  return createLibp2p<Libp2pServices>({
    start: false,
    datastore: init.datastore,
    peerStore: { maxAddressAge: MAX_ADDRESS_AGE_MS, maxPeerAge: MAX_PEER_AGE_MS },
    privateKey: init.privateKey,
    nodeInfo: { name: 'wattmesh' },
    addresses: { listen: [...init.listen, ...reachListen(reach)], announce: [...init.announce ?? []] },
    transports: [tcp(), webSockets(), ...await webRtcTransports(init), ...reachTransports(reach)],
    connectionEncrypters: [wholeWrites(noise())],
    streamMuxers: [yamux({ streamOptions: { maxStreamWindowSize: MAX_STREAM_WINDOW_BYTES } })],
    peerDiscovery: init.mdns == null || init.mdns === false ? [] : [mdns({ serviceTag: init.mdns.serviceTag })],
    connectionManager: {
      inboundConnectionThreshold: MAX_NEW_CONNECTIONS_PER_HOST_PER_SEC,
      maxIncomingPendingConnections: MAX_PENDING_CONNECTIONS
    },
    connectionMonitor: { pingInterval: spread(PING_EVERY_MS) },
    services: { ...reachServices(reach), addressBook, identify: identify(), ping: ping({ maxInboundStreams: MAX_PINGS, maxOutboundStreams: MAX_PINGS }), pubsub: gossipsub(gossipOptions(init)) }
  })
}

function gossipOptions ({ topic, rememberedScore }: Libp2pNodeInit): Partial<GossipsubOpts> {
  return {
    // who is turned away because a mesh is full hears of others in it
    doPX: true,
    // the order's own signature says who made it, and content alone names a message
    globalSignaturePolicy: StrictNoSign,
    msgIdFn: ({ topic, data }) => messageId(topic, data),
    fastMsgIdFn: refuseAuthor,
    fallbackToFloodsub: false,
    allowPublishToZeroTopicPeers: true,
    allowedTopics: [topic],
    idontwantMinDataSize: IDONTWANT_MIN_BYTES,
    maxOutboundBufferSize: MAX_GOSSIP_QUEUE_BYTES,
    scoreParams: {
      // neighbours share an address, which is no offence here
      IPColocationFactorWeight: 0,
      appSpecificScore: (peer) => rememberedScore?.(peer) ?? 0,
      appSpecificWeight: 1,
      topics: {
        [topic]: createTopicScoreParams({
          topicWeight: 1,
          timeInMeshQuantum: 1000,
          timeInMeshWeight: 0.01,
          timeInMeshCap: 300,
          firstMessageDeliveriesWeight: 0.5,
          firstMessageDeliveriesDecay: 0.9,
          firstMessageDeliveriesCap: 50,
          // a street is quiet at night: few messages are no sign of a bad peer
          meshMessageDeliveriesWeight: 0,
          meshFailurePenaltyWeight: 0,
          invalidMessageDeliveriesWeight: -10,
          // halves in five minutes: five bad orders are not forgotten in two seconds
          invalidMessageDeliveriesDecay: 0.9977
        })
      }
    },
    scoreThresholds: { gossipThreshold: -40, publishThreshold: -100, graylistThreshold: -200, acceptPXThreshold: ACCEPT_PEERS_FROM }
  }
}

/**
 * The router refuses a signature, a number and a key, but lets an author of any length pass and sends it on; other routers would blame
 * us for it. This sees each message before the router checks it: with its author as its key, it is refused too.
 */
const refuseAuthor: GossipsubOpts['fastMsgIdFn'] = (message) => {
  message.key ??= message.from
  // there is no faster id
  return undefined as unknown as string
}

/** SHA-256 over topic and data, each after its length as four bytes, so that no two pairs share an id. In one call: every copy of every order is named. */
export function messageId (topic: string, data: Uint8Array): Uint8Array {
  const name = Buffer.from(topic)
  const framed = Buffer.allocUnsafe(8 + name.byteLength + data.byteLength)
  framed.writeUInt32BE(name.byteLength)
  framed.set(name, 4)
  framed.writeUInt32BE(data.byteLength, 4 + name.byteLength)
  framed.set(data, 8 + name.byteLength)
  return hash('sha256', framed, 'buffer')
}
