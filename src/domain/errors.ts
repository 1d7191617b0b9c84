/**
 * The one error class of the project. `code` names the room and what went wrong (`STORE_LOCKED`); the message is one
 * sentence that says what to do; `details` holds the few values a reader needs; `cause` keeps the error beneath.
 */
export class CodedError<Code extends string = string> extends Error {
  readonly code: Code
  readonly details: Readonly<Record<string, unknown>>

  constructor (code: Code, message: string, options: { details?: Record<string, unknown>, cause?: unknown } = {}) {
    super(message, { cause: options.cause })
    this.name = 'CodedError'
    this.code = code
    this.details = options.details ?? {}
  }
}

/** True when `error`, or any error it was caused by, carries one of `codes`. */
export function hasCode (error: unknown, ...codes: string[]): boolean {
  for (let at = error; at instanceof Error; at = at.cause) {
    if (at instanceof CodedError && codes.includes(at.code)) {
      return true
    }
  }
  return false
}

/** The message of anything thrown, with the messages of its causes, for logs and for people. */
export function explain (error: unknown): string {
  if (!(error instanceof Error)) {
    return String(error)
  }
  return error.cause instanceof Error ? `${error.message} (${explain(error.cause)})` : error.message
}
