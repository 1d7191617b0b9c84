/**
 * The certificate behind a WebRTC-direct address. It follows from the hot key alone: the hash of it, which is part of the address,
 * stays the same over restarts, moves and lost disks, and no second secret is kept anywhere.
 */
import { createPrivateKey, createPublicKey, hash, hkdfSync } from 'node:crypto'
import { p256 } from '@noble/curves/nist.js'
import type { PrivateKey } from '@libp2p/interface'

export interface WebRtcCertificate {
  /** PEM of the private key, PKCS #8. */
  readonly privateKey: string
  /** PEM of the certificate. */
  readonly pem: string
  /** As it stands in the address: base64url of the SHA-256 multihash of the certificate. */
  readonly certhash: string
}

/** What sets this key apart from anything else that may ever be derived from the hot key. */
const PURPOSE = 'wattmesh webrtc-direct certificate 1'

/** ASN.1 tags, as far as a certificate without extensions needs them. */
const INTEGER = 0x02
const BIT_STRING = 0x03
const UTF8_STRING = 0x0c
const GENERALIZED_TIME = 0x18
const SEQUENCE = 0x30
const SET = 0x31

const ECDSA_WITH_SHA256 = der(SEQUENCE, Buffer.from('06082a8648ce3d040302', 'hex'))
const NAME = der(SEQUENCE, der(SET, der(SEQUENCE, Buffer.from('0603550403', 'hex'), der(UTF8_STRING, Buffer.from('wattmesh')))))
/** Who dials compares the hash and nothing else, so the certificate has no end: RFC 5280, 4.1.2.5. */
const VALIDITY = der(SEQUENCE, der(GENERALIZED_TIME, Buffer.from('20200101000000Z')), der(GENERALIZED_TIME, Buffer.from('99991231235959Z')))

/** WebRTC has no certificates of secp256k1 keys, hence a key on P-256. */
export function webRtcCertificate (hotKey: PrivateKey): WebRtcCertificate {
  const secret = p256.utils.randomSecretKey(new Uint8Array(hkdfSync('sha256', hotKey.raw, '', PURPOSE, 48)))
  const point = Buffer.from(p256.getPublicKey(secret, false))
  const base64url = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url')
  const jwk = { kty: 'EC', crv: 'P-256', d: base64url(secret), x: base64url(point.subarray(1, 33)), y: base64url(point.subarray(33)) }
  const privateKey = createPrivateKey({ key: jwk, format: 'jwk' })
  const publicKey = createPublicKey(privateKey).export({ type: 'spki', format: 'der' })
  const body = der(SEQUENCE, der(INTEGER, Buffer.from([1])), ECDSA_WITH_SHA256, NAME, VALIDITY, NAME, publicKey)
  // by RFC 6979, so that the bytes are the same each time
  const signature = p256.sign(body, secret, { format: 'der' })
  const certificate = der(SEQUENCE, body, ECDSA_WITH_SHA256, der(BIT_STRING, Buffer.from([0]), signature))
  return {
    privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    pem: `-----BEGIN CERTIFICATE-----\n${certificate.toString('base64').replace(/.{64}/g, '$&\n').trimEnd()}\n-----END CERTIFICATE-----\n`,
    certhash: `u${base64url(Buffer.concat([Buffer.from([0x12, 0x20]), hash('sha256', certificate, 'buffer')]))}`
  }
}

/** One value in DER, of less than 65,536 bytes. */
function der (tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts)
  const { length } = body
  // as short as it can be
  const inBytes = length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...length < 0x80 ? [length] : inBytes]), body])
}
