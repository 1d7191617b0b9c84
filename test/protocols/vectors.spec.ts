import { readFileSync, writeFileSync } from 'node:fs'
import { expect } from 'aegir/chai'
import { hexToBytes, toHex } from 'viem'
import { energyEscrowAbi } from '../../contracts/abi.ts'
import { MAX_ORDER_MESSAGE_BYTES } from '../../protocols/order/constants.ts'
import { OrderBook } from '../../src/market/order-book.ts'
import { decodeOrder, decodeTradeMessage, encodeOrder, encodeTradeMessage } from '../../src/network/codec.ts'
import { receiveOrder } from '../../src/node/receive-order.ts'
import { exportMeterId, orderId, readingDigest, receiptDigest, rulesDigest, tradeDigest, tradeRef } from '../../src/signing/digests.ts'
import { addressOf, publicKeyOf, recoverKey, signDigest } from '../../src/signing/keys.ts'
import { createLocalSigner } from '../../src/signing/local-signer.ts'
import { javascript } from '../../src/signing/recovery.ts'
import { isReceiptSignedBy, isTradeSignedBy, verifyOrder } from '../../src/signing/verify.ts'
import { workBits } from '../../src/signing/work.ts'
import { startRig } from '../chain/rig.ts'
import { unsigned } from '../helpers/escrow-fixture.ts'
import { orderVectors, tradeVectors } from './make-vectors.ts'
import type { MarketRules } from '../../src/domain/market-rules.ts'
import type { Order } from '../../src/domain/order.ts'
import type { Attestation, Receipt } from '../../src/domain/receipt.ts'
import type { TradeTerms } from '../../src/domain/trade.ts'
import type { Hex } from '../../src/domain/units.ts'
import type { SettlementDomain } from '../../src/signing/digests.ts'
import type { Rig } from '../chain/rig.ts'

interface VectorKey { privateKey: Hex, publicKey: Hex, address: Hex }
interface VectorDomain { chainId: string, verifyingContract: Hex }
type Keys = Record<'buyer' | 'seller' | 'stranger', VectorKey>

interface OrderVectors {
  domain: VectorDomain
  now: number
  keys: Keys
  rules: Array<{ name: string, rules: unknown, digest: Hex }>
  orders: Array<{ name: string, order: unknown, id: Hex, signature: Hex, wire: Hex }>
  invalid: Array<{ name: string, reason: string, order?: unknown, signature?: Hex, wire: Hex }>
  paid: Array<{ name: string, order: unknown, id: Hex, signature: Hex, work: number, bits: number, wire: Hex, reason?: string }>
}

interface TradeVectors {
  domain: VectorDomain
  keys: Keys
  refs: Array<{ orderId: Hex, tradeId: Hex, ref: Hex }>
  meters: Array<{ address: Hex, serial?: string, meter: Hex }>
  trades: Array<{ name: string, terms: unknown, digest: Hex, buyerSignature: Hex, sellerSignature: Hex }>
  receipts: Array<{ name: string, receipt: unknown, digest: Hex, buyerSignature: Hex, sellerSignature: Hex }>
  readings: Array<{ name: string, reading: Attestation, digest: Hex, signature: Hex }>
  messages: Array<{ name: string, message: unknown, wire: Hex }>
  malformed: Array<{ name: string, reason: string, wire: Hex }>
  invalid: Array<{ name: string, reason: string, receipt: unknown, publicKey: Hex, signature: Hex }>
}

/** With UPDATE_VECTORS=1 the file is written anew first: for a change of the protocol, never to make a test pass. */
function load (protocol: string, make: () => object): unknown {
  const file = new URL(`../../protocols/${protocol}/vectors.json`, import.meta.url)
  if (process.env.UPDATE_VECTORS === '1') {
    writeFileSync(file, `${JSON.stringify(make(), (_, value) => typeof value === 'bigint' ? String(value) : value, 2)}\n`)
  }
  return JSON.parse(readFileSync(file, 'utf8'))
}

/** The same with the named fields as bigints, at any depth. */
function withBigints (value: unknown, ...names: string[]): unknown {
  return JSON.parse(JSON.stringify(value), (name, field) => names.includes(name) ? BigInt(field) : field)
}

const toOrder = (value: unknown): Order => withBigints(value, 'price') as Order
const toTerms = (value: unknown): TradeTerms => withBigints(value, 'pricePerKwh') as TradeTerms
const toReceipt = (value: unknown): Receipt => withBigints(value, 'total', 'cap') as Receipt
const toRules = (value: unknown): MarketRules => ({ ...value as MarketRules, chainId: Number((value as VectorDomain).chainId) })
const toDomain = ({ chainId, verifyingContract }: VectorDomain): SettlementDomain => ({ chainId: Number(chainId), escrow: verifyingContract })

const orders = load('order', orderVectors) as OrderVectors
const trades = load('trade', tradeVectors) as TradeVectors

describe('order vectors', () => {
  const at = toDomain(orders.domain)

  it('should have the keys we derive', () => { expectKeys(orders.keys) })

  orders.rules.forEach(({ name, rules, digest }) => {
    it(`should have our digest of market rules: ${name}`, () => {
      expect(rulesDigest(toRules(rules))).to.equal(digest)
    })
  })

  orders.orders.forEach(({ name, order, id, signature, wire }) => {
    it(`should have our id, signature and bytes of an order: ${name}`, () => {
      const content = toOrder(order)
      expect(orderId(content, at)).to.equal(id)
      expect(signDigest(id, orders.keys.seller.privateKey)).to.equal(signature)
      expect(verifyOrder({ order: content, signature }, at)).to.deep.equal({ order: content, signature, id, key: orders.keys.seller.publicKey })
      expect(toHex(encodeOrder({ order: content, signature }))).to.equal(wire)
      expect(decodeOrder(hexToBytes(wire))).to.deep.equal({ order: content, signature })
      expect(judge(wire)).to.equal(undefined)
    })
  })

  orders.invalid.forEach(({ name, reason, order, signature, wire }) => {
    it(`should be refused as ${reason}: ${name}`, () => {
      expect(judge(wire)).to.equal(reason)
      if (order != null && signature != null) {
        expect(decodeOrder(hexToBytes(wire))).to.deep.equal({ order: toOrder(order), signature })
      }
    })
  })

  orders.paid.forEach(({ name, order, id, signature, work, bits, wire, reason }) => {
    it(`should be ${reason ?? 'accepted'} where unknown makers pay: ${name}`, () => {
      expect(orderId(toOrder(order), at)).to.equal(id)
      expect(workBits(id, work)).to.equal(bits)
      expect(decodeOrder(hexToBytes(wire))).to.deep.equal({ order: toOrder(order), signature, ...work === 0 ? {} : { work } })
      expect(judge(wire, 3)).to.equal(reason)
    })
  })

  /** The code of the first rule that the bytes of an order break. */
  function judge (wire: Hex, market = 0): string | undefined {
    const rules = toRules(orders.rules[market].rules)
    const bytes = hexToBytes(wire)
    if (bytes.length > MAX_ORDER_MESSAGE_BYTES) {
      return 'TOO_LARGE'
    }
    let signed
    try {
      signed = decodeOrder(bytes)
    } catch {
      return 'MALFORMED'
    }
    const verdict = receiveOrder({
      rules,
      at,
      rulesDigest: orders.rules[market].digest,
      recovery: javascript,
      book: new OrderBook({ rules, maxOrders: 10, maxPerSigner: 10 }),
      clock: { now: () => orders.now, instant: () => ({ wallMs: 0, elapsedMs: 0 }), at: () => () => {}, after: () => () => {} },
      signer: createLocalSigner(orders.keys.stranger.privateKey, at),
      emit: () => {}
    })(signed)
    return verdict.result === 'accept' ? undefined : verdict.code
  }
})

describe('trade vectors', () => {
  const at = toDomain(trades.domain)
  const { buyer, seller } = trades.keys

  it('should have the keys, references and meters we derive', () => {
    expectKeys(trades.keys)
    trades.refs.forEach((at) => { expect(tradeRef(at.orderId, at.tradeId)).to.equal(at.ref) })
    trades.meters.forEach(({ address, serial, meter }) => { expect(exportMeterId({ serial, attester: address })).to.equal(meter) })
  })

  trades.trades.forEach(({ name, terms, digest, buyerSignature, sellerSignature }) => {
    it(`should have our digest and signatures of a trade: ${name}`, () => {
      expect(tradeDigest(toTerms(terms), at)).to.equal(digest)
      expectBoth(digest, buyerSignature, sellerSignature)
      expect(isTradeSignedBy(buyer.publicKey, toTerms(terms), { signature: buyerSignature, at })).to.equal(true)
    })
  })

  trades.receipts.forEach(({ name, receipt, digest, buyerSignature, sellerSignature }) => {
    it(`should have our digest and signatures of a receipt: ${name}`, () => {
      expect(receiptDigest(toReceipt(receipt), at)).to.equal(digest)
      expectBoth(digest, buyerSignature, sellerSignature)
      expect(isReceiptSignedBy(buyer.publicKey, toReceipt(receipt), { signature: buyerSignature, at })).to.equal(true)
    })
  })

  trades.readings.forEach(({ name, reading, digest, signature }) => {
    it(`should have our digest and signature of a reading: ${name}`, () => {
      expect(readingDigest(reading, at)).to.equal(digest)
      expect(signDigest(digest, seller.privateKey)).to.equal(signature)
    })
  })

  trades.messages.forEach(({ name, message, wire }) => {
    it(`should read and write a message: ${name}`, () => {
      const decoded = decodeTradeMessage(hexToBytes(wire))
      expect(decoded).to.deep.equal(withBigints(message, 'pricePerKwh', 'total', 'cap'))
      expect(toHex(encodeTradeMessage(decoded))).to.equal(wire)
    })
  })

  trades.malformed.forEach(({ name, reason, wire }) => {
    it(`should refuse a message, ${reason}: ${name}`, () => {
      expect(() => decodeTradeMessage(hexToBytes(wire))).to.throw().with.property('code', 'NETWORK_MALFORMED')
    })
  })

  trades.invalid.forEach(({ name, reason, receipt, publicKey, signature }) => {
    it(`should be refused as ${reason}: ${name}`, () => {
      expect(isReceiptSignedBy(publicKey, toReceipt(receipt), { signature, at })).to.equal(false)
      expect(recoverKey(receiptDigest(toReceipt(receipt), at), signature) == null).to.equal(['NO_SIGNATURE', 'HIGH_S'].includes(reason))
    })
  })

  function expectBoth (digest: Hex, buyerSignature: Hex, sellerSignature: Hex): void {
    expect(signDigest(digest, buyer.privateKey)).to.equal(buyerSignature)
    expect(signDigest(digest, seller.privateKey)).to.equal(sellerSignature)
    expect(recoverKey(digest, sellerSignature)).to.equal(seller.publicKey)
  }

  describe('and the contract', () => {
    let rig: Rig
    const escrow = { address: at.escrow, abi: energyEscrowAbi } as const

    before(async () => {
      rig = await startRig(1_800_000_000)
      // The contract computes its domain anew when it finds itself at another address than it was made at.
      const code = await rig.client.getCode({ address: rig.chain.escrow })
      await rig.client.setCode({ address: at.escrow, bytecode: code ?? '0x' })
    })
    after(async () => rig.chain.stop())

    it('should have the same domain', async () => {
      const [, name, version, chainId, verifyingContract] = await rig.client.readContract({ ...escrow, functionName: 'eip712Domain' })
      expect({ name, version, chainId: String(chainId), verifyingContract: verifyingContract.toLowerCase() }).to.deep.equal(trades.domain)
    })

    it('should have the same digests', async () => {
      for (const { terms, digest } of trades.trades) {
        const { pricePerKwh, ...rest } = toTerms(terms)
        expect(await rig.client.readContract({ ...escrow, functionName: 'tradeDigest', args: [{ ...rest, pricePerKWh: pricePerKwh }] })).to.equal(digest)
      }
      for (const { receipt, digest } of trades.receipts) {
        expect(await rig.client.readContract({ ...escrow, functionName: 'receiptDigest', args: unsigned(toReceipt(receipt)) })).to.equal(digest)
      }
      for (const { reading: { attester, seller, meter, slot, wh }, digest } of trades.readings) {
        expect(await rig.client.readContract({ ...escrow, functionName: 'readingDigest', args: [attester, seller, meter, slot, wh] })).to.equal(digest)
      }
    })
  })
})

function expectKeys (keys: Keys): void {
  for (const { privateKey, publicKey, address } of Object.values(keys)) {
    expect(publicKeyOf(privateKey)).to.equal(publicKey)
    expect(addressOf(publicKey)).to.equal(address)
  }
}
