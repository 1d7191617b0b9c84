import { TopicValidatorResult } from '@chainsafe/libp2p-gossipsub'
import { MAX_ORDER_MESSAGE_BYTES } from '../../protocols/order/constants.ts'
import { MAX_JUDGING_MS, MAX_ORDERS_IN_VALIDATION, MAX_ORDERS_PER_PEER_BURST, MAX_ORDERS_PER_PEER_PER_SEC } from '../../protocols/order-gossip/constants.ts'
import { ignore, LIMIT_CODES, reject } from '../domain/verdict.ts'
import { decodeOrder, encodeOrder } from './codec.ts'
import { JudgingQueue } from './judging-queue.ts'
import { PeerAllowance } from './peer-allowance.ts'
import type { SignedOrder } from '../domain/order.ts'
import type { OrderRuleCode, Verdict } from '../domain/verdict.ts'
import type { NetworkHandlers } from '../ports/network.ts'
import type { Logger } from '../ports/telemetry.ts'
import type { GossipSub } from '@chainsafe/libp2p-gossipsub'

export interface OrderGossipInit {
  readonly topic: string
  readonly onOrder: NetworkHandlers['onOrder']
  readonly maxInValidation?: number
  readonly maxPerPeerBurst?: number
  readonly log?: Logger
}

/** How many orders got which verdict since the start. */
export type VerdictCounts = Partial<Record<'ACCEPT' | OrderRuleCode, number>>

export interface OrderGossip {
  /** Resolves with the number of neighbours it was sent to; 0 when the same bytes went out a moment ago. */
  publish(order: SignedOrder): Promise<number>
  verdicts(): VerdictCounts
  stop(): void
}

const RESULTS = {
  accept: TopicValidatorResult.Accept,
  ignore: TopicValidatorResult.Ignore,
  reject: TopicValidatorResult.Reject
}

/** Judges every order before it is passed on. The only place where verdicts are logged and counted. */
export function createOrderGossip (pubsub: GossipSub, init: OrderGossipInit): OrderGossip {
  const { topic, onOrder, maxInValidation = MAX_ORDERS_IN_VALIDATION, maxPerPeerBurst = MAX_ORDERS_PER_PEER_BURST, log } = init
  const counts: VerdictCounts = {}
  const queue = new JudgingQueue({ maxOrders: maxInValidation, timeoutMs: MAX_JUDGING_MS })
  const allowance = new PeerAllowance({ perSec: MAX_ORDERS_PER_PEER_PER_SEC, burst: maxPerPeerBurst, now: () => performance.now() })
  const complain = complaints(log)

  async function judge (peer: string, data: Uint8Array): Promise<Verdict> {
    if (!allowance.take(peer)) {
      return ignore('PEER_QUOTA')
    }
    if (data.byteLength > MAX_ORDER_MESSAGE_BYTES) {
      return reject('TOO_LARGE')
    }
    const order = readOrder(data)
    return order == null
      ? reject('MALFORMED')
      : queue.judge(peer, async () => onOrder(order).catch((error: unknown) => {
        log?.error('order could not be judged', { error })
        return ignore('OWN_FAULT')
      }))
  }

  pubsub.topicValidators.set(topic, async (propagationSource, { data }) => {
    const peer = propagationSource.toString()
    const verdict = await judge(peer, data)
    const code = verdict.result === 'accept' ? 'ACCEPT' : verdict.code
    counts[code] = (counts[code] ?? 0) + 1
    log?.debug('order judged', { peer, result: verdict.result, code })
    complain(peer, verdict)
    return RESULTS[verdict.result]
  })
  pubsub.subscribe(topic)

  return {
    async publish (order) {
      try {
        const { recipients } = await pubsub.publish(topic, encodeOrder(order))
        return recipients.length
      } catch (error) {
        if (error instanceof Error && error.message === 'PublishError.Duplicate') {
          return 0
        }
        throw error
      }
    },
    verdicts: () => ({ ...counts }),
    stop () {
      pubsub.unsubscribe(topic)
      pubsub.topicValidators.delete(topic)
    }
  }
}

/** How often the log says again that a neighbour brings orders which are refused for the same reason. */
const COMPLAINT_MS = 60_000
const MAX_COMPLAINTS = 1000

/** Warns of orders that go over a limit or are wrong for everyone: at once, then once a minute with their number. */
function complaints (log?: Logger): (peer: string, verdict: Verdict) => void {
  const open = new Map<string, { orders: number, loggedAt: number }>()
  return (peer, verdict) => {
    if (log == null || verdict.result === 'accept' || (verdict.result === 'ignore' && !LIMIT_CODES.includes(verdict.code))) {
      return
    }
    const { result, code } = verdict
    const now = performance.now()
    const complaint = open.get(`${peer} ${code}`) ?? { orders: 0, loggedAt: -COMPLAINT_MS }
    complaint.orders++
    if (now - complaint.loggedAt >= COMPLAINT_MS) {
      log.warn(result === 'reject' ? 'a neighbour passes on orders that no home may accept' : 'orders over a limit are ignored', { peer, code, orders: complaint.orders })
      complaint.orders = 0
      complaint.loggedAt = now
    }
    if (open.size >= MAX_COMPLAINTS) {
      open.clear()
    }
    open.set(`${peer} ${code}`, complaint)
  }
}

function readOrder (data: Uint8Array): SignedOrder | undefined {
  try {
    return decodeOrder(data)
  } catch {
    return undefined
  }
}
