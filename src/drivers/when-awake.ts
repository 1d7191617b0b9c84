import { hasCode } from '../domain/errors.ts'
import type { Device, DeviceTraits } from '../ports/device.ts'

/** How often a device that has not answered yet is called again, in real milliseconds. */
const CALL_AGAIN_MS = 60_000

const UNKNOWN: DeviceTraits = {}

/**
 * The device, or one that has nothing to say until it can be connected: an inverter sleeps at night, and a home that starts
 * then must not wait for the sun. Throws what `dial` throws, except for a device that does not answer.
 */
export async function whenAwake (dial: () => Promise<Device>, onAsleep: (error: unknown) => void, elapsed: () => number = () => performance.now()): Promise<Device> {
  let device: Device | undefined
  let calledAt = elapsed()
  const call = async (): Promise<void> => {
    calledAt = elapsed()
    device = await dial()
  }
  const asleep = await call().catch((error: unknown) => {
    if (!hasCode(error, 'DEVICE_UNREACHABLE')) {
      throw error
    }
    onAsleep(error)
    return error
  })
  return device ?? {
    get traits () { return device?.traits ?? UNKNOWN },
    async sample () {
      if (device == null && elapsed() - calledAt >= CALL_AGAIN_MS) {
        await call()
      }
      if (device == null) {
        throw asleep
      }
      return device.sample()
    },
    close: async () => device?.close()
  }
}
