import type { UnixSeconds } from '../domain/units.ts'

/** Undoes a timer; calling it twice, or after the timer ran, does nothing. */
export type Cancel = () => void

/** The only source of time. A scaled clock runs faster than the wall; the market never notices. */
export interface Clock {
  /** Whole seconds of market time. */
  now(): UnixSeconds
  /** Runs `task` once, as soon as `now() >= time`. */
  at(time: UnixSeconds, task: () => void): Cancel
  /** Runs `task` once, `seconds` of market time from now; fractions are allowed. */
  after(seconds: number, task: () => void): Cancel
}
