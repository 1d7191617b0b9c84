import {
  MAX_MESSAGES_PER_STREAM, MAX_TRADE_MESSAGE_BYTES, MAX_TRADE_STREAMS_INBOUND, MAX_TRADE_STREAMS_OUTBOUND, TRADE_PROTOCOL_ID,
  TRADE_REPLY_TIMEOUT_MS
} from '../../protocols/trade/constants.ts'
import { decodeTradeMessage, encodeTradeMessage } from './codec.ts'
import { answerOn, askOn } from './conversation.ts'
import { networkError } from './errors.ts'
import { keyOf, peerIdOf } from './peer-ids.ts'
import type { QuestionProtocol } from './conversation.ts'
import type { TradeAnswer, TradeMessage, TradeRequest } from '../domain/trade-message.ts'
import type { PublicKey } from '../domain/units.ts'
import type { Conversation, NetworkHandlers } from '../ports/network.ts'
import type { Logger } from '../ports/telemetry.ts'
import type { Connection, Libp2p, PeerId, Stream } from '@libp2p/interface'

export interface TradeProtocolInit {
  readonly onTrade: NetworkHandlers['onTrade']
  readonly replyTimeoutMs?: number
  readonly log?: Logger
}

export interface TradeProtocol {
  /** Throws `NETWORK_UNREACHABLE`. */
  converse(key: PublicKey): Promise<Conversation>
}

/** Serves the trade protocol on a node and opens conversations from it. */
export async function createTradeProtocol (node: Libp2p, init: TradeProtocolInit): Promise<TradeProtocol> {
  const { onTrade, replyTimeoutMs = TRADE_REPLY_TIMEOUT_MS, log } = init
  const protocol: QuestionProtocol<TradeRequest, TradeAnswer> = {
    maxQuestionBytes: MAX_TRADE_MESSAGE_BYTES,
    maxAnswerBytes: MAX_TRADE_MESSAGE_BYTES,
    timeoutMs: replyTimeoutMs,
    encode: encodeTradeMessage,
    decodeQuestion: (bytes) => asRequest(decodeTradeMessage(bytes)),
    decodeAnswer: (bytes) => asAnswer(decodeTradeMessage(bytes))
  }

  async function serve (stream: Stream, connection: Connection): Promise<void> {
    const from = keyOf(connection.remotePeer)
    if (from == null) {
      stream.abort(networkError('NETWORK_CLOSED', 'Only a secp256k1 identity can trade.'))
      return
    }
    try {
      await answerOn(stream, protocol, { maxQuestions: MAX_MESSAGES_PER_STREAM, answer: async (request) => onTrade(request, from) })
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
        return askOn(await openStream(node, peerIdOf(key), signal), protocol)
      } catch (error) {
        throw networkError('NETWORK_UNREACHABLE', 'The neighbour cannot be reached; try again when it is online.', error)
      }
    }
  }
}

function asRequest (message: TradeMessage): TradeRequest {
  if (message.kind === 'accept' || message.kind === 'decline' || message.kind === 'status' || message.kind === 'queued') {
    throw networkError('NETWORK_MALFORMED', 'The neighbour sent an answer where a question was due.')
  }
  return message
}

function asAnswer (message: TradeMessage): TradeAnswer {
  if (message.kind === 'propose' || message.kind === 'confirm' || message.kind === 'status-query' || message.kind === 'submit') {
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
