import { isGoodAt } from '../domain/member.ts'
import type { NodeContext } from './context.ts'
import type { Member } from '../domain/member.ts'
import type { Account } from '../domain/units.ts'

/** Who may trade in this market, and whose readings count for whom. */
export interface Members {
  isMember(owner: Account): boolean
  /** Whether readings signed by `attester` count for this seller. */
  isAttestedBy(owner: Account, attester: Account): boolean
}

/** A market whose rules name no meter book is open: everybody trades, and says itself who attests for it. */
export function membersOf ({ membership, clock }: Pick<NodeContext, 'membership' | 'clock'>): Members {
  const goodSeat = (owner: Account): Member | undefined => {
    const seat = membership?.seat(owner)
    return seat != null && isGoodAt(seat, clock.now()) ? seat : undefined
  }
  return {
    isMember: (owner) => membership == null || goodSeat(owner) != null,
    isAttestedBy: (owner, attester) => membership == null || goodSeat(owner)?.meter === attester
  }
}
