import type { DeviceTraits, Sample } from './device.ts'
import type { Reading } from '../domain/reading.ts'
import type { UnixSeconds } from '../domain/units.ts'

/** A grid meter. Read-only by construction: nothing here can change what a device does. */
export interface Meter {
  /**
   * The registers as they stood at `at`, which is not in the future. Devices without a load profile interpolate between
   * their own samples. Throws `DEVICE_NO_DATA` when the registers at that instant are unknown: unknown is never zero.
   */
  read(at: UnixSeconds): Promise<Reading>
  /** Of a device that does not remember: it must be looked at again and again. */
  readonly sampler?: Sampler
  status(): MeterStatus
  close(): Promise<void>
}

/** What a meter wants to be remembered over a restart. Plain JSON; only the meter knows what it means. */
export type MeterMemory = Readonly<Record<string, unknown>>

export interface Sampler {
  /** Looks at the device once; resolves with the seconds until the next look is due. Never throws: what went wrong is in the status. */
  sample(): Promise<number>
  /** The newest instant the registers are known at; undefined before the first look. */
  through(): UnixSeconds | undefined
  /** Belongs into the same commit as the period that was read, so that the slot under way goes on after a restart. */
  memory(): MeterMemory
  /** Before the first look: goes on where `memory` left off, if it is still the same meter. */
  restore(memory: MeterMemory): void
}

/** How the meter does, for people. */
export interface MeterStatus {
  readonly traits: DeviceTraits
  /** The newest look that made sense, and when it was; devices with a memory are not looked at. */
  readonly sample?: Sample
  readonly seenAt?: UnixSeconds
  /** The step of its energy registers, as documented or as seen so far. */
  readonly resolutionMilliWh?: number
  /** Looks whose registers made no sense and were passed over, since the start. */
  readonly heldLooks?: number
  /** Counts up with every register change and every great leap of the clock: the period around it is missing. */
  readonly epoch?: number
  /** Why periods are, or may become, missing or doubtful: one sentence. */
  readonly problem?: string
  /** Why nothing may be sold by this meter: one sentence. */
  readonly cannotSell?: string
}
