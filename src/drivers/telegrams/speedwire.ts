/**
 * Datagrams of the SMA Energy Meter and the Sunny Home Manager ("SMA Energy Meter Protocol", version 1.0): one a second to a
 * multicast group. Counters are in watt-seconds, powers in tenths of a watt, each direction on its own.
 */
import { CodedError } from '../../domain/errors.ts'
import type { ObisValue } from '../obis.ts'

export interface SpeedwireDatagram {
  readonly serial: string
  readonly values: ReadonlyMap<string, ObisValue>
}

const HEAD = Buffer.from('SMA\0', 'latin1')
const ENERGY_METER = 0x6069
const ENTRIES_AT = 28
const [ACTUAL, COUNTER] = [4, 8]

/** Undefined for the other messages of the group, which are not about meters. Throws `DEVICE_BAD_ANSWER` for one cut short. */
export function readSpeedwire (datagram: Uint8Array): SpeedwireDatagram | undefined {
  const bytes = Buffer.from(datagram.buffer, datagram.byteOffset, datagram.byteLength)
  if (bytes.length < ENTRIES_AT || !bytes.subarray(0, 4).equals(HEAD) || bytes.readUInt16BE(16) !== ENERGY_METER) {
    return undefined
  }
  const end = 16 + bytes.readUInt16BE(12)
  if (bytes.length < end) {
    throw new CodedError('DEVICE_BAD_ANSWER', 'A datagram of the energy meter was cut short; the next one comes within a second.')
  }
  const values = new Map<string, ObisValue>()
  let at = ENTRIES_AT
  while (at + 8 <= end) {
    const [channel, index, type] = bytes.subarray(at, at + 3)
    const length = type === COUNTER ? 8 : 4
    if (at + 4 + length > end) {
      break
    }
    if (channel === 0 && type === COUNTER) {
      values.set(`${index}.8.0`, { value: bytes.readBigUInt64BE(at + 4), unit: 'Ws' })
    } else if (channel === 0 && type === ACTUAL) {
      values.set(`${index}.7.0`, { value: bytes.readUInt32BE(at + 4), unit: 'W', step: 0.1 })
    }
    at += 4 + length
  }
  return { serial: String(bytes.readUInt32BE(20)), values }
}
