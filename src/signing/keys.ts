import { secp256k1 } from '@noble/curves/secp256k1.js'
import { bytesToHex, hexToBytes, keccak256 } from 'viem'
import { hexOf, isHexOf, writeHex } from '../domain/hex.ts'
import { keccak } from './keccak.ts'
import { javascript } from './recovery.ts'
import type { Recovery } from './recovery.ts'
import type { Account, Hex, PublicKey } from '../domain/units.ts'

/** The compressed public key of a 32-byte private key. */
export function publicKeyOf (privateKey: Hex): PublicKey {
  return bytesToHex(secp256k1.getPublicKey(hexToBytes(privateKey), true))
}

/** The chain address of a public key: the last 20 bytes of the keccak-256 of its uncompressed form. */
export function addressOf (key: PublicKey): Account {
  const point = secp256k1.Point.fromHex(key.slice(2)).toBytes(false)
  return `0x${keccak256(point.subarray(1)).slice(-40)}`
}

/** Signs 32 bytes; the answer is 64 bytes in ERC-2098 form, low s, the same for the same input (RFC 6979). */
export function signDigest (digest: Hex, privateKey: Hex): Hex {
  const bytes = secp256k1.sign(hexToBytes(digest), hexToBytes(privateKey), { prehash: false, format: 'recovered', lowS: true })
  const compact = bytes.slice(1)
  compact[32] |= bytes[0] << 7
  return bytesToHex(compact)
}

export interface RecoveredSigner {
  readonly key: PublicKey
  readonly address: Account
}

const digestBytes = new Uint8Array(32)
const signatureBytes = new Uint8Array(64)

/** Half of the group order, 32 bytes: s may be this much at most, so that one message has one signature. */
const HALF_ORDER = hexToBytes('0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0')

/**
 * Who made a compact signature over a digest; undefined when it is not a signature. A high s is refused. Who recovers one
 * key in a while may leave `recovery` out; whatever a neighbour can send often is checked with the node's. When it was
 * `expected`, that is what is returned, and nothing is hashed.
 */
export function recoverSigner (digest: Hex, signature: Hex, { recovery = javascript, expected }: { recovery?: Recovery, expected?: RecoveredSigner } = {}): RecoveredSigner | undefined {
  if (signature.length !== 130) {
    return undefined
  }
  writeHex(digest, { bytes: digestBytes, at: 0, length: 32 })
  writeHex(signature, { bytes: signatureBytes, at: 0, length: 64 })
  const parity = signatureBytes[32] >> 7
  signatureBytes[32] &= 0x7f
  const key = hasHighS() ? undefined : recovery.recover(digestBytes, signatureBytes, parity)
  if (key == null) {
    return undefined
  }
  key[0] = 2 | key[64] & 1
  if (expected != null && isHexOf(expected.key, key)) {
    return expected
  }
  return { key: hexOf(key, 0, 33), address: hexOf(keccak(key, 1), 12) }
}

/** The public key that made a signature, as `recoverSigner`. */
export function recoverKey (digest: Hex, signature: Hex, recovery?: Recovery): PublicKey | undefined {
  return recoverSigner(digest, signature, { recovery })?.key
}

function hasHighS (): boolean {
  let at = 0
  while (at < 31 && signatureBytes[32 + at] === HALF_ORDER[at]) {
    at++
  }
  return signatureBytes[32 + at] > HALF_ORDER[at]
}
