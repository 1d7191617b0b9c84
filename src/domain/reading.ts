import type { UnixSeconds, WattHours } from './units.ts'

/**
 * How well something is known. `measured`: the meter was looked at within a minute of it. `estimated`: exact at both ends, with a
 * gap between them, or by a meter that had to be helped out. `recovered`: a gap crosses an end, so that energy is certain only
 * for the whole gap and was shared out evenly over it. Best first.
 */
export const QUALITIES = ['measured', 'estimated', 'recovered'] as const

export type Quality = typeof QUALITIES[number]

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
  /** `measured` unless it says otherwise. */
  readonly quality?: Quality
  /** Counts up when the registers are those of another meter or began again: readings compare only within one epoch. */
  readonly epoch?: number
  /** Gaps since the meter was first looked at: more of them at the end of a period than at its start lie within it. */
  readonly gaps?: number
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
  /** `measured` when absent, as in records of earlier versions. */
  readonly quality?: Quality
}

/** A period nobody knows the energy of, so far: later data replaces it. Unknown is never zero, so there are no figures. */
export interface MissingPeriod {
  readonly periodStart: UnixSeconds
  readonly quality: 'missing'
}

export type PeriodRecord = PeriodReading | MissingPeriod

export function isMetered (record: PeriodRecord): record is PeriodReading {
  return record.quality !== 'missing'
}

export function worse (a: Quality, b: Quality): Quality {
  return QUALITIES.indexOf(a) > QUALITIES.indexOf(b) ? a : b
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
    ...to.battery == null ? {} : { battery: to.battery },
    quality: periodQuality(from, to)
  }
}

/** Throws nothing: whether two readings compare at all is for the caller to check by their epochs. */
function periodQuality (from: Reading, to: Reading): Quality {
  const ends = worse(from.quality ?? 'measured', to.quality ?? 'measured')
  return (from.gaps ?? 0) < (to.gaps ?? 0) ? worse(ends, 'estimated') : ends
}
