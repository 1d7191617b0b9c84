import type { Member } from '../domain/member.ts'
import type { Account, UnixSeconds } from '../domain/units.ts'

/** How fresh our knowledge of the community is. */
export interface MembershipState {
  readonly book: Account
  /** Seats, those included that are not good now. */
  readonly seats: number
  /** Market time of the newest look that succeeded; what we know is from then. */
  readonly asOf: UnixSeconds
  /** Why we cannot know better now; missing while every look succeeds. */
  readonly problem?: string
}

/**
 * The community's meter book as a node sees it: a copy that is refreshed all the time. When the chain is away the last copy
 * stays, and the state says so; nobody becomes a member or stops being one because we cannot ask.
 */
export interface Membership {
  /** Resolves once the book was read; throws what the chain throws when it cannot be. */
  start(): Promise<void>
  stop(): Promise<void>
  /** The seat of a home as of the last copy, good or not. */
  seat(home: Account): Member | undefined
  state(): MembershipState
}
