import { fileURLToPath } from 'node:url'
import { chooseRecovery } from '../../../src/signing/recovery.ts'
import { cpuMicros, interleaved, median, ratio, worker } from './harness.ts'
import { aDoor, ingest } from './ingest.ts'
import { someOrders } from './orders.ts'
import type { GossipTask } from './gossip-worker.ts'
import type { BenchOptions, Section } from './harness.ts'
import type { Kind } from './homes.ts'

const WORKER = fileURLToPath(new URL('gossip-worker.ts', import.meta.url))
const SIZES = [10, 50, 100] as const
/** One message in a hundred is what a percentile stands on; each costs as much as it has hearers, so large streets get fewer. */
const MESSAGES = { 10: 2000, 50: 400, 100: 250 } as const
const MOST_ROUNDS = { 10: 5, 50: 3, 100: 3 } as const

interface Result {
  readonly microsPerDelivery: number
  readonly perSec: number
  readonly p50: number
  readonly p99: number
  readonly delivered: number
}

const run = async (task: GossipTask): Promise<Result> => worker<Result>(WORKER, task)

/** Microseconds of all that a node does with each order that reaches it. */
export const nodes: Section = {
  name: 'node',
  async run (options) {
    const messages = options.isQuick ? 100 : 1500
    const { recovery } = await chooseRecovery({ allowSlow: true })
    const orders = someOrders(options.isQuick ? 1000 : 10_000)
    const cost = (kind: Kind) => async () => (await run({ kind, homes: 10, messages })).microsPerDelivery
    const micros = await interleaved({
      bare: cost('bare'),
      full: cost('full'),
      signed: cost('signed'),
      ingest: async () => cpuMicros(orders.length, () => { ingest(orders, aDoor(recovery)) })
    }, options)
    const predicted = micros.bare.map((bare, round) => bare + micros.ingest[round])
    const figures = `${median(micros.full).toFixed(0)} µs for each order and home`
    return [
      {
        id: 'P13',
        what: 'full nodes / bare gossipsub without signatures, and ingest, together: orders delivered for the same processor time, 10 homes over TCP',
        figures: `${figures}; bare ${median(micros.bare).toFixed(0)} µs, ingest ${median(micros.ingest).toFixed(0)} µs`,
        ratio: ratio(predicted, micros.full),
        goal: '>= 0.9'
      },
      {
        id: 'P14',
        what: 'full nodes / plain gossipsub that signs messages and verifies no order, the same',
        figures: `${figures}; with gossipsub's signatures ${median(micros.signed).toFixed(0)} µs`,
        ratio: ratio(micros.signed, micros.full),
        goal: '>= 2.5'
      }
    ]
  }
}

/** How long an order takes to reach the last homes, at a quarter of what bare gossipsub can carry. */
export const propagation: Section = {
  name: 'propagation',
  async run (options) {
    const rows = []
    for (const homes of SIZES) {
      rows.push(await propagationRow(homes, options))
    }
    return rows
  }
}

async function propagationRow (homes: typeof SIZES[number], options: BenchOptions): ReturnType<typeof measureRow> {
  const progress = (text: string): void => { options.progress(`${homes} homes: ${text}`) }
  const messages = options.isQuick ? 40 : MESSAGES[homes]
  progress('what can bare gossipsub carry?')
  const { perSec } = await run({ kind: 'bare', homes, messages })
  return measureRow({ homes, messages, perSec: perSec / 4 }, { ...options, rounds: Math.min(options.rounds, MOST_ROUNDS[homes]), isCold: true, progress })
}

async function measureRow (task: Omit<GossipTask, 'kind'>, options: BenchOptions): Promise<Awaited<ReturnType<Section['run']>>[number]> {
  const results: Record<'bare' | 'full', Result[]> = { bare: [], full: [] }
  const measure = (kind: 'bare' | 'full') => async () => {
    const result = await run({ kind, ...task })
    results[kind].push(result)
    return result.p99
  }
  const p99 = await interleaved({ bare: measure('bare'), full: measure('full') }, options)
  const lost = [...results.bare, ...results.full].filter(({ delivered }) => delivered !== 1).length
  const p50 = (kind: 'bare' | 'full'): string => median(results[kind].map((result) => result.p50)).toFixed(1)
  return {
    id: 'P15',
    what: `99th percentile of the time an order takes to a home, full nodes / bare gossipsub, ${task.homes} homes over TCP`,
    figures: `${median(p99.full).toFixed(0)} ms (median ${p50('full')}), bare ${median(p99.bare).toFixed(0)} ms (${p50('bare')}); ${task.perSec?.toFixed(0)} orders a second, ${lost === 0 ? 'all delivered' : `not all delivered in ${lost} runs`}`,
    ratio: ratio(p99.full, p99.bare),
    goal: '<= 1.2'
  }
}
