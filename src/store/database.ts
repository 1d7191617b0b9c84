import { Level } from 'level'
import { CodedError } from '../domain/errors.ts'
import { PREFIX, SCHEMA_VERSION, TALLY_KEY, VERSION_KEY } from './schema.ts'
import { EMPTY_TALLY, formatTally, replaceIn } from './tally.ts'
import type { StoreErrorCode } from './errors.ts'
import type { Tally } from './tally.ts'
import type { Logger } from '../ports/telemetry.ts'

export interface Database {
  readonly level: Level
  readonly tally: Tally
}

/**
 * Opens the database at `path`, creates it when there is none, and checks that nothing is missing. Throws `STORE_LOCKED`,
 * `STORE_VERSION`, `STORE_DAMAGED` or `STORE_FAILED`.
 */
export async function openDatabase (path: string, logger?: Logger): Promise<Database> {
  const level: Level = new Level(path)
  let mayBeNew = true
  try {
    await level.open().catch(async error => {
      if (levelCode(error) !== 'LEVEL_CORRUPTION') {
        throw error
      }
      logger?.warn('database index is damaged and will be rebuilt', { path, error })
      mayBeNew = false
      await repair(path)
      await level.open()
    })
    await checkVersion(level, mayBeNew)
    return { level, tally: await checkTally(level) }
  } catch (error) {
    await level.close()
    throw asStoreError(error, path)
  }
}

/** Any error from beneath as one of this room's, with the sentence that says what to do. */
export function asStoreError (error: unknown, path: string): CodedError<StoreErrorCode> {
  if (error instanceof CodedError) {
    return error as CodedError<StoreErrorCode>
  }
  const code = levelCode(error)
  const options = { details: { path }, cause: error }
  if (code === 'LEVEL_LOCKED') {
    return new CodedError('STORE_LOCKED', `The node is already running on the database in ${path}: stop it, or give this one a data directory of its own.`, options)
  }
  if (code === 'LEVEL_CORRUPTION' || error instanceof SyntaxError) {
    return damaged(path, 'a part of it cannot be read', error)
  }
  if (code === 'LEVEL_DATABASE_NOT_OPEN' || code === 'LEVEL_ITERATOR_NOT_OPEN') {
    return new CodedError('STORE_CLOSED', 'The database was closed: start the node again.', options)
  }
  return new CodedError('STORE_FAILED', `The database in ${path} could not be used: check free space and permissions of that folder, then start the node again.`, options)
}

async function checkVersion (level: Level, mayBeNew: boolean): Promise<void> {
  const version = await level.get(VERSION_KEY) as string | undefined
  if (version === String(SCHEMA_VERSION)) {
    return
  }
  if (version != null) {
    throw new CodedError('STORE_VERSION', `The database in ${level.location} has format ${version} and this program reads format ${SCHEMA_VERSION}: use the release that wrote it, or move the folder away to start empty.`, { details: { version, expected: SCHEMA_VERSION } })
  }
  const [anyKey] = await level.keys({ limit: 1 }).all()
  if (anyKey != null || !mayBeNew) {
    throw damaged(level.location, 'its version is missing')
  }
  await level.batch([
    { type: 'put', key: VERSION_KEY, value: String(SCHEMA_VERSION) },
    { type: 'put', key: TALLY_KEY, value: formatTally(EMPTY_TALLY) }
  ], { sync: true })
}

async function checkTally (level: Level): Promise<Tally> {
  let tally = EMPTY_TALLY
  for await (const [key, value] of level.iterator()) {
    if (!key.startsWith(`${PREFIX.meta}!`)) {
      tally = replaceIn(tally, key, { after: value })
    }
  }
  const expected = await level.get(TALLY_KEY) as string | undefined
  if (expected !== formatTally(tally)) {
    throw damaged(level.location, `of ${expected?.split(' ')[0] ?? 'unknown many'} records ${tally.count} are left, or some are out of date`)
  }
  return tally
}

function damaged (path: string, what: string, cause?: unknown): CodedError<StoreErrorCode> {
  return new CodedError('STORE_DAMAGED', `The database in ${path} is damaged (${what}): put back a copy of the folder, or move it away to start empty; money in the escrow is safe, trades without a receipt are forgotten.`, { details: { path }, cause })
}

/** `level` leaves this function of its Node.js side out of its types. */
async function repair (path: string): Promise<void> {
  await (Level as unknown as { repair(location: string): Promise<void> }).repair(path)
}

/** The most telling code of level's errors: it wraps the reason in a general one. */
function levelCode (error: unknown): string | undefined {
  if (!(error instanceof Error)) {
    return undefined
  }
  return levelCode(error.cause) ?? (error as Error & { code?: string }).code
}
