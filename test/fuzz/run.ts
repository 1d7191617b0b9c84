/** `npm run fuzz -- [inputs for each decoder] [seed] [name of one decoder]`: a million each unless said otherwise, on all processors. */
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { isMainThread, parentPort, Worker } from 'node:worker_threads'
import { fuzz } from './fuzz.ts'
import { FUZZ_TARGETS } from './targets.ts'
import type { FuzzResult } from './fuzz.ts'

interface Chunk {
  readonly name: string
  readonly inputs: number
  readonly seed: number
}

type Outcome = Chunk & (FuzzResult | { readonly defect: string })

/** What one worker does at a time: the same chunks whatever their number, so that a seed always means the same inputs. */
const CHUNK = 20_000

function work ({ name, inputs, seed }: Chunk): FuzzResult | { readonly defect: string } {
  try {
    return fuzz(FUZZ_TARGETS.filter((target) => target.name === name)[0], inputs, seed)
  } catch (error) {
    return { defect: String(error) }
  }
}

function chunksOf ([inputs = '1000000', seed, only]: readonly string[]): Chunk[] {
  const starts = Array.from({ length: Math.ceil(Number(inputs) / CHUNK) }, (_, n) => n * CHUNK)
  return FUZZ_TARGETS.filter(({ name }) => only == null || name === only)
    .flatMap(({ name }) => starts.map((start) => ({ name, inputs: Math.min(CHUNK, Number(inputs) - start), seed: Number(seed) + start })))
}

/** Prints a line for each decoder that is done, and how far the current one is where somebody watches. */
function report (chunks: readonly Chunk[]): (outcome: Outcome) => void {
  const sums = new Map<string, { left: number, inputs: number, accepted: number, slowestMs: number }>()
  for (const { name } of chunks) {
    sums.set(name, { left: (sums.get(name)?.left ?? 0) + 1, inputs: 0, accepted: 0, slowestMs: 0 })
  }
  return (outcome) => {
    const sum = sums.get(outcome.name)
    if (sum == null || sum.left === 0) {
      return
    }
    if ('defect' in outcome) {
      sum.left = 0
      process.exitCode = 1
      process.stdout.write(`seed ${outcome.seed}: ${outcome.defect}\n`)
      return
    }
    sum.left--
    sum.inputs += outcome.inputs
    sum.accepted += outcome.accepted
    sum.slowestMs = Math.max(sum.slowestMs, outcome.slowestMs)
    process.stderr.isTTY && process.stderr.write(`\r${outcome.name}: ${sum.inputs} inputs\x1b[K${sum.left === 0 ? '\r\x1b[K' : ''}`)
    sum.left === 0 && process.stdout.write(`${outcome.name}: ${sum.inputs} inputs, ${sum.accepted} accepted, slowest ${sum.slowestMs.toFixed(1)} ms\n`)
  }
}

function main ([inputs, seed = String(Date.now() % 1_000_000_007), only]: readonly string[]): void {
  const chunks = chunksOf([inputs, seed, only])
  const tell = report(chunks)
  process.stdout.write(`seed ${seed}\n`)
  for (let n = Math.min(availableParallelism(), chunks.length); n > 0; n--) {
    const worker = new Worker(fileURLToPath(import.meta.url))
    const next = (): void => { worker.postMessage(chunks.shift()) }
    worker.on('message', (outcome: Outcome) => {
      tell(outcome)
      next()
    })
    next()
  }
}

if (isMainThread) {
  main(process.argv.slice(2))
} else {
  parentPort?.on('message', (chunk?: Chunk) => {
    if (chunk == null) {
      parentPort?.close()
    } else {
      parentPort?.postMessage({ ...chunk, ...work(chunk) })
    }
  })
}
