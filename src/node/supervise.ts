import { explain } from '../domain/errors.ts'
import type { Cancel, Clock } from '../ports/clock.ts'
import type { Logger } from '../ports/telemetry.ts'

/** A background task that runs again and again, never twice at once, and never fails silently. */
export interface Loop {
  /** Runs the task now, or once more right after the run under way. */
  wake(): void
  /** Stops and waits for the run under way. */
  stop(): Promise<void>
}

/**
 * Runs `task` repeatedly. It returns how many seconds of market time to wait before the next run. A run that throws is logged
 * and repeated after a pause that doubles from 5 to 300 seconds.
 */
export function loop (name: string, task: () => Promise<number>, components: { clock: Clock, logger: Logger }): Loop {
  let cancel: Cancel = () => {}
  let running: Promise<void> | undefined
  let isWoken = false
  let isStopped = false
  let failures = 0

  const run = async (): Promise<void> => {
    let wait: number
    try {
      wait = await task()
      failures = 0
    } catch (error) {
      wait = Math.min(300, 5 * 2 ** Math.min(failures++, 6))
      if (!isStopped) {
        components.logger.warn(`${name} failed and will be tried again`, { error: explain(error), inSec: wait })
      }
    }
    running = undefined
    if (!isStopped) {
      cancel = components.clock.after(isWoken ? 0 : wait, start)
      isWoken = false
    }
  }
  const start = (): void => {
    if (running == null && !isStopped) {
      running = run()
    }
  }
  cancel = components.clock.after(0, start)

  return {
    wake () {
      isWoken = running != null
      if (!isWoken) {
        cancel()
        start()
      }
    },
    async stop () {
      isStopped = true
      cancel()
      await running
    }
  }
}
