import { ACCEPT } from '../../../src/domain/verdict.ts'
import { OrderBook } from '../../../src/market/order-book.ts'
import { receiveOrder } from '../../../src/node/receive-order.ts'
import { chooseRecovery } from '../../../src/signing/recovery.ts'
import { aSigner, RULES, RULES_DIGEST } from '../../helpers/orders.ts'
import { aNetwork } from '../../helpers/streets.ts'
import { until } from '../../helpers/until.ts'
import { NOW, someOrders } from './orders.ts'
import type { Section } from './harness.ts'
import type { SignedOrder } from '../../../src/domain/order.ts'
import type { Verdict } from '../../../src/domain/verdict.ts'
import type { Libp2pNetwork } from '../../../src/network/network.ts'
import type { Recovery } from '../../../src/signing/recovery.ts'

const HOMES = 5

interface Home {
  readonly network: Libp2pNetwork
  readonly book: OrderBook
  receive(order: SignedOrder): Verdict
  recoveries: number
}

function aHome (number: number, recovery: Recovery): Home {
  const book = new OrderBook({ rules: RULES, maxOrders: 20_000, maxPerSigner: 96 })
  const counting: Recovery = {
    ...recovery,
    recover (...args) {
      home.recoveries++
      return recovery.recover(...args)
    }
  }
  const clock = { now: () => NOW, instant: () => ({ wallMs: 0, elapsedMs: 0 }), at: () => () => {}, after: () => () => {} }
  const receive = receiveOrder({ rules: RULES, rulesDigest: RULES_DIGEST, at: RULES, book, clock, signer: aSigner(number), recovery: counting, emit: () => {} })
  const home: Home = { network: aNetwork(number), book, receive, recoveries: 0 }
  return home
}

/** Homes that all know each other gossip over TCP, then read each other's whole books: how often is a key recovered? */
export const recoveries: Section = {
  name: 'recoveries',
  async run ({ isQuick, progress }) {
    const { recovery } = await chooseRecovery({ allowSlow: true })
    const orders = someOrders(isQuick ? 50 : 1000).map(({ signed }) => signed)
    const homes = Array.from({ length: HOMES }, (_, index) => aHome(index + 1, recovery))
    try {
      for (const { network, receive } of homes) {
        await network.start({ onOrder: async (order) => receive(order), onTrade: async () => ({ kind: 'decline', code: 'BUSY', remaining: 0 }) })
      }
      for (const [from, to] of homes.flatMap((_, from) => homes.slice(from + 1).map((__, next) => [from, from + 1 + next] as const))) {
        await homes[from].network.dial(homes[to].network.addresses()[0])
      }
      await until(() => homes.every(({ network }) => network.hearers() === HOMES - 1))
      for (const [index, order] of orders.entries()) {
        const { network, receive } = homes[index % HOMES]
        if (receive(order) !== ACCEPT) {
          throw new Error('a good order was refused')
        }
        await network.publish(order)
        if (index % 50 === 49) {
          progress(`gossiped ${index + 1} of ${orders.length}`)
          await until(() => homes.every(({ book }) => book.size === index + 1))
        }
      }
      await until(() => homes.every(({ book }) => book.size === orders.length))
      progress('each home reads the books of the others')
      for (const home of homes) {
        for (const { book } of homes.filter((other) => other !== home)) {
          book.orders().forEach(({ order: { order, signature } }) => home.receive({ order, signature }))
        }
      }
    } finally {
      await Promise.all(homes.map(async ({ network }) => network.stop()))
    }
    const all = homes.reduce((sum, home) => sum + home.recoveries, 0)
    return [{
      id: 'P7',
      what: 'recoveries per unique order and home: gossip, its duplicates, and the books of all neighbours',
      figures: `${HOMES} homes in full mesh, ${orders.length} orders, ${all} recoveries`,
      ratio: all / (HOMES * orders.length),
      goal: '<= 1.01'
    }]
  }
}
