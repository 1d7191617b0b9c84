/**
 * One comparison of our book with a neighbour's: digests first, then the orders of the signers whose digests differ, each
 * through the same door as gossip. What the neighbour sends is believed only where a signature says so.
 */
import { MAX_SYNC_SIGNERS } from '../../protocols/book-sync/constants.ts'
import { compareKeys } from '../domain/book-sync.ts'
import { CodedError } from '../domain/errors.ts'
import type { ReceiveOrder } from './receive-order.ts'
import type { BookAnswer, BookQuestion, DigestsAnswer, OrderKey, OrdersAnswer } from '../domain/book-sync.ts'
import type { SignedOrder } from '../domain/order.ts'
import type { Account, Hex, UnixSeconds } from '../domain/units.ts'
import type { NewestOrders } from '../market/newest-orders.ts'
import type { Conversation } from '../ports/network.ts'

export interface ReadBookInit {
  readonly rulesDigest: Hex
  readonly newest: NewestOrders
  readonly receive: ReceiveOrder
  /** Signers whose orders are being read from some neighbour at this moment; shared by all comparisons. */
  readonly beingRead: Set<Account>
  /** First period that still counts for us. */
  from(): UnixSeconds
  /** How many more orders may come from this neighbour; counted down as they come, so that breaking off wins nothing. */
  readonly share: { left: number }
  /** More signers than this fit into nobody's book. */
  readonly maxSigners: number
}

/** What a comparison found, before it repaired anything. */
export interface BookComparison {
  /** Places with an open order in at least one of the two books. */
  readonly offers: number
  /** Those at which the other book has another order, or none. */
  readonly differing: number
  /** Orders that were read. */
  readonly read: number
  /** False when something was left for later: the neighbour's share was used up, or others are reading the rest. */
  readonly isComplete: boolean
}

/** A book is asked for in about so many parts, so that several neighbours can each give some of them. */
const PARTS = 8
const LEAST_PART = 16
/** Other work gets its turn after so many orders. */
const ORDERS_PER_TURN = 32

/**
 * Throws `NODE_FALSE_BOOK` when the neighbour sends what no honest node can have, `NODE_BOOK_REFUSED` when it does not answer us, and
 * what the conversation throws.
 */
export async function readBook (book: Conversation<BookQuestion, BookAnswer>, init: ReadBookInit): Promise<BookComparison> {
  const { newest, beingRead, share } = init
  const { from, digests, isSame } = await readDigests(book, init)
  const tally = { offers: 0, differing: 0, read: 0 }
  const count = (offers: number, isDiffering: boolean): void => {
    tally.offers += offers
    tally.differing += isDiffering ? offers : 0
  }
  const open = (signer: Account): number => newest.of(signer, from).filter(isOpen).length

  for (const { signer, digest } of newest.digests(from).digests) {
    const theirs = isSame ? digest : digests.get(signer)
    if (theirs == null || theirs === digest) {
      count(open(signer), theirs == null)
      digests.delete(signer)
    }
  }
  for (;;) {
    const batch = nextBatch(digests, (signer, digest) => {
      // another neighbour gave it to us in the meantime
      const isSettled = newest.digest(signer, from) === digest
      isSettled && count(open(signer), false)
      if (isSettled) {
        return 'settled'
      }
      return beingRead.has(signer) ? 'later' : 'read'
    })
    if (batch.length === 0 || share.left <= 0) {
      return { ...tally, isComplete: digests.size === 0 && share.left > 0 }
    }
    batch.forEach((signer) => beingRead.add(signer))
    try {
      tally.read += await readOrders(book, { ...init, from, signers: batch, count })
    } finally {
      batch.forEach((signer) => beingRead.delete(signer))
    }
    batch.forEach((signer) => digests.delete(signer))
  }
}

interface TheirDigests {
  readonly from: UnixSeconds
  readonly isSame: boolean
  readonly digests: Map<Account, Hex>
}

async function readDigests (book: Conversation<BookQuestion, BookAnswer>, init: ReadBookInit): Promise<TheirDigests> {
  const { rulesDigest: rules, newest, maxSigners } = init
  const from = init.from()
  const { root } = newest.digests(from)
  const digests = new Map<Account, Hex>()
  let after: Account | undefined
  for (;;) {
    const page = await askFor(book, { kind: 'digests?', rules, from, root, after }, 'digests') as DigestsAnswer
    for (const { signer, digest } of page.digests) {
      demand(after == null || signer > after, 'its digests do not come in rising order of signers')
      digests.set(signer, digest)
      after = signer
    }
    demand(digests.size <= maxSigners, 'it names more signers than a book has places')
    demand(!page.isMore || page.digests.length > 0, 'it promises more and sends nothing')
    if (!page.isMore) {
      return { from: page.from, isSame: page.isSame, digests }
    }
  }
}

interface OrdersRequest extends Omit<ReadBookInit, 'from'> {
  readonly from: UnixSeconds
  readonly signers: readonly Account[]
  count(offers: number, isDiffering: boolean): void
}

/**
 * Reads the orders of some signers page by page, until there are no more or the neighbour's share is used up; returns how many it
 * read. The next page is asked for before this one is judged, so that neither side waits for the other.
 */
async function readOrders (book: Conversation<BookQuestion, BookAnswer>, request: OrdersRequest): Promise<number> {
  const { rulesDigest: rules, newest, from, signers, count, share } = request
  const asked = new Set(signers)
  /** What we have and have not been told of. */
  const onlyOurs = new Set(signers.flatMap((signer) => newest.of(signer, from)).filter(isOpen).map(({ order }) => nameOf(order)))
  const ask = async (after?: OrderKey): Promise<BookAnswer> => {
    const left = after == null ? signers : signers.filter((signer) => signer >= after.signer)
    return askFor(book, { kind: 'orders?', rules, signers: left, after }, 'orders')
  }
  let read = 0
  let after: OrderKey | undefined
  let coming: Promise<BookAnswer> | undefined = ask()
  while (coming != null) {
    const { isMore, orders } = await coming as OrdersAnswer
    demand(!isMore || orders.length > 0, 'it promises more and sends nothing')
    share.left -= orders.length
    coming = isMore && share.left > 0 ? ask(orders[orders.length - 1].order) : undefined
    // it fails here, or where it is awaited
    coming?.catch(() => {})
    for (const signed of orders) {
      demand(asked.has(signed.order.signer) && (after == null || compareKeys(signed.order, after) > 0), 'its orders are not those that were asked for, in rising order')
      after = signed.order
      onlyOurs.size > 0 && onlyOurs.delete(nameOf(after))
      takeIn(signed, request)
      if (++read % ORDERS_PER_TURN === 0) {
        await new Promise((resolve) => { setImmediate(resolve) })
      }
    }
    if (!isMore) {
      count(onlyOurs.size, true)
    }
  }
  return read
}

/** Judges one order as if it came by gossip, unless we have it. */
function takeIn (signed: SignedOrder, { newest, receive, count }: OrdersRequest): void {
  const ours = newest.at(signed.order)
  const isSame = ours?.signature === signed.signature && ours.order.revision === signed.order.revision
  if (!isSame) {
    const verdict = receive(signed)
    if (verdict.result === 'reject') {
      demand(false, `it keeps an order that breaks the rule ${verdict.code}`)
    }
  }
  if (isOpen(signed) || (ours != null && isOpen(ours))) {
    count(1, !isSame)
  }
}

/** Some of the signers that are to be read now, in rising order; those that are settled leave `digests`. */
function nextBatch (digests: Map<Account, Hex>, judge: (signer: Account, digest: Hex) => 'settled' | 'later' | 'read'): Account[] {
  const batch: Account[] = []
  const size = Math.min(MAX_SYNC_SIGNERS, Math.max(LEAST_PART, Math.ceil(digests.size / PARTS)))
  for (const [signer, digest] of digests) {
    const judgement = judge(signer, digest)
    if (judgement === 'settled') {
      digests.delete(signer)
    } else if (judgement === 'read') {
      batch.push(signer)
    }
    if (batch.length === size) {
      break
    }
  }
  return batch
}

async function askFor (book: Conversation<BookQuestion, BookAnswer>, question: BookQuestion, kind: BookAnswer['kind']): Promise<BookAnswer> {
  const answer = await book.ask(question)
  if (answer.kind === 'refusal') {
    throw new CodedError('NODE_BOOK_REFUSED', 'The neighbour does not show us its book now; it will be asked again.', { details: { code: answer.code } })
  }
  demand(answer.kind === kind, 'it answers another question than was asked')
  return answer
}

function demand (isTrue: boolean, otherwise: string): void {
  if (!isTrue) {
    throw new CodedError('NODE_FALSE_BOOK', `The neighbour's book cannot be true: ${otherwise}.`)
  }
}

function isOpen ({ order }: SignedOrder): boolean {
  return order.quantity > 0
}

function nameOf ({ signer, periodStart, side }: OrderKey): string {
  return `${signer} ${periodStart} ${side}`
}
