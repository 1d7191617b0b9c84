/**
 * Domain objects to protobuf bytes and back; the only reader of generated code. Every message has exactly one byte
 * form: decoding encodes again and compares, so that nobody can dress one message up as many.
 */
import { equals } from 'uint8arrays/equals'
import { fromString } from 'uint8arrays/from-string'
import { toString } from 'uint8arrays/to-string'
import { SignedOrder as OrderWire } from '../../protocols/order/order.ts'
import { TradeMessage as TradeWire } from '../../protocols/trade/trade.ts'
import { CodedError, explain } from '../domain/errors.ts'
import { DECLINE_CODES } from '../domain/trade-message.ts'
import { isWhole, MAX_UINT16, MAX_UINT24, MAX_UINT40, MAX_UINT96 } from '../domain/units.ts'
import { networkError } from './errors.ts'
import { readOrder } from './order-reader.ts'
import { encodeWire } from './wire-writer.ts'
import type { ReceiptMessage as ReceiptWire, Terms as TermsWire } from '../../protocols/trade/trade.ts'
import type { SignedOrder } from '../domain/order.ts'
import type { Receipt } from '../domain/receipt.ts'
import type { TradeMessage } from '../domain/trade-message.ts'
import type { TradeState, TradeTerms } from '../domain/trade.ts'
import type { Hex, Money } from '../domain/units.ts'

/** Number on the wire is place in this list plus 1. Append only. */
export const TRADE_STATES: readonly TradeState[] = [
  'proposed', 'agreed', 'delivered', 'receipted', 'settled', 'declined', 'expired', 'lapsed', 'claimed'
]

export const ACCOUNT = 20
export const DIGEST = 32
const SIGNATURE = 64
const UINT96 = 12

export function encodeOrder ({ order, signature, work }: SignedOrder): Uint8Array {
  return encodeWire(OrderWire.codec(), {
    ...order,
    side: order.side === 'offer' ? 0 : 1,
    rules: bytesOf(order.rules),
    maker: bytesOf(order.maker),
    signer: bytesOf(order.signer),
    schedule: order.schedule.map(({ at, price }) => ({ at, price })),
    signature: bytesOf(signature),
    work
  })
}

/** Throws `NETWORK_MALFORMED`. Checks the form only: whether the values make sense is for the market to say. */
export function decodeOrder (bytes: Uint8Array): SignedOrder {
  try {
    return readOrder(bytes)
  } catch (error) {
    throw malformed(explain(error), error)
  }
}

export function encodeTradeMessage (message: TradeMessage): Uint8Array {
  return encodeWire(TradeWire.codec(), toWire(message))
}

/** Throws `NETWORK_MALFORMED`. */
export function decodeTradeMessage (bytes: Uint8Array): TradeMessage {
  return canonical(bytes, encodeTradeMessage, () => fromWire(TradeWire.decode(bytes)))
}

function toWire (message: TradeMessage): Partial<TradeWire> {
  switch (message.kind) {
    case 'propose':
      return { propose: { tradeId: bytesOf(message.tradeId), orderId: bytesOf(message.orderId), buyer: bytesOf(message.buyer), wh: message.wh, pricePerKwh: message.pricePerKwh } }
    case 'accept':
      return { accept: { tradeId: bytesOf(message.tradeId), terms: termsToWire(message.terms), signature: bytesOf(message.signature), validUntil: message.validUntil } }
    case 'confirm':
      return { confirm: { tradeId: bytesOf(message.tradeId), signature: bytesOf(message.signature) } }
    case 'decline':
      return { decline: { code: DECLINE_CODES.indexOf(message.code) + 1, remaining: message.remaining } }
    case 'status-query':
      return { statusQuery: { tradeId: bytesOf(message.tradeId) } }
    case 'status':
      return { status: { tradeId: bytesOf(message.tradeId), state: TRADE_STATES.indexOf(message.state) + 1 } }
    case 'delivery':
      return { delivery: { slot: message.slot, parts: message.parts.map(({ tradeId, wh }) => ({ tradeId: bytesOf(tradeId), wh })) } }
    case 'submit': {
      const { receipt, buyerSignature, sellerSignature } = message.signed
      return { submit: { receipt: receiptToWire(receipt, buyerSignature), sellerSignature: bytesOf(sellerSignature) } }
    }
    case 'queued':
      return { queued: { by: message.by } }
    default:
      return { receipt: receiptToWire(message.receipt, message.signature) }
  }
}

function fromWire (wire: TradeWire): TradeMessage {
  const { propose, accept, confirm, decline, statusQuery, status, delivery, receipt, submit, queued } = wire
  if (Object.values(wire).filter((field) => field != null).length !== 1) {
    throw malformed('exactly one kind of message must be set')
  }
  if (propose != null) {
    const { tradeId, orderId, buyer, wh, pricePerKwh } = propose
    return { kind: 'propose', tradeId: idOf(tradeId), orderId: hexOf(orderId, DIGEST, 'orderId'), buyer: hexOf(buyer, ACCOUNT, 'buyer'), wh, pricePerKwh }
  }
  if (accept?.terms != null) {
    return { kind: 'accept', tradeId: idOf(accept.tradeId), terms: termsFromWire(accept.terms), signature: signatureOf(accept.signature), validUntil: wholeOf(accept.validUntil, MAX_UINT40, 'validUntil') }
  }
  if (confirm != null) {
    return { kind: 'confirm', tradeId: idOf(confirm.tradeId), signature: signatureOf(confirm.signature) }
  }
  if (decline != null) {
    return { kind: 'decline', code: nameOf(DECLINE_CODES, decline.code, 'code'), remaining: decline.remaining }
  }
  if (statusQuery != null) {
    return { kind: 'status-query', tradeId: idOf(statusQuery.tradeId) }
  }
  if (status != null) {
    return { kind: 'status', tradeId: idOf(status.tradeId), state: nameOf(TRADE_STATES, status.state, 'state') }
  }
  if (delivery != null) {
    return { kind: 'delivery', slot: wholeOf(delivery.slot, MAX_UINT24, 'slot'), parts: delivery.parts.map(({ tradeId, wh }) => ({ tradeId: idOf(tradeId), wh })) }
  }
  if (receipt != null) {
    return { kind: 'receipt', receipt: receiptFromWire(receipt), signature: signatureOf(receipt.signature) }
  }
  if (submit?.receipt != null) {
    const { receipt: signed, sellerSignature } = submit
    return { kind: 'submit', signed: { receipt: receiptFromWire(signed), buyerSignature: signatureOf(signed.signature), sellerSignature: signatureOf(sellerSignature) } }
  }
  if (queued != null) {
    return { kind: 'queued', by: wholeOf(queued.by, MAX_UINT40, 'by') }
  }
  throw malformed('terms or receipt are missing')
}

function termsToWire (terms: TradeTerms): TermsWire {
  const { buyer, seller, attester, meter, ref } = terms
  return { ...terms, buyer: bytesOf(buyer), seller: bytesOf(seller), attester: bytesOf(attester), meter: bytesOf(meter), ref: bytesOf(ref) }
}

function termsFromWire (wire: TermsWire): TradeTerms {
  return {
    buyer: hexOf(wire.buyer, ACCOUNT, 'buyer'),
    seller: hexOf(wire.seller, ACCOUNT, 'seller'),
    slot: wholeOf(wire.slot, MAX_UINT24, 'slot'),
    seq: wholeOf(wire.seq, MAX_UINT16, 'seq'),
    wh: wire.wh,
    pricePerKwh: wire.pricePerKwh,
    attester: hexOf(wire.attester, ACCOUNT, 'attester'),
    meter: hexOf(wire.meter, DIGEST, 'meter'),
    claimBy: wholeOf(wire.claimBy, MAX_UINT40, 'claimBy'),
    ref: hexOf(wire.ref, DIGEST, 'ref')
  }
}

function receiptToWire (receipt: Receipt, signature: Hex): ReceiptWire {
  const { buyer, seller, through, total, cap, expiry } = receipt
  return { buyer: bytesOf(buyer), seller: bytesOf(seller), through, total: moneyBytes(total), cap: moneyBytes(cap), expiry, signature: bytesOf(signature) }
}

function receiptFromWire (wire: ReceiptWire): Receipt {
  return {
    buyer: hexOf(wire.buyer, ACCOUNT, 'buyer'),
    seller: hexOf(wire.seller, ACCOUNT, 'seller'),
    through: wholeOf(wire.through, MAX_UINT40, 'through'),
    total: BigInt(hexOf(wire.total, UINT96, 'total')),
    cap: BigInt(hexOf(wire.cap, UINT96, 'cap')),
    expiry: wholeOf(wire.expiry, MAX_UINT24, 'expiry')
  }
}

/** Runs `read`; whatever it throws, and any byte form other than the one `encode` writes, is `NETWORK_MALFORMED`. */
function canonical<T> (bytes: Uint8Array, encode: (value: T) => Uint8Array, read: () => T): T {
  return readable(() => {
    const value = read()
    if (!equals(encode(value), bytes)) {
      throw malformed('it is not in canonical form')
    }
    return value
  })
}

/** Whatever `read` throws becomes `NETWORK_MALFORMED`. */
export function readable<T> (read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw error instanceof CodedError ? error : malformed('it is not valid protobuf', error)
  }
}

export function malformed (what: string, cause?: unknown): CodedError {
  return networkError('NETWORK_MALFORMED', `The message cannot be read: ${what}.`, cause)
}

export function bytesOf (hex: Hex): Uint8Array<ArrayBuffer> {
  return fromString(hex.slice(2), 'base16')
}

function moneyBytes (amount: Money): Uint8Array<ArrayBuffer> {
  if (amount < 0n || amount > MAX_UINT96) {
    throw new RangeError('An amount of money must fit 96 bits.')
  }
  return fromString(amount.toString(16).padStart(2 * UINT96, '0'), 'base16')
}

export function hexOf (bytes: Uint8Array, length: number, field: string): Hex {
  if (bytes.byteLength !== length) {
    throw malformed(`${field} must have ${length} bytes`)
  }
  return `0x${toString(bytes, 'base16')}`
}

function idOf (bytes: Uint8Array): Hex {
  return hexOf(bytes, DIGEST, 'tradeId')
}

function signatureOf (bytes: Uint8Array): Hex {
  return hexOf(bytes, SIGNATURE, 'signature')
}

export function wholeOf (value: number, max: number, field: string): number {
  if (!isWhole(value, 0, max)) {
    throw malformed(`${field} must be at most ${max}`)
  }
  return value
}

export function nameOf<T> (names: readonly T[], number: number, field: string): T {
  const name = names[number - 1]
  if (name == null) {
    throw malformed(`${field} ${number} is not known`)
  }
  return name
}
