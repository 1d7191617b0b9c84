import { orderId, readingDigest, receiptDigest, tradeDigest } from './digests.ts'
import { addressOf, publicKeyOf, signDigest } from './keys.ts'
import type { SettlementDomain } from './digests.ts'
import type { Attestation } from '../domain/receipt.ts'
import type { Hex } from '../domain/units.ts'
import type { Signer } from '../ports/signer.ts'

/** A key of our own process can do both. */
export type LocalSigner = Signer & { signReading(reading: Attestation): Hex }

/** A signer over a private key held in this process, bound to one chain and escrow; for the hot key or for the meter's. */
export function createLocalSigner (privateKey: Hex, at: SettlementDomain): LocalSigner {
  const key = publicKeyOf(privateKey)
  return {
    key,
    address: addressOf(key),
    signOrder: (order) => signDigest(orderId(order, at), privateKey),
    signTrade: (terms) => signDigest(tradeDigest(terms, at), privateKey),
    signReceipt: (receipt) => signDigest(receiptDigest(receipt, at), privateKey),
    signReading: (reading) => signDigest(readingDigest(reading, at), privateKey)
  }
}
