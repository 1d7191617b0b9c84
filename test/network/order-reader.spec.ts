import { expect } from 'aegir/chai'
import * as fc from 'fast-check'
import { equals } from 'uint8arrays/equals'
import { SignedOrder as OrderWire } from '../../protocols/order/order.ts'
import { MAX_UINT32, MAX_UINT40, MAX_UINT64 } from '../../src/domain/units.ts'
import { encodeOrder } from '../../src/network/codec.ts'
import { readOrder } from '../../src/network/order-reader.ts'
import { aSignedOrder } from '../helpers/orders.ts'

/** What the specification says: decode as protobuf, check the lengths, encode again, compare. True for an order. */
function isCanonical (bytes: Uint8Array): boolean {
  try {
    const wire = OrderWire.decode(bytes)
    return wire.side <= 1 && wire.rules.length === 32 && wire.maker.length === 20 && wire.signer.length === 20 && wire.signature.length === 64 &&
      wire.periodStart <= MAX_UINT40 && equals(OrderWire.encode(wire), bytes)
  } catch {
    return false
  }
}

function isRead (bytes: Uint8Array): boolean {
  try {
    return equals(encodeOrder(readOrder(bytes)), bytes)
  } catch (error) {
    expect(error).to.be.instanceOf(RangeError)
    return false
  }
}

const upTo = (max: number): fc.Arbitrary<number> => fc.oneof(fc.integer({ min: 0, max }), fc.constantFrom(0, 1, 127, 128, max))
const field = (length: number): fc.Arbitrary<Uint8Array<ArrayBuffer>> => fc.uint8Array({ minLength: length, maxLength: length }).map((bytes) => new Uint8Array(bytes))

const wire: fc.Arbitrary<OrderWire> = fc.record({
  side: fc.constantFrom(0, 1),
  rules: field(32),
  maker: field(20),
  signer: field(20),
  periodStart: upTo(MAX_UINT40),
  quantity: upTo(MAX_UINT32),
  minFill: upTo(MAX_UINT32),
  revision: upTo(MAX_UINT32),
  schedule: fc.array(fc.record({
    at: upTo(MAX_UINT32),
    price: fc.oneof(fc.bigInt(0n, MAX_UINT64), ...[7n, 48n, 49n, 50n, 53n, 56n, 63n].map((bits) => fc.bigInt((1n << bits) - 2n, (1n << bits) + 2n)), fc.constantFrom(0n, MAX_UINT64))
  }), { maxLength: 4 }),
  signature: field(64),
  work: upTo(MAX_UINT32)
})

function changed (bytes: Uint8Array, [at, other, put, kind]: readonly [number, number, Uint8Array, number]): Uint8Array {
  const place = at % (bytes.length + 1)
  const before = bytes.subarray(0, place)
  switch (kind % 4) {
    case 0: return Uint8Array.of(...before, other, ...bytes.subarray(place + 1))
    case 1: return Uint8Array.of(...before, ...put, ...bytes.subarray(place))
    case 2: return Uint8Array.of(...before, ...bytes.subarray(place + 1 + other % 4))
    default: return Uint8Array.of(...before, ...bytes.subarray(other % (bytes.length + 1)))
  }
}

describe('reader of orders', () => {
  it('should read every order the compiled protobuf code writes, as it does', () => {
    fc.assert(fc.property(wire, (order) => {
      const bytes = OrderWire.encode(order)
      const read = readOrder(bytes)
      expect({ ...read.order, schedule: [...read.order.schedule] }).to.deep.include({ periodStart: order.periodStart, quantity: order.quantity, minFill: order.minFill, revision: order.revision, schedule: order.schedule })
      expect(read.work ?? 0).to.equal(order.work)
      expect(isRead(bytes)).to.equal(true)
    }), { numRuns: 500 })
  })

  it('should refuse what that code refuses or would write otherwise: bytes changed, taken out, put in, cut, put together anew', () => {
    const cut = fc.tuple(fc.nat(400), fc.nat(400), fc.uint8Array({ maxLength: 12 }), fc.nat(400))
    let canonical = 0
    fc.assert(fc.property(wire, fc.array(cut, { minLength: 1, maxLength: 3 }), (order, changes) => {
      const bytes = changes.reduce<Uint8Array>(changed, OrderWire.encode(order))
      expect(isRead(bytes), Buffer.from(bytes).toString('hex')).to.equal(isCanonical(bytes))
      canonical += Number(isCanonical(bytes))
    }), { numRuns: 3000 })
    expect(canonical).to.be.within(100, 2900)
  })

  it('should refuse numbers in any but their shortest form', () => {
    const bytes = encodeOrder(aSignedOrder())
    const at = bytes.indexOf(0x38)
    for (const form of [[0x8a, 0x00], [0x8a, 0x80, 0x00], [0x8a, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00], [0x80], [0x00]]) {
      expect(bytes[at + 1]).to.equal(10)
      const other = Uint8Array.of(...bytes.subarray(0, at + 1), ...form, ...bytes.subarray(at + 2))
      expect([isRead(other), isCanonical(other)]).to.deep.equal([false, false])
    }
  })
})
