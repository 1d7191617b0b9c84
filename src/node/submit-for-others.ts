/**
 * What a home does that offers to submit for its neighbours: it takes complete receipts from the sellers they pay, and one
 * transaction settles them all, with its own. It can hold nothing back for good: a seller that waits too long submits itself.
 */
import { MAX_QUEUED_PER_PEER, MAX_QUEUE_SEC, MAX_RECEIPTS_PER_PEER_DAY } from '../../protocols/trade/constants.ts'
import { SLOT_SEC, slotOf, slotOfPosition } from '../domain/period.ts'
import { tabId } from '../domain/tab.ts'
import { addressOf } from '../signing/keys.ts'
import { isReceiptSignedBy, receiptSigner } from '../signing/verify.ts'
import { MAX_LOCK_SLOTS } from '../trade/tab-ledger.ts'
import type { NodeContext } from './context.ts'
import type { KeyBook } from './key-book.ts'
import type { TabSettlement } from './settle-tabs.ts'
import type { TradingGate } from './trading-gate.ts'
import type { SignedReceipt } from '../domain/receipt.ts'
import type { Decline, DeclineCode, Queued, Submit } from '../domain/trade-message.ts'
import type { Account, PublicKey, UnixSeconds } from '../domain/units.ts'

/** A batch goes out when it holds so many receipts, or its oldest has waited so long; both before `MAX_QUEUE_SEC` is over. */
const MAX_BATCH = 50
const BATCH_SEC = 600

const DAY_SEC = 86_400

/** Receipts that wait at a time, of all peers together. */
const MAX_QUEUED = 500

interface Waiting {
  readonly signed: SignedReceipt
  readonly from: PublicKey
  readonly since: UnixSeconds
}

export interface SubmitterQueue {
  /** Answers SUBMIT. */
  take(request: Submit, from: PublicKey): Promise<Queued | Decline>
  /** Submits the batch when it is due, together with what we are owed ourselves. */
  flush(tabs: Pick<TabSettlement, 'submit' | 'owed'>): Promise<void>
}

export function submitForOthers (context: Pick<NodeContext, 'home' | 'at' | 'recovery' | 'clock' | 'settlement' | 'logger'>, parts: { keys: KeyBook, isOpen: TradingGate }): SubmitterQueue {
  const { home, at, recovery, clock, settlement, logger } = context
  const { keys, isOpen } = parts
  const queue = new Map<string, Waiting>()
  const taken = new Map<PublicKey, number>()
  let day = 0

  const takenToday = (from: PublicKey): number => {
    const today = Math.floor(clock.now() / DAY_SEC)
    if (today !== day) {
      day = today
      taken.clear()
    }
    return taken.get(from) ?? 0
  }

  const isFull = (id: string, from: PublicKey): boolean => {
    const others = [...queue].filter(([each]) => each !== id)
    return others.length >= MAX_QUEUED || others.filter(([, waiting]) => waiting.from === from).length >= MAX_QUEUED_PER_PEER ||
      takenToday(from) >= MAX_RECEIPTS_PER_PEER_DAY
  }

  /** What the escrow would have against it, in the same order; a receipt that it would pass over costs us and helps nobody. */
  const chainProblem = async ({ receipt }: SignedReceipt, signers: { buyer: Account, seller: Account }): Promise<DeclineCode | undefined> => {
    const { buyer, seller, through, total, cap, expiry } = receipt
    const [buyerUntil, sellerUntil] = [await keys.validUntil(buyer, signers.buyer), await keys.validUntil(seller, signers.seller)]
    if (Math.min(buyerUntil, sellerUntil) <= clock.now()) {
      return 'KEY_NOT_REGISTERED'
    }
    if (buyer === seller) {
      return 'SELF_TRADE'
    }
    const [tab, { balance, reserved }] = [await settlement.tab(buyer, seller), await settlement.account(buyer)]
    if (through <= tab.through || total <= tab.paid) {
      return 'STALE_RECEIPT'
    }
    if (slotOfPosition(through) > slotOf(clock.now())) {
      return 'BAD_TERMS'
    }
    if (total > cap || total > tab.cap + balance - reserved) {
      return 'CEILING'
    }
    return expiry > slotOf(clock.now()) + MAX_LOCK_SLOTS || expiry * SLOT_SEC > buyerUntil ? 'EXPIRY' : undefined
  }

  const problem = async (signed: SignedReceipt, from: PublicKey): Promise<DeclineCode | undefined> => {
    if (!home.submitForOthers) {
      return 'NOT_OFFERED'
    }
    const { receipt, buyerSignature, sellerSignature } = signed
    const buyerKey = receiptSigner(receipt, { signature: buyerSignature, at, recovery })
    if (buyerKey == null || !isReceiptSignedBy(from, receipt, { signature: sellerSignature, at, recovery })) {
      return 'BAD_SIGNATURE'
    }
    return isFull(tabId(receipt.buyer, receipt.seller), from) || !isOpen()
      ? 'BUSY'
      : chainProblem(signed, { buyer: buyerKey, seller: addressOf(from) })
  }

  const isStillNew = async ({ signed: { receipt } }: Waiting): Promise<boolean> =>
    receipt.through > (await settlement.tab(receipt.buyer, receipt.seller)).through

  return {
    async take ({ signed }, from) {
      const id = tabId(signed.receipt.buyer, signed.receipt.seller)
      const known = queue.get(id)
      if (known?.from === from && known.signed.sellerSignature === signed.sellerSignature) {
        return { kind: 'queued', by: known.since + MAX_QUEUE_SEC }
      }
      const code = await problem(signed, from)
      if (code != null) {
        return { kind: 'decline', code, remaining: 0 }
      }
      const since = queue.get(id)?.since ?? clock.now()
      taken.set(from, takenToday(from) + 1)
      queue.set(id, { signed, from, since })
      return { kind: 'queued', by: since + MAX_QUEUE_SEC }
    },
    async flush (tabs) {
      const isDue = queue.size >= MAX_BATCH || [...queue.values()].some(({ since }) => since <= clock.now() - BATCH_SEC)
      if (!isDue) {
        return
      }
      for (const [id, waiting] of queue) {
        if (waiting.since < clock.now() - MAX_QUEUE_SEC || !await isStillNew(waiting)) {
          queue.delete(id)
        }
      }
      const batch = [...queue].slice(0, MAX_BATCH)
      if (batch.length > 0) {
        const count = await tabs.submit([...batch.map(([, { signed }]) => signed), ...tabs.owed()])
        logger.info('receipts of neighbours submitted', { receipts: batch.length, taken: count })
        batch.filter(([id, waiting]) => queue.get(id) === waiting).forEach(([id]) => queue.delete(id))
      }
    }
  }
}
