import { expect } from 'aegir/chai'
import * as fc from 'fast-check'
import { BookMessage as BookWire } from '../../protocols/book-sync/book-sync.ts'
import { MAX_SYNC_ANSWER_BYTES, MAX_SYNC_PAGE_DIGESTS, MAX_SYNC_PAGE_ORDERS, MAX_SYNC_QUESTION_BYTES, MAX_SYNC_SIGNERS } from '../../protocols/book-sync/constants.ts'
import { MAX_KNOTS } from '../../protocols/order/constants.ts'
import { REFUSAL_CODES } from '../../src/domain/book-sync.ts'
import { hasCode } from '../../src/domain/errors.ts'
import { MAX_UINT32, MAX_UINT40, MAX_UINT64 } from '../../src/domain/units.ts'
import { decodeBookMessage, encodeBookMessage } from '../../src/network/book-codec.ts'
import { encodeOrder } from '../../src/network/codec.ts'
import { aDigest, aSignedOrder, NOON } from '../helpers/orders.ts'
import type { BookMessage, OrdersAnswer } from '../../src/domain/book-sync.ts'
import type { Hex } from '../../src/domain/units.ts'

const hex = (bytes: number): fc.Arbitrary<Hex> =>
  fc.uint8Array({ minLength: bytes, maxLength: bytes }).map((value): Hex => `0x${Buffer.from(value).toString('hex')}`)
const time = fc.integer({ min: 0, max: 2 ** 31 }).map((low) => low * 512 % (MAX_UINT40 + 1))
const signers = fc.uniqueArray(hex(20), { minLength: 1, maxLength: 5 }).map((list) => list.sort())
const ORDERS = [aSignedOrder(), aSignedOrder({ revision: 2, quantity: 0 })]

const bookMessage = fc.oneof(
  fc.record({ kind: fc.constant('digests?'), rules: hex(32), from: time, root: hex(16), after: fc.option(hex(20), { nil: undefined }) }),
  fc.record({ kind: fc.constant('digests'), from: time, isSame: fc.boolean(), isMore: fc.boolean(), digests: fc.array(fc.record({ signer: hex(20), digest: hex(16) })) }),
  fc.record({
    kind: fc.constant('orders?'),
    rules: hex(32),
    signers,
    after: fc.option(fc.record({ signer: hex(20), periodStart: time, side: fc.constantFrom('offer', 'bid') }), { nil: undefined })
  }),
  fc.record({ kind: fc.constant('orders'), isMore: fc.boolean(), orders: fc.subarray(ORDERS) }),
  fc.record({ kind: fc.constant('refusal'), code: fc.constantFrom(...REFUSAL_CODES) })
) as fc.Arbitrary<BookMessage>

/** 20 bytes, rising with `n`. */
const account = (n: number): Hex => `0x${n.toString(16).padStart(40, '0')}`

function isMalformed (bytes: Uint8Array): boolean {
  try {
    decodeBookMessage(bytes)
    return false
  } catch (error) {
    return hasCode(error, 'NETWORK_MALFORMED')
  }
}

describe('codec: book messages', () => {
  it('should give back every message it encodes', () => {
    fc.assert(fc.property(bookMessage, (message) => { expect(decodeBookMessage(encodeBookMessage(message))).to.deep.equal(message) }), { numRuns: 300 })
  })

  it('should answer any bytes with a message in its one form, or one clean error', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => { expect(isMalformed(bytes)).to.equal(true) }), { numRuns: 300 })
    fc.assert(fc.property(bookMessage, fc.nat(), fc.integer({ min: 1, max: 255 }), (message, place, change) => {
      const bytes = encodeBookMessage(message)
      bytes[place % bytes.length] ^= change
      if (!isMalformed(bytes)) {
        expect([...encodeBookMessage(decodeBookMessage(bytes))]).to.deep.equal([...bytes])
      }
    }), { numRuns: 500 })
  })

  it('should fit the longest question and the longest answers', () => {
    const question = encodeBookMessage({ kind: 'orders?', rules: aDigest(1), signers: Array.from({ length: MAX_SYNC_SIGNERS }, (_, i) => account(i)), after: { signer: account(1), periodStart: MAX_UINT40, side: 'bid' } })
    expect(question.byteLength).to.be.at.most(MAX_SYNC_QUESTION_BYTES)
    const digests = encodeBookMessage({ kind: 'digests', from: MAX_UINT40, isSame: false, isMore: true, digests: Array.from({ length: MAX_SYNC_PAGE_DIGESTS }, (_, i) => ({ signer: account(i), digest: `0x${'ff'.repeat(16)}` })) })
    expect(digests.byteLength).to.be.at.most(MAX_SYNC_ANSWER_BYTES)
    const schedule = Array.from({ length: MAX_KNOTS }, () => ({ at: MAX_UINT32, price: MAX_UINT64 }))
    const largest = aSignedOrder({ side: 'bid', quantity: MAX_UINT32, minFill: MAX_UINT32, revision: MAX_UINT32, periodStart: MAX_UINT40, schedule })
    const orders = encodeBookMessage({ kind: 'orders', isMore: true, orders: Array.from({ length: MAX_SYNC_PAGE_ORDERS }, () => largest) })
    expect(orders.byteLength).to.be.at.most(MAX_SYNC_ANSWER_BYTES)
    expect((decodeBookMessage(orders) as OrdersAnswer).orders).to.have.lengthOf(MAX_SYNC_PAGE_ORDERS)
  })

  const bytes = (length: number): Uint8Array<ArrayBuffer> => new Uint8Array(length).fill(1)
  const wrong: Record<string, Partial<BookWire>> = {
    'a question with a short market': { digestsQuestion: { rules: bytes(31), from: NOON, root: bytes(16), after: bytes(0) } },
    'a question with a long root': { digestsQuestion: { rules: bytes(32), from: NOON, root: bytes(17), after: bytes(0) } },
    'a question from beyond 40 bits': { digestsQuestion: { rules: bytes(32), from: MAX_UINT40 + 1, root: bytes(16), after: bytes(0) } },
    'a question after half a signer': { digestsQuestion: { rules: bytes(32), from: NOON, root: bytes(16), after: bytes(10) } },
    'an answer that is half the same': { digestsAnswer: { from: NOON, isSame: 2, isMore: 0, digests: [] } },
    'a digest without its signer': { digestsAnswer: { from: NOON, isSame: 0, isMore: 0, digests: [bytes(16)] } },
    'too many digests': { digestsAnswer: { from: NOON, isSame: 0, isMore: 0, digests: Array.from({ length: MAX_SYNC_PAGE_DIGESTS + 1 }, () => bytes(36)) } },
    'too many signers': { ordersQuestion: { rules: bytes(32), signers: Array.from({ length: MAX_SYNC_SIGNERS + 1 }, (_, i) => Uint8Array.from([...new Uint8Array(18), i >> 8, i & 255])) } },
    'a key of a third side': { ordersQuestion: { rules: bytes(32), signers: [bytes(20)], after: { signer: bytes(20), periodStart: NOON, side: 2 } } },
    'an order that is none': { ordersAnswer: { isMore: 0, orders: [bytes(5)] } },
    'too many orders': { ordersAnswer: { isMore: 0, orders: Array.from({ length: MAX_SYNC_PAGE_ORDERS + 1 }, () => encodeOrder(ORDERS[0]) as Uint8Array<ArrayBuffer>) } }
  }

  for (const [what, message] of Object.entries(wrong)) {
    it(`should refuse ${what}`, () => { expect(isMalformed(BookWire.encode(message))).to.equal(true) })
  }
})
