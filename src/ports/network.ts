import type { SignedOrder } from '../domain/order.ts'
import type { TradeAnswer, TradeRequest } from '../domain/trade-message.ts'
import type { Hex, PublicKey } from '../domain/units.ts'
import type { Verdict } from '../domain/verdict.ts'

/** What the node does with what the network brings. Handlers may be called concurrently. */
export interface NetworkHandlers {
  /** Judges one decoded order; an exception counts as our own fault and never as the sender's. */
  onOrder(order: SignedOrder): Promise<Verdict>
  /** Answers one request of a neighbour whose hot key the connection has proved. */
  onTrade(request: TradeRequest, from: PublicKey): Promise<TradeAnswer>
  onPeer?(peer: Peer, isConnected: boolean): void
}

export interface Peer {
  /** libp2p peer id in its usual text form. */
  readonly peerId: string
  /** Absent for peers whose identity is not a secp256k1 key: they cannot trade. */
  readonly key?: PublicKey
  readonly address: string
  /** What it shows of the meter it sells by, 16 bytes: only who has the same meter can tell. */
  readonly meterTag?: Hex
}

/** One trade stream: each question gets one answer, in order. */
export interface Conversation {
  /** Throws `NETWORK_CLOSED` or `NETWORK_TIMEOUT`; asking again in a new conversation is always safe. */
  ask(request: TradeRequest): Promise<TradeAnswer>
  close(): Promise<void>
}

export interface Network {
  readonly peerId: string
  readonly key: PublicKey
  start(handlers: NetworkHandlers): Promise<void>
  stop(): Promise<void>
  /** Gossips one of our own orders; resolves with the number of neighbours it went to, which may be 0. */
  publish(order: SignedOrder): Promise<number>
  /** Throws `NETWORK_UNREACHABLE` when the neighbour cannot be dialled. */
  converse(key: PublicKey): Promise<Conversation>
  peers(): Peer[]
  /** Addresses this node can be dialled at, ending in its peer id. */
  addresses(): string[]
  /** Dials a full multiaddress; throws `NETWORK_BAD_ADDRESS` or `NETWORK_UNREACHABLE`. */
  dial(address: string): Promise<void>
}
