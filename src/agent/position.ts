import type { WattHours } from '../domain/units.ts'

export interface Outlook {
  /** Expected net import, negative is surplus. */
  readonly expectedNetWh: number
  readonly boughtWh: WattHours
  readonly soldWh: WattHours
}

/** What is left to sell and to buy. At most one of the two is above zero. */
export interface Position {
  readonly surplusWh: WattHours
  readonly deficitWh: WattHours
}

/**
 * The expectation after what is agreed already. Each side counts for itself: energy that was bought and turns out not to be
 * needed never leaves the house, so it cannot be sold on, and a sale that cannot be kept is not made good by buying.
 */
export function position ({ expectedNetWh, boughtWh, soldWh }: Outlook): Position {
  const net = Math.trunc(expectedNetWh)
  return { surplusWh: Math.max(0, -net - soldWh), deficitWh: Math.max(0, net - boughtWh) }
}
