import type { Reading } from '../domain/reading.ts'
import type { UnixSeconds } from '../domain/units.ts'

/**
 * What a device knew at one moment. A value that is not there is unknown, which is never zero. Signs are those of the whole
 * project: grid and battery power are positive into the house's wiring (import, discharge) and negative out of it (export,
 * charge); generation, load and every register are never negative. Watts may have fractions, registers are whole mWh.
 */
export interface Sample {
  /** How old the values may be, in milliseconds: 0 when they were read just now. */
  readonly ageMs: number
  /** What the device's own clock says; reported and never relied on. */
  readonly deviceTime?: UnixSeconds
  /** Lifetime registers at the grid connection. Without the second, the home cannot sell. */
  readonly importMilliWh?: number
  readonly exportMilliWh?: number
  readonly gridWatts?: number
  readonly pvMilliWh?: number
  readonly pvWatts?: number
  readonly loadMilliWh?: number
  readonly loadWatts?: number
  readonly batteryWatts?: number
  readonly batteryPercent?: number
  readonly batteryCapacityWh?: number
  /** True while the house runs on its own battery because the grid is away: nothing passes the grid connection. */
  readonly isOffGrid?: boolean
}

/** What is known of a device once it has answered. */
export interface DeviceTraits {
  /** Tells this device from every other; two nodes must not sell by the same one. */
  readonly serial?: string
  readonly maker?: string
  readonly model?: string
  /** The most the grid connection, or the device, can carry. */
  readonly ratedWatts?: number
  /** The step of its energy registers, where that is documented. */
  readonly resolutionMilliWh?: number
  /** True when import and export add up the phases one by one, so that both may grow at once. */
  readonly addsPhasesSeparately?: boolean
  /** Where its energy registers begin again at zero, if they are so narrow. */
  readonly wrapsAtMilliWh?: number
}

/** A meter, an inverter or what speaks for them. Read-only by construction: nothing here can change what a device does. */
export interface Device {
  readonly traits: DeviceTraits
  /** Throws `DEVICE_UNREACHABLE` when it does not answer, and `DEVICE_BAD_ANSWER` when the answer makes no sense. */
  sample(): Promise<Sample>
  /** Of a device with a memory: its registers as they stood at `at`. Throws `DEVICE_NO_DATA` when it does not know. */
  read?(at: UnixSeconds): Promise<Reading>
  close(): Promise<void>
}
