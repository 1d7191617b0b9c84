import { tmpdir } from 'node:os'
import { CodedError, hasCode } from '../domain/errors.ts'
import { lockMeter } from '../drivers/meter-lock.ts'
import type { Device } from '../ports/device.ts'

/** A meter cannot be looked at more often: looks must not be a minute of market time apart. */
const MAX_LIVE_SPEED = 200

/**
 * Takes the meter for this node alone, in a market that runs `speed` times as fast as the wall. Returns the way to give it back.
 * Throws `DEVICE_IN_USE`, `DEVICE_DENIED`, and `CONFIG_INVALID` when the market runs away from it.
 */
export async function claimMeter (device: Device, speed: number): Promise<() => Promise<void>> {
  if (device.read == null && speed > MAX_LIVE_SPEED) {
    throw new CodedError('CONFIG_INVALID', `clock.speed is ${speed}, but a real meter can be followed at ${MAX_LIVE_SPEED} at most: slow the market down, or use the driver demo or csv-replay.`)
  }
  if (device.read == null) {
    // other troubles may pass by themselves, a wrong password does not
    await device.sample().catch((error: unknown) => {
      if (hasCode(error, 'DEVICE_DENIED')) {
        throw error
      }
    })
  }
  const { serial } = device.traits
  return serial == null ? async () => {} : lockMeter(serial, tmpdir())
}
