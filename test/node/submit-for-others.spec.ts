import { expect } from 'aegir/chai'
import { MAX_QUEUED_PER_PEER, MAX_QUEUE_SEC, MAX_RECEIPTS_PER_PEER_DAY } from '../../protocols/trade/constants.ts'
import { CodedError } from '../../src/domain/errors.ts'
import { position, slotOf } from '../../src/domain/period.ts'
import { flatProfile, startMemoryHomes, STREET_START } from '../helpers/street.ts'
import { expectAllEnded, expectMoneyAddsUp, expectTwins, inState, tradesOf } from './street-checks.ts'
import type { Receipt, SignedReceipt } from '../../src/domain/receipt.ts'
import type { TradeAnswer } from '../../src/domain/trade-message.ts'
import type { Account } from '../../src/domain/units.ts'
import type { Settled } from '../../src/ports/settlement.ts'
import type { MemoryHomesInit, MemoryStreetHomes, Neighbour } from '../helpers/street.ts'

const HOUR = 3600
const OFFERER = 0
const SELLERS = [1, 2]
const TRADING_ENDS = STREET_START + 2 * HOUR

interface Batch {
  readonly by: number
  readonly receipts: readonly SignedReceipt[]
}

/** One home that offers to submit and trades nothing, two sellers, two buyers; every batch that a home sends is noted. */
async function startStreet (batches: Batch[], options: MemoryHomesInit & { sends?(): Promise<Settled> } = {}): Promise<MemoryStreetHomes> {
  const profiles = [flatProfile(0, 0), flatProfile(0, 400), flatProfile(0, 500), flatProfile(500, 0), flatProfile(600, 0)]
  return startMemoryHomes(profiles, {
    ...options,
    home: { tradeUntil: TRADING_ENDS, settleEverySec: HOUR, ...options.home },
    homeOf: (index) => ({ submitForOthers: index === OFFERER, ...options.homeOf?.(index) }),
    adapt: (index, { settlement }) => ({
      settlement: {
        ...settlement,
        settle: async (receipts) => {
          batches.push({ by: index, receipts })
          return index === OFFERER && options.sends != null ? options.sends() : settlement.settle(receipts)
        }
      }
    })
  })
}

const sellersOf = ({ receipts }: Batch): Set<Account> => new Set(receipts.map(({ receipt }) => receipt.seller))

async function expectSettled (street: MemoryStreetHomes): Promise<void> {
  await expectAllEnded(street.homes)
  await expectTwins(street.homes)
  await expectMoneyAddsUp(street)
  const trades = (await Promise.all(street.homes.map(tradesOf))).flat()
  expect(inState(trades, 'settled').length).to.be.at.least(8)
  expect(inState(trades, 'lapsed', 'claimed').length).to.equal(0)
}

describe('submitting for the street', () => {
  it('should settle the receipts of several sellers in one transaction of the home that offers it', async () => {
    const batches: Batch[] = []
    const street = await startStreet(batches)
    await street.clock.advanceTo(STREET_START + 6 * HOUR)
    await expectSettled(street)
    const [, ...sellers] = street.homes.slice(0, 3).map(({ owner }) => owner)
    const ofOfferer = batches.filter(({ by }) => by === OFFERER)
    expect(ofOfferer.some((batch) => sellers.every((seller) => sellersOf(batch).has(seller)))).to.equal(true)
    expect(batches.filter(({ by }) => SELLERS.includes(by)).length, 'the sellers sent nothing').to.equal(0)
    await street.stop()
  })

  it('should leave it to the sellers when nobody offers it', async () => {
    const batches: Batch[] = []
    const street = await startStreet(batches, { homeOf: () => ({ submitForOthers: false }) })
    await street.clock.advanceTo(STREET_START + 6 * HOUR)
    await expectSettled(street)
    expect(batches.filter(({ by }) => by === OFFERER).length).to.equal(0)
    await street.stop()
  })

  const failures: ReadonlyArray<[string, () => Promise<Settled>]> = [
    ['never lands', async () => ({ tx: `0x${'ab'.repeat(32)}`, gasUsed: 1n, skipped: [] })],
    ['cannot be sent', async () => { throw new CodedError('CHAIN_UNREACHABLE', 'The chain does not answer.') }]
  ]
  for (const [what, sends] of failures) {
    it(`should be done by the sellers themselves when the transaction of the home that took it ${what}`, async () => {
      const batches: Batch[] = []
      const street = await startStreet(batches, { sends })
      await street.clock.advanceTo(STREET_START + 8 * HOUR)
      const homes = street.homes.slice(1)
      await expectTwins(homes)
      await expectAllEnded(homes)
      expect(batches.some(({ by }) => by === OFFERER)).to.equal(true)
      expect(new Set(batches.filter(({ by }) => SELLERS.includes(by)).map(({ by }) => by)).size).to.equal(2)
      await street.stop()
    })
  }

  describe('the home that offers it', () => {
    let street: MemoryStreetHomes
    let seller: Neighbour
    let buyer: Neighbour
    let receipt: Receipt
    const batches: Batch[] = []

    beforeEach(async () => {
      batches.length = 0
      street = await startStreet(batches, { home: { tradeUntil: 0 } })
      seller = await street.neighbour(9)
      buyer = await street.neighbour(8)
      receipt = {
        buyer: buyer.owner, seller: seller.owner, through: position(slotOf(STREET_START), 1), total: 10n, cap: 100n, expiry: slotOf(STREET_START) + 96
      }
    })

    afterEach(async () => street.stop())

    const signed = (content: Receipt): SignedReceipt =>
      ({ receipt: content, buyerSignature: buyer.signer.signReceipt(content), sellerSignature: seller.signer.signReceipt(content) })
    const submit = async (content: SignedReceipt, from: Neighbour = seller): Promise<TradeAnswer> =>
      from.ask(street.homes[OFFERER], { kind: 'submit', signed: content })
    const codeOf = (answer: TradeAnswer): string => answer.kind === 'decline' ? answer.code : answer.kind

    it('should take a good receipt, say until when, and submit it in time', async () => {
      expect(await submit(signed(receipt))).to.deep.equal({ kind: 'queued', by: STREET_START + MAX_QUEUE_SEC })
      await street.clock.advanceTo(STREET_START + MAX_QUEUE_SEC)
      expect((await seller.settlement.tab(buyer.owner, seller.owner)).paid).to.equal(10n)
      expect(codeOf(await submit(signed(receipt)))).to.equal('STALE_RECEIPT')
    })

    it('should give the same answer to the same receipt, and submit the newest only', async () => {
      const first = await submit(signed(receipt))
      await street.clock.advanceTo(STREET_START + 60)
      expect(await submit(signed(receipt))).to.deep.equal(first)
      expect(await submit(signed({ ...receipt, through: receipt.through + 1, total: 20n }))).to.deep.equal(first)
      await street.clock.advanceTo(STREET_START + MAX_QUEUE_SEC)
      expect(batches.map(({ receipts }) => receipts.map(({ receipt: { total } }) => total))).to.deep.equal([[20n]])
    })

    it('should refuse what the escrow would pass over', async () => {
      const now = slotOf(STREET_START)
      const cases: Array<[Partial<Receipt>, string]> = [
        [{ through: 0 }, 'STALE_RECEIPT'], [{ total: 0n }, 'STALE_RECEIPT'], [{ through: position(now + 1, 0) }, 'BAD_TERMS'],
        [{ total: 101n }, 'CEILING'], [{ total: 10n ** 9n, cap: 10n ** 9n }, 'CEILING'], [{ expiry: now + 14 * 96 + 1 }, 'EXPIRY'],
        [{ buyer: `0x${'77'.repeat(20)}` }, 'KEY_NOT_REGISTERED'], [{ seller: `0x${'77'.repeat(20)}` }, 'KEY_NOT_REGISTERED']
      ]
      for (const [change, code] of cases) {
        expect(codeOf(await submit(signed({ ...receipt, ...change })))).to.equal(code)
      }
      await street.clock.advanceTo(STREET_START + MAX_QUEUE_SEC)
      expect(batches).to.deep.equal([])
    })

    it('should refuse signatures that are not those of the buyer and of the sender', async () => {
      const good = signed(receipt)
      expect(codeOf(await submit(good, buyer))).to.equal('BAD_SIGNATURE')
      expect(codeOf(await submit({ ...good, sellerSignature: good.buyerSignature }))).to.equal('BAD_SIGNATURE')
      expect(codeOf(await submit({ ...good, buyerSignature: `0x${'00'.repeat(64)}` }))).to.equal('BAD_SIGNATURE')
      expect(codeOf(await submit({ ...good, receipt: { ...receipt, total: 11n } }))).to.equal('BAD_SIGNATURE')
      expect(codeOf(await submit({ ...good, buyerSignature: good.sellerSignature }))).to.equal('KEY_NOT_REGISTERED')
    })

    it('should refuse everything when it does not offer it', async () => {
      const answer = await seller.ask(street.homes[1], { kind: 'submit', signed: signed(receipt) })
      expect(codeOf(answer)).to.equal('NOT_OFFERED')
    })

    it('should hold only so many receipts of one peer, and take only so many in a day', async () => {
      const answers: string[] = []
      for (let number = 1; number <= MAX_RECEIPTS_PER_PEER_DAY + 1; number++) {
        answers.push(codeOf(await submit(signed({ ...receipt, through: receipt.through + number, total: BigInt(number), cap: 1000n }))))
      }
      expect(answers.filter((answer) => answer === 'queued').length).to.equal(MAX_RECEIPTS_PER_PEER_DAY)
      expect(answers.at(-1)).to.equal('BUSY')
      await street.clock.advanceTo(STREET_START + 24 * HOUR)
      expect(codeOf(await submit(signed({ ...receipt, through: receipt.through + 200, total: 900n, cap: 1000n })))).to.equal('queued')
      expect(MAX_QUEUED_PER_PEER).to.be.below(MAX_RECEIPTS_PER_PEER_DAY)
    })
  })
})
