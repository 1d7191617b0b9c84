import { pushable } from 'it-pushable'
import { networkError } from './errors.ts'
import type { Stream } from '@libp2p/interface'
import type { Duplex } from 'it-stream-types'
import type { Uint8ArrayList } from 'uint8arraylist'

export type Bytes = Uint8Array | Uint8ArrayList

export interface DuplexInit {
  /** A peer that sends more than this ahead of our reading loses the stream. */
  maxUnreadBytes: number
  /** How long the other side may refuse what we write, or take to close the stream after us. */
  timeoutMs: number
}

/**
 * A libp2p stream as a duplex for `pipe`, for protocols of one question and one answer at a time. A peer that sends more
 * than was asked for loses the stream; when it takes nothing in, the sink asks its own source for nothing more. The source
 * throws when the stream is reset or aborted; the sink closes the stream when its own source ends and aborts it when that throws.
 */
export function toDuplex (stream: Stream, init: DuplexInit): Duplex<AsyncGenerator<Bytes>, AsyncIterable<Bytes>, Promise<void>> {
  return {
    source: sourceOf(stream, init.maxUnreadBytes),
    async sink (source) {
      try {
        for await (const bytes of source) {
          if (!stream.send(bytes)) {
            await drained(stream, init.timeoutMs)
          }
        }
        await closeStream(stream, init.timeoutMs)
      } catch (error) {
        stream.abort(asError(error))
        throw error
      }
    }
  }
}

/** Resolves when the stream takes bytes again. `stream.onDrain()` would resolve at once from its second call on. */
async function drained (stream: Stream, timeoutMs: number): Promise<void> {
  if (!stream.writableNeedsDrain) {
    return
  }
  await new Promise<void>((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer)
      stream.removeEventListener('drain', onDrain)
      stream.removeEventListener('close', onClose)
    }
    const onDrain = (): void => {
      stop()
      resolve()
    }
    const onClose = ({ error }: { error?: Error }): void => {
      stop()
      reject(error ?? networkError('NETWORK_CLOSED', 'The neighbour closed the stream before the answer was out.'))
    }
    const timer = setTimeout(() => { onClose({ error: networkError('NETWORK_TIMEOUT', 'The neighbour does not take in what it asked for.') }) }, timeoutMs)
    stream.addEventListener('drain', onDrain)
    stream.addEventListener('close', onClose)
  })
}

function sourceOf (stream: Stream, maxUnreadBytes: number): AsyncGenerator<Bytes> {
  const source = pushable<Bytes>()
  stream.addEventListener('message', ({ data }) => {
    source.push(data)
    if (source.readableLength > maxUnreadBytes) {
      stream.abort(networkError('NETWORK_MALFORMED', 'The neighbour sent more than was asked for.'))
    }
  })
  stream.addEventListener('end', () => {
    // a reset also announces the end, before the close event that carries its reason
    if (stream.status !== 'aborted' && stream.status !== 'reset') {
      source.end()
    }
  })
  stream.addEventListener('close', ({ error }) => { source.end(error) })
  if (stream.readableEnded || (stream.status !== 'open' && stream.status !== 'closing')) {
    source.end()
  }
  return source
}

/** Closes our side, and resets the stream in the background when the other side does not close too. */
export async function closeStream (stream: Stream, timeoutMs: number): Promise<void> {
  if (stream.timeline.close == null) {
    const timer = setTimeout(() => { stream.abort(networkError('NETWORK_TIMEOUT', 'The neighbour did not close the stream in time.')) }, timeoutMs)
    stream.addEventListener('close', () => { clearTimeout(timer) })
    await stream.close()
  }
}

/**
 * Passes on what `source` yields and calls `onSilence` when the next value takes longer than `timeoutMs`. Time the
 * consumer takes does not count. libp2p streams have no timer of their own.
 */
export async function * withTimeout<T> (source: AsyncIterable<T>, timeoutMs: number, onSilence: () => void): AsyncGenerator<T> {
  const iterator = source[Symbol.asyncIterator]()
  while (true) {
    const timer = setTimeout(onSilence, timeoutMs)
    const next = await iterator.next().finally(() => { clearTimeout(timer) })
    if (next.done === true) {
      return
    }
    yield next.value
  }
}

export function asError (thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown))
}
