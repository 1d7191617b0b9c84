import { orderId, receiptDigest, tradeDigest } from './digests.ts'
import { recoverKey, recoverSigner } from './keys.ts'
import type { SettlementDomain } from './digests.ts'
import type { RecoveredSigner } from './keys.ts'
import type { Recovery } from './recovery.ts'
import type { SignedOrder, VerifiedOrder } from '../domain/order.ts'
import type { Receipt } from '../domain/receipt.ts'
import type { TradeTerms } from '../domain/trade.ts'
import type { Account, Hex, PublicKey } from '../domain/units.ts'

/** A signature with what it needs to be checked; without `recovery` the slow one is used. */
export interface Proof {
  readonly signature: Hex
  readonly at: SettlementDomain
  readonly recovery?: Recovery
}

export interface OrderVerifier {
  /** Checks the signature of an order whose id is known. Undefined unless the signer it names really signed it. */
  verify(signed: SignedOrder, id: Hex): VerifiedOrder | undefined
  /** Keeps a true order that has no place in the book, where it would be known when it comes again. */
  remember(verified: VerifiedOrder): void
}

interface OrderProof {
  readonly recovery?: Recovery
  readonly id?: Hex
  /** The signer, when its key is known already. */
  readonly expected?: RecoveredSigner
}

/** The order with its id and its maker's key; undefined unless the signer it names really signed it. */
export function verifyOrder (signed: SignedOrder, at: SettlementDomain, { recovery, id = orderId(signed.order, at), expected }: OrderProof = {}): VerifiedOrder | undefined {
  const { order, signature, work } = signed
  const by = recoverSigner(id, signature, { recovery, expected })
  if (by == null || by.address !== order.signer) {
    return undefined
  }
  return work == null ? { order, signature, id, key: by.key } : { order, signature, id, key: by.key, work }
}

/**
 * Recovers the key of an order that is in no book once, however often it comes and by whatever way. The last verdicts are kept, at least
 * `remembered` of them; a forgery never displaces the verdict on the true order of its id.
 */
export function orderVerifier ({ at, recovery, remembered }: { at: SettlementDomain, recovery: Recovery, remembered: number }): OrderVerifier {
  type Verdict = VerifiedOrder | { readonly signature: Hex, readonly id?: undefined }
  let recent = new Map<Hex, Verdict>()
  let older = new Map<Hex, Verdict>()
  const signers = new Map<Account, RecoveredSigner>()

  function keep (id: Hex, verdict: Verdict): void {
    recent.set(id, verdict)
    if (recent.size >= remembered) {
      older = recent
      recent = new Map()
    }
  }

  return {
    verify (signed, id) {
      const known = recent.get(id) ?? older.get(id)
      if (known?.signature === signed.signature) {
        return known.id == null ? undefined : known
      }
      const { signer } = signed.order
      const expected = signers.get(signer)
      const verified = verifyOrder(signed, at, { recovery, id, expected })
      if (verified != null && expected == null) {
        signers.size >= remembered && signers.clear()
        signers.set(signer, { key: verified.key, address: signer })
      }
      if (verified == null && known?.id == null) {
        keep(id, { signature: signed.signature })
      }
      return verified
    },
    remember (verified) {
      keep(verified.id, verified)
    }
  }
}

/** Whose key made the signature; undefined when it is none. */
export function receiptSigner (receipt: Receipt, { signature, at, recovery }: Proof): Account | undefined {
  return recoverSigner(receiptDigest(receipt, at), signature, { recovery })?.address
}

export function isTradeSignedBy (key: PublicKey, terms: TradeTerms, { signature, at, recovery }: Proof): boolean {
  return recoverKey(tradeDigest(terms, at), signature, recovery) === key
}

export function isReceiptSignedBy (key: PublicKey, receipt: Receipt, { signature, at, recovery }: Proof): boolean {
  return recoverKey(receiptDigest(receipt, at), signature, recovery) === key
}
