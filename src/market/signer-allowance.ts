import { periodAt } from '../domain/period.ts'
import type { MarketRules } from '../domain/market-rules.ts'
import type { Account, UnixSeconds } from '../domain/units.ts'

/**
 * How many orders of each signer were accepted since the current delivery period began. Only accepted orders count: a
 * signer that nobody has checked could be anyone's.
 */
export class SignerAllowance {
  private readonly rules: MarketRules
  private counts = new Map<Account, number>()
  private period = 0

  constructor (rules: MarketRules) {
    this.rules = rules
  }

  used (signer: Account, now: UnixSeconds): number {
    return periodAt(now, this.rules) === this.period ? this.counts.get(signer) ?? 0 : 0
  }

  count (signer: Account, now: UnixSeconds): void {
    const period = periodAt(now, this.rules)
    if (period !== this.period) {
      this.period = period
      this.counts = new Map()
    }
    this.counts.set(signer, (this.counts.get(signer) ?? 0) + 1)
  }
}
