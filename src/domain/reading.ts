import type { UnixSeconds, WattHours } from './units.ts'

/** What the home's battery holds, where the device knows it. It is read and never controlled. */
export interface BatteryState {
  readonly storedWh: WattHours
  readonly capacityWh: WattHours
  /** The most it gives or takes, in watts. */
  readonly maxPowerW?: number
}

/**
 * The registers of the grid meter at one instant, in milliwatt-hours since the meter began; neither ever falls.
 * Signs, here and everywhere: power is positive into the house and negative out of it; energy registers and order
 * quantities are never negative, the name or the side says the direction.
 */
export interface Reading {
  readonly time: UnixSeconds
  readonly importMilliWh: number
  readonly exportMilliWh: number
  /** The home's own consumption and generation, where the device knows them; for forecasts and reports only. */
  readonly loadMilliWh?: number
  readonly pvMilliWh?: number
  readonly battery?: BatteryState
}

/** What the meter counted in one delivery period. Periods add up to the registers' difference exactly. */
export interface PeriodReading {
  readonly periodStart: UnixSeconds
  readonly importWh: WattHours
  readonly exportWh: WattHours
  readonly loadWh?: WattHours
  readonly pvWh?: WattHours
  /** At the end of the period. */
  readonly battery?: BatteryState
}

/** Whole Wh between two readings: the difference of the floored registers, so that no fraction is lost or counted twice. */
export function periodReading (periodStart: UnixSeconds, from: Reading, to: Reading): PeriodReading {
  const between = (a: number | undefined, b: number | undefined): WattHours | undefined =>
    a == null || b == null ? undefined : Math.floor(b / 1000) - Math.floor(a / 1000)
  return {
    periodStart,
    importWh: Math.floor(to.importMilliWh / 1000) - Math.floor(from.importMilliWh / 1000),
    exportWh: Math.floor(to.exportMilliWh / 1000) - Math.floor(from.exportMilliWh / 1000),
    loadWh: between(from.loadMilliWh, to.loadMilliWh),
    pvWh: between(from.pvMilliWh, to.pvMilliWh),
    ...to.battery == null ? {} : { battery: to.battery }
  }
}
