import type { BookAnswer, BookQuestion } from '../domain/book-sync.ts'
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
  /** Answers one neighbour's question about our book. Without it the node has no book to compare. */
  onBook?(question: BookQuestion): Promise<BookAnswer>
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

/** What came of asking the router for a port: no router answered, it has no address of its own in the internet, it refused, it did it. */
export type RouterAnswer = 'none' | 'no-outside-address' | 'refused' | 'opened'

/** Who can reach this node, as far as it knows. */
export interface Reachability {
  /** Where anybody may call, and neighbours have confirmed it or the owner has said so. */
  readonly open: readonly string[]
  /** Where homes of the same local network call. */
  readonly local: readonly string[]
  /** Where anybody may call, if it works: no neighbour has tried yet, and others are not told. */
  readonly unconfirmed: readonly string[]
  /** Through the node of somebody else that anybody may call. */
  readonly relayed: readonly string[]
  /** Addresses that the router opened, confirmed or not. */
  readonly mapped: readonly string[]
  /** What the router said last; undefined when it is not asked. */
  readonly router?: RouterAnswer
  /** Nodes in the distributed hash table, as far as this one knows; undefined when it is switched off. */
  readonly tableSize?: number
}

/** One stream: each question gets one answer, in order. */
export interface Conversation<Question = TradeRequest, Answer = TradeAnswer> {
  /** Throws `NETWORK_CLOSED` or `NETWORK_TIMEOUT`; asking again in a new conversation is always safe. */
  ask(question: Question): Promise<Answer>
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
  /** Asks a connected neighbour about its book. Throws `NETWORK_UNREACHABLE`; bytes that make no sense come out as `NETWORK_MALFORMED`, beneath `NETWORK_CLOSED`. */
  readBook(peerId: string): Promise<Conversation<BookQuestion, BookAnswer>>
  peers(): Peer[]
  /** Addresses this node can be dialled at, ending in its peer id. */
  addresses(): string[]
  reach(): Reachability
  /** Dials a full multiaddress; throws `NETWORK_BAD_ADDRESS` or `NETWORK_UNREACHABLE`. */
  dial(address: string): Promise<void>
  /** Closes every connection to a neighbour. Nothing keeps either side from dialling again. */
  hangUp(peerId: string): Promise<void>
}
