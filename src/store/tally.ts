import { createHash } from 'node:crypto'

/**
 * How many records there are and a checksum over all of them, kept up to date by every commit. A database that lost records
 * or newer versions of them in the middle of its log opens without an error; this figure, written later, gives it away.
 */
export interface Tally {
  readonly count: number
  readonly checksum: bigint
}

export const EMPTY_TALLY: Tally = { count: 0, checksum: 0n }

/** The tally after `key` changes from `before` (undefined when it is new) to `after`. */
export function replaceIn (tally: Tally, key: string, values: { before?: string, after: string }): Tally {
  // XOR, so that neither the order of records matters nor the way they came to be
  const checksum = tally.checksum ^ digest(key, values.after)
  return values.before == null
    ? { count: tally.count + 1, checksum }
    : { count: tally.count, checksum: checksum ^ digest(key, values.before) }
}

export function formatTally (tally: Tally): string {
  return `${tally.count} ${tally.checksum.toString(16).padStart(16, '0')}`
}

function digest (key: string, value: string): bigint {
  return createHash('sha256').update(`${key}\n${value}`).digest().readBigUInt64BE()
}
