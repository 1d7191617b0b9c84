import type { WattHours } from '../domain/units.ts'

export interface Outlook {
  /** Expected net import, negative is surplus. */
  readonly expectedNetWh: number
  readonly boughtWh: WattHours
  readonly soldWh: WattHours
}

/** What is left to sell or to buy. At most one of the two is above zero. */
export interface Position {
  readonly surplusWh: WattHours
  readonly deficitWh: WattHours
}

/** The expectation after what is agreed already: bought energy will come in, sold energy must go out. */
export function position ({ expectedNetWh, boughtWh, soldWh }: Outlook): Position {
  const open = Math.trunc(expectedNetWh) - boughtWh + soldWh
  return { surplusWh: Math.max(0, -open), deficitWh: Math.max(0, open) }
}
