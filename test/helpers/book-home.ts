import { OrderBook } from '../../src/market/order-book.ts'
import { createNewestOrders } from '../../src/node/answer-book.ts'
import { receiveOrder } from '../../src/node/receive-order.ts'
import { syncBook } from '../../src/node/sync-book.ts'
import { createSystemClock } from '../../src/node/system-clock.ts'
import { chooseRecovery } from '../../src/signing/recovery.ts'
import { verifyOrder } from '../../src/signing/verify.ts'
import { aSigner, NOON, RULES, RULES_DIGEST } from './orders.ts'
import { silentLogger } from './street.ts'
import { aNetwork } from './streets.ts'
import type { BookAnswer, BookQuestion } from '../../src/domain/book-sync.ts'
import type { SignedOrder } from '../../src/domain/order.ts'
import type { NewestOrders } from '../../src/market/newest-orders.ts'
import type { Libp2pNetwork, NetworkLimits } from '../../src/network/network.ts'
import type { SyncBook, SyncBounds } from '../../src/node/sync-book.ts'
import type { Clock } from '../../src/ports/clock.ts'

/** The part of a node that keeps a book in step with the neighbours', over real libp2p. */
export interface BookHome {
  readonly network: Libp2pNetwork
  readonly book: OrderBook
  readonly sync: SyncBook
  /** Every question the home was asked, with its answer. */
  readonly served: Array<{ question: BookQuestion, answer: BookAnswer }>
  /** Orders that went through the door, with the code of their verdict. */
  readonly judged: string[]
  put(orders: readonly SignedOrder[]): void
  /** Signatures of all open orders, sorted. */
  open(): string[]
}

export interface BookHomeInit {
  readonly limits?: NetworkLimits
  readonly bounds?: SyncBounds
}

/** A clock that shows 11:45 and runs `speed` times as fast as the wall's. */
export function aMarketClock (speed = 10): Clock {
  return createSystemClock({ speed, realStart: Date.now(), marketStart: NOON - 900 })
}

/** The `n`-th test home, started. */
export async function aBookHome (n: number, clock: Clock, { limits, bounds }: BookHomeInit = {}): Promise<BookHome> {
  const network = aNetwork(n, { limits: { maxSyncOrdersPerSec: 1_000_000, ...limits } })
  const book = new OrderBook({ rules: RULES, maxOrders: 20_000, maxPerSigner: 256 })
  const judged: string[] = []
  const served: BookHome['served'] = []
  const { recovery } = await chooseRecovery({ allowSlow: true })
  const context = { rules: RULES, rulesDigest: RULES_DIGEST, at: RULES, book, clock, signer: aSigner(n), recovery, network, logger: silentLogger() }
  const receive = receiveOrder({
    ...context,
    emit: (event) => { event.type === 'order:accepted' && sync.add(event.order) }
  })
  const judge = (signed: SignedOrder): ReturnType<typeof receive> => {
    const verdict = receive(signed)
    judged.push(verdict.result === 'accept' ? 'ACCEPT' : verdict.code)
    return verdict
  }
  const sync: SyncBook = syncBook(context, judge, bounds)
  await network.start({
    onOrder: async (signed) => judge(signed),
    onTrade: async () => ({ kind: 'decline', code: 'BUSY', remaining: 0 }),
    async onBook (question) {
      const answer = await sync.answer(question)
      served.push({ question, answer })
      return answer
    },
    onPeer: (peer, isConnected) => { sync.peerChanged(peer.peerId, isConnected) }
  })
  sync.start()
  return {
    network,
    book,
    sync,
    served,
    judged,
    put (orders) {
      for (const order of orders) {
        const verdict = receive(order)
        if (verdict.result !== 'accept') {
          throw new Error(`own order ${verdict.code}`)
        }
      }
    },
    open: () => book.orders().map(({ order }) => order.signature).sort()
  }
}

/** What a node that accepted these orders tells its neighbours of. */
export function aBook (orders: readonly SignedOrder[]): NewestOrders {
  const newest = createNewestOrders(RULES)
  for (const signed of orders) {
    const order = verifyOrder(signed, RULES)
    if (order == null) {
      throw new Error('the signature is wrong')
    }
    newest.add(order)
  }
  return newest
}
