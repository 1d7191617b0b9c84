/**
 * P1 telegrams of the Dutch Smart Meter Requirements (DSMR 2.2 to 5.0, and ESMR, eMUCs and Smarty that follow them): lines of
 * text from `/` to `!`, since version 4 with a CRC16. Encrypted ones (Luxembourg, parts of Austria) are AES-128-GCM in a frame
 * that begins with 0xDB.
 */
import { createDecipheriv } from 'node:crypto'
import { CodedError } from '../../domain/errors.ts'
import type { ObisValue } from '../obis.ts'

export interface DsmrTelegram {
  /** Electricity of the main meter by OBIS code: `1.8.0`. */
  readonly values: ReadonlyMap<string, ObisValue>
  readonly serial?: string
  /** The meter's own clock, as it stands in the telegram: `200426223325S`. */
  readonly time?: string
}

export interface DsmrReaderInit {
  /** False for meters before version 4, and those with a checksum of their own: nothing then tells a torn telegram from a whole one. */
  readonly hasChecksum: boolean
  /** 32 hexadecimal digits, from the grid operator. */
  readonly key?: string
  readonly authenticationKey?: string
}

export interface TelegramReader<T> {
  /** The complete telegrams that end in this chunk. Throws `DEVICE_BAD_ANSWER` for one that is damaged; the next is read all the same. */
  push(chunk: Uint8Array): T[]
}

/** More than the longest telegram there is; what has no end by then is noise. */
export const MAX_TELEGRAM_BYTES = 16_384

const END = /!([0-9A-Fa-f]{0,4})[ \t]*\r?\n/
const LINE = /^1-0:(\d{1,3}\.\d{1,3}\.\d{1,3})(?:\*255)?\(([^()]*)\)$/
const UNITS: Readonly<Record<string, ObisValue['unit']>> = { wh: 'Wh', kwh: 'kWh', w: 'W', kw: 'kW' }
const DEFAULT_AUTHENTICATION_KEY = '00112233445566778899aabbccddeeff'

/** Finds telegrams in a stream that may begin in the middle of one. */
export function dsmrReader (init: DsmrReaderInit): TelegramReader<DsmrTelegram> {
  const decrypt = init.key == null ? undefined : decrypter(init.key, init.authenticationKey ?? DEFAULT_AUTHENTICATION_KEY)
  let text = ''
  return {
    push (chunk) {
      // The oldest meters send seven bits and a parity bit, which some gateways pass on.
      const bytes = decrypt == null ? chunk : decrypt(chunk)
      const plain = init.hasChecksum ? bytes : bytes.map((byte) => byte & 0x7f)
      text = (text + Buffer.from(plain).toString('latin1')).slice(-MAX_TELEGRAM_BYTES)
      const telegrams: DsmrTelegram[] = []
      let damaged: Error | undefined
      for (let end = END.exec(text); end != null; end = END.exec(text)) {
        const start = text.lastIndexOf('/', end.index)
        const body = start < 0 ? undefined : text.slice(start, end.index + 1)
        text = text.slice(end.index + end[0].length)
        if (body == null) {
          continue
        }
        if (!init.hasChecksum || (end[1] !== '' && crc16(body) === Number.parseInt(end[1], 16))) {
          telegrams.push(readTelegram(body))
        } else {
          damaged = checksumError(end[1])
        }
      }
      if (damaged != null && telegrams.length === 0) {
        throw damaged
      }
      return telegrams
    }
  }
}

function checksumError (checksum: string): CodedError {
  return new CodedError('DEVICE_BAD_ANSWER', checksum === ''
    ? 'The telegram has no checksum, as before version 4 of the standard: set "version" to "2-3" to read it without.'
    : `The telegram was damaged on its way or has another checksum (${checksum}): check the cable; if it never fits, "checksum": "none" reads it unchecked.`)
}

function readTelegram (body: string): DsmrTelegram {
  const values = new Map<string, ObisValue>()
  for (const line of body.split(/\r?\n/)) {
    const [, code, content] = LINE.exec(line.trim()) ?? []
    const [value, unit = ''] = content?.split('*') ?? []
    if (code != null && !values.has(code)) {
      // Without a unit it stays in the list as unknown, so that no sum is taken without it.
      values.set(code, { value, unit: UNITS[unit.trim().toLowerCase()] })
    }
  }
  const text = (code: string): string | undefined => new RegExp(`^${code}(?:\\*255)?\\(([^()]+)\\)`, 'm').exec(body)?.[1]
  return { values, serial: readable(text('0-0:96\\.1\\.1') ?? text('0-0:96\\.1\\.0') ?? text('1-0:0\\.0\\.0')), time: text('0-0:1\\.0\\.0') }
}

/** Serial numbers are written as the hexadecimal code of their letters by most meters, and plainly by some. */
function readable (serial: string | undefined): string | undefined {
  const decoded = serial != null && /^(?:[2-7][0-9A-Fa-f]){6,}$/.test(serial) ? Buffer.from(serial, 'hex').toString('latin1') : serial
  return decoded == null || !/^[\x21-\x7e]+$/.test(decoded) ? serial : decoded
}

/** CRC-16/ARC over everything from `/` to `!`. */
export function crc16 (text: string): number {
  let crc = 0
  for (let index = 0; index < text.length; index++) {
    crc ^= text.charCodeAt(index)
    for (let bit = 0; bit < 8; bit++) {
      crc = (crc & 1) === 1 ? crc >>> 1 ^ 0xa001 : crc >>> 1
    }
  }
  return crc
}

const FRAME_START = Buffer.from([0xdb, 0x08])
/** Start, system title, length, security byte, counter: before the ciphertext. The tag is after it. */
const HEAD_BYTES = 18
const TAG_BYTES = 12

/** Turns a stream of frames of the "Smarty" kind (P1 for Luxembourg, version 1.1.3, section 3.2.5) into the text within. */
function decrypter (key: string, authenticationKey: string): (chunk: Uint8Array) => Uint8Array {
  let held = Buffer.alloc(0)
  const additional = Buffer.concat([Buffer.from([0x30]), Buffer.from(authenticationKey, 'hex')])
  return (chunk) => {
    held = Buffer.concat([held, chunk]).subarray(-MAX_TELEGRAM_BYTES)
    const parts: Buffer[] = []
    for (let start = held.indexOf(FRAME_START); start >= 0; start = held.indexOf(FRAME_START)) {
      held = held.subarray(start)
      const isHead = held.length >= HEAD_BYTES
      if (!isHead || (held[10] === 0x82 && held[13] === 0x30 && held.length < 13 + held.readUInt16BE(11))) {
        break
      }
      if (held[10] !== 0x82 || held[13] !== 0x30) {
        held = held.subarray(FRAME_START.length)
        continue
      }
      const end = 13 + held.readUInt16BE(11)
      parts.push(open(held.subarray(0, end), Buffer.from(key, 'hex'), additional))
      held = held.subarray(end)
    }
    return Buffer.concat(parts)
  }
}

function open (frame: Buffer, key: Buffer, additional: Buffer): Buffer {
  try {
    const decipher = createDecipheriv('aes-128-gcm', key, Buffer.concat([frame.subarray(2, 10), frame.subarray(14, 18)]), { authTagLength: TAG_BYTES })
    decipher.setAAD(additional)
    decipher.setAuthTag(frame.subarray(-TAG_BYTES))
    return Buffer.concat([decipher.update(frame.subarray(HEAD_BYTES, -TAG_BYTES)), decipher.final()])
  } catch (cause) {
    throw new CodedError('DEVICE_BAD_ANSWER', 'The telegram cannot be decrypted: check "key", which comes from the grid operator.', { cause })
  }
}
