import { createMemoryStreet } from '../../src/simulator/memory-network.ts'
import { testNetwork } from '../compliance/network.ts'
import { aSigner } from '../helpers/orders.ts'
import { startedStreet } from '../helpers/streets.ts'

testNetwork('libp2p over TCP', async (count, links) => startedStreet(count, links))

testNetwork('libp2p over WebRTC-direct', async (count, links) => startedStreet(count, links, { listen: ['/ip4/127.0.0.1/udp/0/webrtc-direct'] }))

testNetwork('memory', async (count, links) => {
  const keys = Array.from({ length: count }, (_, i) => aSigner(i + 1).key)
  const street = createMemoryStreet({
    isLinked: (from, to) => links.some(([a, b]) => (keys[a] === from && keys[b] === to) || (keys[b] === from && keys[a] === to))
  })
  return {
    networks: keys.map((key) => street.join(key)),
    connect: async () => {},
    deadAddress: `/memory/${aSigner(99).key}`
  }
})
