/** Numbers and texts out of 16-bit registers. */

/** Bytes of each number. */
const SIZES = { int16: 2, uint16: 2, int32: 4, uint32: 4, int64: 8, uint64: 8, float32: 4, float64: 8 } as const

export type NumberType = keyof typeof SIZES
export const NUMBER_TYPES = Object.keys(SIZES) as readonly NumberType[]

/** Which byte comes first: of the number 0x0A0B0C0D, `ABCD` sends 0A 0B 0C 0D and `CDAB` the low register first. */
export const ORDERS = ['ABCD', 'CDAB', 'BADC', 'DCBA'] as const
export type Order = typeof ORDERS[number]

/** Registers a number takes. */
export function registersOf (type: NumberType): number {
  return SIZES[type] / 2
}

/** The bits of a number as an unsigned whole number, the first byte first. */
export function bitsOf (bytes: Uint8Array, order: Order): bigint {
  const words = Array.from({ length: bytes.length / 2 }, (_, index) => bytes.subarray(2 * index, 2 * index + 2))
  const isLowWordFirst = order === 'CDAB' || order === 'DCBA'
  const isLowByteFirst = order === 'BADC' || order === 'DCBA'
  const ordered = (isLowWordFirst ? words.toReversed() : words).flatMap(([first, second]) => isLowByteFirst ? [second, first] : [first, second])
  return ordered.reduce((bits, byte) => bits << 8n | BigInt(byte), 0n)
}

/** The number these bits are: exact for whole numbers of any size, undefined for what is no finite number. */
export function numberOf (bits: bigint, type: NumberType): bigint | number | undefined {
  const size = SIZES[type]
  if (type === 'float32' || type === 'float64') {
    const view = new DataView(new ArrayBuffer(8))
    view.setBigUint64(0, bits << BigInt(64 - 8 * size))
    const number = size === 4 ? view.getFloat32(0) : view.getFloat64(0)
    return Number.isFinite(number) ? number : undefined
  }
  return type.startsWith('u') ? bits : BigInt.asIntN(8 * size, bits)
}

/** Printable text up to the first NUL, without blanks around it; undefined when nothing is left. */
export function textOf (bytes: Uint8Array): string | undefined {
  const end = bytes.indexOf(0)
  const text = String.fromCharCode(...bytes.subarray(0, end === -1 ? bytes.length : end)).replaceAll(/[^\x20-\x7e]/g, '').trim()
  return text === '' ? undefined : text
}

/** True when `bits` is one of these codes, each a whole number, negative ones in the width of the type, or a text such as `0xFFFFFFFFFFFFFFFF`. */
export function isOneOf (bits: bigint, type: NumberType, codes: ReadonlyArray<number | string>): boolean {
  return codes.some((code) => BigInt.asUintN(8 * SIZES[type], BigInt(code)) === bits)
}
