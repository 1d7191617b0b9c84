import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

/** What the sections of the network bench share: rounds that take turns, and rows of the one table they all fill. */

export interface Row {
  /** As in the list of goals. */
  readonly id: string
  readonly what: string
  /** The figures behind the ratio, for people. */
  readonly figures: string
  readonly ratio: number
  /** `>= 0.85`, or nothing where a figure is only reported. */
  readonly goal?: string
}

export interface BenchOptions {
  readonly rounds: number
  /** A tenth of the work: to see that it runs, not to judge by. */
  readonly isQuick: boolean
  /** Each measurement has a process of its own, which a round to warm up would not help. */
  readonly isCold?: boolean
  /** How long a soak lasts. */
  readonly minutes?: number
  progress(text: string): void
}

/** One file each; `index.ts` runs them in its order. */
export interface Section {
  readonly name: string
  /** Takes too long to run with all others. */
  readonly isOnlyNamed?: boolean
  run(options: BenchOptions): Promise<Row[]>
}

/** One way to do the work of a round; gives its result, higher or lower being better as the caller likes. */
type Candidate = () => number | Promise<number>

/** Runs every candidate once in each round, in changing order, after one round to warm up where that helps. Results by candidate and round. */
export async function interleaved<Name extends string> (candidates: Readonly<Record<Name, Candidate>>, { rounds, isCold, progress }: BenchOptions): Promise<Record<Name, number[]>> {
  const names = Object.keys(candidates) as Name[]
  const results = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<Name, number[]>
  for (let round = isCold === true ? 1 : 0; round <= rounds; round++) {
    for (const name of round % 2 === 0 ? names : [...names].reverse()) {
      progress(`${round === 0 ? 'warming up' : `round ${round} of ${rounds}`}: ${name}`)
      const result = await candidates[name]()
      if (round > 0) {
        results[name].push(result)
      }
    }
  }
  return results
}

/** What a program that prints one JSON object says; each measurement by one has a process to itself. */
export async function worker<Result> (program: string, task: object): Promise<Result> {
  const args = [...process.execArgv, '--expose-gc', program, JSON.stringify(task)]
  const { stdout } = await promisify(execFile)(process.execPath, args, { maxBuffer: 1024 * 1024 })
  return JSON.parse(stdout) as Result
}

/** User and system time of all threads of the process, in microseconds for each of `count` pieces of work. */
export async function cpuMicros (count: number, work: () => unknown): Promise<number> {
  const before = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / count
}

export function median (values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

/** The median of what the rounds say one by one, so that a disturbed round does not disturb the rest. */
export function ratio (above: readonly number[], below: readonly number[]): number {
  return median(above.map((value, round) => value / below[round]))
}

/** Undefined when the row has no goal. */
export function isReached ({ ratio, goal }: Row): boolean | undefined {
  const [, sign, bound] = /^(>=|<=) ([\d.]+)$/.exec(goal ?? '') ?? []
  if (sign == null) {
    return undefined
  }
  return sign === '>=' ? ratio >= Number(bound) : ratio <= Number(bound)
}
