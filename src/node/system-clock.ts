import { uptime } from 'node:os'
import type { UnixSeconds } from '../domain/units.ts'
import type { Cancel, Clock } from '../ports/clock.ts'

/**
 * No timer sleeps longer than this before it looks at the clock again: a small computer without a battery may wake in the
 * wrong year and be put right later, and a timer of Node.js cannot be longer than 2^31 ms.
 */
const MAX_SLEEP_MS = 60_000

export interface SystemClockInit {
  /** Market seconds that pass in one second on the wall. Practice markets run faster; real ones at 1. */
  readonly speed?: number
  /** The instant, in ms since 1970, at which market time was `marketStart`. Nodes of one fast market share both. */
  readonly realStart?: number
  readonly marketStart?: UnixSeconds
}

/** Market time from the computer's clock: `marketStart + (Date.now() - realStart) / 1000 * speed`; without an init, the wall clock. */
export function createSystemClock ({ speed = 1, realStart = Date.now(), marketStart }: SystemClockInit = {}): Clock {
  const marketStartMs = marketStart == null ? realStart : marketStart * 1000
  const marketMs = (): number => marketStartMs + (Date.now() - realStart) * speed
  return {
    now: () => Math.floor(marketMs() / 1000),
    // the computer's uptime goes on while it sleeps, which the clock of its timers does not
    instant: () => ({ wallMs: Math.floor(marketMs()), elapsedMs: Math.floor(uptime() * 1000 * speed) }),
    at: (time, task) => sleep(() => (time * 1000 - marketMs()) / speed, task),
    after (seconds, task) {
      // counted on the monotonic clock, so that a pause stays a pause when the wall clock is put right; 1 ms more because
      // the wall clock cuts its milliseconds and must not seem to have passed less
      const due = performance.now() + seconds * 1000 / speed + 1
      return sleep(() => due - performance.now(), task)
    }
  }
}

/** Runs `task` from a timer once `remainingMs` says that nothing is left. */
function sleep (remainingMs: () => number, task: () => void): Cancel {
  let timer: NodeJS.Timeout
  const wait = (): void => {
    timer = setTimeout(() => {
      if (remainingMs() > 0) {
        wait()
      } else {
        task()
      }
    }, Math.ceil(Math.min(MAX_SLEEP_MS, Math.max(0, remainingMs()))))
  }
  wait()
  return () => { clearTimeout(timer) }
}
