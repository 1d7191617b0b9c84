import { setTimeout as sleep } from 'node:timers/promises'

export interface Background {
  /** Throws what the task threw, so that it fails the test that waits for its effect. */
  check(): void
  /** Resolves when the task is over for good, and throws what it threw. */
  stop(): Promise<void>
}

/** Does the task again and again until it fails or is stopped. */
export function inBackground (task: () => Promise<unknown>, everyMs: number): Background {
  const stopped = new AbortController()
  let failure: Error | undefined
  const run = async (): Promise<void> => {
    while (!stopped.signal.aborted) {
      await task()
      await sleep(everyMs)
    }
  }
  const running = run().catch((error: unknown) => { failure = new Error('a task in the background failed', { cause: error }) })
  const check = (): void => {
    if (failure != null) {
      throw failure
    }
  }
  return {
    check,
    async stop () {
      stopped.abort()
      await running
      check()
    }
  }
}
