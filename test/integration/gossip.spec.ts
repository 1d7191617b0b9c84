import { expect } from 'aegir/chai'
import { fromString } from 'uint8arrays/from-string'
import { MAX_ORDER_MESSAGE_BYTES } from '../../protocols/order/constants.ts'
import { ACCEPT, ignore } from '../../src/domain/verdict.ts'
import { encodeOrder } from '../../src/network/codec.ts'
import { messageId } from '../../src/network/libp2p.ts'
import { aSignedOrder } from '../helpers/orders.ts'
import { aRawNode, TOPIC } from '../helpers/raw-node.ts'
import { aNetwork } from '../helpers/streets.ts'
import { until } from '../helpers/until.ts'
import type { SignedOrder } from '../../src/domain/order.ts'
import type { Verdict } from '../../src/domain/verdict.ts'
import type { Libp2pNode } from '../../src/network/libp2p.ts'
import type { Libp2pNetwork } from '../../src/network/network.ts'
import type { NetworkHandlers } from '../../src/ports/network.ts'
import type { Logger } from '../../src/ports/telemetry.ts'
import type { Message } from '@chainsafe/libp2p-gossipsub'

function judging (onOrder: (order: SignedOrder) => Promise<Verdict>): NetworkHandlers {
  return { onOrder, onTrade: async () => ({ kind: 'decline', code: 'BUSY', remaining: 0 }) }
}

describe('order gossip over libp2p', () => {
  const networks: Libp2pNetwork[] = []
  const raws: Libp2pNode[] = []

  async function aRunning (n: number, onOrder: (order: SignedOrder) => Promise<Verdict>, maxOrdersInValidation?: number): Promise<Libp2pNetwork> {
    const network = aNetwork(n, { limits: { maxOrdersInValidation } })
    networks.push(network)
    await network.start(judging(onOrder))
    return network
  }

  async function aRaw (n: number, network: Libp2pNetwork): Promise<Libp2pNode> {
    const node = await aRawNode(n, network)
    raws.push(node)
    return node
  }

  afterEach(async () => {
    await Promise.all([...networks.splice(0), ...raws.splice(0)].map(async (node) => node.stop()))
  })

  it('should carry one unsigned message, named by its content', async () => {
    const alice = await aRunning(1, async () => ACCEPT)
    const raw = await aRaw(2, alice)
    const heard: Message[] = []
    raw.services.pubsub.subscribe(TOPIC)
    raw.services.pubsub.addEventListener('message', ({ detail }) => { heard.push(detail) })
    await until(() => alice.hearers() === 1)
    const order = aSignedOrder()
    expect(await alice.publish(order)).to.equal(1)
    await until(() => heard.length === 1)
    expect(heard[0]).to.deep.include({ type: 'unsigned', topic: TOPIC })
    expect(heard[0].data).to.deep.equal(encodeOrder(order))
  })

  it('should resolve with 0 when the same order is published again', async () => {
    const alice = await aRunning(1, async () => ACCEPT)
    await alice.publish(aSignedOrder())
    expect(await alice.publish(aSignedOrder())).to.equal(0)
  })

  it('should refuse garbage and what is too large without asking the handler, and accept the next order', async () => {
    const seen: SignedOrder[] = []
    const alice = await aRunning(1, async (order) => { seen.push(order); return ACCEPT })
    const raw = await aRaw(2, alice)
    await raw.services.pubsub.publish(TOPIC, fromString('not an order'))
    await raw.services.pubsub.publish(TOPIC, new Uint8Array(MAX_ORDER_MESSAGE_BYTES + 1))
    await raw.services.pubsub.publish(TOPIC, new Uint8Array(MAX_ORDER_MESSAGE_BYTES))
    await raw.services.pubsub.publish(TOPIC, encodeOrder(aSignedOrder()))
    await until(() => seen.length === 1)
    expect(seen).to.deep.equal([aSignedOrder()])
    expect(alice.verdicts()).to.deep.equal({ MALFORMED: 2, TOO_LARGE: 1, ACCEPT: 1 })
  })

  for (const field of ['from', 'seqno', 'signature', 'key']) {
    it(`should refuse an order that comes with a field ${field}, pass it on to nobody and blame who sent it`, async () => {
      const alice = await aRunning(1, async () => ACCEPT)
      const sender = await aRaw(2, alice)
      const raw = await aRaw(3, alice)
      const heard: Message[] = []
      raw.services.pubsub.subscribe(TOPIC)
      raw.services.pubsub.addEventListener('message', ({ detail }) => { heard.push(detail) })
      await until(() => alice.hearers() === 1)
      const say = (order: SignedOrder, more: object): void => {
        const message = { topic: TOPIC, data: encodeOrder(order), ...more }
        // what the router itself would never send
        const router = sender.services.pubsub as unknown as { sendRpc(peer: string, rpc: object): boolean }
        expect(router.sendRpc(alice.peerId, { subscriptions: [], messages: [message] })).to.equal(true)
      }
      say(aSignedOrder(), { [field]: new Uint8Array(38) })
      say(aSignedOrder({ revision: 2 }), {})
      await until(() => heard.length === 1)
      expect(heard[0].data).to.deep.equal(encodeOrder(aSignedOrder({ revision: 2 })))
      expect(alice.verdicts()).to.deep.equal({ ACCEPT: 1 })
      for (let revision = 3; revision < 10; revision++) {
        say(aSignedOrder({ revision }), { [field]: new Uint8Array(0) })
      }
      let sent = 0
      await until(() => {
        say(aSignedOrder({ revision: 10 + sent++ }), {})
        return sent - (alice.verdicts().ACCEPT ?? 0) > 50
      })
    })
  }

  it('should stop listening to a neighbour that keeps sending garbage', async () => {
    const alice = await aRunning(1, async () => ACCEPT)
    const raw = await aRaw(2, alice)
    let sent = 0
    await until(async () => {
      await raw.services.pubsub.publish(TOPIC, fromString(`garbage ${sent++}`))
      return sent - (alice.verdicts().MALFORMED ?? 0) > 200
    })
    expect(alice.verdicts().MALFORMED).to.be.greaterThan(0)
  })

  it('should ignore orders beyond the number it may judge at once', async () => {
    let finish = (): void => {}
    const gate = new Promise<void>((resolve) => { finish = resolve })
    const alice = await aRunning(1, async () => { await gate; return ACCEPT }, 2)
    const raw = await aRaw(2, alice)
    for (let revision = 1; revision <= 5; revision++) {
      await raw.services.pubsub.publish(TOPIC, encodeOrder(aSignedOrder({ revision })))
    }
    await until(() => alice.verdicts().OWN_FAULT === 3)
    finish()
    await until(() => alice.verdicts().ACCEPT === 2)
  })

  it('should count verdicts by code and call a failing judge its own fault', async () => {
    const alice = await aRunning(1, async ({ order }) => {
      if (order.revision === 2) {
        throw new Error('disk full')
      }
      return ignore('QUOTA')
    })
    const raw = await aRaw(2, alice)
    for (const revision of [1, 2, 3]) {
      await raw.services.pubsub.publish(TOPIC, encodeOrder(aSignedOrder({ revision })))
    }
    await until(() => alice.verdicts().QUOTA === 2 && alice.verdicts().OWN_FAULT === 1)
  })

  it('should say in the log who goes over a limit, and stop reading a flood without blame', async () => {
    const warnings: Array<Record<string, unknown> | undefined> = []
    const log: Logger = { error () {}, warn: (_, fields) => { warnings.push(fields) }, info () {}, debug () {}, trace () {}, scope: () => log }
    let asked = 0
    const alice = aNetwork(1, { limits: { maxOrdersPerPeerBurst: 5 }, logger: log })
    networks.push(alice)
    await alice.start(judging(async () => {
      asked++
      return ignore('QUOTA')
    }))
    const raw = await aRaw(2, alice)
    for (let revision = 1; revision <= 500; revision++) {
      await raw.services.pubsub.publish(TOPIC, encodeOrder(aSignedOrder({ revision })))
    }
    await until(() => (alice.verdicts().PEER_QUOTA ?? 0) + (alice.verdicts().QUOTA ?? 0) === 500)
    expect(alice.verdicts().PEER_QUOTA).to.be.greaterThan(100)
    expect(asked).to.equal(alice.verdicts().QUOTA)
    const peer = raw.peerId.toString()
    expect(warnings.filter((fields) => fields?.code != null)).to.deep.equal([{ peer, code: 'QUOTA', orders: 1 }, { peer, code: 'PEER_QUOTA', orders: 1 }])
    expect(alice.peers()).to.have.lengthOf(1)
  })

  it('should name messages by length-framed topic and data', () => {
    expect(Buffer.from(messageId('ab', fromString('c'))).toString('hex')).to.equal('f2939f903016e5bb29b1e4a61cdbd376220ca03a24180b39995f2d50f2e0a647')
    expect(messageId('ab', fromString('c'))).to.not.deep.equal(messageId('a', fromString('bc')))
  })
})
