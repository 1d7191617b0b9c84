import type { PeriodReading } from './reading.ts'
import type { Account, Hex, UnixSeconds, WattHours } from './units.ts'

export const DAY_SEC = 86_400

/** What an attester signs for a certificate: the whole export of one meter on one day of UTC. */
export interface DailyExport {
  readonly attester: Account
  readonly meter: Hex
  /** Unix time divided by 86400, rounded down. */
  readonly day: number
  readonly wh: WattHours
  /** The most the device behind the meter can give, in W. */
  readonly capacityW: number
  /** Who receives the certificate. */
  readonly to: Account
}

/** The export of a day from the readings of its periods, and how many seconds of the day no reading tells of. */
export function exportOfDay (day: number, readings: readonly PeriodReading[], periodSec: number): { wh: WattHours, missingSec: UnixSeconds } {
  const from = day * DAY_SEC
  const known = new Map(readings
    .filter(({ periodStart }) => periodStart >= from && periodStart + periodSec <= from + DAY_SEC)
    .map(({ periodStart, exportWh }) => [periodStart, exportWh]))
  return { wh: [...known.values()].reduce((sum, wh) => sum + wh, 0), missingSec: DAY_SEC - known.size * periodSec }
}
