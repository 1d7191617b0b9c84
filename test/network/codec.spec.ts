import { expect } from 'aegir/chai'
import * as fc from 'fast-check'
import { concat } from 'uint8arrays/concat'
import { fromString } from 'uint8arrays/from-string'
import { MAX_KNOTS, MAX_ORDER_MESSAGE_BYTES } from '../../protocols/order/constants.ts'
import { SignedOrder as OrderWire } from '../../protocols/order/order.ts'
import { MAX_PARTS, MAX_TRADE_MESSAGE_BYTES } from '../../protocols/trade/constants.ts'
import { TradeMessage as TradeWire } from '../../protocols/trade/trade.ts'
import { hasCode } from '../../src/domain/errors.ts'
import { DECLINE_CODES } from '../../src/domain/trade-message.ts'
import { MAX_UINT16, MAX_UINT24, MAX_UINT32, MAX_UINT40, MAX_UINT64, MAX_UINT96 } from '../../src/domain/units.ts'
import { decodeOrder, decodeTradeMessage, encodeOrder, encodeTradeMessage, TRADE_STATES } from '../../src/network/codec.ts'
import { verifyOrder } from '../../src/signing/verify.ts'
import { aDigest, anAccount, aSignature, aSignedOrder, aSigner, RULES } from '../helpers/orders.ts'
import type { SignedOrder } from '../../src/domain/order.ts'
import type { TradeMessage } from '../../src/domain/trade-message.ts'
import type { Hex } from '../../src/domain/units.ts'

const hex = (bytes: number): fc.Arbitrary<Hex> =>
  fc.uint8Array({ minLength: bytes, maxLength: bytes }).map((value): Hex => `0x${Buffer.from(value).toString('hex')}`)
const upTo = (max: number): fc.Arbitrary<number> => fc.integer({ min: 0, max })
const bigUpTo = (max: bigint): fc.Arbitrary<bigint> => fc.bigInt({ min: 0n, max })

const signedOrder: fc.Arbitrary<SignedOrder> = fc.record({
  order: fc.record({
    side: fc.constantFrom('offer', 'bid'),
    rules: hex(32),
    maker: hex(20),
    signer: hex(20),
    periodStart: fc.maxSafeNat().map((n) => n % (MAX_UINT40 + 1)),
    quantity: upTo(MAX_UINT32),
    minFill: upTo(MAX_UINT32),
    revision: upTo(MAX_UINT32),
    schedule: fc.array(fc.record({ at: upTo(MAX_UINT32), price: bigUpTo(MAX_UINT64) }), { maxLength: MAX_KNOTS })
  }),
  signature: hex(64)
}) as fc.Arbitrary<SignedOrder>

const terms = fc.record({
  buyer: hex(20),
  seller: hex(20),
  slot: upTo(MAX_UINT24),
  seq: upTo(MAX_UINT16),
  wh: upTo(MAX_UINT32),
  pricePerKwh: bigUpTo(MAX_UINT64),
  attester: hex(20),
  meter: hex(32),
  claimBy: upTo(MAX_UINT32),
  ref: hex(32)
})

const receipt = fc.record({
  buyer: hex(20), seller: hex(20), through: fc.constantFrom(0, 1, MAX_UINT40), total: bigUpTo(MAX_UINT96), cap: bigUpTo(MAX_UINT96), expiry: upTo(MAX_UINT24)
})

const tradeMessage = fc.oneof(
  fc.record({ kind: fc.constant('propose'), tradeId: hex(32), orderId: hex(32), buyer: hex(20), wh: upTo(MAX_UINT32), pricePerKwh: bigUpTo(MAX_UINT64) }),
  fc.record({ kind: fc.constant('accept'), tradeId: hex(32), terms, signature: hex(64), validUntil: upTo(MAX_UINT32) }),
  fc.record({ kind: fc.constant('confirm'), tradeId: hex(32), signature: hex(64) }),
  fc.record({ kind: fc.constant('decline'), code: fc.constantFrom(...DECLINE_CODES), remaining: upTo(MAX_UINT32) }),
  fc.record({ kind: fc.constant('status-query'), tradeId: hex(32) }),
  fc.record({ kind: fc.constant('status'), tradeId: hex(32), state: fc.constantFrom(...TRADE_STATES) }),
  fc.record({ kind: fc.constant('delivery'), slot: upTo(MAX_UINT24), parts: fc.array(fc.record({ tradeId: hex(32), wh: upTo(MAX_UINT32) }), { maxLength: MAX_PARTS }) }),
  fc.record({ kind: fc.constant('receipt'), receipt, signature: hex(64) }),
  fc.record({ kind: fc.constant('submit'), signed: fc.record({ receipt, buyerSignature: hex(64), sellerSignature: hex(64) }) }),
  fc.record({ kind: fc.constant('queued'), by: fc.constantFrom(0, 1, MAX_UINT40) })
) as fc.Arbitrary<TradeMessage>

function expectMalformed (decode: (bytes: Uint8Array) => unknown, bytes: Uint8Array): void {
  let error: unknown
  try {
    decode(bytes)
  } catch (thrown) {
    error = thrown
  }
  expect(hasCode(error, 'NETWORK_MALFORMED'), `decoded without complaint, or: ${String(error)}`).to.equal(true)
}

describe('codec: orders', () => {
  it('should give back every order it encodes', () => {
    fc.assert(fc.property(signedOrder, (order) => { expect(decodeOrder(encodeOrder(order))).to.deep.equal(order) }), { numRuns: 200 })
  })

  it('should write every price in its one form, as numbers beside each power of two show', () => {
    const prices = Array.from({ length: 64 }, (_, power) => 1n << BigInt(power)).flatMap((power) => [power - 1n, power, power + 1n])
    for (const price of [...prices, MAX_UINT64]) {
      const order = aSignedOrder({ schedule: [{ at: 0, price }] })
      expect(decodeOrder(encodeOrder(order)).order.schedule[0].price).to.equal(price)
      const proposal: TradeMessage = { kind: 'propose', tradeId: aDigest(1), orderId: aDigest(2), buyer: anAccount(1), wh: 1, pricePerKwh: price }
      expect(decodeTradeMessage(encodeTradeMessage(proposal))).to.deep.equal(proposal)
    }
  })

  it('should keep the signature valid on the way', () => {
    const order = decodeOrder(encodeOrder(aSignedOrder()))
    expect(verifyOrder(order, RULES)?.key).to.equal(aSigner().key)
  })

  it('should fit the largest order into a gossip message', () => {
    const schedule = Array.from({ length: MAX_KNOTS }, () => ({ at: MAX_UINT32, price: MAX_UINT64 }))
    const order = aSignedOrder({ quantity: MAX_UINT32, minFill: MAX_UINT32, revision: MAX_UINT32, periodStart: MAX_UINT40, schedule })
    expect(encodeOrder(order).byteLength).to.be.lessThan(MAX_ORDER_MESSAGE_BYTES)
  })

  it('should answer any bytes with an order or one clean error', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => { expectMalformed(decodeOrder, bytes) }), { numRuns: 300 })
  })

  it('should answer any single altered byte with another order or one clean error', () => {
    const bytes = encodeOrder(aSignedOrder())
    for (let i = 0; i < bytes.length; i++) {
      const altered = Uint8Array.from(bytes)
      altered[i] ^= 1
      try {
        expect(encodeOrder(decodeOrder(altered))).to.deep.equal(altered)
      } catch (error) {
        expect(hasCode(error, 'NETWORK_MALFORMED'), String(error)).to.equal(true)
      }
    }
  })

  const wire = (): OrderWire => OrderWire.decode(encodeOrder(aSignedOrder()))
  const bytes = (): Uint8Array => encodeOrder(aSignedOrder())

  const wrong: Record<string, () => Uint8Array> = {
    'no bytes': () => new Uint8Array(),
    'a cut end': () => bytes().subarray(0, -1),
    'an unknown field': () => concat([bytes(), Uint8Array.of(0x78, 1)]),
    'a repeated field': () => concat([bytes(), Uint8Array.of(0x30, 0xe8, 0x07)]),
    'fields out of order': () => concat([OrderWire.encode({ quantity: 1000 }), OrderWire.encode({ ...wire(), quantity: 0 })]),
    'an over-long varint': () => concat([OrderWire.encode({ ...wire(), revision: 0, schedule: [], signature: undefined }), Uint8Array.of(0x40, 0x81, 0x00), OrderWire.encode({ schedule: wire().schedule, signature: wire().signature })]),
    'a default written out': () => concat([Uint8Array.of(0x08, 0), bytes()]),
    'a third side': () => OrderWire.encode({ ...wire(), side: 2 }),
    'short rules': () => OrderWire.encode({ ...wire(), rules: new Uint8Array(31) }),
    'no maker': () => OrderWire.encode({ ...wire(), maker: undefined }),
    'a long maker': () => OrderWire.encode({ ...wire(), maker: new Uint8Array(21) }),
    'a long signer': () => OrderWire.encode({ ...wire(), signer: new Uint8Array(32) }),
    'a signature of 65 bytes': () => OrderWire.encode({ ...wire(), signature: new Uint8Array(65) }),
    'a period beyond 40 bits': () => OrderWire.encode({ ...wire(), periodStart: MAX_UINT40 + 1 }),
    'a period beyond 53 bits': () => concat([OrderWire.encode({ side: 0, rules: wire().rules, maker: wire().maker, signer: wire().signer }), Uint8Array.of(0x28), new Uint8Array(9).fill(0xff), Uint8Array.of(1), OrderWire.encode({ ...wire(), rules: undefined, maker: undefined, signer: undefined, periodStart: 0 })]),
    'five knots': () => OrderWire.encode({ ...wire(), schedule: Array.from({ length: 5 }, () => ({ at: 1, price: 1n })) })
  }

  for (const [what, make] of Object.entries(wrong)) {
    it(`should refuse ${what}`, () => { expectMalformed(decodeOrder, make()) })
  }
})

describe('codec: trade messages', () => {
  it('should give back every message it encodes', () => {
    fc.assert(fc.property(tradeMessage, (message) => { expect(decodeTradeMessage(encodeTradeMessage(message))).to.deep.equal(message) }), { numRuns: 400 })
  })

  it('should number decline codes and states from 1', () => {
    expect(encodeTradeMessage({ kind: 'decline', code: 'UNKNOWN_ORDER', remaining: 7 })).to.deep.equal(fromString('220408011007', 'base16'))
    expect(TradeWire.decode(encodeTradeMessage({ kind: 'status', tradeId: aDigest(1), state: 'claimed' })).status?.state).to.equal(9)
  })

  it('should write money as twelve bytes, most significant first', () => {
    const message = TradeWire.decode(encodeTradeMessage({ kind: 'receipt', receipt: { buyer: anAccount(1), seller: anAccount(2), through: 1, total: 258n, cap: 0n, expiry: 1 }, signature: aSignature(3) }))
    expect(message.receipt?.total).to.deep.equal(fromString('000000000000000000000102', 'base16'))
    expect(message.receipt?.cap).to.deep.equal(new Uint8Array(12))
  })

  it('should refuse to encode money beyond 96 bits', () => {
    const receipt = { buyer: anAccount(1), seller: anAccount(2), through: 1, total: MAX_UINT96 + 1n, cap: 0n, expiry: 1 }
    expect(() => encodeTradeMessage({ kind: 'receipt', receipt, signature: aSignature(3) })).to.throw(RangeError)
    expect(() => encodeTradeMessage({ kind: 'receipt', receipt: { ...receipt, total: -1n }, signature: aSignature(3) })).to.throw(RangeError)
  })

  it('should fit the longest message into a frame', () => {
    const parts = Array.from({ length: MAX_PARTS }, () => ({ tradeId: aDigest(1), wh: MAX_UINT32 }))
    expect(encodeTradeMessage({ kind: 'delivery', slot: MAX_UINT24, parts }).byteLength).to.be.lessThan(MAX_TRADE_MESSAGE_BYTES)
  })

  it('should answer any bytes with a message or one clean error', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      try {
        expect(encodeTradeMessage(decodeTradeMessage(bytes))).to.deep.equal(bytes)
      } catch (error) {
        expect(hasCode(error, 'NETWORK_MALFORMED'), String(error)).to.equal(true)
      }
    }), { numRuns: 300 })
  })

  const id = new Uint8Array(32)
  const account = new Uint8Array(20)
  const signature = new Uint8Array(64)
  const goodTerms = { buyer: account, seller: account, slot: 1, seq: 1, wh: 1, pricePerKwh: 1n, attester: account, meter: id, claimBy: 1, ref: id }
  const goodReceipt = { buyer: account, seller: account, through: 1, total: new Uint8Array(12), cap: new Uint8Array(12), expiry: 1, signature }
  const accept = (fields: Partial<typeof goodTerms>): Partial<TradeWire> => ({ accept: { tradeId: id, terms: { ...goodTerms, ...fields }, signature, validUntil: 1 } })
  const receiptWith = (fields: Partial<typeof goodReceipt>): Partial<TradeWire> => ({ receipt: { ...goodReceipt, ...fields } })

  it('should read the messages that the next cases spoil', () => {
    expect(decodeTradeMessage(TradeWire.encode(accept({}))).kind).to.equal('accept')
    expect(decodeTradeMessage(TradeWire.encode(receiptWith({}))).kind).to.equal('receipt')
  })

  const wrong: Record<string, Partial<TradeWire>> = {
    'no kind at all': {},
    'two kinds': { statusQuery: { tradeId: id }, confirm: { tradeId: id, signature } },
    'a proposal without order': { propose: { tradeId: id, orderId: new Uint8Array(), buyer: account, wh: 1, pricePerKwh: 1n } },
    'a proposal with a short trade id': { propose: { tradeId: new Uint8Array(31), orderId: id, buyer: account, wh: 1, pricePerKwh: 1n } },
    'a proposal with a long buyer': { propose: { tradeId: id, orderId: id, buyer: id, wh: 1, pricePerKwh: 1n } },
    'an accept without terms': { accept: { tradeId: id, signature, validUntil: 1 } },
    'an accept without signature': { accept: { tradeId: id, terms: goodTerms, signature: new Uint8Array(), validUntil: 1 } },
    'an accept valid beyond 40 bits': { accept: { tradeId: id, terms: goodTerms, signature, validUntil: MAX_UINT40 + 1 } },
    'terms with a short buyer': accept({ buyer: new Uint8Array(19) }),
    'terms with a short seller': accept({ seller: new Uint8Array(19) }),
    'terms with a short attester': accept({ attester: new Uint8Array(19) }),
    'terms with a short meter': accept({ meter: account }),
    'terms with a short ref': accept({ ref: account }),
    'a slot beyond 24 bits': accept({ slot: MAX_UINT24 + 1 }),
    'a seq beyond 16 bits': accept({ seq: MAX_UINT16 + 1 }),
    'a claim deadline beyond 40 bits': accept({ claimBy: MAX_UINT40 + 1 }),
    'a confirm with a short signature': { confirm: { tradeId: id, signature: new Uint8Array(63) } },
    'decline code 0': { decline: { code: 0, remaining: 0 } },
    'an unknown decline code': { decline: { code: DECLINE_CODES.length + 1, remaining: 0 } },
    'a query without trade': { statusQuery: { tradeId: new Uint8Array() } },
    'state 0': { status: { tradeId: id, state: 0 } },
    'an unknown state': { status: { tradeId: id, state: 10 } },
    'a delivery beyond 24 bits': { delivery: { slot: MAX_UINT24 + 1, parts: [] } },
    'a delivery of 65 parts': { delivery: { slot: 1, parts: Array.from({ length: MAX_PARTS + 1 }, () => ({ tradeId: id, wh: 1 })) } },
    'a part without trade': { delivery: { slot: 1, parts: [{ tradeId: new Uint8Array(), wh: 1 }] } },
    'a total of 11 bytes': receiptWith({ total: new Uint8Array(11) }),
    'a cap of 13 bytes': receiptWith({ cap: new Uint8Array(13) }),
    'a position beyond 40 bits': receiptWith({ through: MAX_UINT40 + 1 }),
    'an expiry beyond 24 bits': receiptWith({ expiry: MAX_UINT24 + 1 }),
    'a receipt without signature': receiptWith({ signature: new Uint8Array() })
  }

  for (const [what, message] of Object.entries(wrong)) {
    it(`should refuse ${what}`, () => { expectMalformed(decodeTradeMessage, TradeWire.encode(message)) })
  }

  it('should refuse bytes after the message', () => {
    expectMalformed(decodeTradeMessage, concat([TradeWire.encode({ statusQuery: { tradeId: id } }), Uint8Array.of(0x48, 1)]))
  })
})
