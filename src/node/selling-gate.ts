import { meterTag } from '../signing/digests.ts'
import type { Home } from './context.ts'
import type { MarketRules } from '../domain/market-rules.ts'
import type { UnixSeconds, WattHours } from '../domain/units.ts'
import type { Clock } from '../ports/clock.ts'
import type { Meter } from '../ports/meter.ts'
import type { Network } from '../ports/network.ts'
import type { Logger } from '../ports/telemetry.ts'

/** A neighbour that sold by our meter is remembered so long after it went away. */
const CONFLICT_SEC = 3600

export interface SellingGate {
  /** Why this home sells nothing just now: one sentence. Undefined while it may. */
  problem(): string | undefined
  /** What of a forecast surplus may be offered in one period: nothing while there is a problem, never more than may flow out. */
  atMost(surplusWh: WattHours): WattHours
}

/**
 * Whether this home may sell: its meter must be fit for it, and nobody else may sell by it. Every node tells its neighbours a hash of
 * its meter's serial number and its own peer id: only who has the same meter recognises it, and nobody can repeat it as his own.
 */
export function sellingGate ({ home, rules, clock, meter, network, logger }: {
  home: Home, rules: MarketRules, clock: Clock, meter: Meter, network: Network, logger: Logger
}): SellingGate {
  let conflict: { readonly peerId: string, readonly seenAt: UnixSeconds } | undefined
  let told: string | undefined

  const findConflict = (): string | undefined => {
    const { serial } = meter.status().traits
    const other = serial == null ? undefined : network.peers().find((peer) => peer.meterTag === meterTag(serial, peer.peerId))
    if (other != null) {
      conflict = { peerId: other.peerId, seenAt: clock.now() }
    } else if (conflict != null && conflict.seenAt < clock.now() - CONFLICT_SEC) {
      conflict = undefined
    }
    return conflict == null ? undefined : `another node, ${conflict.peerId}, sells by the same meter: stop one of the two`
  }

  const problem = (): string | undefined => {
    const now = findConflict() ?? meter.status().cannotSell
    if (now !== told) {
      logger[now == null ? 'info' : 'warn'](now == null ? 'this home may sell' : 'this home sells nothing', { reason: now })
      told = now
    }
    return now
  }

  return {
    problem,
    atMost: (surplusWh) => problem() != null
      ? 0
      : Math.min(surplusWh, home.exportLimitWatts == null ? surplusWh : Math.floor(home.exportLimitWatts * rules.periodSec / 3600))
  }
}
