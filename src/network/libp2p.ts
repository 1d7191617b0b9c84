import { createHash } from 'node:crypto'
import { gossipsub, StrictNoSign } from '@chainsafe/libp2p-gossipsub'
import { createTopicScoreParams } from '@chainsafe/libp2p-gossipsub/score'
import { noise } from '@chainsafe/libp2p-noise'
import { identify } from '@libp2p/identify'
import { mdns } from '@libp2p/mdns'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { createLibp2p } from 'libp2p'
import { fromString } from 'uint8arrays/from-string'
import type { GossipSub, GossipsubOpts } from '@chainsafe/libp2p-gossipsub'
import type { Identify } from '@libp2p/identify'
import type { Libp2p, PrivateKey } from '@libp2p/interface'
import type { Ping } from '@libp2p/ping'

export interface Libp2pNodeInit {
  readonly privateKey: PrivateKey
  /** Multiaddresses to listen on, such as `/ip4/0.0.0.0/tcp/7690`. */
  readonly listen: readonly string[]
  /** Addresses to tell others instead of the listening ones, for homes behind a forwarded port. */
  readonly announce?: readonly string[]
  /** Look for neighbours on the local network under this name; homes with another name stay unseen. */
  readonly mdns?: { readonly serviceTag: string } | false
  readonly topic: string
}

export type Libp2pNode = Libp2p<{ identify: Identify, ping: Ping, pubsub: GossipSub }>

/** Seconds-per-host limits of libp2p assume one peer per address; a village behind one router, or a test, has many. */
const MAX_NEW_CONNECTIONS_PER_HOST_PER_SEC = 200
const MAX_PENDING_CONNECTIONS = 200
/** A larger window would outgrow what a stream may hold unread, and the stream would be reset. */
const MAX_STREAM_WINDOW_BYTES = 1024 * 1024
/** A neighbour that stops reading may make us queue this much gossip. */
const MAX_GOSSIP_QUEUE_BYTES = 8 * 1024 * 1024
/** An order is larger than this, so a mesh sends each one over each link about once. */
const IDONTWANT_MIN_BYTES = 128

/** The libp2p node, configured and not yet started. */
export async function createLibp2pNode (init: Libp2pNodeInit): Promise<Libp2pNode> {
  return createLibp2p({
    start: false,
    privateKey: init.privateKey,
    nodeInfo: { name: 'wattmesh' },
    addresses: { listen: [...init.listen], announce: [...init.announce ?? []] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux({ streamOptions: { maxStreamWindowSize: MAX_STREAM_WINDOW_BYTES } })],
    peerDiscovery: init.mdns == null || init.mdns === false ? [] : [mdns({ serviceTag: init.mdns.serviceTag })],
    connectionManager: {
      inboundConnectionThreshold: MAX_NEW_CONNECTIONS_PER_HOST_PER_SEC,
      maxIncomingPendingConnections: MAX_PENDING_CONNECTIONS
    },
    services: { identify: identify(), ping: ping(), pubsub: gossipsub(gossipOptions(init.topic)) }
  })
}

function gossipOptions (topic: string): Partial<GossipsubOpts> {
  return {
    // the order's own signature says who made it, and content alone names a message
    globalSignaturePolicy: StrictNoSign,
    msgIdFn: ({ topic, data }) => messageId(topic, data),
    fallbackToFloodsub: false,
    allowPublishToZeroTopicPeers: true,
    allowedTopics: [topic],
    idontwantMinDataSize: IDONTWANT_MIN_BYTES,
    maxOutboundBufferSize: MAX_GOSSIP_QUEUE_BYTES,
    scoreParams: {
      // neighbours share an address, which is no offence here
      IPColocationFactorWeight: 0,
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
    scoreThresholds: { gossipThreshold: -40, publishThreshold: -100, graylistThreshold: -200 }
  }
}

/** SHA-256 over topic and data, each after its length as four bytes, so that no two pairs share an id. */
export function messageId (topic: string, data: Uint8Array): Uint8Array {
  const hash = createHash('sha256')
  for (const part of [fromString(topic), data]) {
    const length = new DataView(new ArrayBuffer(4))
    length.setUint32(0, part.byteLength)
    hash.update(new Uint8Array(length.buffer)).update(part)
  }
  return hash.digest()
}
