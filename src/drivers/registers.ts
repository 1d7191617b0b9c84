import { CodedError } from '../domain/errors.ts'
import type { Device } from '../ports/device.ts'
import type { Meter } from '../ports/meter.ts'

/** The node's meter over a device that remembers its registers. */
export function registerMeter (device: Device): Meter {
  return {
    async read (at) {
      if (device.read == null) {
        throw new CodedError('DEVICE_NO_DATA', `The device does not remember what its registers showed at ${at}.`)
      }
      return device.read(at)
    },
    close: async () => device.close()
  }
}
