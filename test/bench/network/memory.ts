import { fileURLToPath } from 'node:url'
import { interleaved, median, ratio, worker } from './harness.ts'
import { withOffers } from './sync.ts'
import type { Section } from './harness.ts'
import type { Memory, MemoryTask } from './memory-worker.ts'

const WORKER = fileURLToPath(new URL('memory-worker.ts', import.meta.url))
const MIB = 1024 * 1024

/** What a node holds when nothing happens, and with a book that is five times as full as it may get. */
export const memory: Section = {
  name: 'memory',
  async run (options) {
    const count = options.isQuick ? 4000 : 100_000
    options.progress(`signing ${count} offers`)
    return withOffers(count, async (file) => {
      const rss: Record<MemoryTask['what'], number[]> = { bare: [], idle: [], holding: [] }
      const measure = (what: MemoryTask['what']) => async () => {
        const found = await worker<Memory>(WORKER, { what, file })
        if (what === 'holding' && found.offers !== count) {
          throw new Error(`only ${found.offers} of ${count} offers were accepted`)
        }
        rss[what].push(found.rss)
        return found.held
      }
      const held = await interleaved({ bare: measure('bare'), idle: measure('idle'), holding: measure('holding') }, options)
      const figure = (what: MemoryTask['what']): string => `${(median(held[what]) / MIB).toFixed(0)} MiB (process ${(median(rss[what]) / MIB).toFixed(0)} MiB)`
      const perOffer = held.holding.map((all, round) => (all - held.idle[round]) / count)
      return [
        {
          id: 'memory',
          what: 'memory of a node at rest / a bare libp2p node with gossipsub',
          figures: `${figure('idle')}, bare ${figure('bare')}`,
          ratio: ratio(held.idle, held.bare)
        },
        {
          id: 'memory',
          what: `memory of a node that holds ${count} offers / at rest`,
          figures: `${figure('holding')}, ${median(perOffer).toFixed(0)} bytes an offer with its strings and signature`,
          ratio: ratio(held.holding, held.idle)
        }
      ]
    })
  }
}
