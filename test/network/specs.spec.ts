import { readdirSync, readFileSync } from 'node:fs'
import { expect } from 'aegir/chai'
import * as syncConstants from '../../protocols/book-sync/constants.ts'
import { DAILY_EXPORT_TYPES, JOIN_TYPES } from '../../protocols/community/typed-data.ts'
import { orderTopic } from '../../protocols/constants.ts'
import * as orderConstants from '../../protocols/order/constants.ts'
import { MARKET_RULES_TYPES, OPTIONAL_MARKET_RULES, ORDER_TYPES } from '../../protocols/order/typed-data.ts'
import * as gossipConstants from '../../protocols/order-gossip/constants.ts'
import * as tradeConstants from '../../protocols/trade/constants.ts'
import { READING_TYPES, RECEIPT_TYPES, TRADE_TYPES } from '../../protocols/trade/typed-data.ts'
import { decodeInvite } from '../../src/config/invite.ts'
import { REFUSAL_CODES } from '../../src/domain/book-sync.ts'
import { DEFAULT_MARKET_RULES } from '../../src/domain/market-rules.ts'
import { priceAt } from '../../src/domain/order.ts'
import { DECLINE_CODES } from '../../src/domain/trade-message.ts'
import { ORDER_RULE_CODES } from '../../src/domain/verdict.ts'
import { decodeBookMessage, encodeBookMessage } from '../../src/network/book-codec.ts'
import { decodeOrder, decodeTradeMessage, encodeOrder, encodeTradeMessage, TRADE_STATES } from '../../src/network/codec.ts'
import { messageId } from '../../src/network/libp2p.ts'
import { peerIdOf } from '../../src/network/peer-ids.ts'
import { answerBook } from '../../src/node/answer-book.ts'
import { meterTag, orderId, receiptDigest, rulesDigest, tradeDigest } from '../../src/signing/digests.ts'
import { isTradeSignedBy } from '../../src/signing/verify.ts'
import { shareOut } from '../../src/trade/delivery.ts'
import { aBook } from '../helpers/book-home.ts'
import { aDigest, anAccount, aSignedOrder, aSigner, NOON, RULES, RULES_DIGEST } from '../helpers/orders.ts'
import type { BookQuestion } from '../../src/domain/book-sync.ts'
import type { Accept } from '../../src/domain/trade-message.ts'

const spec = (name: string): string => readFileSync(new URL(`../../protocols/${name}`, import.meta.url), 'utf8')
const order = spec('order/README.md')
const gossip = spec('order-gossip/README.md')
const trade = spec('trade/README.md')
const sync = spec('book-sync/README.md')
const discovery = spec('discovery/README.md')
const community = spec('community/README.md')

/** The cells of every table row of a document that `pattern` matches. */
function rows (text: string, pattern: RegExp): string[][] {
  return text.split('\n').filter((line) => pattern.test(line)).map((line) => line.split('|').slice(1, -1).map((cell) => cell.trim().replaceAll('`', '')))
}

/** Name and value of every bound in a limits table. */
function limits (text: string): Record<string, string> {
  return Object.fromEntries(rows(text, /^\| `[A-Z_]+` \| \d+ \|/))
}

function bounds (constants: object): Record<string, string> {
  return Object.fromEntries(Object.entries(constants).filter(([, value]) => typeof value !== 'string').map(([name, value]) => [name, String(value)]))
}

function bytes (hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex, 'hex'))
}

/** The type string that EIP-712 hashes, as `encodeType` writes it. */
function typeString (types: Record<string, ReadonlyArray<{ name: string, type: string }>>): string {
  return Object.entries(types).map(([name, fields]) => `${name}(${fields.map((field) => `${field.type} ${field.name}`).join(',')})`).join('')
}

describe('protocol specifications', () => {
  it('should have the revision that the index says, and tell what changed in each', () => {
    const index = rows(spec('README.md'), /^\| \[[a-z-]+\]\(/)
    const folders = readdirSync(new URL('../../protocols/', import.meta.url), { withFileTypes: true }).filter((entry) => entry.isDirectory()).map(({ name }) => name)
    expect(index.map(([link]) => /\[(.+)\]/.exec(link)?.[1])).to.have.members(folders)
    for (const [link, , revision, status] of index) {
      const name = /\[(.+)\]/.exec(link)?.[1] ?? ''
      const page = spec(`${name}/README.md`)
      expect(rows(page, /^\| (working )?draft \|/).map(([maturity, , own]) => [maturity, own]), name).to.deep.equal([[`working ${status}`, revision]])
      const changes = [...page.slice(page.indexOf('## Changes')).matchAll(/^Revision (\d+):/gm)].map(([, no]) => Number(no))
      expect(changes, name).to.deep.equal(Array.from({ length: Number.parseInt(revision) }, (_, i) => Number.parseInt(revision) - i))
    }
  })

  it('should print the types that are signed', () => {
    for (const [page, types] of [[order, ORDER_TYPES], [order, MARKET_RULES_TYPES], [community, JOIN_TYPES], [community, DAILY_EXPORT_TYPES], [trade, TRADE_TYPES], [trade, RECEIPT_TYPES], [trade, READING_TYPES]] as const) {
      expect(page).to.include(`\n${typeString(types)}\n`)
    }
  })

  it('should list the optional market rules with their types, in the order in which they are hashed', () => {
    const table = rows(order.slice(0, order.indexOf('The **rules digest**')), /^\| `\w+` \| \w+ \|/)
    expect(table.slice(table.findIndex(([name]) => name === 'delivery') + 1).map(([name, type]) => [name, type]))
      .to.deep.equal(OPTIONAL_MARKET_RULES.map(({ name, type }) => [name, type]))
  })

  it('should name every field of the wire forms', () => {
    for (const [name, page] of [['order', order], ['book-sync', sync], ['trade', trade]]) {
      const proto = spec(`${name}/${name}.proto`)
      const fields = [...proto.matchAll(/^ {2}(?:repeated )?(?:bytes|uint32|uint64|ReceiptMessage|Terms|OrderKey) (\w+) = \d+/gm)].map(([, field]) => field)
      expect(fields).to.not.be.empty()
      expect(fields.filter((field) => !new RegExp(`\\b${field}\\b`).test(page)), name).to.deep.equal([])
    }
  })

  it('should hold in the worked example of an invite', () => {
    const text = /\n(wattmesh-invite-1\.\S+)\n/.exec(discovery)?.[1] ?? ''
    const json = /```json\n(.+)\n```/.exec(discovery)?.[1] ?? ''
    const { market, digestStart, ...rest } = decodeInvite(text)
    expect(rulesDigest(market)).to.equal(RULES_DIGEST)
    expect({ ...JSON.parse(json), rules: undefined }).to.deep.equal({ ...rest, digest: digestStart, rules: undefined })
    expect(`0x${digestStart}`).to.equal(RULES_DIGEST.slice(0, 10))
    expect(market).to.deep.equal({ ...DEFAULT_MARKET_RULES, ...JSON.parse(json).rules })
    expect(rest.bootstrap[0]).to.include(peerIdOf(aSigner().key).toString())
  })

  it('should hold in the worked example of a meter tag', () => {
    const [, serial, tag] = /serial number `(\w+)`, .* `\/wattmesh\/meter\/([0-9a-f]{32})`/.exec(trade) ?? []
    expect(meterTag(serial, peerIdOf(aSigner().key).toString())).to.equal(`0x${tag}`)
  })

  it('should list the limits that the code enforces', () => {
    expect(limits(order)).to.deep.equal(bounds(orderConstants))
    expect(limits(gossip)).to.deep.equal(bounds(gossipConstants))
    expect(limits(trade)).to.deep.equal(bounds(tradeConstants))
    expect(limits(sync)).to.deep.equal(bounds(syncConstants))
  })

  it('should number the gossip rules as the code checks them', () => {
    const table = rows(gossip, /^\| \d+ \| (reject|ignore) \|/)
    expect(table.map(([no]) => Number(no))).to.deep.equal(table.map((row, i) => i + 1))
    expect([...table.map(([, , code]) => code), 'PEER_QUOTA', 'OWN_FAULT']).to.deep.equal([...ORDER_RULE_CODES])
  })

  it('should number decline codes and states as the wire does', () => {
    const codes = rows(trade, /^\| \d+ \| `[A-Z_]+` \|/)
    expect(codes.map(([no, code]) => [Number(no), code])).to.deep.equal(DECLINE_CODES.map((code, i) => [i + 1, code]))
    const states = rows(trade.slice(trade.indexOf('### States')), /^\| \d+ \| `[a-z]+` \|/)
    expect(states.map(([no, state]) => [Number(no), state])).to.deep.equal(TRADE_STATES.map((state, i) => [i + 1, state]))
  })

  it('should number refusal codes as the wire does', () => {
    expect(rows(sync, /^\| \d+ \| `[A-Z_]+` \|/).map(([no, code]) => [Number(no), code])).to.deep.equal(REFUSAL_CODES.map((code, i) => [i + 1, code]))
  })

  it('should hold in the worked example of book sync', () => {
    const [book, empty] = [aBook([aSignedOrder()]), aBook([])].map((each) => each.digests(NOON))
    for (const value of [syncConstants.BOOK_SYNC_PROTOCOL_ID, book.digests[0].digest, book.root, empty.root]) {
      expect(sync).to.include(`\`${value}\``)
    }
    const [question, answer] = [...sync.matchAll(/\n```\n([0-9a-f]+)\n```\n/g)].map(([, hex]) => hex)
    const asked = decodeBookMessage(bytes(question))
    expect(asked).to.deep.equal({ kind: 'digests?', rules: RULES_DIGEST, from: NOON, root: empty.root, after: undefined })
    expect(Buffer.from(encodeBookMessage(answerBook(aBook([aSignedOrder()]), NOON, asked as BookQuestion))).toString('hex')).to.equal(answer)
  })

  it('should hold in the worked example of an order', () => {
    const signed = aSignedOrder()
    const encoded = /\n(1220[0-9a-f]+)\n/.exec(order)?.[1] ?? ''
    expect(decodeOrder(bytes(encoded))).to.deep.equal(signed)
    expect(encodeOrder(signed)).to.have.lengthOf(172)
    for (const value of [RULES_DIGEST, aSigner().key, aSigner().address, peerIdOf(aSigner().key).toString(), signed.signature, orderId(signed.order, RULES)]) {
      expect(order).to.include(value)
    }
    expect(order).to.include(`| ${[0, 600, 870, 1740, 1800].map((elapsed) => priceAt(signed.order.schedule, elapsed)).join(', ')} |`)
    expect(gossip).to.include(orderTopic(RULES_DIGEST))
    expect(gossip).to.include(Buffer.from(messageId(orderTopic(RULES_DIGEST), bytes(encoded))).toString('hex'))
  })

  it('should hold in the worked example of a trade', () => {
    const [propose, accept, confirm, submit, queued] = [...trade.matchAll(/\n```\n([0-9a-f]+)\n```\n/g)].map(([, hex]) => {
      const message = decodeTradeMessage(bytes(hex))
      expect(Buffer.from(encodeTradeMessage(message)).toString('hex')).to.equal(hex)
      return message
    })
    const { terms, signature } = accept as Accept
    expect(propose).to.deep.equal({ kind: 'propose', tradeId: aDigest(0x0d), orderId: orderId(aSignedOrder().order, RULES), buyer: anAccount(0xb1), wh: 300, pricePerKwh: 237_932n })
    for (const value of [terms.attester, terms.meter, terms.ref, tradeDigest(terms, RULES)]) {
      expect(trade).to.include(value)
    }
    expect(isTradeSignedBy(aSigner(1).key, terms, { signature, at: RULES })).to.equal(true)
    expect(confirm).to.deep.equal({ kind: 'confirm', tradeId: aDigest(0x0d), signature: aSigner(2).signTrade(terms) })

    expect([...shareOut(400, [{ id: aDigest(0x0e), wh: 350 }, { id: aDigest(0x0d), wh: 250 }])]).to.deep.equal([[aDigest(0x0d), 167], [aDigest(0x0e), 233]])
    const receipt = { buyer: terms.buyer, seller: terms.seller, through: terms.slot * 65_536 + terms.seq, total: 39_734n, cap: 5_039_734n, expiry: 1_964_016 }
    for (const value of [receiptDigest(receipt, RULES), aSigner(2).signReceipt(receipt), aSigner(1).signReceipt(receipt), String(receipt.through)]) {
      expect(trade).to.include(value)
    }
    expect(submit).to.deep.equal({ kind: 'submit', signed: { receipt, buyerSignature: aSigner(2).signReceipt(receipt), sellerSignature: aSigner(1).signReceipt(receipt) } })
    expect(queued).to.deep.equal({ kind: 'queued', by: 1_767_270_600 })
  })
})
