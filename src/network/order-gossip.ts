import { TopicValidatorResult } from '@chainsafe/libp2p-gossipsub'
import { MAX_ORDER_MESSAGE_BYTES } from '../../protocols/order/constants.ts'
import { MAX_ORDERS_IN_VALIDATION } from '../../protocols/order-gossip/constants.ts'
import { ignore, reject } from '../domain/verdict.ts'
import { decodeOrder, encodeOrder } from './codec.ts'
import type { SignedOrder } from '../domain/order.ts'
import type { OrderRuleCode, Verdict } from '../domain/verdict.ts'
import type { NetworkHandlers } from '../ports/network.ts'
import type { Logger } from '../ports/telemetry.ts'
import type { GossipSub } from '@chainsafe/libp2p-gossipsub'

export interface OrderGossipInit {
  readonly topic: string
  readonly onOrder: NetworkHandlers['onOrder']
  readonly maxInValidation?: number
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
  const { topic, onOrder, maxInValidation = MAX_ORDERS_IN_VALIDATION, log } = init
  const counts: VerdictCounts = {}
  let inValidation = 0

  async function judge (data: Uint8Array): Promise<Verdict> {
    if (data.byteLength > MAX_ORDER_MESSAGE_BYTES) {
      return reject('TOO_LARGE')
    }
    const order = readOrder(data)
    if (order == null) {
      return reject('MALFORMED')
    }
    // gossipsub runs any number of validators at once
    if (inValidation >= maxInValidation) {
      return ignore('OWN_FAULT')
    }
    inValidation++
    try {
      return await onOrder(order)
    } catch (error) {
      log?.error('order could not be judged', { error })
      return ignore('OWN_FAULT')
    } finally {
      inValidation--
    }
  }

  pubsub.topicValidators.set(topic, async (peer, { data }) => {
    const verdict = await judge(data)
    const code = verdict.result === 'accept' ? 'ACCEPT' : verdict.code
    counts[code] = (counts[code] ?? 0) + 1
    log?.debug('order judged', { peer: peer.toString(), result: verdict.result, code })
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

function readOrder (data: Uint8Array): SignedOrder | undefined {
  try {
    return decodeOrder(data)
  } catch {
    return undefined
  }
}
