import type { Hex, WattHours } from '../domain/units.ts'

export interface Contracted {
  readonly id: Hex
  readonly wh: WattHours
}

/**
 * Shares what a meter counted over the trades of one period: each gets `floor(total * wh / sum)`, the Wh left over go one
 * each to the first trades in order of id, and no trade gets more than it contracted. Both sides compute the same. A trade of
 * nothing has no share.
 */
export function shareOut (total: WattHours, trades: readonly Contracted[]): Map<Hex, WattHours> {
  const sum = trades.reduce((all, { wh }) => all + wh, 0)
  const sorted = trades.filter(({ wh }) => wh > 0).sort((a, b) => a.id < b.id ? -1 : 1)
  if (total >= sum) {
    return new Map(sorted.map(({ id, wh }) => [id, wh]))
  }
  const shares = sorted.map(({ id, wh }) => ({ id, share: Number(BigInt(total) * BigInt(wh) / BigInt(sum)) }))
  const left = total - shares.reduce((all, { share }) => all + share, 0)
  return new Map(shares.map(({ id, share }, place) => [id, place < left ? share + 1 : share]))
}
