import {
  BOOK_SYNC_PROTOCOL_ID, MAX_SYNC_ANSWER_BYTES, MAX_SYNC_QUESTIONS_PER_MINUTE, MAX_SYNC_QUESTION_BYTES, MAX_SYNC_STREAMS,
  MAX_SYNC_STREAMS_PER_PEER, MAX_SYNC_STREAM_MS, SYNC_IDLE_TIMEOUT_MS
} from '../../protocols/book-sync/constants.ts'
import { decodeBookMessage, encodeBookMessage } from './book-codec.ts'
import { answerOn, askOn } from './conversation.ts'
import { networkError } from './errors.ts'
import type { QuestionProtocol } from './conversation.ts'
import type { BookAnswer, BookMessage, BookQuestion } from '../domain/book-sync.ts'
import type { Conversation, NetworkHandlers } from '../ports/network.ts'
import type { Logger } from '../ports/telemetry.ts'
import type { Connection, Libp2p, PeerId, Stream } from '@libp2p/interface'

export interface BookSyncInit {
  readonly onBook: NonNullable<NetworkHandlers['onBook']>
  readonly idleTimeoutMs?: number
  readonly maxStreamMs?: number
  readonly maxQuestionsPerMinute?: number
  /** How many orders a second this node takes in from all its neighbours together. */
  readonly maxOrdersPerSec?: number
  readonly log?: Logger
}

export interface BookSync {
  /** Throws `NETWORK_UNREACHABLE`. */
  readBook(peer: PeerId): Promise<Conversation<BookQuestion, BookAnswer>>
}

/** Judging so many orders leaves a slow processor time for everything else. */
const MAX_SYNC_ORDERS_PER_SEC = 5000

/** Serves our book to neighbours and opens conversations about theirs. Who asks too much waits; who reads too little loses the stream. */
export async function createBookSync (node: Libp2p, init: BookSyncInit): Promise<BookSync> {
  const { onBook, idleTimeoutMs = SYNC_IDLE_TIMEOUT_MS, maxStreamMs = MAX_SYNC_STREAM_MS, log } = init
  const protocol: QuestionProtocol<BookQuestion, BookAnswer> = {
    maxQuestionBytes: MAX_SYNC_QUESTION_BYTES,
    maxAnswerBytes: MAX_SYNC_ANSWER_BYTES,
    timeoutMs: idleTimeoutMs,
    encode: encodeBookMessage,
    decodeQuestion: (bytes) => asQuestion(decodeBookMessage(bytes)),
    decodeAnswer: (bytes) => asAnswer(decodeBookMessage(bytes))
  }
  const isAllowed = perMinute(init.maxQuestionsPerMinute ?? MAX_SYNC_QUESTIONS_PER_MINUTE)
  const pace = evenPace(init.maxOrdersPerSec ?? MAX_SYNC_ORDERS_PER_SEC)
  const serving = new Map<string, number>()

  async function serve (stream: Stream, connection: Connection): Promise<void> {
    const peer = connection.remotePeer.toString()
    const mine = serving.get(peer) ?? 0
    const all = [...serving.values()].reduce((sum, each) => sum + each, 0)
    if (mine >= MAX_SYNC_STREAMS_PER_PEER || all >= MAX_SYNC_STREAMS) {
      stream.abort(networkError('NETWORK_CLOSED', 'Too many neighbours read the book at once.'))
      return
    }
    serving.set(peer, mine + 1)
    limitLife(stream, maxStreamMs)
    try {
      await answerOn(stream, protocol, {
        maxQuestions: MAX_SYNC_QUESTIONS_PER_MINUTE,
        answer: async (question) => isAllowed(peer) ? onBook(question) : { kind: 'refusal', code: 'TOO_OFTEN' },
        isLast: ({ kind }) => kind === 'refusal'
      })
    } catch (error) {
      log?.debug('book could not be served', { peer, error })
    } finally {
      const left = (serving.get(peer) ?? 1) - 1
      left > 0 ? serving.set(peer, left) : serving.delete(peer)
    }
  }

  await node.handle(BOOK_SYNC_PROTOCOL_ID, serve, { maxInboundStreams: MAX_SYNC_STREAMS_PER_PEER, maxOutboundStreams: MAX_SYNC_STREAMS_PER_PEER })

  return {
    async readBook (peer) {
      let stream: Stream
      try {
        stream = await node.dialProtocol(peer, BOOK_SYNC_PROTOCOL_ID, { signal: AbortSignal.timeout(idleTimeoutMs) })
      } catch (error) {
        throw networkError('NETWORK_UNREACHABLE', 'The neighbour cannot be reached; try again when it is online.', error)
      }
      limitLife(stream, maxStreamMs)
      const conversation = askOn(stream, protocol)
      return {
        async ask (question) {
          const answer = await conversation.ask(question)
          if (answer.kind === 'orders') {
            await pace(answer.orders.length)
          }
          return answer
        },
        close: async () => conversation.close()
      }
    }
  }
}

/** A neighbour may dawdle within every timeout; this bounds how long that can go on. */
function limitLife (stream: Stream, maxMs: number): void {
  // one that is over already tells nobody again
  if (stream.status !== 'open' && stream.status !== 'closing') {
    return
  }
  const timer = setTimeout(() => { stream.abort(networkError('NETWORK_TIMEOUT', 'The neighbour took too long; go on in a new conversation.')) }, maxMs)
  stream.addEventListener('close', () => { clearTimeout(timer) })
}

/** True as long as `peer` has not used up its questions of this minute. */
function perMinute (max: number): (peer: string) => boolean {
  let used = new Map<string, number>()
  let until = 0
  return (peer) => {
    if (performance.now() >= until) {
      used = new Map()
      until = performance.now() + 60_000
    }
    const count = (used.get(peer) ?? 0) + 1
    used.set(peer, count)
    return count <= max
  }
}

/** Waits until `count` more fit under the rate. */
function evenPace (perSec: number): (count: number) => Promise<void> {
  let free = 0
  return async (count) => {
    const wait = free - performance.now()
    free = Math.max(free, performance.now()) + count * 1000 / perSec
    if (wait > 0) {
      await new Promise((resolve) => { setTimeout(resolve, wait) })
    }
  }
}

function asQuestion (message: BookMessage): BookQuestion {
  if (message.kind === 'digests?' || message.kind === 'orders?') {
    return message
  }
  throw networkError('NETWORK_MALFORMED', 'The neighbour sent an answer where a question was due.')
}

function asAnswer (message: BookMessage): BookAnswer {
  if (message.kind === 'digests?' || message.kind === 'orders?') {
    throw networkError('NETWORK_MALFORMED', 'The neighbour sent a question where an answer was due.')
  }
  return message
}
