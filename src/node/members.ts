import { isGoodAt } from '../domain/member.ts'
import type { NodeContext } from './context.ts'
import type { Member } from '../domain/member.ts'
import type { Account } from '../domain/units.ts'

/** Who may trade in this market, and whose readings count for whom. */
export interface Members {
  isMember(owner: Account): boolean
  /** The key whose readings count for a seller that trades with `key`; undefined when nobody's do. */
  attesterOf(owner: Account, key: Account): Account | undefined
}

/** A market whose rules name no meter book is open: everybody trades, and attests with the key it trades with. */
export function membersOf ({ membership, clock }: Pick<NodeContext, 'membership' | 'clock'>): Members {
  const goodSeat = (owner: Account): Member | undefined => {
    const seat = membership?.seat(owner)
    return seat != null && isGoodAt(seat, clock.now()) ? seat : undefined
  }
  return {
    isMember: (owner) => membership == null || goodSeat(owner) != null,
    attesterOf: (owner, key) => membership == null ? key : goodSeat(owner)?.meter
  }
}
