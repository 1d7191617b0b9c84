import { orderId, readingDigest, receiptDigest, tradeDigest } from './digests.ts'
import { addressOf, publicKeyOf, signDigest } from './keys.ts'
import type { SettlementDomain } from './digests.ts'
import type { Hex } from '../domain/units.ts'
import type { Signer } from '../ports/signer.ts'

/** A signer over a private key held in this process, bound to one chain and escrow. */
export function createLocalSigner (privateKey: Hex, at: SettlementDomain): Signer {
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
