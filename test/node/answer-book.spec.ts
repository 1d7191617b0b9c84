import { expect } from 'aegir/chai'
import { answerBook } from '../../src/node/answer-book.ts'
import { aBook } from '../helpers/book-home.ts'
import { aSignedOrder, aSigner, NOON, RULES_DIGEST } from '../helpers/orders.ts'
import type { OrdersAnswer } from '../../src/domain/book-sync.ts'

describe('the book as neighbours are told of it', () => {
  it('should hold the work of each order, without which strangers would ignore it', () => {
    const orders = [{ ...aSignedOrder(), work: 77_777 }, aSignedOrder({ periodStart: NOON + 900 })]
    const answer = answerBook(aBook(orders), NOON, { kind: 'orders?', rules: RULES_DIGEST, signers: [aSigner().address] }) as OrdersAnswer
    expect(answer.orders.map(({ work }) => work)).to.deep.equal([77_777, undefined])
  })
})
