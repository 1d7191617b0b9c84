import { crcX25 } from '../../src/drivers/telegrams/sml.ts'

/** An entry as a meter would send it. */
export interface FrameEntry {
  readonly code: string
  /** Content of the value; its length is that of the integer. */
  readonly hex: string
  /** `int`, `uint` or `octets`. */
  readonly type: 'int' | 'uint' | 'octets'
  readonly scaler?: number
  readonly unit?: number
}

const ESCAPE = Buffer.from('1b1b1b1b', 'hex')
const TYPES = { octets: 0x00, int: 0x50, uint: 0x60 }

/** A whole frame with open, list and close message, in the shape of BSI TR-03109-1. */
export function smlFrame (entries: readonly FrameEntry[], serverId = '0a01454d480000112233'): Buffer {
  const id = octets(serverId)
  const body = [
    message('0101', `76 01 01 05 00000001 ${id} 01 01`),
    message('0701', `77 01 ${id} 01 01 ${tag(0x70, entries.length)} ${entries.map(entry).join('')} 01 01`),
    message('0201', '71 01')
  ].map(bytes)
  const plain = Buffer.concat(body)
  const padding = (4 - plain.length % 4) % 4
  const frame = Buffer.concat([bytes('1b1b1b1b 01010101'), escaped(plain), Buffer.alloc(padding), bytes('1b1b1b1b 1a'), Buffer.from([padding])])
  return Buffer.concat([frame, lowFirst(crcX25(frame))])
}

function entry ({ code, hex, type, scaler, unit }: FrameEntry): string {
  const name = `0100${code.split('.').map((part) => Number(part).toString(16).padStart(2, '0')).join('')}ff`
  return [
    '77', octets(name), '01', '01',
    unit == null ? '01' : `62${unit.toString(16).padStart(2, '0')}`,
    scaler == null ? '01' : `52${(scaler & 0xff).toString(16).padStart(2, '0')}`,
    tag(TYPES[type], hex.length / 2 + 1), hex, '01'
  ].join('')
}

function message (kind: string, content: string): string {
  const start = `76 05 00000001 62 00 62 00 72 63 ${kind} ${content}`
  return `${start} 63 ${lowFirst(crcX25(bytes(start))).toString('hex')} 00`
}

function octets (hex: string): string {
  return tag(TYPES.octets, hex.length / 2 + 1) + hex
}

function escaped (plain: Buffer): Buffer {
  const at = plain.indexOf(ESCAPE)
  return at < 0 ? plain : Buffer.concat([plain.subarray(0, at), ESCAPE, ESCAPE, escaped(plain.subarray(at + ESCAPE.length))])
}

/** Type and length, in as many bytes as the length needs. */
function tag (type: number, length: number): string {
  if (length < 16) {
    return (type | length).toString(16).padStart(2, '0')
  }
  // The length of a value counts its tag, that of a list its parts only.
  const long = type === 0x70 ? length : length + 1
  return Buffer.from([0x80 | type | long >> 4, long & 0x0f]).toString('hex')
}

function lowFirst (crc: number): Buffer {
  return Buffer.from([crc & 0xff, crc >> 8])
}

function bytes (hex: string): Buffer {
  return Buffer.from(hex.replaceAll(' ', ''), 'hex')
}
