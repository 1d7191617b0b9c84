import type { Hex } from './units.ts'

const PAIRS = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))
const DIGITS = new Uint8Array(128)
for (let value = 0; value < 16; value++) {
  const digit = value.toString(16)
  DIGITS[digit.charCodeAt(0)] = value
  DIGITS[digit.toUpperCase().charCodeAt(0)] = value
}

/** `length` bytes from `start` as lower-case hexadecimal digits. */
export function hexOf (bytes: Uint8Array, start = 0, length = bytes.length - start): Hex {
  let hex = ''
  for (let at = start; at < start + length; at++) {
    hex += PAIRS[bytes[at]]
  }
  return `0x${hex}`
}

/** Writes the `length` bytes that `hex` stands for; the caller knows that they are there and digits. */
export function writeHex (hex: Hex, into: { readonly bytes: Uint8Array, readonly at: number, readonly length: number }): void {
  const { bytes, at, length } = into
  for (let i = 0; i < length; i++) {
    bytes[at + i] = DIGITS[hex.charCodeAt(2 + 2 * i)] << 4 | DIGITS[hex.charCodeAt(3 + 2 * i)]
  }
}
