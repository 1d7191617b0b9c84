import { expect } from 'aegir/chai'
import { hasCode } from '../../src/domain/errors.ts'
import { ACCEPT, ignore, reject } from '../../src/domain/verdict.ts'
import { aDigest, anAccount, aSignature, aSignedOrder, aSigner, NOON } from '../helpers/orders.ts'
import { until } from '../helpers/until.ts'
import type { BookAnswer, BookQuestion } from '../../src/domain/book-sync.ts'
import type { SignedOrder } from '../../src/domain/order.ts'
import type { TradeAnswer, TradeRequest } from '../../src/domain/trade-message.ts'
import type { PublicKey } from '../../src/domain/units.ts'
import type { Verdict } from '../../src/domain/verdict.ts'
import type { Network, NetworkHandlers } from '../../src/ports/network.ts'

/** Networks that are not started, for the test keys 1 to `count`; `links` are pairs of indices that shall be connected. */
export interface NetworkSetup {
  (count: number, links: ReadonlyArray<readonly [number, number]>): Promise<Street>
}

export interface Street {
  readonly networks: readonly Network[]
  /** Connects what shall be connected, once all are started. */
  connect(): Promise<void>
  /** The address of somebody who is not there. */
  readonly deadAddress: string
}

interface Home {
  readonly network: Network
  readonly orders: SignedOrder[]
  readonly asked: Array<{ request: TradeRequest, from: PublicKey }>
  readonly peers: Array<[string, boolean]>
  verdict(order: SignedOrder): Verdict
  answer(request: TradeRequest): Promise<TradeAnswer>
  tell(question: BookQuestion): Promise<BookAnswer>
}

const LINE = [[0, 1], [1, 2]] as const
const PAIR = [[0, 1]] as const

/** What every network has to do, whatever carries its messages. */
export function testNetwork (name: string, setup: NetworkSetup): void {
  describe(`network: ${name}`, () => {
    let homes: Home[] = []
    let street: Street

    async function start (count: number, links: ReadonlyArray<readonly [number, number]>): Promise<Home[]> {
      street = await setup(count, links)
      homes = street.networks.map(aHome)
      await Promise.all(homes.map(async (home) => home.network.start(handlersOf(home))))
      await street.connect()
      return homes
    }

    afterEach(async () => {
      await Promise.all(homes.map(async ({ network }) => network.stop()))
      homes = []
    })

    it('should bring an accepted order to everyone once, along the line', async () => {
      const [alice, bob, carol] = await start(3, LINE)
      const order = aSignedOrder()
      expect(await alice.network.publish(order)).to.equal(1)
      await until(() => carol.orders.length > 0)
      await publishAndAwait(bob, aSignedOrder({ revision: 2 }), [alice, carol])
      expect(alice.orders.map(({ order }) => order.revision)).to.deep.equal([2])
      expect(bob.orders).to.deep.equal([order])
      expect(carol.orders.map(({ order }) => order.revision)).to.deep.equal([1, 2])
    })

    for (const verdict of [ignore('GATE_CLOSED'), reject('OUT_OF_RANGE')]) {
      it(`should not pass on an order that a neighbour answers with ${verdict.result}`, async () => {
        const [alice, bob, carol] = await start(3, LINE)
        bob.verdict = ({ order }) => order.revision === 1 ? verdict : ACCEPT
        await alice.network.publish(aSignedOrder({ revision: 1 }))
        await until(() => bob.orders.length === 1)
        await publishAndAwait(alice, aSignedOrder({ revision: 2 }), [bob, carol])
        expect(carol.orders.map(({ order }) => order.revision)).to.deep.equal([2])
      })
    }

    it('should not pass on an order whose judge fails, and go on', async () => {
      const [alice, bob, carol] = await start(3, LINE)
      bob.verdict = ({ order }) => {
        if (order.revision === 1) {
          throw new Error('disk full')
        }
        return ACCEPT
      }
      await alice.network.publish(aSignedOrder({ revision: 1 }))
      await until(() => bob.orders.length === 1)
      await publishAndAwait(alice, aSignedOrder({ revision: 2 }), [bob, carol])
      expect(carol.orders.map(({ order }) => order.revision)).to.deep.equal([2])
    })

    it('should resolve publish with 0 when nobody is there', async () => {
      const [alone] = await start(1, [])
      expect(await alone.network.publish(aSignedOrder())).to.equal(0)
    })

    it('should carry several questions and answers in one conversation, in order', async () => {
      const [alice, bob] = await start(2, PAIR)
      bob.answer = async (request) => request.kind === 'propose'
        ? anAccept(request.tradeId, request.wh)
        : { kind: 'status', tradeId: tradeIdOf(request), state: 'agreed' }
      const talk = await alice.network.converse(bob.network.key)
      expect(await talk.ask(aProposal(1))).to.deep.equal(anAccept(aDigest(1), 250))
      expect(await talk.ask({ kind: 'confirm', tradeId: aDigest(1), signature: aSignature(2) })).to.deep.equal({ kind: 'status', tradeId: aDigest(1), state: 'agreed' })
      expect(await talk.ask({ kind: 'status-query', tradeId: aDigest(1) })).to.deep.equal({ kind: 'status', tradeId: aDigest(1), state: 'agreed' })
      await talk.close()
      expect(bob.asked.map(({ request }) => request.kind)).to.deep.equal(['propose', 'confirm', 'status-query'])
      expect(bob.asked.every(({ from }) => from === alice.network.key)).to.equal(true)
    })

    it('should keep concurrent conversations apart', async () => {
      const [alice, bob, carol] = await start(3, [[0, 1], [2, 1]])
      bob.answer = async (request) => ({ kind: 'status', tradeId: tradeIdOf(request), state: 'proposed' })
      const ask = async (home: Home, n: number): Promise<void> => {
        const talk = await home.network.converse(bob.network.key)
        const answers = await Promise.all([n, n + 1].map(async (id) => talk.ask({ kind: 'status-query', tradeId: aDigest(id) })))
        expect(answers.map(tradeIdOf)).to.deep.equal([aDigest(n), aDigest(n + 1)])
        await talk.close()
      }
      await Promise.all([ask(alice, 10), ask(alice, 20), ask(alice, 30), ask(carol, 40), ask(carol, 50)])
      expect(bob.asked).to.have.lengthOf(10)
    })

    it('should close the conversation when the other side fails to answer, and stay in business', async () => {
      const [alice, bob] = await start(2, PAIR)
      bob.answer = async () => { throw new Error('disk full') }
      const talk = await alice.network.converse(bob.network.key)
      await expectCode(talk.ask(aProposal(1)), 'NETWORK_CLOSED')
      bob.answer = async () => ({ kind: 'decline', code: 'BUSY', remaining: 0 })
      const again = await alice.network.converse(bob.network.key)
      expect(await again.ask(aProposal(2))).to.deep.equal({ kind: 'decline', code: 'BUSY', remaining: 0 })
      await again.close()
    })

    it('should refuse to ask in a conversation that was closed', async () => {
      const [alice, bob] = await start(2, PAIR)
      const talk = await alice.network.converse(bob.network.key)
      await talk.close()
      await expectCode(talk.ask(aProposal(1)), 'NETWORK_CLOSED')
    })

    it('should carry questions about a book and their answers, in order', async () => {
      const [alice, bob] = await start(2, PAIR)
      const digests: BookAnswer = { kind: 'digests', from: NOON, isSame: false, isMore: true, digests: [{ signer: anAccount(1), digest: `0x${'0d'.repeat(16)}` }] }
      const orders: BookAnswer = { kind: 'orders', isMore: false, orders: [aSignedOrder(), aSignedOrder({ quantity: 0, revision: 2 })] }
      const asked: BookQuestion[] = []
      bob.tell = async (question) => {
        asked.push(question)
        return question.kind === 'digests?' ? digests : orders
      }
      const questions: BookQuestion[] = [
        { kind: 'digests?', rules: aDigest(1), from: NOON, root: `0x${'0a'.repeat(16)}`, after: undefined },
        { kind: 'digests?', rules: aDigest(1), from: NOON, root: `0x${'0a'.repeat(16)}`, after: anAccount(7) },
        { kind: 'orders?', rules: aDigest(1), signers: [anAccount(1), anAccount(2)], after: { signer: anAccount(1), periodStart: NOON, side: 'bid' } }
      ]
      const book = await alice.network.readBook(bob.network.peerId)
      const answers = await Promise.all(questions.map(async (question) => book.ask(question)))
      expect(answers).to.deep.equal([digests, digests, orders])
      expect(asked).to.deep.equal(questions)
      await book.close()
      await expectCode(book.ask(questions[0]), 'NETWORK_CLOSED')
    })

    it('should be refused by a neighbour that keeps no book, and break off with one that fails', async () => {
      const [alice, bob] = await start(2, PAIR)
      const question: BookQuestion = { kind: 'orders?', rules: aDigest(1), signers: [anAccount(1)], after: undefined }
      bob.tell = async () => { throw new Error('disk full') }
      await expectCode((await alice.network.readBook(bob.network.peerId)).ask(question), 'NETWORK_CLOSED')
      await bob.network.stop()
      await until(() => alice.network.peers().length === 0)
      await bob.network.start({ onOrder: async () => ACCEPT, onTrade: bob.answer })
      await street.connect()
      expect(await (await alice.network.readBook(bob.network.peerId)).ask(question)).to.deep.equal({ kind: 'refusal', code: 'OTHER_MARKET' })
    })

    it('should not read the book of a neighbour it has no connection to', async () => {
      const [alice, bob] = await start(2, [])
      await expectCode(alice.network.readBook(bob.network.peerId), 'NETWORK_UNREACHABLE')
    })

    it('should hang up on a neighbour, until one of them dials again', async () => {
      const [alice, bob] = await start(2, PAIR)
      await until(() => alice.peers.length === 1 && bob.peers.length === 1)
      await alice.network.hangUp(bob.network.peerId)
      await until(() => alice.network.peers().length === 0 && bob.network.peers().length === 0)
      await until(() => alice.peers.length === 2 && bob.peers.length === 2)
      await alice.network.dial(bob.network.addresses()[0])
      await until(() => alice.peers.length === 3 && bob.peers.length === 3)
      expect(alice.peers.map(([, isConnected]) => isConnected)).to.deep.equal([true, false, true])
      expect(bob.network.peers()).to.have.lengthOf(1)
    })

    it('should fail to converse with a neighbour it does not know', async () => {
      const [alice] = await start(1, [])
      await expectCode(alice.network.converse(aSigner(99).key), 'NETWORK_UNREACHABLE')
    })

    it('should tell bad addresses from dead ones', async () => {
      const [alice] = await start(1, [])
      await expectCode(alice.network.dial('the house next door'), 'NETWORK_BAD_ADDRESS')
      await expectCode(alice.network.dial(street.deadAddress), 'NETWORK_UNREACHABLE')
    })

    it('should name its neighbours and tell when they come and go', async () => {
      const [alice, bob] = await start(2, PAIR)
      await until(() => alice.network.peers().length === 1)
      expect(alice.network.peers()[0]).to.include({ peerId: bob.network.peerId, key: bob.network.key })
      expect(bob.network.addresses()[0]).to.include(bob.network.peerId)
      await bob.network.stop()
      await until(() => alice.peers.length === 2)
      expect(alice.peers).to.deep.equal([[bob.network.key, true], [bob.network.key, false]])
      expect(alice.network.peers()).to.deep.equal([])
    })

    it('should stop cleanly, twice, and refuse to publish afterwards', async () => {
      const [alice, bob] = await start(2, PAIR)
      const talk = await alice.network.converse(bob.network.key)
      await bob.network.stop()
      await bob.network.stop()
      expect(bob.network.addresses()).to.deep.equal([])
      await expectCode(bob.network.publish(aSignedOrder()), 'NETWORK_STOPPED')
      await expectCode(talk.ask(aProposal(1)), 'NETWORK_CLOSED')
    })
  })
}

function aHome (network: Network): Home {
  return {
    network,
    orders: [],
    asked: [],
    peers: [],
    verdict: () => ACCEPT,
    answer: async () => ({ kind: 'decline', code: 'NOT_READY', remaining: 0 }),
    tell: async () => ({ kind: 'refusal', code: 'TOO_OFTEN' })
  }
}

function handlersOf (home: Home): NetworkHandlers {
  return {
    async onOrder (order) {
      home.orders.push(order)
      return home.verdict(order)
    },
    async onTrade (request, from) {
      home.asked.push({ request, from })
      return home.answer(request)
    },
    onBook: async (question) => home.tell(question),
    onPeer (peer, isConnected) {
      home.peers.push([peer.key ?? '', isConnected])
      throw new Error('a listener that fails')
    }
  }
}

/** Gossip is in order along a line, so once this order is everywhere, so is whatever was passed on before it. */
async function publishAndAwait (from: Home, order: SignedOrder, to: Home[]): Promise<void> {
  await from.network.publish(order)
  await until(() => to.every(({ orders }) => orders.some((seen) => seen.signature === order.signature)))
}

function aProposal (n: number): TradeRequest {
  return { kind: 'propose', tradeId: aDigest(n), orderId: aDigest(0xee), buyer: anAccount(0xb1), wh: 250, pricePerKwh: 200_000n }
}

function anAccept (tradeId: PublicKey, wh: number): TradeAnswer {
  return {
    kind: 'accept',
    tradeId,
    terms: {
      buyer: anAccount(0xb1),
      seller: anAccount(0xa1),
      slot: 1_963_632,
      seq: 0,
      wh,
      pricePerKwh: 200_000n,
      attester: anAccount(0xa2),
      meter: aDigest(0x33),
      claimBy: 1_767_700_800,
      ref: aDigest(0x44)
    },
    signature: aSignature(1),
    validUntil: 1_767_268_000
  }
}

function tradeIdOf (message: TradeRequest | TradeAnswer): PublicKey {
  return 'tradeId' in message ? message.tradeId : '0x'
}

async function expectCode (promise: Promise<unknown>, code: string): Promise<void> {
  const error = await promise.then(() => undefined, (error) => error)
  expect(hasCode(error, code), `expected ${code}, got ${String(error)}`).to.equal(true)
}
