import { toHex } from 'viem'
import { DEFAULT_MARKET_RULES } from '../../src/domain/market-rules.ts'
import { encodeBookMessage } from '../../src/network/book-codec.ts'
import { encodeOrder } from '../../src/network/codec.ts'
import { answerBook } from '../../src/node/answer-book.ts'
import { aBook } from '../helpers/book-home.ts'
import { aSignedOrder, aSigner, NOON, RULES_DIGEST } from '../helpers/orders.ts'
import type { BookMessage } from '../../src/domain/book-sync.ts'
import type { Hex } from '../../src/domain/units.ts'

const DAY = [
  aSignedOrder({}, aSigner(1)),
  aSignedOrder({ periodStart: NOON + 900, quantity: 0, revision: 3 }, aSigner(1)),
  aSignedOrder({ periodStart: NOON + 900 }, aSigner(2)),
  aSignedOrder({ revision: 7 }, aSigner(3)),
  aSignedOrder({ periodStart: NOON + 1800, quantity: 250 }, aSigner(3))
]

/** The content of `protocols/book-sync/vectors.json`. */
export function bookVectors (): object {
  const book = aBook(DAY)
  const at = (from: number): object => ({ from, ...pick(book.digests(from)) })
  const signers = [...new Set(DAY.map(({ order }) => order.signer))].sort()
  const { root } = book.digests(NOON)
  const ask = { rules: RULES_DIGEST, from: NOON, root } as const
  const messages: Array<readonly [string, BookMessage]> = [
    ['a joiner asks for digests', { kind: 'digests?', ...ask, root: aBook([]).digests(NOON).root }],
    ['it is answered', answerBook(book, NOON, { kind: 'digests?', ...ask, root: aBook([]).digests(NOON).root })],
    ['the same book asks', { kind: 'digests?', ...ask }],
    ['it is told that nothing differs', answerBook(book, NOON, { kind: 'digests?', ...ask })],
    ['the next page of digests is asked for', { kind: 'digests?', ...ask, after: signers[1] }],
    ['orders of all signers are asked for', { kind: 'orders?', rules: RULES_DIGEST, signers }],
    ['they come in the order of their keys', answerBook(book, NOON, { kind: 'orders?', rules: RULES_DIGEST, signers })],
    ['orders after a key are asked for', { kind: 'orders?', rules: RULES_DIGEST, signers, after: { signer: signers[1], periodStart: NOON + 900, side: 'offer' } }],
    ['they are the rest', answerBook(book, NOON, { kind: 'orders?', rules: RULES_DIGEST, signers, after: { signer: signers[1], periodStart: NOON + 900, side: 'offer' } })],
    ['another market', { kind: 'refusal', code: 'OTHER_MARKET' }],
    ['asked too often', { kind: 'refusal', code: 'TOO_OFTEN' }]
  ]
  return {
    about: 'Made once by test/protocols/make-book-vectors.ts and checked by test/protocols/book-vectors.spec.ts. The book holds the orders given by their wire bytes (SignedOrder of order.proto); ids follow from the rules of the market. wire is the encoded BookMessage.',
    domain: { chainId: String(31337), verifyingContract: '0x5fbdb2315678afecb367f032d93f642f64180aa3' },
    rules: { ...DEFAULT_MARKET_RULES, area: 'test street', chainId: '31337', escrow: '0x5fbdb2315678afecb367f032d93f642f64180aa3', digest: RULES_DIGEST },
    book: DAY.map((signed) => toHex(encodeOrder(signed))),
    digests: [at(NOON), at(NOON + 900), at(NOON + 2700)],
    messages: messages.map(([name, message]) => ({ name, wire: toHex(encodeBookMessage(message)) })),
    invalid: invalid(toHex(encodeBookMessage(messages[5][1])), signers)
  }
}

function pick ({ digests, root }: { digests: readonly object[], root: Hex }): object {
  return { digests, root }
}

function invalid (orders: Hex, signers: readonly Hex[]): object[] {
  const question = (signers: readonly Hex[]): Hex => toHex(encodeBookMessage({ kind: 'orders?', rules: RULES_DIGEST, signers }))
  return [
    { name: 'no bytes', reason: 'no field is set', wire: '0x' },
    { name: 'two kinds at once', reason: 'two fields are set', wire: `${orders}32020801` },
    { name: 'signers that fall', reason: 'order of signers', wire: question([...signers].reverse()) },
    { name: 'a signer twice', reason: 'order of signers', wire: question([signers[0], signers[0]]) },
    { name: 'no signer', reason: 'no signers', wire: question([]) },
    { name: 'a short signer', reason: 'length of a field', wire: question([signers[0].slice(0, 40) as Hex]) },
    { name: 'an unknown field', reason: 'not canonical', wire: `${orders}3a00` },
    { name: 'a zero that is written', reason: 'not canonical', wire: '0x32020800' },
    { name: 'an unknown code', reason: 'not in the table', wire: '0x32020803' },
    { name: 'isMore 2', reason: 'above 1', wire: '0x22020802' }
  ]
}
