import { equals } from 'uint8arrays/equals'
import { BookMessage as BookWire } from '../../protocols/book-sync/book-sync.ts'
import { MAX_SYNC_PAGE_DIGESTS, MAX_SYNC_PAGE_ORDERS, MAX_SYNC_SIGNERS } from '../../protocols/book-sync/constants.ts'
import { REFUSAL_CODES } from '../domain/book-sync.ts'
import { MAX_UINT40 } from '../domain/units.ts'
import { ACCOUNT, DIGEST, bytesOf, decodeOrder, encodeOrder, hexOf, malformed, nameOf, readable, wholeOf } from './codec.ts'
import type { OrderKey as KeyWire } from '../../protocols/book-sync/book-sync.ts'
import type { BookMessage, OrderKey, SignerDigest } from '../domain/book-sync.ts'
import type { Hex } from '../domain/units.ts'

const SHORT_DIGEST = 16
export function encodeBookMessage (message: BookMessage): Uint8Array {
  return BookWire.encode(toWire(message))
}

/** Throws `NETWORK_MALFORMED`. */
export function decodeBookMessage (bytes: Uint8Array): BookMessage {
  return readable(() => {
    const wire = BookWire.decode(bytes)
    if (!equals(BookWire.encode(wire), bytes)) {
      throw malformed('it is not in canonical form')
    }
    return fromWire(wire)
  })
}

function toWire (message: BookMessage): Partial<BookWire> {
  switch (message.kind) {
    case 'digests?':
      return { digestsQuestion: { rules: bytesOf(message.rules), from: message.from, root: bytesOf(message.root), after: bytesOf(message.after ?? '0x') } }
    case 'digests':
      return {
        digestsAnswer: {
          from: message.from,
          isSame: Number(message.isSame),
          isMore: Number(message.isMore),
          digests: message.digests.map(({ signer, digest }) => bytesOf(`${signer}${digest.slice(2)}`))
        }
      }
    case 'orders?':
      return { ordersQuestion: { rules: bytesOf(message.rules), signers: message.signers.map(bytesOf), after: message.after == null ? undefined : keyToWire(message.after) } }
    case 'orders':
      return { ordersAnswer: { isMore: Number(message.isMore), orders: message.orders.map((order) => encodeOrder(order) as Uint8Array<ArrayBuffer>) } }
    default:
      return { refusal: { code: REFUSAL_CODES.indexOf(message.code) + 1 } }
  }
}

function fromWire (wire: BookWire): BookMessage {
  const { digestsQuestion, digestsAnswer, ordersQuestion, ordersAnswer, refusal } = wire
  if (Object.values(wire).filter((field) => field != null).length !== 1) {
    throw malformed('exactly one kind of message must be set')
  }
  if (digestsQuestion != null) {
    const { rules, from, root, after } = digestsQuestion
    return {
      kind: 'digests?',
      rules: hexOf(rules, DIGEST, 'rules'),
      from: wholeOf(from, MAX_UINT40, 'from'),
      root: hexOf(root, SHORT_DIGEST, 'root'),
      after: after.byteLength === 0 ? undefined : hexOf(after, ACCOUNT, 'after')
    }
  }
  if (digestsAnswer != null) {
    const { from, isSame, isMore, digests } = digestsAnswer
    return {
      kind: 'digests',
      from: wholeOf(from, MAX_UINT40, 'from'),
      isSame: wholeOf(isSame, 1, 'isSame') === 1,
      isMore: wholeOf(isMore, 1, 'isMore') === 1,
      digests: listOf(digests, MAX_SYNC_PAGE_DIGESTS, 'digests').map(digestOf)
    }
  }
  if (ordersQuestion != null) {
    const { rules, signers, after } = ordersQuestion
    return {
      kind: 'orders?',
      rules: hexOf(rules, DIGEST, 'rules'),
      signers: rising(listOf(signers, MAX_SYNC_SIGNERS, 'signers').map((signer) => hexOf(signer, ACCOUNT, 'signer'))),
      after: after == null ? undefined : keyFromWire(after)
    }
  }
  if (ordersAnswer != null) {
    const { isMore, orders } = ordersAnswer
    return { kind: 'orders', isMore: wholeOf(isMore, 1, 'isMore') === 1, orders: listOf(orders, MAX_SYNC_PAGE_ORDERS, 'orders').map(decodeOrder) }
  }
  return { kind: 'refusal', code: nameOf(REFUSAL_CODES, refusal?.code ?? 0, 'code') }
}

function digestOf (bytes: Uint8Array): SignerDigest {
  const hex = hexOf(bytes, ACCOUNT + SHORT_DIGEST, 'digest')
  return { signer: hex.slice(0, 2 + 2 * ACCOUNT) as SignerDigest['signer'], digest: `0x${hex.slice(2 + 2 * ACCOUNT)}` }
}

function keyToWire ({ signer, periodStart, side }: OrderKey): KeyWire {
  return { signer: bytesOf(signer), periodStart, side: side === 'offer' ? 0 : 1 }
}

function keyFromWire ({ signer, periodStart, side }: KeyWire): OrderKey {
  return {
    signer: hexOf(signer, ACCOUNT, 'signer'),
    periodStart: wholeOf(periodStart, MAX_UINT40, 'periodStart'),
    side: wholeOf(side, 1, 'side') === 0 ? 'offer' : 'bid'
  }
}

function rising (signers: readonly Hex[]): readonly Hex[] {
  if (signers.length === 0 || signers.some((signer, index) => index > 0 && signer <= signers[index - 1])) {
    throw malformed('signers must be named once, in rising order')
  }
  return signers
}

function listOf<T> (list: readonly T[], max: number, field: string): readonly T[] {
  if (list.length > max) {
    throw malformed(`${field} must be at most ${max}`)
  }
  return list
}
