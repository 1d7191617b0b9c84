import type { NodeContext } from './context.ts'
import type { Account, UnixSeconds } from '../domain/units.ts'

/** A registration is asked for again after this long, in seconds of market time. */
const REFRESH_SEC = 6 * 3600

/** Remembers until when neighbours' hot keys are registered, so that a proposal needs no chain read. */
export interface KeyBook {
  /** 0 when the owner never registered the key. Throws what the chain throws. */
  validUntil(owner: Account, key: Account): Promise<UnixSeconds>
  /** The owner changed something: ask the chain again. */
  forget(owner: Account, key: Account): void
}

export function keyBook ({ settlement, clock }: Pick<NodeContext, 'settlement' | 'clock'>): KeyBook {
  const known = new Map<string, { validUntil: UnixSeconds, askedAt: UnixSeconds }>()
  return {
    async validUntil (owner, key) {
      const id = `${owner}/${key}`
      const entry = known.get(id)
      if (entry != null && entry.validUntil > clock.now() && entry.askedAt > clock.now() - REFRESH_SEC) {
        return entry.validUntil
      }
      const { validUntil } = await settlement.key(owner, key)
      if (known.size >= 10_000) {
        known.clear()
      }
      known.set(id, { validUntil, askedAt: clock.now() })
      return validUntil
    },
    forget (owner, key) {
      known.delete(`${owner}/${key}`)
    }
  }
}
