/**
 * Path e: our book and a neighbour's become one. They are compared when we meet, again until they agree, and shortly before each
 * gate closes, so that what gossip lost, or a parted street never heard, is known in time. Here is when and with whom; `read-book` is how.
 */
import { MAX_BOOK_ORDERS } from '../../protocols/order-gossip/constants.ts'
import { draw } from '../agent/draws.ts'
import { explain, hasCode } from '../domain/errors.ts'
import { gateClosure, periodAt } from '../domain/period.ts'
import { answerBook, createNewestOrders } from './answer-book.ts'
import { readBook } from './read-book.ts'
import { loop } from './supervise.ts'
import type { NodeContext } from './context.ts'
import type { BookComparison } from './read-book.ts'
import type { ReceiveOrder } from './receive-order.ts'
import type { Loop } from './supervise.ts'
import type { BookAnswer, BookQuestion } from '../domain/book-sync.ts'
import type { VerifiedOrder } from '../domain/order.ts'
import type { Account, UnixSeconds } from '../domain/units.ts'

/** How far two books were apart when they were last compared, before they were repaired. */
export interface Divergence {
  /** Differing offers of all connected neighbours over all their offers, 0 to 1; undefined before the first comparison. */
  readonly share?: number
  readonly neighbours: NeighbourDivergence[]
}

export interface NeighbourDivergence {
  readonly peerId: string
  readonly comparedAt: UnixSeconds
  /** Open in at least one of the two books. */
  readonly offers: number
  readonly differing: number
  readonly share: number
}

export interface SyncBook {
  /** Takes note of an order the book has accepted. */
  add(order: VerifiedOrder): void
  answer(question: BookQuestion): Promise<BookAnswer>
  peerChanged(peerId: string, isConnected: boolean): void
  divergence(): Divergence
  start(): void
  stop(): Promise<void>
}

interface Neighbour {
  readonly peerId: string
  dueAt: UnixSeconds
  isBusy: boolean
  /** Comparisons since the books last agreed. */
  attempts: number
  last?: NeighbourDivergence
}

/** Comparisons under way at once. */
const MAX_COMPARISONS = 3
/** What one neighbour may send us in a period: half a book, so that nobody fills it alone. */
const MAX_ORDERS_FROM_ONE = 10_000
/** Pause before a book that differed is looked at again; it doubles up to the most. */
const RECHECK_SEC = 10
const MAX_RECHECK_SEC = 900
/** Books are compared at most this long before a gate closes, and in half of it at the latest. */
const MAX_GATE_LEAD_SEC = 120
/** Whoever keeps a false book is not asked again for so long. */
const DISTRUST_SEC = 3600
const MAX_DISTRUSTED = 1000

export interface SyncBounds {
  readonly maxOrdersFromOne: number
  readonly maxSigners: number
}

export function syncBook (
  context: Pick<NodeContext, 'rules' | 'rulesDigest' | 'clock' | 'logger' | 'network' | 'signer'>,
  receive: ReceiveOrder,
  bounds: SyncBounds = { maxOrdersFromOne: MAX_ORDERS_FROM_ONE, maxSigners: MAX_BOOK_ORDERS }
): SyncBook {
  const { rules, rulesDigest, clock, logger, network, signer } = context
  const newest = createNewestOrders(rules)
  const neighbours = new Map<string, Neighbour>()
  const distrusted = new Map<string, UnixSeconds>()
  const beingRead = new Set<Account>()
  const shares = new Map<string, { left: number }>()
  let sharesFrom: UnixSeconds = 0
  let comparing = 0
  let checkedGate: UnixSeconds = 0
  let running: Loop | undefined

  const firstOpen = (): UnixSeconds => periodAt(clock.now() + rules.gateClosureSec, rules) + rules.periodSec
  const forgetPast = (): void => { newest.forgetBefore(clock.now() + rules.gateClosureSec - rules.clockToleranceSec) }

  /** Kept until the period ends, however often the neighbour comes and goes. */
  const shareFor = (peerId: string): { left: number } => {
    if (sharesFrom !== firstOpen()) {
      sharesFrom = firstOpen()
      shares.clear()
    }
    const share = shares.get(peerId) ?? { left: bounds.maxOrdersFromOne }
    shares.set(peerId, share)
    return share
  }

  const compare = async (neighbour: Neighbour): Promise<void> => {
    const book = await network.readBook(neighbour.peerId)
    try {
      const share = shareFor(neighbour.peerId)
      note(neighbour, await readBook(book, { rulesDigest, newest, receive, beingRead, from: firstOpen, share, maxSigners: bounds.maxSigners }))
    } finally {
      await book.close().catch(() => {})
    }
  }

  const note = (neighbour: Neighbour, { offers, differing, read, isComplete }: BookComparison): void => {
    const { peerId, attempts } = neighbour
    const isFirst = neighbour.last == null
    if (isComplete) {
      neighbour.last = { peerId, comparedAt: clock.now(), offers, differing, share: shareOf(differing, offers) }
    }
    if (isComplete && differing === 0 && !isFirst) {
      neighbour.attempts = 0
      neighbour.dueAt = Number.MAX_SAFE_INTEGER
    } else {
      later(neighbour)
    }
    if (read > 0) {
      logger.info('book read from a neighbour', { peer: peerId, offers, differing, read, attempts })
    }
  }

  /** Gossip that is on its way settles most differences by itself; the rest is looked at less and less often. */
  const later = (neighbour: Neighbour): void => {
    neighbour.dueAt = clock.now() + Math.min(MAX_RECHECK_SEC, RECHECK_SEC * 2 ** Math.min(neighbour.attempts++, 10))
  }

  const distrust = (peerId: string): void => {
    if (distrusted.size >= MAX_DISTRUSTED) {
      distrusted.clear()
    }
    distrusted.set(peerId, clock.now() + DISTRUST_SEC)
    neighbours.delete(peerId)
    network.hangUp(peerId).catch(() => {})
  }

  const onFailure = (neighbour: Neighbour, error: unknown): void => {
    const { peerId } = neighbour
    if (hasCode(error, 'NODE_FALSE_BOOK', 'NETWORK_MALFORMED')) {
      logger.warn('a neighbour keeps a false book and is left alone', { peer: peerId, error: explain(error) })
      distrust(peerId)
    } else {
      logger.debug('books could not be compared', { peer: peerId, error: explain(error) })
      later(neighbour)
    }
  }

  const begin = (neighbour: Neighbour): void => {
    comparing++
    neighbour.isBusy = true
    compare(neighbour)
      .catch((error: unknown) => { onFailure(neighbour, error) })
      .finally(() => {
        comparing--
        neighbour.isBusy = false
        running?.wake()
      })
  }

  /** A few neighbours, others each time, are due before a gate closes; each home has a moment of its own. */
  const checkBeforeGate = (): UnixSeconds => {
    const gate = gateClosure(firstOpen(), rules)
    const checkAt = gateCheck(gate)
    if (clock.now() < checkAt) {
      return checkAt
    }
    if (checkedGate !== gate) {
      checkedGate = gate
      const luck = ({ peerId }: Neighbour): number => draw(gate, signer.address, 'compare with', peerId)
      for (const neighbour of [...neighbours.values()].sort((a, b) => luck(a) - luck(b)).slice(0, MAX_COMPARISONS)) {
        neighbour.dueAt = Math.min(neighbour.dueAt, clock.now())
      }
    }
    return gateCheck(gate + rules.periodSec)
  }

  const gateCheck = (gate: UnixSeconds): UnixSeconds => {
    const lead = Math.min(MAX_GATE_LEAD_SEC, rules.windowSec / 4)
    return Math.floor(gate - lead * (1 - draw(gate, signer.address, 'compare at') / 2))
  }

  const round = async (): Promise<number> => {
    forgetPast()
    let next = checkBeforeGate()
    for (const neighbour of [...neighbours.values()].filter(({ isBusy }) => !isBusy).sort((a, b) => a.dueAt - b.dueAt)) {
      if (neighbour.dueAt <= clock.now() && comparing < MAX_COMPARISONS) {
        begin(neighbour)
      } else if (neighbour.dueAt > clock.now()) {
        next = Math.min(next, neighbour.dueAt)
      }
    }
    return Math.max(0, next - clock.now())
  }

  return {
    add: (order) => { newest.add(order) },
    async answer (question) {
      forgetPast()
      if (question.rules !== rulesDigest) {
        return { kind: 'refusal', code: 'OTHER_MARKET' }
      }
      return answerBook(newest, firstOpen(), question)
    },
    peerChanged (peerId, isConnected) {
      if (!isConnected) {
        neighbours.delete(peerId)
      } else if ((distrusted.get(peerId) ?? 0) <= clock.now() && !neighbours.has(peerId)) {
        neighbours.set(peerId, { peerId, dueAt: clock.now(), isBusy: false, attempts: 0 })
        running?.wake()
      }
    },
    divergence () {
      const known = [...neighbours.values()].flatMap(({ last }) => last ?? [])
      const sum = (pick: (each: NeighbourDivergence) => number): number => known.reduce((total, each) => total + pick(each), 0)
      const offers = sum((each) => each.offers)
      return { share: known.length === 0 ? undefined : shareOf(sum((each) => each.differing), offers), neighbours: known }
    },
    start () {
      running = loop('comparing books', round, { clock, logger })
    },
    async stop () {
      const stopping = running
      running = undefined
      neighbours.clear()
      await stopping?.stop()
    }
  }
}

function shareOf (differing: number, offers: number): number {
  return offers === 0 ? 0 : differing / offers
}
