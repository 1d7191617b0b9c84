import { orderId, receiptDigest, tradeDigest } from './digests.ts'
import { addressOf, recoverKey } from './keys.ts'
import type { SettlementDomain } from './digests.ts'
import type { SignedOrder, VerifiedOrder } from '../domain/order.ts'
import type { Receipt } from '../domain/receipt.ts'
import type { TradeTerms } from '../domain/trade.ts'
import type { Account, Hex, PublicKey } from '../domain/units.ts'

/** The order with its id and its maker's key; undefined unless the signer it names really signed it. */
export function verifyOrder (signed: SignedOrder, at: SettlementDomain): VerifiedOrder | undefined {
  const id = orderId(signed.order, at)
  const key = recoverKey(id, signed.signature)
  return key == null || addressOf(key) !== signed.order.signer ? undefined : { ...signed, id, key }
}

export function isTradeSignedBy (key: PublicKey, terms: TradeTerms, proof: { signature: Hex, at: SettlementDomain }): boolean {
  return recoverKey(tradeDigest(terms, proof.at), proof.signature) === key
}

/** Whose key made the signature; undefined when it is none. */
export function receiptSigner (receipt: Receipt, proof: { signature: Hex, at: SettlementDomain }): Account | undefined {
  const key = recoverKey(receiptDigest(receipt, proof.at), proof.signature)
  return key == null ? undefined : addressOf(key)
}

export function isReceiptSignedBy (key: PublicKey, receipt: Receipt, proof: { signature: Hex, at: SettlementDomain }): boolean {
  return recoverKey(receiptDigest(receipt, proof.at), proof.signature) === key
}
