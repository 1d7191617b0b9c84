import type { BatteryState } from '../domain/reading.ts'
import type { WattHours } from '../domain/units.ts'

export interface BatteryInput {
  readonly battery: BatteryState
  /** Expected net import of the period without the battery. */
  readonly netWh: number
  /** What must stay in it: tonight's own need, or what the owner says. */
  readonly keepWh: WattHours
  readonly periodSec: number
}

export interface BatteryUse {
  /** Expected net import after the battery did what it does for the home's own use. */
  readonly netWh: number
  /** What it could give to neighbours in this period beside that; nothing while it takes in a surplus. */
  readonly spareWh: WattHours
}

/** Own need first: the battery covers a deficit and takes in a surplus; what it holds above `keepWh` is to spare. */
export function useBattery ({ battery, netWh, keepWh, periodSec }: BatteryInput): BatteryUse {
  const { storedWh, capacityWh, maxPowerW = Infinity } = battery
  const mostWh = maxPowerW * periodSec / 3600
  if (netWh < 0) {
    return { netWh: netWh + Math.min(Math.max(0, capacityWh - storedWh), -netWh, mostWh), spareWh: 0 }
  }
  const coveredWh = Math.min(storedWh, netWh, mostWh)
  const spareWh = Math.floor(Math.min(storedWh - coveredWh - keepWh, mostWh - coveredWh))
  return { netWh: netWh - coveredWh, spareWh: Math.max(0, spareWh) }
}
