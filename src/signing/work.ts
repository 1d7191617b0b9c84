import { writeHex } from '../domain/hex.ts'
import { keccak } from './keccak.ts'
import type { Hex } from '../domain/units.ts'

const message = new Uint8Array(36)
const nonce = new DataView(message.buffer, 32)

/** Zero bits at the start of `keccak256(id ‖ work)`, `work` being four bytes, most significant first; at most 32 are counted. */
export function workBits (id: Hex, work: number): number {
  writeHex(id, { bytes: message, at: 0, length: 32 })
  return bitsOf(work)
}

/** The first number in `[from, from + tries)` whose proof has `bits` zero bits; undefined when there is none. */
export function searchWork (id: Hex, bits: number, { from, tries }: { from: number, tries: number }): number | undefined {
  writeHex(id, { bytes: message, at: 0, length: 32 })
  for (let work = from; work < from + tries; work++) {
    if (bitsOf(work) >= bits) {
      return work
    }
  }
}

function bitsOf (work: number): number {
  nonce.setUint32(0, work)
  const [a, b, c, d] = keccak(message)
  return Math.clz32(a << 24 | b << 16 | c << 8 | d)
}
