import type { Night } from './forecast.ts'
import type { BatteryState } from '../domain/reading.ts'
import type { PricePerKwh, WattHours } from '../domain/units.ts'

/** What comes out again of a hundred watt-hours that go into a usual home battery. */
const ROUND_TRIP_PERCENT = 85

export interface BatteryInput {
  readonly battery: BatteryState
  /** Expected net import of the period without the battery. */
  readonly netWh: number
  /** What must stay in it: tonight's own need, or what the owner says. */
  readonly keepWh: WattHours
  /** What the coming night asks of it, where that is known. */
  readonly night?: Night
  readonly periodSec: number
}

export interface BatteryUse {
  /** Expected net import after the battery did what it does for the home's own use. */
  readonly netWh: number
  /** What it could give to neighbours in this period beside that; nothing while it takes in a surplus. */
  readonly spareWh: WattHours
  /** What it could take from neighbours in this period against tonight's need, in room that the own surplus does not want. */
  readonly chargeWh: WattHours
}

/** Own need first: the battery covers a deficit and takes in a surplus; what it holds above `keepWh` is to spare. */
export function useBattery ({ battery, netWh, keepWh, night, periodSec }: BatteryInput): BatteryUse {
  const { storedWh, capacityWh, maxPowerW = Infinity } = battery
  const mostWh = maxPowerW * periodSec / 3600
  const takenWh = netWh < 0 ? Math.min(Math.max(0, capacityWh - storedWh), -netWh, mostWh) : 0
  const coveredWh = netWh < 0 ? 0 : Math.min(storedWh, netWh, mostWh)
  const holdsWh = storedWh + takenWh - coveredWh
  const spareWh = netWh < 0 ? 0 : Math.min(holdsWh - keepWh, mostWh - coveredWh)
  const lackingWh = night == null ? 0 : Math.min(night.needWh - holdsWh, capacityWh - holdsWh - night.sunWh)
  const chargeWh = Math.min(lackingWh * 100 / ROUND_TRIP_PERCENT, mostWh - takenWh)
  return { netWh: netWh + takenWh - coveredWh, spareWh: Math.max(0, Math.floor(spareWh)), chargeWh: Math.max(0, Math.floor(chargeWh)) }
}

/** What a kilowatt-hour put in is worth when it spares one at `price` later. */
export function afterLosses (price: PricePerKwh): PricePerKwh {
  return price * BigInt(ROUND_TRIP_PERCENT) / 100n
}
