import type { UnixSeconds } from '../domain/units.ts'
import type { Cancel, Clock } from '../ports/clock.ts'

/** A clock that stands still until it is told to move, and then jumps from timer to timer. */
export interface VirtualClock extends Clock {
  /** Timers that have not run yet. */
  readonly pending: number
  /**
   * Runs what is due until `time`, in the order of time and then of setting, each at its own instant. After each timer it
   * waits until the promises the timer started have settled or wait for something else. Time never goes back.
   */
  advanceTo(time: UnixSeconds): Promise<void>
}

interface Timer {
  readonly time: number
  task(): void
}

/** A virtual clock that shows `start`. */
export function createVirtualClock (start: UnixSeconds): VirtualClock {
  let current = start
  // latest first, so that the next timer is taken from the end
  const timers: Timer[] = []

  const set = (time: number, task: () => void): Cancel => {
    const timer = { time: Math.max(time, current), task }
    timers.splice(insertionPoint(timers, timer.time), 0, timer)
    return () => {
      const at = timers.indexOf(timer)
      if (at >= 0) {
        timers.splice(at, 1)
      }
    }
  }

  return {
    now: () => Math.floor(current),
    instant: () => ({ wallMs: Math.floor(current * 1000), elapsedMs: Math.floor((current - start) * 1000) }),
    at: set,
    after: (seconds, task) => set(current + seconds, task),
    get pending () {
      return timers.length
    },
    async advanceTo (time) {
      await settled()
      for (let next = timers.at(-1); next != null && next.time <= time; next = timers.at(-1)) {
        timers.pop()
        current = Math.max(current, next.time)
        next.task()
        await settled()
      }
      current = Math.max(current, time)
    }
  }
}

/** Where a timer goes so that it runs after all that are due no later. */
function insertionPoint (timers: readonly Timer[], time: number): number {
  let low = 0
  let high = timers.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (timers[middle].time > time) {
      low = middle + 1
    } else {
      high = middle
    }
  }
  return low
}

/** A turn of the event loop: every chain of promises that can go on has gone on. */
async function settled (): Promise<void> {
  await new Promise(resolve => setImmediate(resolve))
}
