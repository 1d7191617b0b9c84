import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { median } from './harness.ts'
import type { Section } from './harness.ts'
import type { Sample } from './soak-worker.ts'

const WORKER = fileURLToPath(new URL('soak-worker.ts', import.meta.url))
const MIB = 1024 * 1024

/** Homes that come and go for an hour, or `--minutes`: what they hold must not grow. Runs only when it is named. */
export const soak: Section = {
  name: 'soak',
  isOnlyNamed: true,
  async run ({ minutes = 60, progress }) {
    const child = spawn(process.execPath, [...process.execArgv, '--expose-gc', WORKER, JSON.stringify({ minutes })], { stdio: ['ignore', 'pipe', 'inherit'] })
    const samples: Sample[] = []
    for await (const line of createInterface(child.stdout)) {
      const sample = JSON.parse(line) as Sample
      samples.push(sample)
      progress(`${sample.at} s: ${(sample.held / MIB).toFixed(1)} MiB held, process ${(sample.rss / MIB).toFixed(0)} MiB, ${sample.open} open orders, ${sample.gossiped} gossiped, ${sample.restarts} restarts`)
    }
    const end = samples.at(-1)
    if (end?.isEnd !== true) {
      throw new Error('the street did not last to the end')
    }
    // the first sixth fills books and caches
    const steady = samples.slice(Math.ceil(samples.length / 6), -1)
    const third = Math.ceil(steady.length / 3)
    const held = (part: readonly Sample[]): number => median(part.map((sample) => sample.held))
    const [early, late] = [held(steady.slice(0, third)), held(steady.slice(-third))]
    return [{
      id: 'soak',
      what: `memory of 8 homes that gossip while one after another restarts, ${minutes} minutes: last third / first third`,
      figures: `${(late / MIB).toFixed(1)} MiB, at first ${(early / MIB).toFixed(1)} MiB; ${end.gossiped} orders, ${end.restarts} restarts; ${end.differing} of ${Math.round(end.open / 8)} orders not in all books in the end`,
      ratio: late / early,
      goal: '<= 1.1'
    }]
  }
}
