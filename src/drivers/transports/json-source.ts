import { CodedError } from '../../domain/errors.ts'

/** What one request brought; requests are paths, topics or names, as the transport has them. */
export interface JsonAnswer {
  readonly value: unknown
  /** Since it arrived here, in milliseconds. */
  readonly ageMs: number
  /** True for what a broker kept from the past: how old it is, only its content can say. */
  readonly isRetained?: boolean
}

/** Where a device's answers come from. */
export interface JsonSource {
  /** Undefined while nothing of it is known. Throws `DEVICE_UNREACHABLE`, `DEVICE_DENIED`, `DEVICE_WRONG_CERTIFICATE` and `DEVICE_BAD_ANSWER`. */
  get(request: string): Promise<JsonAnswer | undefined>
  close(): Promise<void>
}

/** Milliseconds that pass, whatever the wall clock does. */
export type Elapsed = () => number

export const elapsedMs: Elapsed = () => performance.now()

/** The longest answer that is read; a Fronius or an evcc tells everything in a tenth of it. */
export const MAX_ANSWER_BYTES = 1_048_576

/** Deeper nesting is no answer of a meter. */
const MAX_ANSWER_DEPTH = 32

/** The answer as JSON. Throws `DEVICE_BAD_ANSWER` for what is too long, too deep or no JSON. */
export function parseAnswer (text: string, from: string): unknown {
  if (text.length > MAX_ANSWER_BYTES || depthOf(text) > MAX_ANSWER_DEPTH) {
    throw badAnswer(from, `an answer of more than ${MAX_ANSWER_BYTES} bytes or ${MAX_ANSWER_DEPTH} levels`)
  }
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw badAnswer(from, 'an answer that is not JSON', cause)
  }
}

export function badAnswer (from: string, what: string, cause?: unknown): CodedError {
  return new CodedError('DEVICE_BAD_ANSWER', `${from} gave ${what}: check that the address belongs to this kind of device and that its firmware is supported.`, { cause, details: { from } })
}

export function unreachable (from: string, cause?: unknown): CodedError {
  return new CodedError('DEVICE_UNREACHABLE', `${from} does not answer: check its power, its network and the address in the settings.`, { cause, details: { from } })
}

export function denied (from: string, cause?: unknown): CodedError {
  return new CodedError('DEVICE_DENIED', `${from} refuses the user name, password or token: correct it in the settings.`, { cause, details: { from } })
}

export function forbidden (from: string): CodedError {
  return new CodedError('DEVICE_DENIED', `${from} does not allow to be read: switch its local interface on where it has a switch for that, and correct the user name, password or token in the settings.`, { details: { from } })
}

/** The deepest nesting of brackets outside texts, counted without building anything. */
function depthOf (text: string): number {
  let [depth, deepest] = [0, 0]
  let isText = false
  for (let at = 0; at < text.length; at++) {
    const sign = text[at]
    if (isText) {
      at += sign === '\\' ? 1 : 0
      isText = sign !== '"'
    } else if (sign === '"') {
      isText = true
    } else if (sign === '{' || sign === '[') {
      deepest = Math.max(deepest, ++depth)
    } else if (sign === '}' || sign === ']') {
      depth--
    }
  }
  return deepest
}
