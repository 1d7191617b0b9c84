/**
 * What runs in the browser: a peer that knows `protocols/` and public packages and nothing of the node. It joins the market's
 * gossip through one home, prints the offers it hears and makes one itself.
 */
import { gossipsub, StrictNoSign, TopicValidatorResult } from '@chainsafe/libp2p-gossipsub'
import { noise } from '@chainsafe/libp2p-noise'
import { identify } from '@libp2p/identify'
import { webRTCDirect } from '@libp2p/webrtc'
import { webSockets } from '@libp2p/websockets'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import {
  bytesToHex, compactSignatureToSignature, concat, hashTypedData, hexToBytes, isAddressEqual, numberToBytes, parseCompactSignature,
  recoverAddress, serializeCompactSignature, sha256, signatureToCompactSignature, stringToBytes
} from 'viem'
import { privateKeyToAccount, sign } from 'viem/accounts'
import { orderTopic } from '../../../protocols/constants.ts'
import { SignedOrder } from '../../../protocols/order/order.ts'
import { ORDER_DOMAIN_NAME, ORDER_DOMAIN_VERSION, ORDER_TYPES } from '../../../protocols/order/typed-data.ts'
import type { GossipSub } from '@chainsafe/libp2p-gossipsub'
import type { Hex } from 'viem'

export interface Market {
  readonly chainId: number
  readonly escrow: Hex
  readonly rulesDigest: Hex
}

export interface OfferToMake {
  readonly key: Hex
  readonly maker: Hex
  readonly periodStart: number
  readonly wh: number
  /** In base units of the token, as text because numbers of that size do not cross from the test into the page. */
  readonly price: string
}

/** What the test may do with the page. */
export interface BrowserPeer {
  /** Calls the home and waits until it hears us; tells the address of the connection and our peer id. */
  join(address: string, market: Market): Promise<{ address: string, peerId: string }>
  /** Signs an offer and publishes it; tells to how many peers. */
  offer(market: Market, offer: OfferToMake): Promise<number>
}

type Order = Omit<SignedOrder, 'signature' | 'work'>

let pubsub: GossipSub

/** Where the test reads it. */
const print = console.log // eslint-disable-line no-console

function digestOf ({ rules, maker, signer, ...rest }: Order, { chainId, escrow }: Market): Hex {
  return hashTypedData({
    domain: { name: ORDER_DOMAIN_NAME, version: ORDER_DOMAIN_VERSION, chainId, verifyingContract: escrow },
    types: ORDER_TYPES,
    primaryType: 'Order',
    message: { ...rest, rules: bytesToHex(rules), maker: bytesToHex(maker), signer: bytesToHex(signer) }
  })
}

function bytesOf (hex: Hex): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(hexToBytes(hex))
}

async function isSigned (order: SignedOrder, market: Market): Promise<boolean> {
  const signature = compactSignatureToSignature(parseCompactSignature(bytesToHex(order.signature)))
  return isAddressEqual(await recoverAddress({ hash: digestOf(order, market), signature }), bytesToHex(order.signer))
}

/** The id of a message, by `protocols/order-gossip`. */
function messageId (topic: string, data: Uint8Array): Uint8Array {
  const framed = [stringToBytes(topic), data].flatMap((part) => [numberToBytes(part.length, { size: 4 }), part])
  return sha256(concat(framed), 'bytes')
}

async function join (address: string, market: Market): Promise<{ address: string, peerId: string }> {
  const topic = orderTopic(market.rulesDigest)
  const node = await createLibp2p({
    transports: [webSockets(), webRTCDirect({ rtcConfiguration: { iceServers: [] } })],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    // a page may not call its own computer unless told so
    connectionGater: { denyDialMultiaddr: () => false },
    services: {
      identify: identify(),
      pubsub: gossipsub({
        globalSignaturePolicy: StrictNoSign,
        fallbackToFloodsub: false,
        allowedTopics: [topic],
        msgIdFn: ({ topic, data }) => messageId(topic, data)
      })
    }
  })
  pubsub = node.services.pubsub
  pubsub.topicValidators.set(topic, async (peer, { data }) => {
    const order = SignedOrder.decode(data)
    if (!await isSigned(order, market)) {
      return TopicValidatorResult.Reject
    }
    print(`offer of ${bytesToHex(order.maker)}: ${order.quantity} Wh at ${order.periodStart}`)
    return TopicValidatorResult.Accept
  })
  pubsub.subscribe(topic)
  const connection = await node.dial(multiaddr(address))
  while (pubsub.getSubscribers(topic).length === 0) {
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  return { address: connection.remoteAddr.toString(), peerId: node.peerId.toString() }
}

async function offer (market: Market, { key, maker, periodStart, wh, price }: OfferToMake): Promise<number> {
  const order: Order = {
    side: 0,
    rules: bytesOf(market.rulesDigest),
    maker: bytesOf(maker),
    signer: bytesOf(privateKeyToAccount(key).address),
    periodStart,
    quantity: wh,
    minFill: 10,
    revision: 1,
    schedule: [{ at: 0, price: BigInt(price) }]
  }
  const signature = signatureToCompactSignature(await sign({ hash: digestOf(order, market), privateKey: key }))
  const bytes = SignedOrder.encode({ ...order, signature: bytesOf(serializeCompactSignature(signature)) })
  return (await pubsub.publish(orderTopic(market.rulesDigest), bytes)).recipients.length
}

const peer: BrowserPeer = { join, offer }
Object.assign(globalThis, { peer })
