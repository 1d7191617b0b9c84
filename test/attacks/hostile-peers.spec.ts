import { randomBytes } from 'node:crypto'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { TopicValidatorResult } from '@chainsafe/libp2p-gossipsub'
import { multiaddr } from '@multiformats/multiaddr'
import { expect } from 'aegir/chai'
import * as lp from 'it-length-prefixed'
import { BOOK_SYNC_PROTOCOL_ID } from '../../protocols/book-sync/constants.ts'
import { orderTopic } from '../../protocols/constants.ts'
import { TRADE_PROTOCOL_ID } from '../../protocols/trade/constants.ts'
import { decodeOrder, encodeOrder } from '../../src/network/codec.ts'
import { orderId } from '../../src/signing/digests.ts'
import { verifyOrder } from '../../src/signing/verify.ts'
import { startTestStreet } from '../helpers/practice.ts'
import { stopAll } from '../helpers/stop-all.ts'
import { aStranger, aTemptingOrder, anAttacker, attackerSigner, highTwin } from './attackers.ts'
import { acceptAndVanish, proposeAndVanish, registered } from './liars.ts'
import { describePhases, expectBoundedMemory, expectWhole, show, watch } from './watch.ts'
import type { Phase, Watch } from './watch.ts'
import type { SignedOrder } from '../../src/domain/order.ts'
import type { TradeAnswer } from '../../src/domain/trade-message.ts'
import type { Hex } from '../../src/domain/units.ts'
import type { Libp2pNode } from '../../src/network/libp2p.ts'
import type { RunResult } from '../../src/practice/run.ts'
import type { HomeChanges, Street } from '../../src/practice/street.ts'
import type { Stream } from '@libp2p/interface'
import type { Socket } from 'node:net'

const SPEED = 450
const PERIOD_SEC = 900
/** More than all attacks need on a busy machine; the day ends with the last of them. */
const PERIODS = 60
/** An honest street trades several times in so long; a phase of attacks lasts at least this. */
const PHASE_MS = 2.5 * PERIOD_SEC / SPEED * 1000
const FLOODERS = 20
/** Credit, so that a taker needs no tab; and a hold of two thirds of a real second, which this clock makes five minutes of the window. */
const HOME: HomeChanges = { config: { tabs: { unsecuredCredit: '1.00' }, market: { confirmSec: 300 } } }
/** The same street and phases without the attacks, to compare with. */
const IS_CONTROL = process.env.CONTROL === '1'
const FLOOD_TIMES = 100

const wordOf = (answer: TradeAnswer): string => answer.kind === 'decline' ? answer.code : answer.kind

describe('a street among hostile peers', function () {
  this.timeout(300_000)

  let street: Street
  let seen: Watch
  let result: RunResult
  let rules: Hex
  let pids: number[]
  const attackers: Libp2pNode[] = []
  const sockets: Socket[] = []
  const recorded = new Map<string, Uint8Array>()
  const takerHeard = new Map<string, number>()
  let maker: { node: Libp2pNode, accepted(): number, repent(): void } | undefined

  const victimAddress = async (index: number): Promise<string> => {
    const { addresses } = await street.homes[index].api.status()
    return addresses.find((each) => each.includes('/127.0.0.1/')) ?? addresses[0]
  }

  async function attacker (name: string, victim: number): Promise<Libp2pNode> {
    const node = await anAttacker(name, rules, await victimAddress(victim))
    attackers.push(node)
    return node
  }

  async function gone (): Promise<void> {
    sockets.splice(0).forEach((socket) => { socket.destroy() })
    await Promise.all(attackers.splice(0).map(async (node) => node.stop()))
  }

  /** One attack, with the street going on beside it for long enough to trade. */
  async function phase (name: string, attack: () => Promise<void> = async () => {}): Promise<Phase> {
    const begun = seen.begin(name)
    await Promise.all([IS_CONTROL ? undefined : attack(), sleep(PHASE_MS)])
    await gone()
    seen.end()
    return begun
  }

  const publish = async (node: Libp2pNode, data: Uint8Array): Promise<void> => {
    await node.services.pubsub.publish(orderTopic(rules), data).catch(() => {})
  }

  /** Every protocol the victim serves gets bytes that mean nothing, are cut off, or are announced longer than allowed. */
  async function garbage (): Promise<void> {
    for (let n = 0; n < 5; n++) {
      const node = await attacker(`garbage ${n}`, n % street.homes.length)
      const victim = node.getConnections()[0].remotePeer
      const { protocols } = await node.peerStore.get(victim)
      for (const protocol of [TRADE_PROTOCOL_ID, BOOK_SYNC_PROTOCOL_ID, ...protocols]) {
        for (const bytes of [randomBytes(1), randomBytes(100), randomBytes(70_000), lp.encode.single(randomBytes(50)).subarray(), lp.encode.single(randomBytes(500)).subarray(0, 90), new Uint8Array(20).fill(0xff)]) {
          const stream = await node.dialProtocol(victim, protocol).catch(() => undefined)
          stream?.status === 'open' && stream.send(bytes)
          bytes.length % 2 === 0 && stream?.abort(new Error('gone'))
        }
      }
      for (let i = 0; i < 50; i++) {
        await publish(node, randomBytes(1 + i * 40))
      }
      const [real] = recorded.values()
      if (real != null) {
        for (const end of [1, real.length >> 1, real.length - 1]) {
          await publish(node, real.subarray(0, end))
        }
      }
      const [, , address, , port] = (await victimAddress(0)).split('/')
      for (let i = 0; i < 20; i++) {
        const socket = connect(Number(port), address).on('error', () => {})
        sockets.push(socket)
        socket.write(randomBytes(1000))
      }
    }
  }

  /** As many streams as there may be from each of 20 peers, each a byte now and then, and connections that never say who they are. */
  async function slowLoris (): Promise<void> {
    const until = performance.now() + PHASE_MS
    const streams: Stream[] = []
    for (let n = 0; n < FLOODERS; n++) {
      const node = await attacker(`loris ${n}`, n % street.homes.length)
      const victim = node.getConnections()[0].remotePeer
      for (const protocol of [TRADE_PROTOCOL_ID, BOOK_SYNC_PROTOCOL_ID]) {
        for (let i = 0; i < 8; i++) {
          await node.dialProtocol(victim, protocol).then((stream) => { streams.push(stream) }, () => {})
        }
      }
    }
    const [, , address, , port] = (await victimAddress(0)).split('/')
    for (let i = 0; i < 200; i++) {
      sockets.push(connect(Number(port), address).on('error', () => {}))
    }
    while (performance.now() < until) {
      for (const stream of streams) {
        stream.status === 'open' && stream.send(Uint8Array.of(100))
      }
      await sleep(200)
    }
  }

  /** Everything that was said so far again, by others; and orders that only look right. */
  async function replaysAndForgeries (): Promise<void> {
    const parrot = await attacker('parrot', 0)
    for (const data of recorded.values()) {
      await publish(parrot, data)
    }
    const real = [...recorded.values()].slice(-8).map((data) => decodeOrder(data))
    const signer = attackerSigner('forger', street.chain)
    await Promise.all(real.map(async ({ order, signature, work }, place) => {
      const forger = await attacker(`forger ${place}`, place % street.homes.length)
      const newer = { ...order, revision: order.revision + 1, quantity: 1 }
      await publish(forger, encodeOrder({ order, signature: highTwin(signature), work }))
      await publish(forger, encodeOrder({ order: newer, signature, work }))
      await publish(forger, encodeOrder({ order: newer, signature: signer.signOrder(newer) }))
      await publish(forger, encodeOrder(aTemptingOrder(signer, { rules, periodStart: order.periodStart, maker: order.maker })))
    }))
    const now = Math.floor(street.now() / PERIOD_SEC) * PERIOD_SEC
    await Promise.all([0, now - 86_400, now - PERIOD_SEC, now, now + 86_400 * 3, now + 86_400 * 365, 2 ** 40 - PERIOD_SEC - (2 ** 40 % PERIOD_SEC), now + 1].map(async (periodStart) => {
      const liar = await attacker(`liar ${periodStart}`, 0)
      await publish(liar, encodeOrder(aTemptingOrder(signer, { rules, periodStart })))
    }))
  }

  /** A registered buyer that holds whatever is offered, and never confirms. */
  async function vanishingTaker (): Promise<void> {
    const buyer = await registered('taker', street)
    const node = await attacker('taker', 0)
    await Promise.all(street.homes.map(async (_, home) => node.dial(multiaddr(await victimAddress(home)))))
    const until = performance.now() + PHASE_MS
    let count = 0
    while (performance.now() < until) {
      const newest = new Map<string, SignedOrder>()
      for (const data of recorded.values()) {
        const signed = decodeOrder(data)
        signed.order.periodStart > street.now() && newest.set(`${signed.order.signer} ${signed.order.periodStart}`, signed)
      }
      for (const signed of newest.values()) {
        const order = verifyOrder(signed, street.chain)
        if (order != null && signed.order.quantity > 0) {
          const answer = await proposeAndVanish(node, order.key, {
            kind: 'propose', tradeId: `0x${randomBytes(32).toString('hex')}`, orderId: order.id, buyer, wh: signed.order.quantity, pricePerKwh: 299_000n
          }).catch((error: unknown) => String(error))
          const name = typeof answer === 'string' ? answer : wordOf(answer)
          takerHeard.set(name, (takerHeard.get(name) ?? 0) + 1)
          count++
        }
      }
      await sleep(50)
    }
    expect(count).to.be.greaterThan(0)
  }

  /** A registered seller below every price, that accepts and then breaks off. */
  async function vanishingMaker (): Promise<void> {
    const owner = await registered('maker', street)
    const signer = attackerSigner('maker', street.chain)
    const orderIds = new Map<string, number>()
    const node = await anAttacker('maker', rules, await victimAddress(0))
    await Promise.all(street.homes.map(async (_, home) => node.dial(multiaddr(await victimAddress(home)))))
    maker = { node, ...await acceptAndVanish(node, { name: 'maker', owner, orderIds, street }) }
    const until = performance.now() + PHASE_MS
    let last = 0
    while (performance.now() < until) {
      const periodStart = Math.ceil(street.now() / PERIOD_SEC) * PERIOD_SEC + PERIOD_SEC
      if (periodStart > last) {
        const signed = aTemptingOrder(signer, { rules, periodStart, maker: owner })
        orderIds.set(orderId(signed.order, street.chain), periodStart)
        await publish(node, encodeOrder(signed))
        last = periodStart
      }
      await sleep(50)
    }
  }

  /** Orders that break no rule, from makers nobody knows, below every honest price, `times` as many a second as the street's own. */
  async function flood (peers: number, prefix: string): Promise<void> {
    const quiet = seen.phases[0]
    const perSec = Math.ceil(Math.max(quiet.offers / quiet.seconds, 2) * FLOOD_TIMES / peers)
    const until = performance.now() + PHASE_MS
    await Promise.all(Array.from({ length: peers }, async (_, n) => {
      const node = await attacker(`${prefix} ${n}`, n % street.homes.length)
      let sent = 0
      const from = performance.now()
      while (performance.now() < until) {
        const due = (performance.now() - from) / 1000 * perSec
        for (; sent < due; sent++) {
          const signer = attackerSigner(`${prefix} ${n} ${sent}`, street.chain)
          const next = Math.ceil(street.now() / PERIOD_SEC) * PERIOD_SEC
          await publish(node, encodeOrder(aTemptingOrder(signer, { rules, periodStart: next + (sent % 3) * PERIOD_SEC, maker: aStranger(`${prefix} ${n} ${sent}`) })))
        }
        await sleep(10)
      }
    }))
  }

  /** Thirty peers that want to be in everybody's mesh, pass nothing on, and never go. */
  async function sybils (): Promise<void> {
    const addresses = await Promise.all(street.homes.map(async (_, home) => victimAddress(home)))
    await Promise.all(Array.from({ length: 30 }, async (_, n) => {
      const node = await anAttacker(`sybil ${n}`, rules)
      attackers.push(node)
      node.services.pubsub.topicValidators.set(orderTopic(rules), () => TopicValidatorResult.Ignore)
      node.services.pubsub.subscribe(orderTopic(rules))
      await Promise.all(addresses.map(async (address) => node.dial(multiaddr(address))))
    }))
  }

  before(async () => {
    street = await startTestStreet({ homes: 3, periods: PERIODS, speed: SPEED, mdns: false, homeOf: () => (HOME) })
    pids = street.homes.map(({ process }) => process.pid)
    rules = (await street.homes[0].api.status()).rulesDigest
    seen = watch(street)
    const ear = await anAttacker('ear', rules)
    ear.services.pubsub.addEventListener('message', ({ detail }) => { recorded.set(Buffer.from(detail.data).toString('base64'), detail.data) })
    ear.services.pubsub.subscribe(orderTopic(rules))
    await Promise.all(street.homes.map(async (_, home) => ear.dial(multiaddr(await victimAddress(home)))))
    let isOver = false
    const running = seen.run({ isOver: () => isOver })
    running.catch(() => {})
    // the first trades wait for tabs
    while (street.now() < street.from + PERIOD_SEC) {
      await sleep(50)
    }
    await phase('nobody attacks')
    await phase('garbage, cut off and oversized frames', garbage)
    await phase('slow loris: 320 streams, 200 connections', slowLoris)
    await phase('replays, forgeries, expired and far future', replaysAndForgeries)
    await phase('a taker that proposes and vanishes', vanishingTaker)
    await phase('a maker that accepts and never confirms', vanishingMaker)
    await phase(`${FLOOD_TIMES} times the orders, 1 peer`, async () => flood(1, 'one'))
    await phase(`${FLOOD_TIMES} times the orders, ${FLOODERS} peers`, async () => flood(FLOODERS, 'many'))
    await phase('30 sybils in every mesh', sybils)
    await phase('nobody attacks any more')
    maker?.repent()
    isOver = true
    result = await running
    await Promise.all([ear.stop(), maker?.node.stop()])
    show(`${describePhases(seen.phases)}\nthe taker heard ${JSON.stringify(Object.fromEntries(takerHeard))}, the maker accepted ${maker?.accepted() ?? 0}`)
  })

  after(async () => {
    await stopAll(gone, async () => street?.stop())
  })

  it('should keep every process running', () => {
    expect(street.homes.map(({ process }) => process.isRunning())).to.deep.equal([true, true, true])
    expect(street.homes.map(({ process }) => process.pid)).to.deep.equal(pids)
  })

  it('should go on trading whatever attacks', () => {
    // a phase of a few seconds may pass without a trade by chance; two of them may not
    expect(seen.phases.filter(({ agreed }) => agreed === 0).map(({ name }) => name)).to.have.lengthOf.below(2)
  })

  it('should need no more memory than is bounded', () => {
    expectBoundedMemory(seen.phases)
  })

  it('should oversell nothing and account for every unit of money', async () => {
    await expectWhole(street, seen, result)
  })
})
