import { writer } from 'protons-runtime'
import type { Codec } from 'protons-runtime'

const TWO_32 = 0x1_0000_0000n

/** The bytes of a message. Generated `encode` writes a uint64 from 2^31 to 2^32 too short and leaves bytes of this process's memory in the gap. */
export function encodeWire<T> (codec: Codec<T>, message: Partial<T>): Uint8Array {
  const to = writer()
  const writeUint64 = to.uint64.bind(to)
  to.uint64 = (value) => value < TWO_32 ? to.uint64Number(Number(value)) : writeUint64(value)
  codec.encode(message, to, { lengthDelimited: false })
  return to.finish()
}
