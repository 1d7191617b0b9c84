/**
 * The typed-data digest of an order, fast: type hashes are computed once, the domain once for each market, and the words
 * of the structs are written where they are hashed. `ORDER_TYPES` is the definition; a test compares with viem's encoder.
 */
import { domainSeparator, hexToBytes, keccak256, stringToBytes } from 'viem'
import { ORDER_DOMAIN_NAME, ORDER_DOMAIN_VERSION, ORDER_TYPES } from '../../protocols/order/typed-data.ts'
import { writeHex } from '../domain/hex.ts'
import { hashInput, input } from './keccak.ts'
import type { SettlementDomain } from './digests.ts'
import type { Order } from '../domain/order.ts'
import type { Hex } from '../domain/units.ts'

const WORD = 32

/** Where things stand in the input, each with room for its padding; the knots come last, because their number varies. */
const KNOT_AT = 0
const ORDER_AT = 136
const FINAL_AT = ORDER_AT + 3 * 136
const KNOTS_AT = FINAL_AT + 136

/** First word of an order behind its type hash, in the order of its fields. */
const word = (index: number): number => ORDER_AT + index * WORD

const view = new DataView(input.buffer, input.byteOffset)
const domains = new WeakMap<SettlementDomain, Uint8Array>()
let standing: SettlementDomain | undefined
/** Nearly all orders are of one market: its digest stays where it was written. */
let standingRules: Hex | undefined

const structs = Object.entries(ORDER_TYPES).map(([name, fields]) => `${name}(${fields.map((field) => `${field.type} ${field.name}`).join(',')})`)
input.set(keccak256(stringToBytes(structs.join('')), 'bytes'), ORDER_AT)
input.set(keccak256(stringToBytes(structs[1]), 'bytes'), KNOT_AT)
input.set([0x19, 0x01], FINAL_AT)

/** 32 bytes, the same that are signed; they stay until something else is hashed. Every value must fit its type. */
export function orderDigest (order: Order, at: SettlementDomain): Uint8Array {
  useDomain(at)
  order.schedule.forEach(({ at, price }, index) => {
    view.setUint32(KNOT_AT + 2 * WORD - 4, at)
    view.setUint32(KNOT_AT + 3 * WORD - 12, Number(price >> 64n))
    view.setBigUint64(KNOT_AT + 3 * WORD - 8, price)
    input.set(hashInput(KNOT_AT, 3 * WORD), KNOTS_AT + index * WORD)
  })
  input.set(hashInput(KNOTS_AT, order.schedule.length * WORD), word(9))
  input[word(1) + 31] = order.side === 'offer' ? 0 : 1
  if (order.rules !== standingRules) {
    standingRules = order.rules
    writeWord(order.rules, 2, 32)
  }
  writeWord(order.maker, 3, 20)
  writeWord(order.signer, 4, 20)
  // the upper 8 of 40 bits do not fit a 32-bit operation
  input[word(6) - 5] = order.periodStart / 0x100000000
  view.setUint32(word(6) - 4, order.periodStart)
  view.setUint32(word(7) - 4, order.quantity)
  view.setUint32(word(8) - 4, order.minFill)
  view.setUint32(word(9) - 4, order.revision)
  input.set(hashInput(ORDER_AT, 10 * WORD), FINAL_AT + 2 + WORD)
  return hashInput(FINAL_AT, 2 + 2 * WORD)
}

function writeWord (hex: Hex, index: number, length: number): void {
  writeHex(hex, { bytes: input, at: word(index + 1) - length, length })
}

function useDomain (at: SettlementDomain): void {
  if (at === standing) {
    return
  }
  const { chainId, escrow } = at
  const separator = domains.get(at) ??
    hexToBytes(domainSeparator({ domain: { name: ORDER_DOMAIN_NAME, version: ORDER_DOMAIN_VERSION, chainId, verifyingContract: escrow } }))
  domains.set(at, separator)
  input.set(separator, FINAL_AT + 2)
  standing = at
}
