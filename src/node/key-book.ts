import type { NodeContext } from './context.ts'
import type { Account, UnixSeconds } from '../domain/units.ts'

/** How long an answer counts, in seconds of market time: a registration lasts, and one that is missing may come any minute. */
const REGISTERED_SEC = 6 * 3600
const UNREGISTERED_SEC = 600

/** Keys remembered. */
const MAX_KEYS = 10_000

/** Remembers until when neighbours' hot keys are registered, so that a proposal needs no chain read. */
export interface KeyBook {
  /** 0 when the owner never registered the key. Throws what the chain throws. */
  validUntil(owner: Account, key: Account): Promise<UnixSeconds>
  /** True when the owner is remembered to have the key registered; asks nobody. */
  isKnown(owner: Account, key: Account): boolean
  /** The owner changed something: ask the chain again. */
  forget(owner: Account, key: Account): void
}

export function keyBook ({ settlement, clock }: Pick<NodeContext, 'settlement' | 'clock'>): KeyBook {
  const known = new Map<string, { validUntil: UnixSeconds, askedAt: UnixSeconds }>()
  return {
    async validUntil (owner, key) {
      const id = `${owner}/${key}`
      const entry = known.get(id)
      if (entry != null && entry.askedAt > clock.now() - (entry.validUntil > clock.now() ? REGISTERED_SEC : UNREGISTERED_SEC)) {
        return entry.validUntil
      }
      const { validUntil } = await settlement.key(owner, key)
      if (known.size >= MAX_KEYS) {
        known.clear()
      }
      known.set(id, { validUntil, askedAt: clock.now() })
      return validUntil
    },
    isKnown: (owner, key) => (known.get(`${owner}/${key}`)?.validUntil ?? 0) > clock.now(),
    forget (owner, key) {
      known.delete(`${owner}/${key}`)
    }
  }
}
