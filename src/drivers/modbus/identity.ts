import { CodedError } from '../../domain/errors.ts'
import type { ModbusBus } from '../transports/modbus.ts'

export interface IdentityInit {
  readonly bus: ModbusBus
  /** Asks the device for its serial number. */
  readSerial(): Promise<string | undefined>
  /** The serial number to insist on; else the first one counts. */
  readonly expected?: string
}

/**
 * Runs `read` on a connection whose device is known to be the right one: addresses in a home change hands. Throws
 * `DEVICE_WRONG_SERIAL` as long as another device answers, and what `read` throws.
 */
export function onlyTheSame ({ bus, readSerial, expected }: IdentityInit): <T>(read: () => Promise<T>) => Promise<T> {
  let known = expected
  let provenOn = 0

  async function prove (): Promise<void> {
    const serial = await readSerial()
    if (known != null && serial !== known) {
      const message = `The device with serial number ${known} was expected and ${serial ?? 'one without a serial number'} answers. Nothing is read from it: find the new address of yours, or change the setting "serial".`
      throw new CodedError('DEVICE_WRONG_SERIAL', message, { details: { expected: known, serial } })
    }
    known = serial
    provenOn = bus.connections
  }

  return async (read) => {
    for (let attempt = 0; attempt < 2; attempt++) {
      if (provenOn === 0 || provenOn !== bus.connections) {
        await prove()
      }
      const result = await read()
      // a connection made half way may lead to another device
      if (provenOn === bus.connections) {
        return result
      }
    }
    throw new CodedError('DEVICE_UNREACHABLE', 'The connection to the device breaks during every reading.')
  }
}
