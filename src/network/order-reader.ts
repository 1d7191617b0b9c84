/**
 * Reads the bytes of an order, which come in thousands, in one pass: the fields in their order, each in its only form, so
 * that canonical bytes need not be proved by writing them again. `protocols/order` has the form.
 */
import { MAX_KNOTS } from '../../protocols/order/constants.ts'
import { hexOf, isHexOf } from '../domain/hex.ts'
import { MAX_UINT32, MAX_UINT40, MAX_UINT64 } from '../domain/units.ts'
import type { Knot, SignedOrder } from '../domain/order.ts'
import type { Hex } from '../domain/units.ts'

/** What seven bytes of a varint can say. */
const FITS_NUMBER = 0x2000000000000

/** Throws a RangeError that names what is wrong. */
export function readOrder (bytes: Uint8Array): SignedOrder {
  const reader = new OrderReader(bytes)
  const side = reader.whole(1, MAX_UINT32)
  if (side > 1) {
    throw new RangeError('side must be 0 or 1')
  }
  const order = {
    side: side === 0 ? 'offer' as const : 'bid' as const,
    rules: reader.rules(),
    maker: reader.address(3),
    signer: reader.address(4),
    periodStart: reader.whole(5, MAX_UINT40),
    quantity: reader.whole(6, MAX_UINT32),
    minFill: reader.whole(7, MAX_UINT32),
    revision: reader.whole(8, MAX_UINT32),
    schedule: reader.schedule()
  }
  const signature = reader.hex(10, 64)
  const work = reader.whole(11, MAX_UINT32)
  reader.end()
  return work === 0 ? { order, signature } : { order, signature, work }
}

/** Nearly all orders a node reads are of its own market: their rules share one string. */
let lastRules = hexOf(new Uint8Array(32))

/** A home sends many orders, which share the string of its address. Two addresses with the same place here take turns. */
const addresses = new Array<Hex>(4096).fill(hexOf(new Uint8Array(20)))

class OrderReader {
  private readonly bytes: Uint8Array
  private at = 0

  constructor (bytes: Uint8Array) {
    this.bytes = bytes
  }

  /** A number field; one of value zero is left out. */
  whole (field: number, max: number): number {
    if (this.bytes[this.at] !== field << 3) {
      return 0
    }
    this.at++
    return this.number(max)
  }

  hex (field: number, length: number): Hex {
    return hexOf(this.bytes, this.lengthDelimited(field, length), length)
  }

  rules (): Hex {
    const start = this.lengthDelimited(2, 32)
    if (!isHexOf(lastRules, this.bytes, start)) {
      lastRules = hexOf(this.bytes, start, 32)
    }
    return lastRules
  }

  address (field: number): Hex {
    const start = this.lengthDelimited(field, 20)
    const place = this.bytes[start] | (this.bytes[start + 1] & 15) << 8
    if (!isHexOf(addresses[place], this.bytes, start)) {
      addresses[place] = hexOf(this.bytes, start, 20)
    }
    return addresses[place]
  }

  schedule (): Knot[] {
    const knots: Knot[] = []
    while (this.bytes[this.at] === (9 << 3 | 2)) {
      if (knots.length === MAX_KNOTS) {
        throw new RangeError(`there are more than ${MAX_KNOTS} knots`)
      }
      const end = this.at + 2 + this.bytes[this.at + 1]
      this.at += 2
      knots.push({ at: this.whole(1, MAX_UINT32), price: this.bytes[this.at] === 2 << 3 ? this.price() : 0n })
      if (this.at !== end) {
        throw new RangeError('a knot has another length than it says')
      }
    }
    // a list that was pushed to has room for many more, which a book full of orders would keep
    return knots.slice()
  }

  end (): void {
    if (this.at !== this.bytes.length) {
      throw new RangeError('something is left over')
    }
  }

  private lengthDelimited (field: number, length: number): number {
    const start = this.at + 2
    if (this.bytes[this.at] !== (field << 3 | 2) || this.bytes[this.at + 1] !== length || start + length > this.bytes.length) {
      throw new RangeError(`field ${field} must have ${length} bytes`)
    }
    this.at = start + length
    return start
  }

  private number (max: number): number {
    let value = 0
    for (let scale = 1; ; scale *= 0x80) {
      const byte = this.bytes[this.at++]
      value += (byte & 0x7f) * scale
      if (byte < 0x80) {
        return checked(value, byte, max)
      }
      if (!(byte >= 0x80 && scale < max)) {
        throw new RangeError('a number is cut off or too long')
      }
    }
  }

  /** As a number while it fits one, because arithmetic on bigints is slow. */
  private price (): bigint {
    this.at++
    let low = 0
    for (let scale = 1; scale < FITS_NUMBER; scale *= 0x80) {
      const byte = this.bytes[this.at++]
      low += (byte & 0x7f) * scale
      if (byte < 0x80) {
        return BigInt(checked(low, byte, low))
      }
    }
    let value = BigInt(low)
    for (let scale = BigInt(FITS_NUMBER); ; scale *= 0x80n) {
      const byte = this.bytes[this.at++] ?? 0
      value += BigInt(byte & 0x7f) * scale
      if (value > MAX_UINT64) {
        throw new RangeError('a price is too high')
      }
      if (byte < 0x80) {
        checked(byte, byte, byte)
        return value
      }
    }
  }
}

/** A number in its shortest form has a last byte other than 0: alone it would have been left out. */
function checked (value: number, lastByte: number, max: number): number {
  if (lastByte === 0 || value > max) {
    throw new RangeError('a number is too high or not in its shortest form')
  }
  return value
}
