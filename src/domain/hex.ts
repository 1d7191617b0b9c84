import type { Hex } from './units.ts'

const CODES = Array.from('0123456789abcdef', (digit) => digit.charCodeAt(0))
const DIGITS = new Uint8Array(128)
for (let value = 0; value < 16; value++) {
  const digit = value.toString(16)
  DIGITS[digit.charCodeAt(0)] = value
  DIGITS[digit.toUpperCase().charCodeAt(0)] = value
}

/** The codes of `0x` and the digits, used again and again. */
let text = Buffer.from(`0x${'00'.repeat(64)}`, 'latin1')

/** `length` bytes from `start` as lower-case hexadecimal digits. Made in one piece: joining pairs leaves much for the collector. */
export function hexOf (bytes: Uint8Array, start = 0, length = bytes.length - start): Hex {
  const end = 2 + 2 * length
  if (text.length < end) {
    text = Buffer.concat([text, new Uint8Array(end)])
  }
  for (let i = 0; i < length; i++) {
    const byte = bytes[start + i]
    text[2 + 2 * i] = CODES[byte >> 4]
    text[3 + 2 * i] = CODES[byte & 15]
  }
  return text.toString('latin1', 0, end) as Hex
}

/** Writes the `length` bytes that `hex` stands for; the caller knows that they are there and digits. */
export function writeHex (hex: Hex, into: { readonly bytes: Uint8Array, readonly at: number, readonly length: number }): void {
  const { bytes, at, length } = into
  for (let i = 0; i < length; i++) {
    bytes[at + i] = DIGITS[hex.charCodeAt(2 + 2 * i)] << 4 | DIGITS[hex.charCodeAt(3 + 2 * i)]
  }
}

/** Whether `hex` stands for the bytes from `start` on, as many as it has digits for: as `hexOf` would say it, but without a new string. */
export function isHexOf (hex: Hex, bytes: Uint8Array, start = 0): boolean {
  for (let i = (hex.length >> 1) - 2; i >= 0; i--) {
    const byte = bytes[start + i]
    if (hex.charCodeAt(2 + 2 * i) !== CODES[byte >> 4] || hex.charCodeAt(3 + 2 * i) !== CODES[byte & 15]) {
      return false
    }
  }
  return true
}
