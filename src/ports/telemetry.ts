export type LogLevel = 'error' | 'warn' | 'info' | 'debug' | 'trace'

/** The message is constant; whatever varies goes into `fields`. */
export type Log = (message: string, fields?: Record<string, unknown>) => void

/** error: someone must act. warn: degraded. info: what a homeowner would tell a neighbour. */
export interface Logger {
  readonly error: Log
  readonly warn: Log
  readonly info: Log
  readonly debug: Log
  readonly trace: Log
  /** A logger whose lines name `scope`, one scope per room. */
  scope(scope: string): Logger
}
