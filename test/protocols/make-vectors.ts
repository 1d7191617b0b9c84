import { secp256k1 } from '@noble/curves/secp256k1.js'
import { bytesToHex, hexToBytes, keccak256, toHex } from 'viem'
import { ORDER_DOMAIN_NAME, ORDER_DOMAIN_VERSION } from '../../protocols/order/typed-data.ts'
import { ESCROW_DOMAIN_NAME, ESCROW_DOMAIN_VERSION } from '../../protocols/trade/typed-data.ts'
import { DEFAULT_MARKET_RULES } from '../../src/domain/market-rules.ts'
import { MAX_UINT16, MAX_UINT24, MAX_UINT32, MAX_UINT40, MAX_UINT96 } from '../../src/domain/units.ts'
import { encodeOrder, encodeTradeMessage } from '../../src/network/codec.ts'
import { exportMeterId, orderId, readingDigest, receiptDigest, rulesDigest, tradeDigest, tradeRef } from '../../src/signing/digests.ts'
import { addressOf, publicKeyOf, signDigest } from '../../src/signing/keys.ts'
import { workBits } from '../../src/signing/work.ts'
import type { MarketRules } from '../../src/domain/market-rules.ts'
import type { Order } from '../../src/domain/order.ts'
import type { Attestation, Receipt } from '../../src/domain/receipt.ts'
import type { TradeMessage } from '../../src/domain/trade-message.ts'
import type { TradeTerms } from '../../src/domain/trade.ts'
import type { Hex } from '../../src/domain/units.ts'

interface Key {
  readonly privateKey: Hex
  readonly publicKey: Hex
  readonly address: Hex
}

const key = (name: string): Key => {
  const privateKey = keccak256(toHex(`wattmesh vector key: ${name}`))
  const publicKey = publicKeyOf(privateKey)
  return { privateKey, publicKey, address: addressOf(publicKey) }
}

const KEYS = { seller: key('seller'), buyer: key('buyer'), stranger: key('stranger') }
const SELLER_OWNER: Hex = '0x5e11e40000000000000000000000000000000001'
const BUYER_OWNER: Hex = '0xb0ee400000000000000000000000000000000002'
const AT = { chainId: 31337, escrow: '0xe5c40000000000000000000000000000000000aa' } as const
/** 1 July 2026 12:00 UTC. */
const PERIOD = 1_782_907_200
const SLOT = PERIOD / 900

const RULES: MarketRules = { ...DEFAULT_MARKET_RULES, area: 'Sonnenweg', chainId: AT.chainId, escrow: AT.escrow }
const OTHER_RULES: MarketRules = { ...RULES, area: 'Straße 7 🌞', chainId: 42161, periodSec: 1800, windowSec: 3600, gateClosureSec: 300, flatSec: 0, minTradeWh: 1, confirmSec: 8, clockToleranceSec: 2 }

const CLOSED_RULES: MarketRules = { ...RULES, meterBook: '0xb00c0000000000000000000000000000000000bb' }
/** A market that asks makers it does not know for work. */
const WORK_RULES: MarketRules = { ...RULES, unknownMakers: 'work' }

const ORDER: Order = {
  side: 'offer',
  rules: rulesDigest(RULES),
  maker: SELLER_OWNER,
  signer: KEYS.seller.address,
  periodStart: PERIOD,
  quantity: 750,
  minFill: 10,
  revision: 1,
  schedule: [{ at: 0, price: 290_000n }, { at: 600, price: 250_000n }, { at: 1740, price: 120_000n }]
}

const sign = (digest: Hex, by: Key): Hex => signDigest(digest, by.privateKey)

/** One knot at the end of the period: the mark of a residual offer. */
const RESIDUAL = [{ at: 2700, price: 190_000n }]

/** The content of `protocols/order/vectors.json`. */
export function orderVectors (): object {
  return {
    about: 'Made once by test/protocols/make-vectors.ts and checked by test/protocols/vectors.spec.ts. Numbers that may exceed 53 bits are decimal strings; wire is the encoded SignedOrder of order.proto. Judge orders at `now`, with an empty book, under the first rules; those under `paid` under the third.',
    domain: domain(ORDER_DOMAIN_NAME, ORDER_DOMAIN_VERSION),
    now: PERIOD - 900,
    keys: KEYS,
    rules: [['default rules', RULES] as const, ['every field different', OTHER_RULES] as const, ['with a meter book', CLOSED_RULES] as const, ['work asked of unknown makers', WORK_RULES] as const]
      .map(([name, rules]) => ({ name, rules: { ...rules, chainId: String(rules.chainId) }, digest: rulesDigest(rules) })),
    orders: [
      order('an offer whose price falls twice', ORDER),
      order('one flat price', { ...ORDER, revision: 2, schedule: [{ at: 0, price: 200_000n }] }),
      order('sold out', { ...ORDER, revision: 3, quantity: 0 }),
      order('of what a metered period left over', { ...ORDER, periodStart: PERIOD - 3600, schedule: RESIDUAL }),
      order('at its bounds', {
        ...ORDER, quantity: 1_000_000, minFill: 1_000_000, revision: MAX_UINT32, schedule: [0, 1, 2, 1740].map((at) => ({ at, price: 0xffffffffffffffffn }))
      })
    ],
    invalid: invalidOrders(),
    paid: paidOrders()
  }
}

/** Orders under the third rules, which ask for 18 zero bits; `reason` is what those say who do not know the maker. */
function paidOrders (): object[] {
  const content = { ...ORDER, rules: rulesDigest(WORK_RULES) }
  const { id, signature } = order('', content)
  const work = (least: number, most = 32): number => {
    for (let work = 1; ; work++) {
      if (workBits(id, work) >= least && workBits(id, work) <= most) {
        return work
      }
    }
  }
  const paid = (name: string, work: number, reason?: string): object =>
    ({ name, order: content, id, signature, work, bits: workBits(id, work), wire: bytesToHex(encodeOrder({ order: content, signature, ...work === 0 ? {} : { work } })), reason })
  return [
    paid('enough work', work(18)),
    paid('one bit too little', work(17, 17), 'UNPAID'),
    paid('no work', 0, 'UNPAID')
  ]
}

function invalidOrders (): object[] {
  const id = orderId(ORDER, AT)
  const good = sign(id, KEYS.seller)
  const bad = (name: string, reason: string, changes: Partial<Order>): object => {
    const { order: content, signature, wire } = order('', { ...ORDER, ...changes })
    return { name, reason, order: content, signature, wire }
  }
  const unsigned = (name: string, signature: Hex, changes: Partial<Order> = {}): object => {
    const content = { ...ORDER, ...changes }
    return { name, reason: 'BAD_SIGNATURE', order: content, signature, wire: wireOf(content, signature) }
  }
  const malformed = (name: string, wire: Hex): object => ({ name, reason: 'MALFORMED', wire })
  const wire = wireOf(ORDER, good)
  return [
    { name: 'longer than an order may be', reason: 'TOO_LARGE', wire: `${wire}5a8008${'00'.repeat(1024)}` },
    malformed('an unknown field at the end', `${wire}6001`),
    malformed('work where the rules ask for none', `${wire}5801`),
    malformed('cut off', wire.slice(0, -2) as Hex),
    malformed('a signature of 63 bytes', wireOf(ORDER, good.slice(0, -2) as Hex)),
    malformed('a side that is neither', wire.replace(/^0x/, '0x0802') as Hex),
    bad('rules of another market', 'WRONG_RULES', { rules: rulesDigest(OTHER_RULES) }),
    bad('a bid, where bids are private', 'OUT_OF_RANGE', { side: 'bid' }),
    bad('more than an order may hold', 'OUT_OF_RANGE', { quantity: 1_000_001 }),
    bad('a smallest part of nothing', 'OUT_OF_RANGE', { minFill: 0 }),
    bad('a smallest part above the quantity', 'OUT_OF_RANGE', { minFill: 751 }),
    bad('revision 0', 'OUT_OF_RANGE', { revision: 0 }),
    bad('no price', 'OUT_OF_RANGE', { schedule: [] }),
    bad('a price that rises', 'OUT_OF_RANGE', { schedule: [{ at: 0, price: 1n }, { at: 1, price: 2n }] }),
    bad('knots out of order', 'OUT_OF_RANGE', { schedule: [{ at: 5, price: 2n }, { at: 5, price: 1n }] }),
    bad('a knot in the flat end of the window', 'OUT_OF_RANGE', { schedule: [{ at: 1741, price: 1n }] }),
    bad('a residual offer with a second price', 'OUT_OF_RANGE', { periodStart: PERIOD - 3600, schedule: [{ at: 0, price: 200_000n }, ...RESIDUAL] }),
    bad('a knot behind the end of the period', 'OUT_OF_RANGE', { periodStart: PERIOD - 3600, schedule: [{ at: 2701, price: 190_000n }] }),
    bad('a period that starts off the grid', 'MISALIGNED', { periodStart: PERIOD + 1 }),
    bad('a period whose gate has closed', 'GATE_CLOSED', { periodStart: PERIOD - 1800 }),
    bad('a residual offer whose round is over', 'GATE_CLOSED', { periodStart: PERIOD - 86_400 - 2700, schedule: RESIDUAL }),
    bad('a residual offer of a period that is not over', 'TOO_FAR_AHEAD', { periodStart: PERIOD, schedule: RESIDUAL }),
    bad('a period too far ahead', 'TOO_FAR_AHEAD', { periodStart: PERIOD + 193 * 900 }),
    unsigned('signed by a key it does not name', sign(id, KEYS.stranger)),
    unsigned('signed for another chain', sign(orderId(ORDER, { ...AT, chainId: 1 }), KEYS.seller)),
    unsigned('signed for another escrow', sign(orderId(ORDER, { ...AT, escrow: SELLER_OWNER }), KEYS.seller)),
    unsigned('altered after it was signed', good, { quantity: 751 }),
    unsigned('another maker put in', good, { maker: BUYER_OWNER }),
    unsigned('parity of the signature flipped', flipParity(good)),
    unsigned('a signature of zeros', `0x${'00'.repeat(64)}`)
  ]
}

function order (name: string, content: Order): { name: string, order: Order, id: Hex, signature: Hex, wire: Hex } {
  const id = orderId(content, AT)
  const signature = sign(id, KEYS.seller)
  return { name, order: content, id, signature, wire: wireOf(content, signature) }
}

function wireOf (content: Order, signature: Hex): Hex {
  return bytesToHex(encodeOrder({ order: content, signature }))
}

const ORDER_ID = orderId(ORDER, AT)
const TRADE_ID = keccak256(toHex('wattmesh vector trade id'))

const TERMS: TradeTerms = {
  buyer: BUYER_OWNER,
  seller: SELLER_OWNER,
  slot: SLOT,
  seq: 1,
  wh: 500,
  pricePerKwh: 250_000n,
  attester: KEYS.seller.address,
  meter: exportMeterId({ attester: KEYS.seller.address }),
  claimBy: PERIOD + 900 + 5 * 86_400,
  ref: tradeRef(ORDER_ID, TRADE_ID)
}

const RECEIPT: Receipt = { buyer: BUYER_OWNER, seller: SELLER_OWNER, through: SLOT * 65_536 + 1, total: 125_000n, cap: 5_000_000n, expiry: SLOT + 4 * 96 }

const READING: Attestation = { attester: KEYS.seller.address, meter: TERMS.meter, slot: SLOT, wh: 731 }

const MOST_RECEIPT: Receipt = { ...RECEIPT, through: MAX_UINT40, total: MAX_UINT96, cap: MAX_UINT96, expiry: MAX_UINT24 }

function submit (content: Receipt): TradeMessage {
  const digest = receiptDigest(content, AT)
  return { kind: 'submit', signed: { receipt: content, buyerSignature: sign(digest, KEYS.buyer), sellerSignature: sign(digest, KEYS.seller) } }
}

function messageWire (message: TradeMessage): Hex {
  return bytesToHex(encodeTradeMessage(message))
}

/** The content of `protocols/trade/vectors.json`. */
export function tradeVectors (): object {
  const most = `0x${'ff'.repeat(20)}` as const
  const trade = (name: string, terms: TradeTerms): object => ({ name, terms, ...signed(tradeDigest(terms, AT)) })
  const receipt = (name: string, content: Receipt): object => ({ name, receipt: content, ...signed(receiptDigest(content, AT)) })
  const reading = (name: string, content: Attestation): object => {
    const digest = readingDigest(content, AT)
    return { name, reading: content, digest, signature: sign(digest, KEYS.seller) }
  }
  return {
    about: 'Made once by test/protocols/make-vectors.ts and checked, against the contract too, by test/protocols/vectors.spec.ts. Numbers that may exceed 53 bits are decimal strings. Signatures are ERC-2098 compact: 64 bytes.',
    domain: domain(ESCROW_DOMAIN_NAME, ESCROW_DOMAIN_VERSION),
    keys: KEYS,
    refs: [{ orderId: ORDER_ID, tradeId: TRADE_ID, ref: TERMS.ref }],
    meters: [
      { address: KEYS.seller.address, meter: TERMS.meter },
      { address: KEYS.seller.address, serial: 'E0047007372478416', meter: exportMeterId({ serial: 'E0047007372478416', attester: KEYS.seller.address }) }
    ],
    trades: [
      trade('half a kilowatt-hour', TERMS),
      trade('the second of its slot', { ...TERMS, seq: 2, wh: 250 }),
      trade('every field at its highest', {
        buyer: most, seller: most, slot: MAX_UINT24, seq: MAX_UINT16, wh: MAX_UINT32, pricePerKwh: MAX_UINT96, attester: most, meter: `0x${'ff'.repeat(32)}`, claimBy: MAX_UINT40, ref: `0x${'ff'.repeat(32)}`
      })
    ],
    receipts: [
      receipt('one trade paid, four days more', RECEIPT),
      receipt('opening a tab', { ...RECEIPT, through: (SLOT - 1) * 65_536, total: 0n }),
      receipt('closing a tab', { ...RECEIPT, through: RECEIPT.through + 1, cap: RECEIPT.total }),
      receipt('every field at its highest', { buyer: most, seller: most, through: MAX_UINT40, total: MAX_UINT96, cap: MAX_UINT96, expiry: MAX_UINT24 })
    ],
    readings: [
      reading('a quarter hour of sun', READING),
      reading('nothing', { ...READING, wh: 0 }),
      reading('every field at its highest', { attester: most, meter: `0x${'ff'.repeat(32)}`, slot: MAX_UINT24, wh: MAX_UINT32 })
    ],
    messages: [
      { name: 'a receipt for somebody else to submit', kind: 'submit', receipt: RECEIPT, wire: messageWire(submit(RECEIPT)) },
      { name: 'the same, every number at its highest', kind: 'submit', receipt: MOST_RECEIPT, wire: messageWire(submit(MOST_RECEIPT)) },
      { name: 'taken', kind: 'queued', by: 1_800_001_800, wire: messageWire({ kind: 'queued', by: 1_800_001_800 }) }
    ],
    invalid: invalidReceipts()
  }
}

/** Receipts whose signature does not hold for the key beside it. */
function invalidReceipts (): object[] {
  const digest = receiptDigest(RECEIPT, AT)
  const good = sign(digest, KEYS.buyer)
  const bad = (name: string, reason: string, entry: { receipt?: Receipt, publicKey?: Hex, signature: Hex }): object =>
    ({ name, reason, receipt: RECEIPT, publicKey: KEYS.buyer.publicKey, ...entry })
  return [
    bad('signed by another key', 'WRONG_KEY', { signature: sign(digest, KEYS.stranger) }),
    bad('signed for another chain', 'OTHER_CHAIN', { signature: sign(receiptDigest(RECEIPT, { ...AT, chainId: 1 }), KEYS.buyer) }),
    bad('signed for another escrow', 'OTHER_ESCROW', { signature: sign(receiptDigest(RECEIPT, { ...AT, escrow: BUYER_OWNER }), KEYS.buyer) }),
    bad('total lowered after it was signed', 'ALTERED', { receipt: { ...RECEIPT, total: 124_999n }, signature: good }),
    bad('buyer and seller exchanged', 'ALTERED', { receipt: { ...RECEIPT, buyer: SELLER_OWNER, seller: BUYER_OWNER }, signature: good }),
    bad('parity flipped', 'WRONG_KEY', { signature: flipParity(good) }),
    bad('zeros', 'NO_SIGNATURE', { signature: `0x${'00'.repeat(64)}` }),
    bad('63 bytes', 'NO_SIGNATURE', { signature: good.slice(0, -2) as Hex }),
    bad('s just above half the order of the curve', 'HIGH_S', highS(digest))
  ]
}

function signed (digest: Hex): { digest: Hex, buyerSignature: Hex, sellerSignature: Hex } {
  return { digest, buyerSignature: sign(digest, KEYS.buyer), sellerSignature: sign(digest, KEYS.seller) }
}

function domain (name: string, version: string): object {
  return { name, version, chainId: String(AT.chainId), verifyingContract: AT.escrow }
}

function flipParity (signature: Hex): Hex {
  const bytes = hexToBytes(signature)
  bytes[32] ^= 0x80
  return bytesToHex(bytes)
}

/** A signature that would hold for the key beside it if s were not in the upper half. */
function highS (digest: Hex): { signature: Hex, publicKey: Hex } {
  const r = secp256k1.Point.BASE.toBytes(true).slice(1)
  const s = hexToBytes(toHex(secp256k1.Point.Fn.ORDER / 2n + 1n, { size: 32 }))
  const recovered = secp256k1.Signature.fromBytes(Uint8Array.of(0, ...r, ...s), 'recovered')
  return { signature: bytesToHex(Uint8Array.of(...r, ...s)), publicKey: bytesToHex(recovered.recoverPublicKey(hexToBytes(digest)).toBytes(true)) }
}
