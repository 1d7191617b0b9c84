import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { interleaved, median, ratio } from './harness.ts'
import type { BenchOptions, Row, Section } from './harness.ts'

const WORKER = fileURLToPath(new URL('book-worker.ts', import.meta.url))
const GOALS = {
  narrow: { speed: '>= 20', p99: '<= 0.1', memory: '<= 0.25' },
  wide: { speed: '>= 6', p99: '<= 0.5', memory: '<= 0.25' }
} as const

type Workload = keyof typeof GOALS
type Result = Readonly<Record<string, number>>

/** Each measurement has a process to itself. */
function measure (name: 'ours' | 'other', workload: Workload, { mode, count }: { mode: string, count: number }): Result {
  const args = [...process.execArgv, '--expose-gc', WORKER, JSON.stringify({ name, workload, mode, count })]
  return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8', maxBuffer: 1024 * 1024 })) as Result
}

async function both (workload: Workload, mode: string, options: BenchOptions & { count: number }): Promise<Record<'ours' | 'other', Result[]>> {
  const results: Record<'ours' | 'other', Result[]> = { ours: [], other: [] }
  const run = (name: 'ours' | 'other') => () => {
    results[name].push(measure(name, workload, { mode, count: options.count }))
    return 0
  }
  await interleaved({ ours: run('ours'), other: run('other') }, { ...options, progress: (text) => { options.progress(`${workload} ${mode}: ${text}`) } })
  return { ours: results.ours.slice(1), other: results.other.slice(1) }
}

function isDifferent ({ ours, other }: Record<'ours' | 'other', Result[]>): boolean {
  return ours.some(({ bought, resting }, round) => bought !== other[round].bought || resting !== other[round].resting)
}

async function rows (workload: Workload, options: BenchOptions): Promise<Row[]> {
  const count = options.isQuick ? 50_000 : 1_000_000
  const goals = GOALS[workload]
  const speed = await both(workload, 'speed', { ...options, count })
  const isCut = speed.other.some(({ done }) => done < count)
  const few = Math.min(count, 200_000)
  const latency = await both(workload, 'latency', { ...options, count: few, rounds: Math.min(3, options.rounds) })
  if (isDifferent(latency) || (!isCut && isDifferent(speed))) {
    throw new Error('the two books did not do the same')
  }
  const memory = await both(workload, 'memory', { ...options, count: options.isQuick ? count : 500_000, rounds: Math.min(3, options.rounds) })
  const of = (results: readonly Result[], field: string): number[] => results.map((result) => result[field])
  const figure = (results: readonly Result[], field: string, digits: number): string => median(of(results, field)).toFixed(digits)
  return [
    {
      id: 'P9',
      what: `order book / nodejs-order-book, operations a second, ${workload}`,
      figures: `${figure(speed.ours, 'opsPerSec', 0)} over ${count} operations, the other ${figure(speed.other, 'opsPerSec', 0)}${isCut ? ` over the first ${figure(speed.other, 'done', 0)}, then stopped: the ratio is at least` : ''}`,
      ratio: ratio(of(speed.ours, 'opsPerSec'), of(speed.other, 'opsPerSec')),
      goal: goals.speed
    },
    {
      id: 'P10',
      what: `the same, 99th percentile of an operation, ${workload}`,
      figures: `${figure(latency.ours, 'p99', 1)} µs, the other ${figure(latency.other, 'p99', 1)} µs`,
      ratio: ratio(of(latency.ours, 'p99'), of(latency.other, 'p99')),
      goal: goals.p99
    },
    {
      id: 'P10',
      what: `the same, memory of an offer that rests, beside the offer itself, ${workload}`,
      figures: `${figure(memory.ours, 'bytesPerOrder', 0)} bytes, the other ${figure(memory.other, 'bytesPerOrder', 0)}`,
      ratio: ratio(of(memory.ours, 'bytesPerOrder'), of(memory.other, 'bytesPerOrder')),
      goal: goals.memory
    }
  ]
}

/** The same operations on our book and on `nodejs-order-book`, with equal fills and equal books in the end. */
export const book: Section = {
  name: 'book',
  run: async (options) => [...await rows('narrow', options), ...await rows('wide', options)]
}
