import { privateKeyFromRaw } from '@libp2p/crypto/keys'
import { multiaddr } from '@multiformats/multiaddr'
import { expect } from 'aegir/chai'
import * as lp from 'it-length-prefixed'
import { concat } from 'uint8arrays/concat'
import { fromString } from 'uint8arrays/from-string'
import {
  BOOK_SYNC_PROTOCOL_ID, MAX_SYNC_ANSWER_BYTES, MAX_SYNC_PAGE_ORDERS, MAX_SYNC_QUESTION_BYTES, MAX_SYNC_STREAMS_PER_PEER
} from '../../protocols/book-sync/constants.ts'
import { compareKeys } from '../../src/domain/book-sync.ts'
import { decodeBookMessage, encodeBookMessage } from '../../src/network/book-codec.ts'
import { answerOn } from '../../src/network/conversation.ts'
import { createLibp2pNode } from '../../src/network/libp2p.ts'
import { peerIdOf } from '../../src/network/peer-ids.ts'
import { aBookHome, aMarketClock } from '../helpers/book-home.ts'
import { aDigest, aSignature, aSignedOrder, aSigner, NOON, privateKey, RULES_DIGEST } from '../helpers/orders.ts'
import { aRawNode, TOPIC } from '../helpers/raw-node.ts'
import { until } from '../helpers/until.ts'
import type { BookAnswer, BookQuestion, OrdersAnswer, OrdersQuestion } from '../../src/domain/book-sync.ts'
import type { SignedOrder } from '../../src/domain/order.ts'
import type { Account } from '../../src/domain/units.ts'
import type { Libp2pNode } from '../../src/network/libp2p.ts'
import type { Clock } from '../../src/ports/clock.ts'
import type { BookHome, BookHomeInit } from '../helpers/book-home.ts'
import type { Stream } from '@libp2p/interface'

/** Offers of `signers` homes for `periods` periods each, made once for each revision and size. */
function offers (signers: number, periods: number, fields: Partial<SignedOrder['order']> = {}): SignedOrder[] {
  return Array.from({ length: signers }, (_, i) => aSigner(100 + i)).flatMap((signer) =>
    Array.from({ length: periods }, (_, p) => aSignedOrder({ periodStart: NOON + p * 900, ...fields }, signer)))
}

const signatures = (orders: readonly SignedOrder[]): string[] => orders.map(({ signature }) => signature).sort()
const frame = (bytes: Uint8Array): Uint8Array => lp.encode.single(bytes).subarray()
const ordersQuestion = (signers: readonly Account[]): OrdersQuestion => ({ kind: 'orders?', rules: RULES_DIGEST, signers })

/** Questions and answers as one says them who speaks the protocol and keeps no rule. */
const ANY = {
  maxQuestionBytes: MAX_SYNC_QUESTION_BYTES,
  maxAnswerBytes: MAX_SYNC_ANSWER_BYTES,
  timeoutMs: 10_000,
  encode: encodeBookMessage,
  decodeQuestion: (bytes: Uint8Array) => decodeBookMessage(bytes) as BookQuestion,
  decodeAnswer: (bytes: Uint8Array) => decodeBookMessage(bytes) as BookAnswer
}

describe('book sync over libp2p', function () {
  this.timeout(120_000)
  const homes: BookHome[] = []
  const raws: Libp2pNode[] = []
  let clock: Clock
  let pool: SignedOrder[]

  before(() => {
    pool = offers(100, 50)
  })

  beforeEach(() => {
    clock = aMarketClock()
  })

  afterEach(async () => {
    await Promise.all(homes.splice(0).map(async ({ sync, network }) => {
      await sync.stop()
      await network.stop()
    }))
    await Promise.all(raws.splice(0).map(async (raw) => raw.stop()))
  })

  async function home (n: number, orders: readonly SignedOrder[] = [], init: BookHomeInit = {}): Promise<BookHome> {
    const home = await aBookHome(n, clock, init)
    homes.push(home)
    home.put(orders)
    return home
  }

  async function meet (a: BookHome, b: BookHome): Promise<void> {
    await a.network.dial(b.network.addresses()[0])
  }

  const isFull = (home: BookHome, orders: readonly SignedOrder[]): boolean => home.book.size === orders.length
  const readFrom = (home: BookHome): number => home.served.reduce((sum, { answer }) => sum + (answer.kind === 'orders' ? answer.orders.length : 0), 0)

  /** A neighbour that answers as it likes, connected to `victim`. */
  async function aLiar (victim: BookHome, onStream: (stream: Stream) => void | Promise<void>): Promise<Libp2pNode> {
    const raw = await createLibp2pNode({ privateKey: privateKeyFromRaw(fromString(privateKey(2).slice(2), 'base16')), listen: [], topic: TOPIC })
    raws.push(raw)
    await raw.handle(BOOK_SYNC_PROTOCOL_ID, onStream)
    await raw.start()
    await raw.dial(multiaddr(victim.network.addresses()[0]))
    return raw
  }

  /** Tells other digests than the victim's for these signers, and then what `orders` makes of each question. */
  function lying (orders: readonly SignedOrder[], answer: (question: OrdersQuestion, count: number) => BookAnswer): (stream: Stream) => Promise<void> {
    const signers = [...new Set(orders.map(({ order }) => order.signer))].sort()
    let count = 0
    return async (stream) => answerOn(stream, ANY, {
      maxQuestions: 100_000,
      answer: async (question) => question.kind === 'digests?'
        ? { kind: 'digests', from: NOON, isSame: false, isMore: false, digests: signers.map((signer) => ({ signer, digest: `0x${'ab'.repeat(16)}` })) }
        : answer(question, count++)
    }).catch(() => {})
  }

  const sortedOf = (orders: readonly SignedOrder[], { signers }: OrdersQuestion): SignedOrder[] => orders
    .filter(({ order }) => signers.includes(order.signer))
    .sort((a, b) => compareKeys(a.order, b.order))
    .slice(0, MAX_SYNC_PAGE_ORDERS)

  it('should fill the book of a joiner with 5,000 offers from two neighbours, one of whom forges', async () => {
    const honest = await home(1, pool)
    const joiner = await home(3)
    const liar = await aLiar(joiner, lying(pool, (question) => ({ kind: 'orders', isMore: true, orders: sortedOf(pool, question).map((signed) => ({ ...signed, order: { ...signed.order, quantity: 999 } })) })))
    await meet(joiner, honest)
    await until(() => isFull(joiner, pool), 60_000)
    expect(joiner.open()).to.deep.equal(signatures(pool))
    await until(() => joiner.network.peers().every(({ peerId }) => peerId !== liar.peerId.toString()))
    expect(joiner.judged.filter((code) => code === 'ACCEPT')).to.have.lengthOf(pool.length)
    expect(joiner.judged.filter((code) => code !== 'ACCEPT' && code !== 'BAD_SIGNATURE')).to.deep.equal([])
  })

  it('should share the reading among several neighbours and read nothing twice', async () => {
    const some = pool.slice(0, 2000)
    const both = [await home(1, some), await home(2, some)]
    const joiner = await home(3)
    await Promise.all(both.map(async (each) => meet(joiner, each)))
    await until(() => isFull(joiner, some), 60_000)
    expect(joiner.open()).to.deep.equal(signatures(some))
    expect(joiner.judged).to.have.lengthOf(some.length)
    expect(both.reduce((sum, each) => sum + readFrom(each), 0)).to.equal(some.length)
    expect(both.every((each) => readFrom(each) > 0)).to.equal(true)
  })

  const some = (): SignedOrder[] => pool.slice(0, 300)
  const lies: Record<string, () => (stream: Stream) => void | Promise<void>> = {
    'orders of another market': () => {
      const foreign = offers(5, 1, { rules: aDigest(9) })
      return lying(some(), (question) => ({ kind: 'orders', isMore: false, orders: sortedOf(foreign, question) }))
    },
    'orders that nobody signed': () => lying(some(), (question) => ({
      kind: 'orders', isMore: false, orders: sortedOf(some(), question).map(({ order }) => ({ order: { ...order, revision: 7 }, signature: aSignature(7) }))
    })),
    'the same orders again and again': () => lying(some(), (question) => ({ kind: 'orders', isMore: true, orders: sortedOf(some(), question).slice(0, 3) })),
    'orders of others than it was asked for': () => lying(some().slice(0, 100), () => ({ kind: 'orders', isMore: false, orders: some().slice(-1) })),
    'empty pages without an end': () => lying(some(), () => ({ kind: 'orders', isMore: true, orders: [] })),
    'digests in place of orders': () => lying(some(), () => ({ kind: 'digests', from: NOON, isSame: true, isMore: false, digests: [] })),
    'digests without an end': () => async (stream) => {
      let n = 0
      await answerOn(stream, ANY, {
        maxQuestions: 100_000,
        answer: async (): Promise<BookAnswer> => ({
          kind: 'digests', from: NOON, isSame: false, isMore: true, digests: Array.from({ length: 1000 }, () => ({ signer: `0x${(n++).toString(16).padStart(40, '0')}`, digest: `0x${'00'.repeat(16)}` }))
        })
      }).catch(() => {})
    },
    'digests that repeat': () => async (stream) => answerOn(stream, ANY, {
      maxQuestions: 100_000,
      answer: async (): Promise<BookAnswer> => ({ kind: 'digests', from: NOON, isSame: false, isMore: true, digests: [{ signer: aSigner(1).address, digest: `0x${'00'.repeat(16)}` }] })
    }).catch(() => {}),
    'too long a frame': () => (stream) => { stream.send(lp.encode.single(new Uint8Array(MAX_SYNC_ANSWER_BYTES + 1)).subarray(0, 1000)) },
    'bytes that are no message': () => (stream) => { stream.send(frame(Uint8Array.of(1, 2, 3))) },
    'far more than was asked': () => (stream) => {
      const page = frame(encodeBookMessage({ kind: 'orders', isMore: true, orders: pool.slice(0, 256) }))
      stream.send(concat(Array.from({ length: 10 }, () => page)))
    }
  }

  for (const [what, makeLie] of Object.entries(lies)) {
    it(`should let go of a neighbour that sends ${what}, and ask the others`, async () => {
      const honest = await home(1, some())
      const joiner = await home(3)
      let streams = 0
      const lie = makeLie()
      const liar = await aLiar(joiner, async (stream) => {
        streams++
        await lie(stream)
      })
      await until(() => streams > 0 && joiner.network.peers().length === 0 && liar.getPeers().length === 0, 20_000)
      await meet(joiner, honest)
      await until(() => isFull(joiner, some()), 20_000)
      expect(joiner.open()).to.deep.equal(signatures(some()))
      const before = streams
      await liar.dial(multiaddr(joiner.network.addresses()[0]))
      await until(() => joiner.network.peers().length === 2)
      await until(() => joiner.sync.divergence().share === 0)
      expect(streams).to.equal(before)
      expect(joiner.sync.divergence().neighbours.map(({ peerId }) => peerId)).to.deep.equal([honest.network.peerId])
    })
  }

  it('should take no more than its share from one neighbour, however much that has and however often it breaks off', async () => {
    const joiner = await home(3, [], { bounds: { maxOrdersFromOne: 1000, maxSigners: 20_000 } })
    let pages = 0
    const opened: Stream[] = []
    const { order } = aSignedOrder({}, aSigner(100))
    // unsigned, but too far ahead to be judged by its signature: to be ignored for ever
    const answer = lying([aSignedOrder({}, aSigner(100))], (question) => {
      pages++
      const first = (question.after?.periodStart ?? NOON + 1_000_000 * 900) + 900
      return { kind: 'orders', isMore: true, orders: Array.from({ length: 256 }, (_, i) => ({ order: { ...order, periodStart: first + i * 900 }, signature: aSignature(1) })) }
    })
    const liar = await aLiar(joiner, async (stream) => {
      opened.push(stream)
      await answer(stream)
    })
    await until(() => pages >= 2)
    for (let times = 2; times < 5; times++) {
      await liar.hangUp(peerIdOf(joiner.network.key))
      await until(() => joiner.network.peers().length === 0)
      await liar.dial(multiaddr(joiner.network.addresses()[0]))
      await until(() => opened.length >= times)
    }
    const other = await home(1, some())
    await meet(joiner, other)
    await until(() => isFull(joiner, some()), 20_000)
    expect(joiner.judged.filter((code) => code === 'TOO_FAR_AHEAD').length).to.be.within(256, 1024)
  })

  it('should not wait for a neighbour that dawdles, and let others go first', async () => {
    const joiner = await home(3, [], { limits: { syncIdleTimeoutMs: 300 } })
    const streams: Stream[] = []
    await aLiar(joiner, (stream) => { streams.push(stream) })
    await until(() => streams.length > 0)
    const honest = await home(1, some())
    await meet(joiner, honest)
    await until(() => isFull(joiner, some()), 20_000)
    await until(() => streams[0].status === 'reset')
  })

  it('should go on where it was after the line was cut in the middle', async () => {
    const some = pool.slice(0, 2000)
    const server = await home(1, some)
    const joiner = await home(3)
    await meet(joiner, server)
    await until(() => joiner.book.size > 600, 20_000)
    await joiner.network.hangUp(server.network.peerId)
    await until(() => server.network.peers().length === 0)
    const before = joiner.book.size
    expect(before).to.be.lessThan(some.length)
    await meet(joiner, server)
    await until(() => isFull(joiner, some), 60_000)
    expect(joiner.open()).to.deep.equal(signatures(some))
    // what one question asked for is read again at most
    expect(readFrom(server)).to.be.at.most(some.length + 50 * 100)
    expect(joiner.judged.filter((code) => code === 'ACCEPT')).to.have.lengthOf(some.length)
  })

  it('should come to equal books after a partition, whatever happened on both sides', async () => {
    const shared = pool.slice(0, 1000)
    const [left, right] = [await home(1, shared), await home(2, shared)]
    await meet(left, right)
    await until(() => left.sync.divergence().share === 0 && right.sync.divergence().share === 0)
    await left.network.hangUp(right.network.peerId)
    await until(() => right.network.peers().length === 0)

    const [signerA, signerB, signerC] = [100, 101, 102].map(aSigner)
    const soldOut = Array.from({ length: 30 }, (_, p) => aSignedOrder({ periodStart: NOON + p * 900, quantity: 0, revision: 2 }, signerA))
    const revised = Array.from({ length: 30 }, (_, p) => aSignedOrder({ periodStart: NOON + p * 900, quantity: 500, revision: 2 }, signerB))
    const newest = Array.from({ length: 10 }, (_, p) => aSignedOrder({ periodStart: NOON + p * 900, quantity: 0, revision: 3 }, signerB))
    const added = Array.from({ length: 20 }, (_, p) => aSignedOrder({ periodStart: NOON + p * 900 }, aSigner(200)))
    const withdrawn = Array.from({ length: 10 }, (_, p) => aSignedOrder({ periodStart: NOON + p * 900, quantity: 0, revision: 9 }, signerC))
    left.put([...soldOut, ...revised, ...added])
    right.put([...newest, ...withdrawn])
    await meet(right, left)

    const gone = new Set([...soldOut, ...newest, ...withdrawn].map(({ order }) => `${order.signer} ${order.periodStart}`))
    const replaced = new Set(revised.map(({ order }) => `${order.signer} ${order.periodStart}`))
    const nameOf = ({ order }: SignedOrder): string => `${order.signer} ${order.periodStart}`
    const expected = signatures([
      ...shared.filter((each) => !gone.has(nameOf(each)) && !replaced.has(nameOf(each))),
      ...revised.filter((each) => !gone.has(nameOf(each))),
      ...added
    ])
    await until(() => [left, right].every((each) => each.sync.divergence().neighbours.some(({ differing }) => differing > 0)))
    await until(() => [left, right].every((each) => each.book.size === expected.length), 20_000)
    expect(left.open()).to.deep.equal(expected)
    expect(right.open()).to.deep.equal(expected)
    await until(() => left.sync.divergence().share === 0 && right.sync.divergence().share === 0, 20_000)
    // four signers differed, and only theirs were read
    const again = [left, right].flatMap(({ served }) => served).filter(({ question }) => question.kind === 'orders?')
    expect(new Set(again.flatMap(({ question }) => question.kind === 'orders?' ? question.signers : []))).to.have.property('size').that.is.at.most(4)
  })

  it('should measure how far two books are apart', async () => {
    const left = await home(1, pool.slice(0, 400))
    const right = await home(2, pool.slice(0, 300))
    await meet(left, right)
    await until(() => left.sync.divergence().neighbours.length === 1)
    expect(left.sync.divergence()).to.have.property('share', 0.25)
    expect(left.sync.divergence().neighbours[0]).to.include({ peerId: right.network.peerId, offers: 400, differing: 100, share: 0.25 })
    await until(() => left.sync.divergence().share === 0, 20_000)
    expect(right.open()).to.deep.equal(left.open())
  })

  it('should produce nothing more for a reader that stops, and serve it again afterwards', async () => {
    const server = await home(1, pool.slice(0, 1000), { limits: { syncIdleTimeoutMs: 500 } })
    const raw = await aRawNode(2, server.network)
    raws.push(raw)
    const stream = await raw.dialProtocol(peerIdOf(server.network.key), BOOK_SYNC_PROTOCOL_ID)
    stream.pause()
    const signers = [100, 101, 102, 103, 104, 105].map((n) => aSigner(n).address).sort()
    const question = frame(encodeBookMessage(ordersQuestion(signers)))
    const count = (): number => server.served.filter(({ question }) => question.kind === 'orders?').length
    // as many as may wait unread, so that nothing but the lack of a reader holds the server back
    const questions = Math.floor(1.9 * MAX_SYNC_QUESTION_BYTES / question.byteLength)
    stream.send(concat(Array.from({ length: questions }, () => question)))
    await until(() => stream.status !== 'open', 20_000)
    // a window of answers of 44 kB each, and those just being written
    expect(questions).to.be.greaterThan(80)
    expect(count()).to.be.within(1, 40)
    const next = await raw.dialProtocol(peerIdOf(server.network.key), BOOK_SYNC_PROTOCOL_ID)
    expect(await answerTo(next, ordersQuestion(signers))).to.have.nested.property('orders.length', MAX_SYNC_PAGE_ORDERS)
    await next.close()
  })

  it('should serve a few streams of one neighbour at once, and so many questions a minute', async () => {
    const server = await home(1, some(), { limits: { maxSyncQuestionsPerMinute: 3 } })
    const raw = await aRawNode(2, server.network)
    raws.push(raw)
    const streams = await Promise.all(Array.from({ length: MAX_SYNC_STREAMS_PER_PEER + 3 }, async () =>
      raw.dialProtocol(peerIdOf(server.network.key), BOOK_SYNC_PROTOCOL_ID, { maxOutboundStreams: 100 })))
    await until(() => streams.filter(({ status }) => status === 'reset').length === 3)
    const [stream] = streams.filter(({ status }) => status === 'open')
    const question = ordersQuestion([aSigner(100).address])
    for (let i = 0; i < 3; i++) {
      expect(await answerTo(stream, question)).to.have.property('kind', 'orders')
    }
    expect(await answerTo(stream, question)).to.deep.equal({ kind: 'refusal', code: 'TOO_OFTEN' })
    await until(() => stream.remoteWriteStatus === 'closed')
  })

  it('should take in no more orders a second than its bound, and let a stream live no longer than its own', async () => {
    const server = await home(1, pool.slice(0, 300), { limits: { maxSyncStreamMs: 3000 } })
    const reader = await home(3, [], { limits: { maxSyncOrdersPerSec: 1000 } })
    const raw = await aRawNode(2, server.network)
    raws.push(raw)
    const idle = await raw.dialProtocol(peerIdOf(server.network.key), BOOK_SYNC_PROTOCOL_ID)
    const opened = performance.now()
    await meet(reader, server)
    await until(() => isFull(reader, pool.slice(0, 300)), 20_000)
    const book = await reader.network.readBook(server.network.peerId)
    const begun = performance.now()
    for (let i = 0; i < 3; i++) {
      await book.ask(ordersQuestion([100, 101, 102, 103, 104, 105].map((n) => aSigner(n).address).sort()))
    }
    // the first page is free, the second and the third wait for 256 orders each
    expect(performance.now() - begun).to.be.at.least(500)
    await book.close()
    await until(() => idle.status === 'reset')
    expect(performance.now() - opened).to.be.at.least(2900)
  })

  it('should page through more orders than a page, and start after any key', async () => {
    const many = offers(4, 90)
    const server = await home(1, [...many, ...offers(6, 10).slice(40)])
    const reader = await home(3)
    await meet(reader, server)
    const book = await reader.network.readBook(server.network.peerId)
    const signers = [100, 101, 102, 103].map((n) => aSigner(n).address).sort()
    const first = await book.ask(ordersQuestion(signers)) as OrdersAnswer
    expect(first.orders).to.have.lengthOf(256)
    expect(first.isMore).to.equal(true)
    const rest = await book.ask({ ...ordersQuestion(signers), after: first.orders[255].order }) as OrdersAnswer
    expect(rest.orders).to.have.lengthOf(104)
    expect(rest.isMore).to.equal(false)
    expect(signatures([...first.orders, ...rest.orders])).to.deep.equal(signatures(many))
    await book.close()
  })
})

/** Asks on a raw stream and reads the one answer. */
async function answerTo (stream: Stream, question: BookQuestion): Promise<BookAnswer> {
  const heard: Uint8Array[] = []
  const listen = ({ data }: { data: { subarray(): Uint8Array } }): void => { heard.push(data.subarray()) }
  stream.addEventListener('message', listen)
  stream.send(frame(encodeBookMessage(question)))
  let answer: BookAnswer | undefined
  await until(() => {
    const [bytes] = heard.length === 0 ? [] : [...complete(concat(heard))]
    answer = bytes == null ? undefined : decodeBookMessage(bytes) as BookAnswer
    return answer != null
  })
  stream.removeEventListener('message', listen)
  return answer as BookAnswer
}

function * complete (bytes: Uint8Array): Generator<Uint8Array> {
  try {
    for (const each of lp.decode([bytes])) {
      yield each.subarray()
    }
  } catch {
    // the rest is still on its way
  }
}
