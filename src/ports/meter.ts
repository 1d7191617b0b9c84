import type { Reading } from '../domain/reading.ts'
import type { UnixSeconds } from '../domain/units.ts'

/** A grid meter. Read-only by construction: nothing here can change what a device does. */
export interface Meter {
  /**
   * The registers as they stood at `at`, which is not in the future. Devices without a load profile interpolate between
   * their own samples. Throws `DEVICE_NO_DATA` when the registers at that instant are unknown: unknown is never zero.
   */
  read(at: UnixSeconds): Promise<Reading>
  close(): Promise<void>
}
