import type { Home, NodeContext } from './context.ts'
import type { Knobs } from '../domain/knobs.ts'

/** What was changed while the node ran; null goes back to the configuration. */
export type KnobChanges = { readonly [K in keyof Knobs]?: Knobs[K] | null }

/** The owner's knobs: what the configuration says, and on top of it what was changed since, which outlives a restart. */
export interface KnobBoard {
  current(): Knobs
  /** Kept on disk before it counts. */
  change(changes: KnobChanges): Promise<Knobs>
  load(): Promise<void>
}

export function knobBoard ({ home, store, logger }: Pick<NodeContext, 'home' | 'store' | 'logger'>): KnobBoard {
  let changed: Partial<Knobs> = {}
  const current = (): Knobs => ({ ...configured(home), ...changed })
  return {
    current,
    async change (changes) {
      const kept = Object.entries({ ...changed, ...changes }).filter(([, value]) => value != null)
      const next = Object.fromEntries(kept) as Partial<Knobs>
      await store.commit({ knobs: next })
      changed = next
      logger.info('trading settings changed', { names: Object.keys(changes).join(' ') })
      return current()
    },
    async load () {
      changed = await store.knobs()
    }
  }
}

function configured ({ lowestSellingPrice, highestBuyingPrice, reserve = 'automatic', neighboursOnly = false, paused = false }: Home): Knobs {
  return { lowestSellingPrice, highestBuyingPrice, reserve, neighboursOnly, paused }
}
