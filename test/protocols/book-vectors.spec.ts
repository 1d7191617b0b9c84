import { readFileSync, writeFileSync } from 'node:fs'
import { expect } from 'aegir/chai'
import { hexToBytes, toHex } from 'viem'
import { hasCode } from '../../src/domain/errors.ts'
import { decodeBookMessage, encodeBookMessage } from '../../src/network/book-codec.ts'
import { decodeOrder } from '../../src/network/codec.ts'
import { answerBook } from '../../src/node/answer-book.ts'
import { aBook } from '../helpers/book-home.ts'
import { bookVectors } from './make-book-vectors.ts'
import type { BookQuestion, SignerDigest } from '../../src/domain/book-sync.ts'
import type { Hex } from '../../src/domain/units.ts'

interface BookVectors {
  book: Hex[]
  digests: Array<{ from: number, digests: SignerDigest[], root: Hex }>
  messages: Array<{ name: string, wire: Hex }>
  invalid: Array<{ name: string, reason: string, wire: Hex }>
}

const FILE = new URL('../../protocols/book-sync/vectors.json', import.meta.url)

describe('book sync vectors', () => {
  let vectors: BookVectors

  before(() => {
    if (process.env.UPDATE_VECTORS === '1') {
      writeFileSync(FILE, `${JSON.stringify(bookVectors(), null, 2)}\n`)
    }
    vectors = JSON.parse(readFileSync(FILE, 'utf8')) as BookVectors
  })

  it('should give the digests and roots of the book', () => {
    const book = aBook(vectors.book.map((wire) => decodeOrder(hexToBytes(wire))))
    for (const { from, digests, root } of vectors.digests) {
      expect(book.digests(from)).to.deep.include({ digests, root })
    }
  })

  it('should read every message and write the same bytes', () => {
    expect(vectors.messages).to.have.lengthOf(11)
    for (const { name, wire } of vectors.messages) {
      expect(toHex(encodeBookMessage(decodeBookMessage(hexToBytes(wire)))), name).to.equal(wire)
    }
  })

  it('should answer the questions as the file does', () => {
    const book = aBook(vectors.book.map((wire) => decodeOrder(hexToBytes(wire))))
    for (const [question, answer] of [[0, 1], [2, 3], [5, 6], [7, 8]]) {
      const asked = decodeBookMessage(hexToBytes(vectors.messages[question].wire)) as BookQuestion
      expect(toHex(encodeBookMessage(answerBook(book, vectors.digests[0].from, asked)))).to.equal(vectors.messages[answer].wire)
    }
  })

  it('should refuse what is invalid', () => {
    for (const { name, wire } of vectors.invalid) {
      let error: unknown
      try {
        decodeBookMessage(hexToBytes(wire))
      } catch (thrown) {
        error = thrown
      }
      expect(hasCode(error, 'NETWORK_MALFORMED'), name).to.equal(true)
    }
  })
})
