import { randomBytes } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { readFileSync } from 'node:fs'
import { privateKeyFromRaw } from '@libp2p/crypto/keys'
import { multiaddr } from '@multiformats/multiaddr'
import { expect } from 'aegir/chai'
import { fromString } from 'uint8arrays/from-string'
import { DHT_PROTOCOL_ID, rendezvousName } from '../../protocols/constants.ts'
import { createLibp2pNode } from '../../src/network/libp2p.ts'
import { NO_REACH } from '../../src/network/reach.ts'
import { isLocalAddress, reachability } from '../../src/network/reachability.ts'
import { rememberedScores } from '../../src/network/remembered-scores.ts'
import { rendezvousKey } from '../../src/network/rendezvous.ts'
import { removeTemporaryDirectories, temporaryDirectory } from '../helpers/directory.ts'
import { freePort } from '../helpers/free-port.ts'
import { privateKey } from '../helpers/orders.ts'
import { TOPIC } from '../helpers/raw-node.ts'
import { aNetwork } from '../helpers/streets.ts'
import { until } from '../helpers/until.ts'
import type { TradeAnswer } from '../../src/domain/trade-message.ts'
import type { Libp2pNode } from '../../src/network/libp2p.ts'
import type { Libp2pNetwork, NetworkInit } from '../../src/network/network.ts'
import type { Reach } from '../../src/network/reach.ts'
import type { RouterAnswer } from '../../src/ports/network.ts'
import type { NodeAddress } from '@libp2p/interface-internal'
import type { Multiaddr } from '@multiformats/multiaddr'

const BUSY: TradeAnswer = { kind: 'decline', code: 'BUSY', remaining: 0 }
const HANDLERS = { onOrder: async () => ({ result: 'accept' as const }), onTrade: async () => BUSY }
const ALL: Reach = { dht: true, portMapping: true, reachability: true, relay: true, relayForOthers: true, holePunching: true }
const DHT: Reach = { ...NO_REACH, dht: true }

/** How a WebRTC connection begins: RFC 8489, with a user name and a digest that nobody can check yet. */
function aStunRequest (): Buffer {
  const name = randomBytes(16).toString('hex').slice(0, 31)
  const user = `${name}:${name}a` // 64 characters, so that no padding is needed
  const attributes = Buffer.concat([Buffer.from('00060040', 'hex'), Buffer.from(user), Buffer.from('00080014', 'hex'), randomBytes(20)])
  return Buffer.concat([Buffer.from([0, 1, 0, attributes.length]), Buffer.from('2112a442', 'hex'), randomBytes(12), attributes])
}

describe('reach', () => {
  const networks: Libp2pNetwork[] = []
  const raws: Libp2pNode[] = []

  async function aHome (n: number, fields: Partial<NetworkInit> = {}): Promise<Libp2pNetwork> {
    const network = aNetwork(n, { limits: { checkConnectionsMs: 1000, rendezvousMs: 100 }, ...fields })
    networks.push(network)
    await network.start(HANDLERS)
    return network
  }

  async function aRaw (n: number, fields: Partial<Parameters<typeof createLibp2pNode>[0]>): Promise<Libp2pNode> {
    const node = await createLibp2pNode({ privateKey: privateKeyFromRaw(fromString(privateKey(n).slice(2), 'base16')), listen: ['/ip4/127.0.0.1/tcp/0'], topic: TOPIC, ...fields })
    raws.push(node)
    await node.start()
    return node
  }

  afterEach(async () => {
    await Promise.all([...networks.splice(0).map(async (network) => network.stop()), ...raws.splice(0).map(async (node) => node.stop())])
  })
  after(removeTemporaryDirectories)

  it('should find homes of the same market through the table, and leave those of others alone', async () => {
    const meeting = await aHome(1, { rules: `0x${'11'.repeat(32)}`, reach: DHT })
    const bootstrap = meeting.addresses().slice(0, 1)
    const alice = await aHome(2, { reach: DHT, bootstrap })
    const stranger = await aHome(3, { rules: `0x${'22'.repeat(32)}`, reach: DHT, bootstrap })
    const bob = await aHome(4, { reach: DHT, bootstrap })
    await until(() => alice.hearers() === 1 && bob.hearers() === 1, 30_000)
    expect(alice.peers().map(({ peerId }) => peerId)).to.include(bob.peerId)
    expect(stranger.hearers()).to.equal(0)
    expect(alice.reach().tableSize).to.be.at.least(1)
    expect((await aHome(5)).reach().tableSize).to.equal(undefined)
  })

  it('should tell who can call: everybody, the local network, nobody', async () => {
    const local = await aHome(1)
    expect(local.reach()).to.deep.equal({ open: [], local: local.addresses(), unconfirmed: [], relayed: [], mapped: [] })
    const open = await aHome(2, { announce: ['/dns4/elm4.example.org/tcp/7690'] })
    expect(open.reach().open).to.deep.equal([`/dns4/elm4.example.org/tcp/7690/p2p/${open.peerId}`])
    await open.stop()
    expect(open.reach()).to.deep.equal({ open: [], local: [], unconfirmed: [], relayed: [], mapped: [] })
    const here = ['/ip4/192.168.1.4/tcp/1', '/ip4/172.31.0.1/tcp/1', '/ip4/100.64.0.9/tcp/1', '/ip4/192.0.2.2/tcp/1', '/ip6/::1/tcp/1', '/ip6/fd00::1/tcp/1', '/ip6/fe80::1/tcp/1', '/dns4/box.local/tcp/1']
    expect(here.filter((address) => !isLocalAddress(address))).to.deep.equal([])
    expect(['/ip4/172.32.0.1/tcp/1', '/ip4/100.128.0.1/tcp/1', '/ip6/2001:db8::1/tcp/1', '/dns4/example.org/tcp/1'].filter(isLocalAddress)).to.deep.equal([])
  })

  it('should tell what nobody has tried yet, and believe no port that the router has closed', () => {
    const own = '/p2p/me'
    const relayed = `/ip4/44.128.0.1/tcp/1/p2p/relay/p2p-circuit${own}`
    const node = (router: RouterAnswer): Parameters<typeof reachability>[0] => ({
      peerId: 'me',
      getMultiaddrs: () => [`/ip4/192.168.1.2/tcp/1${own}`, `/ip4/44.128.0.3/tcp/1${own}`, relayed, `/ip4/192.168.1.9/tcp/1/p2p/relay/p2p-circuit${own}`] as unknown as Multiaddr[],
      services: {
        addressBook: {
          all: () => [['transport', '/ip4/44.128.0.3/tcp/1', true], ['transport', '/ip6/3fff::3/tcp/1', false], ['ip-mapping', '/ip4/44.128.0.4/tcp/1', false], ['observed', '/ip4/44.128.0.5/tcp/1', false], ['transport', relayed, false]]
            .map(([type, address, verified]) => ({ type, multiaddr: address, verified })) as unknown as NodeAddress[]
        },
        upnp: { portMappingClient: { answer: () => router } }
      }
    })
    const open = { open: [`/ip4/44.128.0.3/tcp/1${own}`], local: [`/ip4/192.168.1.2/tcp/1${own}`], relayed: [relayed] }
    expect(reachability(node('opened'))).to.deep.equal({ ...open, unconfirmed: [`/ip6/3fff::3/tcp/1${own}`, `/ip4/44.128.0.4/tcp/1${own}`], mapped: ['/ip4/44.128.0.4/tcp/1'], router: 'opened' })
    expect(reachability(node('none'))).to.deep.equal({ ...open, unconfirmed: [`/ip6/3fff::3/tcp/1${own}`], mapped: [], router: 'none' })
  })

  it('should meet under the key that the specification tells', async () => {
    const page = readFileSync('protocols/discovery/README.md', 'utf8')
    const nothing = `0x${'00'.repeat(32)}` as const
    expect(page).to.contain(`| DHT_PROTOCOL_ID | \`${DHT_PROTOCOL_ID}\` |`)
    expect(page).to.contain(rendezvousName(nothing).replace('0'.repeat(64), '<rules digest as 64 lower-case hexadecimal digits>'))
    expect(page).to.contain(`\`${(await rendezvousKey(nothing)).toString()}\``)
  })

  it('should remember addresses over a restart and connect by itself', async () => {
    const alice = await aHome(1)
    const peersPath = temporaryDirectory()
    const bob = await aHome(2, { peersPath })
    await bob.dial(alice.addresses()[0])
    await until(() => alice.hearers() === 1 && bob.hearers() === 1)
    await bob.stop()
    await until(() => alice.hearers() === 0)
    const again = await aHome(2, { peersPath, limits: { checkConnectionsMs: 3_600_000 } })
    await until(() => again.hearers() === 1)
  })

  it('should soon call again when its neighbour starts after it', async () => {
    const port = await freePort()
    const listen = [`/ip4/127.0.0.1/tcp/${port}`]
    const limits = { checkConnectionsMs: 3_600_000 }
    const alice = await aHome(1, { listen })
    const [address] = alice.addresses()
    await alice.stop()
    const bob = await aHome(2, { bootstrap: [address], limits })
    const again = await aHome(1, { listen, limits })
    await until(() => again.hearers() === 1 && bob.hearers() === 1)
  })

  it('should remember a bad score over a restart and forgive half of it in an hour', async () => {
    let nowMs = 1_700_000_000_000
    const before = rememberedScores(() => nowMs)
    const alice = await aRaw(1, {})
    const bob = await aRaw(2, { rememberedScore: () => -80 })
    await bob.dial(alice.getMultiaddrs())
    await until(() => bob.services.pubsub.getPeers().length === 1)
    await before.save(bob)
    const after = rememberedScores(() => nowMs)
    await after.load(bob.peerStore)
    expect(after.of(alice.peerId.toString())).to.be.closeTo(-80, 1)
    nowMs += 3_600_000
    expect(after.of(alice.peerId.toString())).to.be.closeTo(-40, 1)
    expect(after.of(bob.peerId.toString())).to.equal(0)
    nowMs += 24 * 3_600_000
    const forgiven = rememberedScores(() => nowMs)
    await forgiven.load(bob.peerStore)
    expect(forgiven.of(alice.peerId.toString())).to.equal(0)
  })

  it('should trade with a home that listens only through a relay', async () => {
    const relay = await aRaw(1, { reach: { ...NO_REACH, relayForOthers: true } })
    const through = `${relay.getMultiaddrs()[0].toString()}/p2p-circuit`
    const hidden = await aHome(2, { listen: [through], reach: { ...NO_REACH, holePunching: true } })
    await until(() => hidden.addresses().some((address) => address.includes('p2p-circuit')))
    // the relay is called on this computer only
    expect(hidden.reach()).to.deep.include({ open: [], local: [], unconfirmed: [], relayed: [], mapped: [] })
    const caller = await aHome(3, { reach: { ...NO_REACH, holePunching: true } })
    await caller.dial(hidden.addresses()[0])
    const conversation = await caller.converse(hidden.key)
    expect(await conversation.ask({ kind: 'status-query', tradeId: `0x${'07'.repeat(32)}` })).to.deep.equal(BUSY)
    await conversation.close()
  })

  it('should listen to WebSockets when asked to', async () => {
    const alice = await aHome(1, { listen: ['/ip4/127.0.0.1/tcp/0/ws'] })
    const bob = await aHome(2)
    await bob.dial(alice.addresses()[0])
    await until(() => alice.hearers() === 1)
    expect(multiaddr(alice.addresses()[0]).getComponents().map(({ name }) => name)).to.include('ws')
  })

  it('should trade over WebRTC-direct when asked to', async () => {
    const listen = ['/ip4/127.0.0.1/udp/0/webrtc-direct']
    const alice = await aHome(1, { listen })
    const bob = await aHome(2, { listen })
    expect(alice.addresses()).to.have.lengthOf(1)
    expect(alice.addresses()[0]).to.match(/^\/ip4\/127\.0\.0\.1\/udp\/[1-9]\d*\/webrtc-direct\/certhash\/uEi[\w-]{44}\/p2p\/16Uiu2\w+$/)
    expect(alice.reach().local).to.deep.equal(alice.addresses())
    await bob.dial(alice.addresses()[0])
    await until(() => alice.hearers() === 1 && bob.hearers() === 1)
    expect(bob.peers()[0].address).to.equal(alice.addresses()[0])
    const conversation = await bob.converse(alice.key)
    expect(await conversation.ask({ kind: 'status-query', tradeId: `0x${'07'.repeat(32)}` })).to.deep.equal(BUSY)
    await conversation.close()
  })

  it('should have the same WebRTC-direct address after a restart', async () => {
    const listen = [`/ip4/127.0.0.1/udp/${await freePort()}/webrtc-direct`]
    const before = await aHome(1, { listen })
    const [address] = before.addresses()
    await before.stop()
    const after = await aHome(1, { listen })
    expect(after.addresses()).to.deep.equal([address])
    const bob = await aHome(2, { listen: ['/ip4/127.0.0.1/udp/0/webrtc-direct'] })
    await bob.dial(address)
    await until(() => after.hearers() === 1)
  })

  it('should keep out strangers that begin one WebRTC connection after the other, and nobody else for long', async () => {
    const alice = await aHome(1, { listen: ['/ip4/127.0.0.1/tcp/0', '/ip4/127.0.0.1/udp/0/webrtc-direct'] })
    const bob = await aHome(2, { listen: ['/ip4/127.0.0.1/udp/0/webrtc-direct'] })
    const [tcp, webRtc] = alice.addresses()
    const socket = createSocket('udp4')
    for (let n = 0; n < 200; n++) {
      await new Promise((resolve) => { socket.send(aStunRequest(), Number(/\/udp\/(\d+)/.exec(webRtc)?.[1]), '127.0.0.1', resolve) })
    }
    socket.close()
    const carol = await aHome(3)
    await carol.dial(tcp)
    const error = await bob.dial(webRtc).catch((error: unknown) => error)
    expect(error).to.have.property('code', 'NETWORK_UNREACHABLE')
    await until(async () => bob.dial(webRtc).then(() => true, () => false), 30_000)
    await until(() => alice.hearers() === 2)
  }).timeout(60_000)

  it('should announce a WebRTC-direct address under its hash', async () => {
    const announce = '/ip4/203.0.113.7/udp/4001/webrtc-direct'
    const alice = await aHome(1, { listen: ['/ip4/127.0.0.1/udp/0/webrtc-direct'], announce: [announce] })
    expect(alice.addresses()).to.deep.equal([`${announce}/certhash/uEiBEjt57kNVmofKnCve1BZ_04Ev9f1lHHTemtFEeQRScow/p2p/${alice.peerId}`])
  })

  it('should say why a home that does not listen to WebRTC-direct cannot call it', async () => {
    const alice = await aHome(1, { listen: ['/ip4/127.0.0.1/udp/0/webrtc-direct'] })
    const bob = await aHome(2)
    const error = await bob.dial(alice.addresses()[0]).catch((error: unknown) => error)
    expect(error).to.have.property('code', 'NETWORK_UNREACHABLE')
    expect(error).to.have.property('message').that.matches(/listens on a \/webrtc-direct address itself/)
  })

  it('should ping over one connection several times at once, as the table and the watch over connections do', async () => {
    const [alice, bob] = [await aRaw(1, {}), await aRaw(2, {})]
    await bob.dial(alice.getMultiaddrs())
    const all = await Promise.all(Array.from({ length: 4 }, async () => bob.services.ping.ping(alice.peerId)))
    expect(all).to.have.lengthOf(4)
    expect(bob.getConnections()).to.have.lengthOf(1)
  })

  it('should start with each switch alone, and with each one off', async () => {
    for (const name of Object.keys(ALL) as Array<keyof Reach>) {
      await aHome(1, { reach: { ...NO_REACH, [name]: true } })
      await aHome(2, { reach: { ...ALL, [name]: false } })
      await Promise.all(networks.splice(0).map(async (network) => network.stop()))
    }
  })

  it('should start and stop with everything switched on', async () => {
    const alice = await aHome(1, { reach: ALL })
    const bob = await aHome(2, { reach: ALL, bootstrap: alice.addresses().slice(0, 1) })
    await until(() => alice.hearers() === 1 && bob.hearers() === 1)
    await bob.stop()
    await until(() => alice.peers().length === 0)
  })
})
