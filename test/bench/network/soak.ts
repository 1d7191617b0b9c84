import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { median } from './harness.ts'
import type { Section } from './harness.ts'
import type { Sample } from './soak-worker.ts'

const WORKER = fileURLToPath(new URL('soak-worker.ts', import.meta.url))
const MIB = 1024 * 1024
const BARS = '▁▂▃▄▅▆▇█'
/** Columns of the picture. */
const WIDTH = 72

/** Homes that come and go for some minutes, or an hour with `--minutes 60`: what they hold must not grow. Runs only when it is named. */
export const soak: Section = {
  name: 'soak',
  isOnlyNamed: true,
  async run ({ minutes = 5, progress }) {
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
    const during = samples.slice(0, -1)
    process.stdout.write(`${[
      picture('held', 'MiB', during.map(({ held }) => held / MIB)),
      picture('process', 'MiB', during.map(({ rss }) => rss / MIB)),
      picture('open', 'orders', during.map(({ open }) => open)),
      picture('gossiped', 'orders a sample', during.map(({ gossiped }, index) => gossiped - (during[index - 1]?.gossiped ?? 0)))
    ].join('\n')}\n`)
    // the first sixth fills books and caches
    const steady = during.slice(Math.ceil(during.length / 6))
    const third = Math.ceil(steady.length / 3)
    const held = (part: readonly Sample[]): number => median(part.map((sample) => sample.held))
    const [early, late] = [held(steady.slice(0, third)), held(steady.slice(-third))]
    return [{
      id: 'soak',
      what: `memory of 8 homes that gossip while one after another restarts, ${minutes} minutes: last third / first third`,
      figures: `${(late / MIB).toFixed(1)} MiB, at first ${(early / MIB).toFixed(1)} MiB, ${(3600 * slope(steady) / MIB).toFixed(2)} MiB an hour; ${end.gossiped} orders, ${end.restarts} restarts; ${end.differing} of ${Math.round(end.open / 8)} orders not in all books in the end`,
      ratio: late / early,
      goal: '<= 1.1'
    }]
  }
}

/** One line: a bar from zero to the highest for each stretch of time, with the least and the most. */
function picture (name: string, unit: string, values: readonly number[]): string {
  const columns = Math.min(WIDTH, values.length)
  const means = Array.from({ length: columns }, (_, column) => {
    const part = values.slice(Math.floor(column * values.length / columns), Math.floor((column + 1) * values.length / columns))
    return part.reduce((sum, value) => sum + value, 0) / part.length
  })
  const highest = Math.max(...means)
  const bars = means.map((value) => BARS[Math.min(BARS.length - 1, Math.floor(BARS.length * value / highest))]).join('')
  return `${name.padEnd(9)}${bars} ${Math.min(...values).toFixed(0)} to ${Math.max(...values).toFixed(0)} ${unit}`
}

/** Bytes a second by which what is held grows: the median over all pairs of samples, which no single one can turn. */
function slope (samples: readonly Sample[]): number {
  return median(samples.flatMap((one, index) => samples.slice(index + 1).map((other) => (other.held - one.held) / (other.at - one.at))))
}
