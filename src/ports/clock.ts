import type { UnixSeconds } from '../domain/units.ts'

/** Undoes a timer; calling it twice, or after the timer ran, does nothing. */
export type Cancel = () => void

/** One instant on two clocks, in whole milliseconds of market time. */
export interface Instant {
  /** Since 1970. Labels things; it may be set forward and back. */
  readonly wallMs: number
  /** Since some moment before the program began. Measures gaps: it only goes forward, also while the computer sleeps. */
  readonly elapsedMs: number
}

/** The only source of time. A scaled clock runs faster than the wall; the market never notices. */
export interface Clock {
  /** Whole seconds of market time. */
  now(): UnixSeconds
  instant(): Instant
  /** Runs `task` once, as soon as `now() >= time`. */
  at(time: UnixSeconds, task: () => void): Cancel
  /** Runs `task` once, `seconds` of market time from now; fractions are allowed. */
  after(seconds: number, task: () => void): Cancel
}
