import { secp256k1 } from '@noble/curves/secp256k1.js'
import { bytesToHex, hexToBytes, keccak256 } from 'viem'
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

/**
 * The public key that made a compact signature over a digest; undefined when it is not a signature. A high s is refused,
 * so that one message has one signature.
 */
export function recoverKey (digest: Hex, signature: Hex): PublicKey | undefined {
  if (signature.length !== 130) {
    return undefined
  }
  try {
    const bytes = new Uint8Array(65)
    bytes.set(hexToBytes(signature), 1)
    bytes[0] = bytes[33] >> 7
    bytes[33] &= 0x7f
    const parsed = secp256k1.Signature.fromBytes(bytes, 'recovered')
    return parsed.hasHighS() ? undefined : `0x${parsed.recoverPublicKey(hexToBytes(digest)).toHex(true)}`
  } catch {
    return undefined
  }
}
