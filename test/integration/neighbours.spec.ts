import { createSocket } from 'node:dgram'
import { expect } from 'aegir/chai'
import { ACCEPT } from '../../src/domain/verdict.ts'
import { aSignedOrder, privateKey } from '../helpers/orders.ts'
import { aRawNode, TOPIC } from '../helpers/raw-node.ts'
import { aNetwork } from '../helpers/streets.ts'
import { until } from '../helpers/until.ts'
import type { Libp2pNode } from '../../src/network/libp2p.ts'
import type { Libp2pNetwork, NetworkInit } from '../../src/network/network.ts'
import type { NetworkHandlers } from '../../src/ports/network.ts'

const HANDLERS: NetworkHandlers = {
  onOrder: async () => ACCEPT,
  onTrade: async () => ({ kind: 'decline', code: 'BUSY', remaining: 0 })
}

/** True when a multicast packet sent on this machine comes back to it. */
async function hasMulticast (): Promise<boolean> {
  const socket = createSocket({ type: 'udp4', reuseAddr: true })
  try {
    return await new Promise((resolve) => {
      const timer = setTimeout(() => { resolve(false) }, 1000)
      socket.on('error', () => { resolve(false) })
      socket.on('message', () => { clearTimeout(timer); resolve(true) })
      socket.bind(0, () => {
        try {
          socket.addMembership('224.0.0.251')
          socket.send('ping', socket.address().port, '224.0.0.251', (error) => { error != null && resolve(false) })
        } catch {
          resolve(false)
        }
      })
    })
  } finally {
    socket.close()
  }
}

describe('neighbours over libp2p', () => {
  const networks: Libp2pNetwork[] = []
  const raws: Libp2pNode[] = []

  async function aRunning (n: number, init: Partial<NetworkInit> = {}): Promise<Libp2pNetwork> {
    const network = aNetwork(n, init)
    networks.push(network)
    await network.start(HANDLERS)
    return network
  }

  afterEach(async () => {
    await Promise.all([...networks.splice(0), ...raws.splice(0)].map(async (node) => node.stop()))
  })

  it('should dial its bootstrap addresses at start, and again when they return', async () => {
    const first = await aRunning(1)
    const [address] = first.addresses()
    const bob = await aRunning(2, { bootstrap: [address], limits: { checkConnectionsMs: 50 } })
    await until(() => first.hearers() === 1)
    await first.stop()
    await until(() => bob.peers().length === 0)
    const again = await aRunning(1, { listen: [address.replace(/\/p2p\/.*/, '')] })
    await until(() => again.hearers() === 1)
  })

  it('should start although nobody answers at a bootstrap address', async () => {
    const bob = await aRunning(2, { bootstrap: [`/ip4/127.0.0.1/tcp/1/p2p/${aNetwork(9).peerId}`] })
    expect(bob.peers()).to.deep.equal([])
  })

  it('should refuse to start with a bootstrap address that is none', async () => {
    const bob = aNetwork(2, { bootstrap: ['/ip4/127.0.0.1/tcp/1'] })
    await expect(bob.start(HANDLERS)).to.eventually.be.rejected.with.property('code', 'NETWORK_BAD_ADDRESS')
  })

  it('should dial a neighbour it knew when it has lost most connections', async () => {
    const alice = await aRunning(1)
    const bob = await aRunning(2, { limits: { checkConnectionsMs: 50 } })
    await bob.dial(alice.addresses()[0])
    await until(() => alice.hearers() === 1)
    const listen = [alice.addresses()[0].replace(/\/p2p\/.*/, '')]
    await alice.stop()
    const again = await aRunning(1, { listen })
    await until(() => again.hearers() === 1)
  })

  it('should connect once more to a neighbour whose gossip has died, but not for ever', async () => {
    const alice = await aRunning(1, { limits: { checkConnectionsMs: 60 } })
    const reconnected = new Map<Libp2pNode, number>()
    /** Resolves after alice has looked at her connections at least twice. */
    const aDeafNeighbour = async (n: number): Promise<Libp2pNode> => {
      const raw = await aRawNode(n, alice)
      raws.push(raw)
      raw.addEventListener('connection:open', () => { reconnected.set(raw, (reconnected.get(raw) ?? 0) + 1) })
      await until(() => reconnected.get(raw) === 1)
      return raw
    }
    const raw = await aDeafNeighbour(2)
    await aDeafNeighbour(3)
    await aDeafNeighbour(4)
    expect(reconnected.get(raw)).to.equal(1)
    raw.services.pubsub.subscribe(TOPIC)
    await until(() => alice.hearers() === 1)
    await aDeafNeighbour(5)
    raw.services.pubsub.unsubscribe(TOPIC)
    await until(() => reconnected.get(raw) === 2)
  })

  it('should keep markets with other rules apart', async () => {
    const alice = await aRunning(1)
    const bob = await aRunning(2, { rules: `0x${'ab'.repeat(32)}` })
    await bob.dial(alice.addresses()[0])
    await until(() => bob.peers().length === 1)
    expect(await bob.publish(aSignedOrder())).to.equal(0)
    expect([alice.hearers(), bob.hearers()]).to.deep.equal([0, 0])
  })

  it('should say what to do when it cannot listen', async () => {
    const alice = await aRunning(1)
    const bob = aNetwork(2, { listen: [alice.addresses()[0].replace(/\/p2p\/.*/, '')] })
    await expect(bob.start(HANDLERS)).to.eventually.be.rejected.with.property('code', 'NETWORK_LISTEN')
    await bob.stop()
  })

  it('should find neighbours on the local network, and only those of its name', async function () {
    if (!await hasMulticast()) {
      // eslint-disable-next-line no-console
      console.warn('      multicast does not work on this machine: local discovery is not tested')
      this.skip()
    }
    const listen = ['/ip4/0.0.0.0/tcp/0']
    const serviceTag = `_wattmesh-${process.pid}._udp.local`
    const alice = await aRunning(1, { listen, mdns: { serviceTag } })
    const stranger = await aRunning(3, { listen, mdns: { serviceTag: `_other-${process.pid}._udp.local` } })
    const bob = await aRunning(2, { listen, mdns: { serviceTag } })
    await until(() => alice.hearers() === 1 && bob.hearers() === 1)
    expect(stranger.peers()).to.deep.equal([])
  })

  it('should refuse a key that is not a secp256k1 private key', () => {
    expect(() => aNetwork(1, { privateKey: '0x00' })).to.throw()
    expect(aNetwork(1).peerId).to.equal(aNetwork(1, { privateKey: privateKey(1) }).peerId)
  })
})
