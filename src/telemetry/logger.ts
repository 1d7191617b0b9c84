import type { Log, LogLevel, Logger } from '../ports/telemetry.ts'

/** From the quietest to the most talkative; a logger writes its own level and those before it. */
export const LOG_LEVELS: readonly LogLevel[] = ['error', 'warn', 'info', 'debug', 'trace']

/** `human` is one line for eyes, `json` one object per line for machines. */
export const LOG_FORMATS = ['human', 'json'] as const

export type LogFormat = typeof LOG_FORMATS[number]

export interface LoggerInit {
  readonly level: LogLevel
  readonly format: LogFormat
  /** Takes one line without its line break. */
  write(line: string): void
  /** Milliseconds since 1970 on the wall clock. */
  now?(): number
}

/** What one line says, before it is formatted. */
interface Line {
  readonly time: string
  readonly level: LogLevel
  readonly scope: string
  readonly message: string
  readonly fields: Record<string, unknown>
}

/** Names of fields whose values never reach a log. `publicKey` and `partnerKey` are not secret. */
const SECRET_FIELD = /^key$|(private_?key|secret|token|password)$/i
const REDACTED = '[redacted]'

/** Enough for every record of ours, and an end for objects that contain themselves. */
const MAX_DEPTH = 8

/** A logger that writes lines of at least `level`'s importance. Values in fields with a secret's name are replaced. */
export function createLogger ({ level, format, write, now = Date.now }: LoggerInit): Logger {
  const toText = format === 'json' ? jsonLine : humanLine
  const silent: Log = () => {}

  const scoped = (scope: string): Logger => {
    const log = (at: LogLevel): Log => LOG_LEVELS.indexOf(at) > LOG_LEVELS.indexOf(level)
      ? silent
      : (message, fields = {}) => {
          write(toText({ time: new Date(now()).toISOString(), level: at, scope, message, fields: plainFields(fields, 0) }))
        }
    return { error: log('error'), warn: log('warn'), info: log('info'), debug: log('debug'), trace: log('trace'), scope: scoped }
  }
  return scoped('')
}

/** Takes everything and writes nothing. */
export const SILENT_LOGGER: Logger = createLogger({ level: 'error', format: 'json', write: () => {} })

function jsonLine ({ time, level, scope, message, fields }: Line): string {
  return JSON.stringify({ time, level, ...(scope === '' ? {} : { scope }), message, ...(Object.keys(fields).length === 0 ? {} : { fields }) })
}

function humanLine ({ time, level, scope, message, fields }: Line): string {
  const pairs = Object.entries(fields).map(([name, value]) => `${name}=${humanValue(value)}`)
  return [time.replace('T', ' ').replace(/\.\d+Z$/, 'Z'), level.padEnd(5), ...(scope === '' ? [] : [`${scope}:`]), message, ...pairs].join(' ')
}

/** Bare words stay bare; all else is quoted, so that no value can start a line of its own. */
function humanValue (value: unknown): string {
  return typeof value === 'string' && /^[\w.:/@>+-]+$/.test(value) ? value : JSON.stringify(value)
}

function plainFields (fields: object, depth: number): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => [name, SECRET_FIELD.test(name) ? REDACTED : plain(value, depth + 1)]))
}

/** The value as JSON can carry it: bigints as digits, errors with their code and causes. */
function plain (value: unknown, depth: number): unknown {
  if (typeof value === 'bigint' || typeof value === 'symbol' || typeof value === 'function') {
    return String(value)
  }
  if (typeof value !== 'object' || value === null) {
    return value
  }
  if (depth > MAX_DEPTH) {
    return '[…]'
  }
  if (value instanceof Error) {
    return plainError(value, depth)
  }
  if (Array.isArray(value)) {
    return value.map(item => plain(item, depth + 1))
  }
  return value instanceof Date ? value.toISOString() : plainFields(value instanceof Map ? Object.fromEntries(value) : value, depth)
}

function plainError (error: Error & { code?: unknown, details?: unknown }, depth: number): Record<string, unknown> {
  return plainFields({
    code: error.code,
    message: error.message,
    details: typeof error.details === 'object' && error.details != null && Object.keys(error.details).length > 0 ? error.details : undefined,
    // an error without a code is a fault of the program: its place is needed to mend it
    stack: error.code == null ? error.stack : undefined,
    cause: error.cause
  }, depth)
}
