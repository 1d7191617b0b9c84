import * as lp from 'it-length-prefixed'
import { pipe } from 'it-pipe'
import {
  MAX_MESSAGES_PER_STREAM, MAX_TRADE_MESSAGE_BYTES, MAX_TRADE_STREAMS_INBOUND, MAX_TRADE_STREAMS_OUTBOUND, TRADE_PROTOCOL_ID,
  TRADE_REPLY_TIMEOUT_MS
} from '../../protocols/trade/constants.ts'
import { hasCode } from '../domain/errors.ts'
import { decodeTradeMessage, encodeTradeMessage } from './codec.ts'
import { asError, closeStream, toDuplex, withTimeout } from './duplex.ts'
import { networkError } from './errors.ts'
import { keyOf, peerIdOf } from './peer-ids.ts'
import type { Bytes } from './duplex.ts'
import type { TradeAnswer, TradeMessage, TradeRequest } from '../domain/trade-message.ts'
import type { PublicKey } from '../domain/units.ts'
import type { Conversation, NetworkHandlers } from '../ports/network.ts'
import type { Logger } from '../ports/telemetry.ts'
import type { Connection, Libp2p, PeerId, Stream } from '@libp2p/interface'
import type { Duplex } from 'it-stream-types'
import type { Uint8ArrayList } from 'uint8arraylist'

export interface TradeProtocolInit {
  readonly onTrade: NetworkHandlers['onTrade']
  readonly replyTimeoutMs?: number
  readonly log?: Logger
}

export interface TradeProtocol {
  /** Throws `NETWORK_UNREACHABLE`. */
  converse(key: PublicKey): Promise<Conversation>
}

type ByteDuplex = Duplex<AsyncGenerator<Bytes>, AsyncIterable<Bytes>, Promise<void>>

/** Room for one question besides the one that is being answered. */
const MAX_UNREAD_BYTES = 2 * MAX_TRADE_MESSAGE_BYTES

/** Serves the trade protocol on a node and opens conversations from it. */
export async function createTradeProtocol (node: Libp2p, init: TradeProtocolInit): Promise<TradeProtocol> {
  const { onTrade, replyTimeoutMs = TRADE_REPLY_TIMEOUT_MS, log } = init

  async function serve (stream: Stream, connection: Connection): Promise<void> {
    const from = keyOf(connection.remotePeer)
    if (from == null) {
      stream.abort(networkError('NETWORK_CLOSED', 'Only a secp256k1 identity can trade.'))
      return
    }
    const duplex = toDuplex(stream, { maxUnreadBytes: MAX_UNREAD_BYTES, closeTimeoutMs: replyTimeoutMs })
    try {
      await pipe(
        readFrames(stream, duplex, replyTimeoutMs),
        async function * (frames) {
          let left = MAX_MESSAGES_PER_STREAM
          for await (const frame of frames) {
            yield encodeTradeMessage(await onTrade(asRequest(decodeTradeMessage(frame.subarray())), from))
            if (--left === 0) {
              return
            }
          }
        },
        (answers) => lp.encode(answers),
        duplex.sink
      )
    } catch (error) {
      log?.debug('trade stream failed', { peer: connection.remotePeer.toString(), error })
    }
  }

  await node.handle(TRADE_PROTOCOL_ID, serve, {
    maxInboundStreams: MAX_TRADE_STREAMS_INBOUND,
    maxOutboundStreams: MAX_TRADE_STREAMS_OUTBOUND,
    // a trade is a few hundred bytes, which even a relay passes on
    runOnLimitedConnection: true
  })

  return {
    async converse (key) {
      try {
        const signal = AbortSignal.timeout(replyTimeoutMs)
        return conversation(await openStream(node, peerIdOf(key), signal), replyTimeoutMs)
      } catch (error) {
        throw networkError('NETWORK_UNREACHABLE', 'The neighbour cannot be reached; try again when it is online.', error)
      }
    }
  }
}

function conversation (stream: Stream, replyTimeoutMs: number): Conversation {
  const answers = readFrames(stream, toDuplex(stream, { maxUnreadBytes: MAX_UNREAD_BYTES, closeTimeoutMs: replyTimeoutMs }), replyTimeoutMs)
  let previous: Promise<unknown> = Promise.resolve()

  async function exchange (request: TradeRequest): Promise<TradeAnswer> {
    try {
      stream.send(lp.encode.single(encodeTradeMessage(request)))
      const next = await answers.next()
      if (next.done !== true) {
        return asAnswer(decodeTradeMessage(next.value.subarray()))
      }
    } catch (error) {
      stream.abort(asError(error))
      if (hasCode(error, 'NETWORK_TIMEOUT')) {
        throw error
      }
      throw networkError('NETWORK_CLOSED', 'The neighbour broke off the conversation; ask again in a new one.', error)
    }
    throw networkError('NETWORK_CLOSED', 'The neighbour ended the conversation; ask again in a new one.')
  }

  return {
    async ask (request) {
      const answer = previous.then(async () => exchange(request))
      previous = answer.catch(() => {})
      return answer
    },
    async close () {
      await closeStream(stream, replyTimeoutMs).catch((error) => { stream.abort(asError(error)) })
    }
  }
}

function readFrames (stream: Stream, duplex: ByteDuplex, timeoutMs: number): AsyncGenerator<Uint8ArrayList> {
  return pipe(
    duplex.source,
    (source) => lp.decode(source, { maxDataLength: MAX_TRADE_MESSAGE_BYTES }),
    (frames) => withTimeout(frames, timeoutMs, () => {
      stream.abort(networkError('NETWORK_TIMEOUT', 'The neighbour did not answer in time; ask again in a new conversation.'))
    })
  )
}

function asRequest (message: TradeMessage): TradeRequest {
  if (message.kind === 'accept' || message.kind === 'decline' || message.kind === 'status') {
    throw networkError('NETWORK_MALFORMED', 'The neighbour sent an answer where a question was due.')
  }
  return message
}

function asAnswer (message: TradeMessage): TradeAnswer {
  if (message.kind === 'propose' || message.kind === 'confirm' || message.kind === 'status-query') {
    throw networkError('NETWORK_MALFORMED', 'The neighbour sent a question where an answer was due.')
  }
  return message
}

/** Over the connection there is, even one through a relay, because libp2p would dial again rather than use that. */
async function openStream (node: Libp2p, peer: PeerId, signal: AbortSignal): Promise<Stream> {
  const connections = node.getConnections(peer)
  const connection = connections.find(({ limits }) => limits == null) ?? connections[0]
  return connection == null
    ? node.dialProtocol(peer, TRADE_PROTOCOL_ID, { signal })
    : connection.newStream(TRADE_PROTOCOL_ID, { signal, runOnLimitedConnection: true })
}
