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
  /** True when the chain has not been asked for a while. */
  isUnasked(owner: Account, key: Account): boolean
  /** The owner changed something: ask the chain again. */
  forget(owner: Account, key: Account): void
}

export function keyBook ({ settlement, clock }: Pick<NodeContext, 'settlement' | 'clock'>): KeyBook {
  const known = new Map<string, { validUntil: UnixSeconds, askedAt: UnixSeconds }>()

  const recall = (owner: Account, key: Account): UnixSeconds | undefined => {
    const entry = known.get(`${owner}/${key}`)
    return entry != null && entry.askedAt > clock.now() - (entry.validUntil > clock.now() ? REGISTERED_SEC : UNREGISTERED_SEC) ? entry.validUntil : undefined
  }

  /** Keys that are not registered cost nothing to make, so they must not push out those that are. */
  const makeRoom = (): void => {
    if (known.size >= MAX_KEYS) {
      known.forEach(({ validUntil }, id) => { validUntil <= clock.now() && known.delete(id) })
    }
    if (known.size >= MAX_KEYS) {
      known.clear()
    }
  }

  return {
    async validUntil (owner, key) {
      const remembered = recall(owner, key)
      if (remembered != null) {
        return remembered
      }
      const { validUntil } = await settlement.key(owner, key)
      makeRoom()
      known.set(`${owner}/${key}`, { validUntil, askedAt: clock.now() })
      return validUntil
    },
    isKnown: (owner, key) => (known.get(`${owner}/${key}`)?.validUntil ?? 0) > clock.now(),
    isUnasked: (owner, key) => recall(owner, key) == null,
    forget (owner, key) {
      known.delete(`${owner}/${key}`)
    }
  }
}
