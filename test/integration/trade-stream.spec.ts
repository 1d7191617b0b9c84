import { expect } from 'aegir/chai'
import * as lp from 'it-length-prefixed'
import { concat } from 'uint8arrays/concat'
import { fromString } from 'uint8arrays/from-string'
import { MAX_MESSAGES_PER_STREAM, MAX_TRADE_MESSAGE_BYTES, MAX_TRADE_STREAMS_INBOUND, TRADE_PROTOCOL_ID } from '../../protocols/trade/constants.ts'
import { hasCode } from '../../src/domain/errors.ts'
import { ACCEPT } from '../../src/domain/verdict.ts'
import { decodeTradeMessage, encodeTradeMessage } from '../../src/network/codec.ts'
import { keyOf, peerIdOf } from '../../src/network/peer-ids.ts'
import { aDigest, aSigner } from '../helpers/orders.ts'
import { aRawNode } from '../helpers/raw-node.ts'
import { aNetwork } from '../helpers/streets.ts'
import { until } from '../helpers/until.ts'
import type { TradeAnswer, TradeRequest } from '../../src/domain/trade-message.ts'
import type { Libp2pNode } from '../../src/network/libp2p.ts'
import type { Libp2pNetwork } from '../../src/network/network.ts'
import type { Stream } from '@libp2p/interface'

const QUERY: TradeRequest = { kind: 'status-query', tradeId: aDigest(7) }
const STATUS: TradeAnswer = { kind: 'status', tradeId: aDigest(7), state: 'agreed' }
const frame = (bytes: Uint8Array): Uint8Array => lp.encode.single(bytes).subarray()

describe('trade streams over libp2p', () => {
  let alice: Libp2pNetwork
  let raw: Libp2pNode
  let asked: TradeRequest[]

  async function start (replyTimeoutMs?: number): Promise<void> {
    asked = []
    alice = aNetwork(1, { limits: { replyTimeoutMs } })
    await alice.start({
      onOrder: async () => ACCEPT,
      async onTrade (request) {
        asked.push(request)
        return new Promise((resolve) => { setImmediate(resolve, STATUS) })
      }
    })
    raw = await aRawNode(2, alice)
  }

  afterEach(async () => {
    await Promise.all([alice.stop(), raw.stop()])
  })

  async function open (): Promise<Stream> {
    return raw.dialProtocol(peerIdOf(alice.key), TRADE_PROTOCOL_ID)
  }

  /** The other side's behaviour for one stream that alice opens. */
  async function behave (onStream: (stream: Stream) => void): Promise<void> {
    await raw.handle(TRADE_PROTOCOL_ID, onStream)
  }

  async function askOnce (): Promise<TradeAnswer> {
    const talk = await alice.converse(aSigner(2).key)
    return talk.ask(QUERY)
  }

  async function failureOf (promise: Promise<unknown>): Promise<unknown> {
    return promise.then((value) => { throw new Error(`unexpected answer ${JSON.stringify(value)}`) }, (error) => error)
  }

  const badFrames: Record<string, Uint8Array> = {
    'bytes that are no message': frame(fromString('hello')),
    'an empty frame': frame(new Uint8Array()),
    'an answer instead of a question': frame(encodeTradeMessage(STATUS)),
    'a frame that is too long': concat([lp.encode.single(new Uint8Array(MAX_TRADE_MESSAGE_BYTES + 1)).subarray(0, 100)]),
    'an endless length': new Uint8Array(20).fill(0xff),
    'more questions than it waits for answers': concat(Array.from({ length: 10_000 }, () => frame(encodeTradeMessage(QUERY))))
  }

  for (const [what, bytes] of Object.entries(badFrames)) {
    it(`should reset a stream that brings ${what}, and serve the next`, async () => {
      await start()
      const stream = await open()
      stream.send(bytes)
      await until(() => stream.status === 'reset')
      const next = await open()
      const heard: Uint8Array[] = []
      next.addEventListener('message', ({ data }) => { heard.push(data.subarray()) })
      next.send(frame(encodeTradeMessage(QUERY)))
      await until(() => heard.length > 0)
      expect(decodeTradeMessage(concat(heard).subarray(1))).to.deep.equal(STATUS)
      await next.close()
    })
  }

  it('should answer a question that arrives byte by byte', async () => {
    await start()
    const stream = await open()
    const heard: Uint8Array[] = []
    stream.addEventListener('message', ({ data }) => { heard.push(data.subarray()) })
    for (const byte of frame(encodeTradeMessage(QUERY))) {
      stream.send(Uint8Array.of(byte))
    }
    await until(() => heard.length > 0)
    expect(asked).to.deep.equal([QUERY])
  })

  it('should reset a stream on which nothing is asked in time, however many bytes trickle in', async () => {
    await start(200)
    const silent = await open()
    const trickling = await open()
    trickling.send(Uint8Array.of(100))
    const timer = setInterval(() => { trickling.status === 'open' && trickling.send(Uint8Array.of(1)) }, 20)
    await until(() => silent.status === 'reset' && trickling.status === 'reset', 2000).finally(() => { clearInterval(timer) })
    expect(asked).to.deep.equal([])
  })

  it('should end a stream after the most messages it may carry, and close it on both sides', async () => {
    await start()
    const bob = aNetwork(3)
    await bob.start({ onOrder: async () => ACCEPT, onTrade: async () => STATUS })
    try {
      await bob.dial(alice.addresses()[0])
      const talk = await bob.converse(alice.key)
      for (let i = 0; i < MAX_MESSAGES_PER_STREAM; i++) {
        expect(await talk.ask(QUERY)).to.deep.equal(STATUS)
      }
      expect(hasCode(await failureOf(talk.ask(QUERY)), 'NETWORK_CLOSED')).to.equal(true)
      expect(await (await bob.converse(alice.key)).ask(QUERY)).to.deep.equal(STATUS)
    } finally {
      await bob.stop()
    }
  })

  it('should answer the most messages a stream may carry and reset it when the other side does not close', async () => {
    await start(200)
    const stream = await open()
    stream.send(concat(Array.from({ length: MAX_MESSAGES_PER_STREAM + 10 }, () => frame(encodeTradeMessage(QUERY)))))
    await until(() => stream.status === 'reset', 2000)
    expect(asked).to.have.lengthOf(MAX_MESSAGES_PER_STREAM)
  })

  it('should serve no more streams of one neighbour at once than the bound', async () => {
    await start()
    const streams = await Promise.all(Array.from({ length: MAX_TRADE_STREAMS_INBOUND + 1 }, open))
    await until(() => streams.filter(({ status }) => status === 'reset').length === 1)
    expect(streams.filter(({ status }) => status === 'open')).to.have.lengthOf(MAX_TRADE_STREAMS_INBOUND)
  })

  it('should time out when the neighbour stays silent', async () => {
    await start(200)
    await behave(() => {})
    expect(hasCode(await failureOf(askOnce()), 'NETWORK_TIMEOUT')).to.equal(true)
  })

  it('should time out when the neighbour answers byte by byte, too slowly', async () => {
    await start(200)
    let timer: NodeJS.Timeout | undefined
    await behave((stream) => {
      stream.send(Uint8Array.of(100))
      timer = setInterval(() => { stream.status === 'open' && stream.send(Uint8Array.of(1)) }, 20)
    })
    const error = await failureOf(askOnce()).finally(() => { clearInterval(timer) })
    expect(hasCode(error, 'NETWORK_TIMEOUT')).to.equal(true)
  })

  const badAnswers: Record<string, (stream: Stream) => void> = {
    'resets the stream': (stream) => { stream.abort(new Error('no')) },
    'closes without a word': (stream) => { void stream.close() },
    'answers with garbage': (stream) => { stream.send(frame(fromString('hello'))) },
    'answers with a question': (stream) => { stream.send(frame(encodeTradeMessage(QUERY))) },
    'answers with too long a frame': (stream) => { stream.send(lp.encode.single(new Uint8Array(MAX_TRADE_MESSAGE_BYTES + 1))) },
    'sends far more than was asked': (stream) => { stream.send(new Uint8Array(100_000)) }
  }

  for (const [what, onStream] of Object.entries(badAnswers)) {
    it(`should break off when the neighbour ${what}`, async () => {
      await start()
      await behave(onStream)
      expect(hasCode(await failureOf(askOnce()), 'NETWORK_CLOSED')).to.equal(true)
    })
  }

  it('should not reach a neighbour that does not trade', async () => {
    await start()
    expect(hasCode(await failureOf(alice.converse(aSigner(2).key)), 'NETWORK_UNREACHABLE')).to.equal(true)
  })

  it('should leave no stream open when conversations are closed', async () => {
    await start()
    await behave((stream) => { stream.addEventListener('end', () => { void stream.close() }) })
    for (let i = 0; i < 20; i++) {
      const talk = await alice.converse(aSigner(2).key)
      await talk.close()
    }
    const open = (): number => raw.getConnections().flatMap(({ streams }) => streams).filter(({ protocol }) => protocol === TRADE_PROTOCOL_ID).length
    await until(() => open() === 0)
  })

  it('should abort a closed conversation whose other side never closes', async () => {
    await start(200)
    const streams: Stream[] = []
    await behave((stream) => { streams.push(stream) })
    await (await alice.converse(aSigner(2).key)).close()
    await until(() => streams[0]?.status === 'reset', 2000)
  })

  it('should turn keys into peer ids and back', async () => {
    await start()
    expect(peerIdOf(alice.key).toString()).to.equal(alice.peerId)
    expect(keyOf(peerIdOf(alice.key))).to.equal(alice.key)
  })
})
