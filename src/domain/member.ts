import type { Account, UnixSeconds } from './units.ts'

/** A household's seat in the meter book of its community. */
export interface Member {
  readonly home: Account
  /** The key that attests its readings; missing while a founder has not joined yet. */
  readonly meter?: Account
  /** The key is good for `from <= time < until`. */
  readonly from: UnixSeconds
  readonly until: UnixSeconds
}

/** Whether the seat lets a home trade at `time`. */
export function isGoodAt ({ meter, from, until }: Member, time: UnixSeconds): boolean {
  return meter != null && from <= time && time < until
}
