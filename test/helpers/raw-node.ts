import { privateKeyFromRaw } from '@libp2p/crypto/keys'
import { multiaddr } from '@multiformats/multiaddr'
import { fromString } from 'uint8arrays/from-string'
import { orderTopic } from '../../protocols/constants.ts'
import { createLibp2pNode } from '../../src/network/libp2p.ts'
import { privateKey, RULES_DIGEST } from './orders.ts'
import { until } from './until.ts'
import type { Libp2pNode } from '../../src/network/libp2p.ts'
import type { Network } from '../../src/ports/network.ts'

export const TOPIC = orderTopic(RULES_DIGEST)

/** A started libp2p node of the `n`-th test key, connected to `network`, that says whatever a test makes it say. */
export async function aRawNode (n: number, network: Network): Promise<Libp2pNode> {
  const node = await createLibp2pNode({ privateKey: privateKeyFromRaw(fromString(privateKey(n).slice(2), 'base16')), listen: ['/ip4/127.0.0.1/tcp/0'], topic: TOPIC })
  await node.start()
  await node.dial(multiaddr(network.addresses()[0]))
  await until(() => node.services.pubsub.getSubscribers(TOPIC).length === 1)
  return node
}
