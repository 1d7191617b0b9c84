/**
 * Smart Message Language, version 1.04 (BSI TR-03109-1): what German meters send through their optical port. A frame runs
 * from an escape sequence to an escape sequence with a CRC-16/X.25; within it, lists of lists.
 */
import { CodedError } from '../../domain/errors.ts'
import type { TelegramReader } from './dsmr.ts'

/** One entry of the meter's list. */
export interface SmlEntry {
  /** OBIS code without medium and channel: `1.8.0`. */
  readonly code: string
  readonly value: bigint | Uint8Array
  /** Bytes of an integer on the wire, and whether it was said to have a sign. */
  readonly bytes: number
  readonly isSigned: boolean
  /** Power of ten. */
  readonly scaler: number
  /** DLMS unit: 27 is W, 30 is Wh; not every meter gives one. */
  readonly unit?: number
}

type Node = readonly Node[] | Uint8Array | Whole | undefined

interface Whole {
  readonly number: bigint
  readonly bytes: number
  readonly isSigned: boolean
}

const MAX_FRAME_BYTES = 16_384
const MAX_SML_DEPTH = 8

const START = Buffer.from('1b1b1b1b01010101', 'hex')
const ESCAPE = Buffer.from('1b1b1b1b', 'hex')
const TAIL_BYTES = 8

/** Finds frames in a stream that may begin in the middle of one; gives the entries of each. */
export function smlReader (): TelegramReader<readonly SmlEntry[]> {
  let held = Buffer.alloc(0)
  return {
    push (chunk) {
      held = Buffer.concat([held, chunk])
      const frames: Array<readonly SmlEntry[]> = []
      let damaged: Error | undefined
      for (let start = held.indexOf(START); start >= 0; start = held.indexOf(START)) {
        held = held.subarray(start)
        const end = frameEnd(held)
        if (end == null) {
          break
        }
        try {
          frames.push(entriesOf(readBody(checked(held.subarray(0, end)))))
        } catch (error) {
          damaged = error instanceof Error ? error : new Error(String(error))
        }
        held = held.subarray(end)
      }
      // Keep what may be the beginning of a frame, and no more than a frame may have.
      held = Buffer.from(held.subarray(-MAX_FRAME_BYTES))
      if (damaged != null && frames.length === 0) {
        throw damaged
      }
      return frames
    }
  }
}

/** Where the frame ends: after an escape sequence with an end mark. Escaped data is doubled, so pairs are stepped over. */
function frameEnd (held: Buffer): number | undefined {
  let at = held.indexOf(ESCAPE, START.length)
  while (at >= 0 && at + TAIL_BYTES <= held.length) {
    if (held[at + 4] === 0x1a) {
      return at + TAIL_BYTES
    }
    // A new start within the frame: the rest of the old one was lost.
    if (held.subarray(at, at + START.length).equals(START)) {
      return at
    }
    at = held.indexOf(ESCAPE, at + TAIL_BYTES)
  }
  return undefined
}

/** The body of a frame whose checksum is right, without escapes and padding. */
function checked (frame: Buffer): Buffer {
  const tail = frame.length - TAIL_BYTES
  if (frame[tail + 4] !== 0x1a || crcX25(frame.subarray(0, -2)) !== frame.readUInt16LE(frame.length - 2)) {
    throw new CodedError('DEVICE_BAD_ANSWER', 'The meter\'s telegram was damaged on its way: check that the reading head sits straight on the meter.')
  }
  const padding = frame[tail + 5]
  const parts: Buffer[] = []
  let from = START.length
  for (let at = frame.indexOf(ESCAPE, from); at < tail && at >= 0; at = frame.indexOf(ESCAPE, at + TAIL_BYTES)) {
    parts.push(frame.subarray(from, at + 4))
    from = at + TAIL_BYTES
  }
  const body = Buffer.concat([...parts, frame.subarray(from, tail)])
  return body.subarray(0, body.length - Math.min(padding, body.length))
}

/** CRC-16/X.25, low byte first on the wire. */
export function crcX25 (bytes: Uint8Array): number {
  let crc = 0xffff
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) {
      crc = (crc & 1) === 1 ? crc >>> 1 ^ 0x8408 : crc >>> 1
    }
  }
  return crc ^ 0xffff
}

/** Every message of a frame as nested lists. */
function readBody (body: Buffer): Node[] {
  let at = 0
  const broken = (): CodedError => new CodedError('DEVICE_BAD_ANSWER', 'The meter\'s telegram does not follow the Smart Message Language; no value of it is used.')

  const take = (depth: number): Node => {
    let tag = body[at++]
    if (tag == null || depth > MAX_SML_DEPTH) {
      throw broken()
    }
    const type = tag >> 4 & 7
    let length = tag & 0x0f
    let tagBytes = 1
    while ((tag & 0x80) !== 0) {
      tag = body[at++]
      tagBytes++
      length = length << 4 | (tag & 0x0f)
      if (tag == null || tagBytes > 3) {
        throw broken()
      }
    }
    if (type === 7) {
      if (length > body.length - at) {
        throw broken()
      }
      return Array.from({ length }, () => take(depth + 1))
    }
    const bytes = length - tagBytes
    // A zero byte ends a message, and a lone tag stands for a value that was left out.
    if (bytes <= 0) {
      return undefined
    }
    const content = body.subarray(at, at + bytes)
    at += bytes
    if (content.length < bytes) {
      throw broken()
    }
    return type === 5 || type === 6 ? whole(content, type === 5) : content
  }

  const messages: Node[] = []
  while (at < body.length) {
    messages.push(take(0))
  }
  return messages
}

function whole (content: Buffer, isSigned: boolean): Whole {
  const unsigned = BigInt(`0x${content.toString('hex')}`)
  return { number: isSigned ? BigInt.asIntN(8 * content.length, unsigned) : unsigned, bytes: content.length, isSigned }
}

/** Entries are the lists of seven whose first part is a six-byte OBIS code. */
function entriesOf (node: Node): SmlEntry[] {
  if (!Array.isArray(node)) {
    return []
  }
  const [code, , , unit, scaler, value] = node as readonly Node[]
  if (node.length !== 7 || !(code instanceof Uint8Array) || code.length !== 6) {
    return (node as readonly Node[]).flatMap(entriesOf)
  }
  const isMain = code[0] === 1 && code[1] === 0
  if (!isMain || value == null || Array.isArray(value)) {
    return []
  }
  const plain = value as Uint8Array | Whole
  return [{
    code: `${code[2]}.${code[3]}.${code[4]}`,
    value: plain instanceof Uint8Array ? plain : plain.number,
    bytes: plain instanceof Uint8Array ? plain.length : plain.bytes,
    isSigned: !(plain instanceof Uint8Array) && plain.isSigned,
    scaler: isWholeNode(scaler) ? Number(scaler.number) : 0,
    unit: isWholeNode(unit) ? Number(unit.number) : undefined
  }]
}

function isWholeNode (node: Node): node is Whole {
  return node != null && 'number' in node
}
