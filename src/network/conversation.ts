import * as lp from 'it-length-prefixed'
import { pipe } from 'it-pipe'
import { hasCode } from '../domain/errors.ts'
import { asError, closeStream, toDuplex, withTimeout } from './duplex.ts'
import { networkError } from './errors.ts'
import type { Bytes } from './duplex.ts'
import type { Conversation } from '../ports/network.ts'
import type { Stream } from '@libp2p/interface'
import type { Uint8ArrayList } from 'uint8arraylist'

/** A protocol of questions that get one answer each, in order, every message after its length. Decoders throw `NETWORK_MALFORMED`. */
export interface QuestionProtocol<Question, Answer> {
  readonly maxQuestionBytes: number
  readonly maxAnswerBytes: number
  /** How long a whole message may take, from the moment it was due, and how long the other side may refuse to take one in. */
  readonly timeoutMs: number
  encode(message: Question | Answer): Uint8Array
  decodeQuestion(bytes: Uint8Array): Question
  decodeAnswer(bytes: Uint8Array): Answer
}

/** The asking side of a stream that was just opened. */
export function askOn<Question, Answer> (stream: Stream, protocol: QuestionProtocol<Question, Answer>): Conversation<Question, Answer> {
  const { maxAnswerBytes, timeoutMs } = protocol
  const { frames } = openFrames(stream, maxAnswerBytes, timeoutMs)
  let previous: Promise<unknown> = Promise.resolve()

  async function exchange (question: Question): Promise<Answer> {
    try {
      stream.send(lp.encode.single(protocol.encode(question)))
      const next = await frames.next()
      if (next.done !== true) {
        return protocol.decodeAnswer(next.value.subarray())
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
    async ask (question) {
      const answer = previous.then(async () => exchange(question))
      previous = answer.catch(() => {})
      return answer
    },
    async close () {
      await closeStream(stream, timeoutMs).catch((error) => { stream.abort(asError(error)) })
    }
  }
}

/**
 * The answering side: one question is read, answered and taken in by the other side before the next one is looked at, so a
 * reader that stops makes us wait and nothing grow. Ends after `maxQuestions` or the last answer; throws when the stream fails.
 */
export async function answerOn<Question, Answer> (stream: Stream, protocol: QuestionProtocol<Question, Answer>, init: {
  maxQuestions: number
  answer(question: Question): Promise<Answer>
  isLast?(answer: Answer): boolean
}): Promise<void> {
  const { frames, sink } = openFrames(stream, protocol.maxQuestionBytes, protocol.timeoutMs)
  await pipe(
    frames,
    async function * (frames) {
      let left = init.maxQuestions
      for await (const frame of frames) {
        const answer = await init.answer(protocol.decodeQuestion(frame.subarray()))
        yield protocol.encode(answer)
        if (--left === 0 || init.isLast?.(answer) === true) {
          return
        }
      }
    },
    asFrames,
    sink
  )
}

/** Length and message in one piece: each piece that is sent has the other side send an allowance for more. */
async function * asFrames (messages: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8ArrayList> {
  for await (const message of messages) {
    yield lp.encode.single(message)
  }
}

function openFrames (stream: Stream, maxBytes: number, timeoutMs: number): { frames: AsyncGenerator<Uint8ArrayList>, sink: ReturnType<typeof toDuplex>['sink'] } {
  // room for one message besides the one that is being read
  const { source, sink } = toDuplex(stream, { maxUnreadBytes: 2 * maxBytes, timeoutMs })
  const frames = pipe(
    source,
    (source) => decodeFrames(source, maxBytes),
    (frames) => withTimeout(frames, timeoutMs, () => {
      stream.abort(networkError('NETWORK_TIMEOUT', 'The neighbour did not answer in time; ask again in a new conversation.'))
    })
  )
  return { frames, sink }
}

async function * decodeFrames (source: AsyncIterable<Bytes>, maxBytes: number): AsyncGenerator<Uint8ArrayList> {
  try {
    yield * lp.decode(source, { maxDataLength: maxBytes })
  } catch (error) {
    if (error instanceof Error && /^InvalidDataLength(Length)?Error$/.test(error.name)) {
      throw networkError('NETWORK_MALFORMED', 'The neighbour announced a message of a length that is not allowed.', error)
    }
    throw error
  }
}
