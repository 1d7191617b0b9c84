import { setTimeout as sleep } from 'node:timers/promises'
import { explain } from '../../domain/errors.ts'
import type { Device, Sample } from '../../ports/device.ts'

/** One look at a device: what it showed, or why it showed nothing. */
export interface Look {
  /** On the wall clock, in milliseconds. */
  readonly atMs: number
  readonly sample?: Sample
  readonly failure?: string
}

async function look (device: Device): Promise<Look> {
  return device.sample().then(
    (sample) => ({ atMs: Date.now(), sample }),
    (error: unknown) => ({ atMs: Date.now(), failure: explain(error) })
  )
}

export interface WatchInit {
  readonly everyMs: number
  /** For so long, in milliseconds; until the signal fires unless given. */
  readonly forMs?: number
  readonly signal?: AbortSignal
}

/** One look after the other, each as it is made. The first one comes at once. */
export async function * looks (device: Device, { everyMs, forMs = Infinity, signal }: WatchInit): AsyncGenerator<Look> {
  const start = performance.now()
  const isStopped = (): boolean => signal?.aborted === true
  for (let count = 1; ; count++) {
    yield await look(device)
    const wait = Math.max(0, start + count * everyMs - performance.now())
    if (isStopped() || count * everyMs > forMs) {
      return
    }
    await sleep(wait, undefined, { signal }).catch(() => {})
    if (isStopped()) {
      return
    }
  }
}

/** The coarsest a meter counts in; every finer step divides it. */
const COARSEST_MILLI_WH = 1_000_000

/** The largest step, in mWh, that fits every register value seen: what it is at most. Undefined before any is known. */
export function stepSeen (samples: readonly Sample[]): number | undefined {
  const values = samples.flatMap(({ importMilliWh, exportMilliWh }) => [importMilliWh, exportMilliWh]).filter((value) => value != null)
  const step = values.reduce(commonDivisor, 0)
  return step === 0 ? undefined : commonDivisor(step, COARSEST_MILLI_WH)
}

function commonDivisor (a: number, b: number): number {
  let [x, y] = [a, b]
  while (y !== 0) {
    [x, y] = [y, x % y]
  }
  return x
}

export interface LoadTest {
  /** What was switched on, in watts. */
  readonly expectedWatts: number
  readonly before: readonly Sample[]
  readonly after: readonly Sample[]
}

export type LoadVerdict = 'right' | 'reversed' | 'unmoved' | 'unknown'

/** How far a load may be from what its owner thinks it takes: half of it. */
const SHARE = 0.5

/** How the grid power moved when a load was switched on. The load may come at any time after, so the furthest move counts. */
export function judgeLoad ({ expectedWatts, before, after }: LoadTest): { readonly verdict: LoadVerdict, readonly beforeWatts?: number, readonly movedWatts?: number } {
  const [was, is] = [watts(before), watts(after)]
  if (was.length === 0 || is.length === 0) {
    return { verdict: 'unknown' }
  }
  const beforeWatts = median(was)
  const moves = is.map((value) => value - beforeWatts)
  const movedWatts = moves.reduce((furthest, move) => Math.abs(move) > Math.abs(furthest) ? move : furthest, 0)
  const direction = movedWatts > 0 ? 'right' : 'reversed'
  return { verdict: Math.abs(movedWatts) >= SHARE * expectedWatts ? direction : 'unmoved', beforeWatts, movedWatts }
}

function watts (samples: readonly Sample[]): number[] {
  return samples.map(({ gridWatts }) => gridWatts).filter((value) => value != null)
}

function median (values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]
}

/** True when a load would certainly be seen in these: one of them moved far enough, so that nobody has to wait longer. */
export function isMoved (test: LoadTest): boolean {
  const { verdict } = judgeLoad(test)
  return verdict === 'right' || verdict === 'reversed'
}
