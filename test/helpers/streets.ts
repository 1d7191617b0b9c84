import { createNetwork } from '../../src/network/network.ts'
import { peerIdOf } from '../../src/network/peer-ids.ts'
import { aSigner, privateKey, RULES_DIGEST } from './orders.ts'
import { until } from './until.ts'
import type { Libp2pNetwork, NetworkInit } from '../../src/network/network.ts'
import type { Street } from '../compliance/network.ts'

/** A real network of the `n`-th test key on a free port of this machine, not started. */
export function aNetwork (n: number, init: Partial<NetworkInit> = {}): Libp2pNetwork {
  return createNetwork({ privateKey: privateKey(n), rules: RULES_DIGEST, listen: ['/ip4/127.0.0.1/tcp/0'], ...init })
}

/** Real networks of the test keys 1 to `count`, connected along `links`, with gossip flowing over each link. */
export function startedStreet (count: number, links: ReadonlyArray<readonly [number, number]>, init: Partial<NetworkInit> = {}): Street {
  const networks = Array.from({ length: count }, (_, i) => aNetwork(i + 1, init))
  return {
    networks,
    async connect () {
      for (const [from, to] of links) {
        await networks[from].dial(networks[to].addresses()[0])
      }
      await until(() => networks.every((network, i) => network.hearers() === links.filter((link) => link.includes(i)).length))
    },
    deadAddress: `/ip4/127.0.0.1/tcp/1/p2p/${peerIdOf(aSigner(99).key).toString()}`
  }
}
