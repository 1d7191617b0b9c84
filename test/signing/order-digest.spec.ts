import { expect } from 'aegir/chai'
import * as fc from 'fast-check'
import { hashTypedData, keccak256 } from 'viem'
import { ORDER_TYPES } from '../../protocols/order/typed-data.ts'
import { MAX_UINT32, MAX_UINT40, MAX_UINT96 } from '../../src/domain/units.ts'
import { orderId } from '../../src/signing/digests.ts'
import { hashInput, input, keccak } from '../../src/signing/keccak.ts'
import { searchWork, workBits } from '../../src/signing/work.ts'
import { anOrder, SETTLEMENT } from '../helpers/builders.ts'
import { hexOf } from '../helpers/records.ts'
import type { Order } from '../../src/domain/order.ts'
import type { Hex } from '../../src/domain/units.ts'

const hex = (length: number): fc.Arbitrary<Hex> => fc.uint8Array({ minLength: length, maxLength: length }).map((bytes) => `0x${Buffer.from(bytes).toString('hex')}` as const)
const upTo = (max: number): fc.Arbitrary<number> => fc.oneof(fc.integer({ min: 0, max }), fc.constantFrom(0, 1, max))

const order: fc.Arbitrary<Order> = fc.record({
  side: fc.constantFrom('offer', 'bid'),
  rules: hex(32),
  maker: hex(20),
  signer: hex(20),
  periodStart: upTo(MAX_UINT40),
  quantity: upTo(MAX_UINT32),
  minFill: upTo(MAX_UINT32),
  revision: upTo(MAX_UINT32),
  schedule: fc.array(fc.record({ at: upTo(MAX_UINT32), price: fc.oneof(fc.bigInt(0n, MAX_UINT96), fc.constantFrom(0n, (1n << 64n) - 1n, 1n << 64n, MAX_UINT96)) }), { maxLength: 6 })
})

describe('the digest of an order', () => {
  it('should be viem\'s, for any order and any market, in any succession', () => {
    const markets = [SETTLEMENT, { chainId: 1, escrow: hexOf(20, 1) }, { chainId: Number.MAX_SAFE_INTEGER, escrow: hexOf(20, 255) }]
    fc.assert(fc.property(order, fc.constantFrom(...markets), (order, at) => {
      const domain = { name: 'wattmesh', version: '1', chainId: at.chainId, verifyingContract: at.escrow }
      const right = hashTypedData({ domain, types: ORDER_TYPES, primaryType: 'Order', message: { ...order, side: order.side === 'offer' ? 0 : 1 } })
      expect(orderId(order, at)).to.equal(right)
      keccak(new Uint8Array(500).fill(0xff))
      expect(orderId(order, { ...at })).to.equal(right)
    }), { numRuns: 500 })
  })
})

describe('keccak', () => {
  it('should be that of viem at every length around a block, and for any bytes', () => {
    const lengths = [...Array.from({ length: 300 }, (_, length) => length), 407, 408, 409, 5000]
    for (const length of lengths) {
      const bytes = new Uint8Array(length).map((_, i) => i * 31 + length)
      expect(keccak(bytes)).to.deep.equal(keccak256(bytes, 'bytes'))
    }
    fc.assert(fc.property(fc.uint8Array({ maxLength: 1000 }), (bytes) => { expect(keccak(bytes)).to.deep.equal(keccak256(bytes, 'bytes')) }))
  })

  it('should refuse more than its memory holds', () => {
    expect(() => hashInput(0, input.length + 1)).to.throw(RangeError)
  })
})

describe('proof of work', () => {
  it('should count the zero bits of the hash', () => {
    const { id } = { id: orderId(anOrder(), SETTLEMENT) }
    for (let work = 0; work < 200; work++) {
      const [a, b] = keccak256(Uint8Array.of(...Buffer.from(id.slice(2), 'hex'), 0, 0, 0, work), 'bytes')
      expect(workBits(id, work)).to.satisfy((bits: number) => a * 256 + b > 0 ? bits === Math.clz32(a * 256 + b) - 16 : bits >= 16)
    }
  })

  it('should be found where it is, and nowhere else', () => {
    const id = hexOf(32, 7)
    const found = searchWork(id, 10, { from: 0, tries: 100_000 }) ?? -1
    expect(workBits(id, found)).to.be.at.least(10)
    expect(searchWork(id, 10, { from: 0, tries: found })).to.equal(undefined)
    expect(searchWork(id, 10, { from: found, tries: 1 })).to.equal(found)
  })
})
