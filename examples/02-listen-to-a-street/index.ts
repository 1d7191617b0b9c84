/** Listens to a street and prints its offers. It knows `protocols/` and public packages, and nothing of the node's own code. */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { inflateRawSync } from 'node:zlib'
import { gossipsub, StrictNoSign, TopicValidatorResult } from '@chainsafe/libp2p-gossipsub'
import { noise } from '@chainsafe/libp2p-noise'
import { identify } from '@libp2p/identify'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import * as lp from 'it-length-prefixed'
import { createLibp2p } from 'libp2p'
import { compare } from 'uint8arrays/compare'
import { concat } from 'uint8arrays/concat'
import { equals } from 'uint8arrays/equals'
import { bytesToHex, compactSignatureToSignature, hashStruct, hashTypedData, hexToBytes, isAddressEqual, keccak256, parseCompactSignature, recoverAddress } from 'viem'
import { BookMessage } from '../../protocols/book-sync/book-sync.ts'
import { BOOK_SYNC_PROTOCOL_ID, MAX_SYNC_ANSWER_BYTES, MAX_SYNC_SIGNERS } from '../../protocols/book-sync/constants.ts'
import { orderTopic } from '../../protocols/constants.ts'
import { MAX_KNOTS, MAX_ORDER_MESSAGE_BYTES, MAX_ORDER_WH } from '../../protocols/order/constants.ts'
import { SignedOrder } from '../../protocols/order/order.ts'
import { MARKET_RULES_TYPES, OPTIONAL_MARKET_RULES, ORDER_DOMAIN_NAME, ORDER_DOMAIN_VERSION, ORDER_TYPES } from '../../protocols/order/typed-data.ts'
import { MIN_WORK_BITS } from '../../protocols/order-gossip/constants.ts'
import type { OrderKey } from '../../protocols/book-sync/book-sync.ts'
import type { Libp2p, Stream } from '@libp2p/interface'
import type { Uint8ArrayList } from 'uint8arraylist'
import type { Hex } from 'viem'

/** The market rules, by the names and with the defaults of `protocols/order/README.md`. */
const DEFAULT_RULES = {
  area: '',
  chainId: 0,
  escrow: '0x' as Hex,
  periodSec: 900,
  windowSec: 1800,
  gateClosureSec: 0,
  flatSec: 60,
  minTradeWh: 10,
  confirmSec: 5,
  clockToleranceSec: 5,
  mechanism: 'continuous',
  delivery: 'matched',
  residualSec: 86_400,
  unknownMakers: 'allow'
}

type Rules = typeof DEFAULT_RULES & { meterBook?: Hex }

interface Heard {
  readonly order: SignedOrder
  readonly id: Hex
}

const INVITE_PREFIX = 'wattmesh-invite-1.'
const MAX_INVITE_BYTES = 8192
const HALF_ORDER = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0n

type Signer = Uint8Array<ArrayBuffer>

function sha256 (...parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  return parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest()
}

/** What an invite says: `protocols/discovery/README.md`, Invites. */
function readInvite (text: string): { rules: Rules, bootstrap: string[] } {
  const bytes = Buffer.from(text.replace(/\s/g, '').slice(INVITE_PREFIX.length), 'base64url')
  const json = unfold(bytes.subarray(4))
  if (json == null || !equals(sha256(json).subarray(0, 4), bytes.subarray(0, 4))) {
    throw new Error('The invite was cut or mistyped.')
  }
  const { rules, digest, bootstrap } = JSON.parse(json.toString())
  const complete = { ...DEFAULT_RULES, ...rules }
  if (digest !== digestOf(complete).slice(2, 10)) {
    throw new Error('The invite has market rules that this program does not know.')
  }
  return { rules: complete, bootstrap }
}

function unfold (bytes: Uint8Array): Buffer | undefined {
  try {
    return inflateRawSync(bytes, { maxOutputLength: MAX_INVITE_BYTES })
  } catch {
    return undefined
  }
}

function digestOf (rules: Rules): Hex {
  const added = OPTIONAL_MARKET_RULES.filter(({ name, unless }) => rules[name] !== unless).map(({ name, type }) => ({ name, type }))
  const types = { MarketRules: [...MARKET_RULES_TYPES.MarketRules, ...added] }
  return hashStruct({ types, primaryType: 'MarketRules', data: { meterBook: '0x', ...rules, chainId: BigInt(rules.chainId) } })
}

function orderIdOf ({ rules: digest, maker, signer, ...order }: SignedOrder, rules: Rules): Hex {
  return hashTypedData({
    domain: { name: ORDER_DOMAIN_NAME, version: ORDER_DOMAIN_VERSION, chainId: rules.chainId, verifyingContract: rules.escrow },
    types: ORDER_TYPES,
    primaryType: 'Order',
    message: { ...order, rules: bytesToHex(digest), maker: bytesToHex(maker), signer: bytesToHex(signer) }
  })
}

/** Rules 1 to 5, 13 and 14 of order gossip; the others need a clock or a chain, which who only listens does without. */
async function judge (bytes: Uint8Array, rules: Rules): Promise<Heard | undefined> {
  if (bytes.length > MAX_ORDER_MESSAGE_BYTES) {
    return undefined
  }
  const order = decode(bytes)
  if (order == null || !isWellFormed(order, rules)) {
    return undefined
  }
  const id = orderIdOf(order, rules)
  const isPaid = rules.unknownMakers !== 'work' || workBits(id, order.work) >= MIN_WORK_BITS
  return isPaid && await isSigned(order, id) ? { order, id } : undefined
}

/** Undefined unless the bytes are the one canonical form of an order. */
function decode (bytes: Uint8Array): SignedOrder | undefined {
  try {
    const order = SignedOrder.decode(bytes)
    return equals(SignedOrder.encode(order), bytes) ? order : undefined
  } catch {
    return undefined
  }
}

function isWellFormed (order: SignedOrder, rules: Rules): boolean {
  const { side, maker, signer, periodStart, quantity, minFill, revision, schedule, signature, work } = order
  return maker.length === 20 && signer.length === 20 && signature.length === 64 && periodStart < 2 ** 40 &&
    (work === 0 || rules.unknownMakers === 'work') &&
    equals(order.rules, hexToBytes(digestOf(rules))) &&
    quantity <= MAX_ORDER_WH && minFill >= 1 && minFill <= (quantity === 0 ? MAX_ORDER_WH : quantity) && revision >= 1 &&
    side <= (rules.mechanism === 'continuous' ? 0 : 1) && schedule.length >= 1 && schedule.length <= MAX_KNOTS &&
    (isResidual(order, rules) || schedule.every(({ at }) => at <= rules.windowSec - rules.flatSec)) &&
    schedule.every(({ at, price }, i) => i === 0 || (at > schedule[i - 1].at && price <= schedule[i - 1].price)) &&
    periodStart % rules.periodSec === 0
}

/** An offer of what a meter has counted already, after its period. */
function isResidual ({ schedule }: SignedOrder, { windowSec, gateClosureSec, periodSec, residualSec }: Rules): boolean {
  return residualSec > 0 && schedule.length === 1 && schedule[0].at === windowSec + gateClosureSec + periodSec
}

/** Leading zero bits of the hash that proves the work. */
function workBits (id: Hex, work: number): number {
  const bits = BigInt(keccak256(`${id}${work.toString(16).padStart(8, '0')}`)).toString(2)
  return bits === '0' ? 256 : 256 - bits.length
}

async function isSigned ({ signature, signer }: SignedOrder, id: Hex): Promise<boolean> {
  const parts = compactSignatureToSignature(parseCompactSignature(bytesToHex(signature)))
  try {
    return BigInt(parts.s) <= HALF_ORDER && isAddressEqual(await recoverAddress({ hash: id, signature: parts }), bytesToHex(signer))
  } catch {
    return false
  }
}

/** The newest order of each signer, period and side, printed whenever one is new. */
class Book {
  readonly #newest = new Map<string, Heard>()

  add (heard: Heard | undefined, from: string): void {
    if (heard == null) {
      return
    }
    const { signer, periodStart, side, revision } = heard.order
    const place = `${bytesToHex(signer)} ${periodStart} ${side}`
    if (revision > (this.#newest.get(place)?.order.revision ?? 0)) {
      this.#newest.set(place, heard)
      print(heard, from)
    }
  }

  /** Book sync, "digest of a signer". */
  digestOf (signer: Uint8Array, from: number): Uint8Array {
    const ids = [...this.#newest.values()]
      .filter(({ order }) => order.periodStart >= from && equals(order.signer, signer))
      .sort((a, b) => a.order.periodStart - b.order.periodStart || a.order.side - b.order.side)
    return sha256(...ids.map(({ id }) => hexToBytes(id))).subarray(0, 16)
  }
}

function print ({ order: { maker, periodStart, quantity, schedule, revision } }: Heard, from: string): void {
  const period = new Date(periodStart * 1000).toISOString().slice(0, 16)
  const what = quantity === 0
    ? 'nothing left'
    : `${String(quantity).padStart(7)} Wh at ${schedule.map(({ at, price }) => `${price} after ${at} s`).join(', ')}`
  process.stdout.write(`${period}Z  ${bytesToHex(maker)}  ${what} (revision ${revision}, ${from})\n`)
}

/** Book sync: asks a neighbour whose orders differ from ours, then for these orders, page by page. */
class BookSync {
  readonly #stream: Stream
  readonly #answers: AsyncIterator<Uint8ArrayList>
  readonly #digest: Uint8Array<ArrayBuffer>

  constructor (stream: Stream, rules: Rules) {
    this.#stream = stream
    this.#answers = lp.decode(stream, { maxDataLength: MAX_SYNC_ANSWER_BYTES })
    this.#digest = Uint8Array.from(hexToBytes(digestOf(rules)))
  }

  async #ask (question: Partial<BookMessage>): Promise<BookMessage> {
    this.#stream.send(lp.encode.single(BookMessage.encode(question)))
    const { value, done } = await this.#answers.next()
    const answer = done === true ? undefined : BookMessage.decode(value)
    if (answer == null || answer.refusal != null) {
      throw new Error(`The neighbour does not tell its book (${answer?.refusal?.code ?? 'closed'}).`)
    }
    return answer
  }

  async fill (book: Book, take: (bytes: Uint8Array) => Promise<unknown>): Promise<void> {
    const signers = await this.#unlike(book)
    for (let first = 0; first < signers.length; first += MAX_SYNC_SIGNERS) {
      await this.#fetch(signers.slice(first, first + MAX_SYNC_SIGNERS), take)
    }
    await this.#stream.close()
  }

  /** Signers whose orders are not the ones of our book. `from` 0 is nobody's, so that the answer is always a list. */
  async #unlike (book: Book): Promise<Signer[]> {
    const signers: Signer[] = []
    let after: Signer = new Uint8Array()
    while (true) {
      const { digestsAnswer: page } = await this.#ask({ digestsQuestion: { rules: this.#digest, from: 0, root: sha256().subarray(0, 16), after } })
      const entries = page?.digests ?? []
      expectMore(page?.isMore === 1, entries.length)
      for (const entry of entries) {
        if (compare(entry.subarray(0, 20), after) <= 0) {
          throw new Error('The neighbour tells its book out of order.')
        }
        after = entry.subarray(0, 20)
        if (!equals(book.digestOf(after, page?.from ?? 0), entry.subarray(20))) {
          signers.push(after)
        }
      }
      if (page?.isMore !== 1) {
        return signers
      }
    }
  }

  async #fetch (signers: Signer[], take: (bytes: Uint8Array) => Promise<unknown>): Promise<void> {
    let after: OrderKey | undefined
    while (true) {
      const { ordersAnswer: page } = await this.#ask({ ordersQuestion: { rules: this.#digest, signers, after } })
      const orders = page?.orders ?? []
      expectMore(page?.isMore === 1, orders.length)
      for (const bytes of orders) {
        await take(bytes)
        const { signer, periodStart, side } = SignedOrder.decode(bytes)
        after = { signer, periodStart, side }
      }
      if (page?.isMore !== 1) {
        return
      }
    }
  }
}

/** A neighbour that promises more and tells nothing would keep us asking for ever. */
function expectMore (isMore: boolean, count: number): void {
  if (isMore && count === 0) {
    throw new Error('The neighbour promises more and tells nothing.')
  }
}

/** A libp2p node that hears the market's orders and passes nothing on, as it has not checked everything. */
async function listen (rules: Rules, take: (bytes: Uint8Array) => Promise<unknown>): Promise<Libp2p> {
  const topic = orderTopic(digestOf(rules))
  const pubsub = gossipsub({
    globalSignaturePolicy: StrictNoSign,
    fallbackToFloodsub: false,
    allowedTopics: [topic],
    msgIdFn: ({ topic, data }) => sha256(withLength(new TextEncoder().encode(topic)), withLength(data))
  })
  const node = await createLibp2p({
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    services: { identify: identify(), ping: ping(), pubsub }
  })
  node.services.pubsub.topicValidators.set(topic, async (peer, { data }) => {
    await take(data)
    return TopicValidatorResult.Ignore
  })
  node.services.pubsub.subscribe(topic)
  return node
}

function withLength (bytes: Uint8Array): Uint8Array {
  const length = new DataView(new ArrayBuffer(4))
  length.setUint32(0, bytes.length)
  return concat([new Uint8Array(length.buffer), bytes])
}

/** An invite alone, or the address of a home and a file with the market rules. */
async function whereTo ([first, file]: string[]): Promise<{ rules: Rules, bootstrap: string[] }> {
  if (first?.startsWith(INVITE_PREFIX)) {
    return readInvite(first)
  }
  if (first == null || file == null) {
    throw new Error('Say an invite, or the address of a home and a JSON file with the market rules.')
  }
  return { rules: { ...DEFAULT_RULES, ...JSON.parse(await readFile(file, 'utf8')) }, bootstrap: [first] }
}

const { rules, bootstrap } = await whereTo(process.argv.slice(2))
const book = new Book()
const node = await listen(rules, async (bytes) => book.add(await judge(bytes, rules), 'gossip'))
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => { void node.stop() })
}
for (const address of bootstrap) {
  try {
    const stream = await node.dialProtocol(multiaddr(address), BOOK_SYNC_PROTOCOL_ID)
    await new BookSync(stream, rules).fill(book, async (bytes) => book.add(await judge(bytes, rules), 'book sync'))
  } catch (error) {
    process.stderr.write(`${address}: ${String(error)}\n`)
  }
}
