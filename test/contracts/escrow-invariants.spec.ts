import { expect } from 'aegir/chai'
import fc from 'fast-check'
import { skipReasons } from '../../contracts/skip-reasons.ts'
import {
  DAY_SEC, START_SEC, household, namedKey, outcomes, position, revertOf, slotOf, startEscrow
} from '../helpers/escrow-fixture.ts'
import { EscrowDesk } from './escrow-desk.ts'
import { EscrowModel } from './escrow-model.ts'
import { describeEach } from './implementations.ts'
import type { Tab } from './escrow-model.ts'
import type { EscrowFixture } from '../helpers/escrow-fixture.ts'

const RUNS = 24
const STEPS = 30
const people = [household(1), household(2), household(3)]
const pairs = people.flatMap(buyer => people.map(seller => [buyer, seller] as const))
const stranger = namedKey('stranger')

const person = fc.constantFrom(...people)
const money = fc.bigInt({ min: 0n, max: 60n })
const mostly = (weight: number): fc.Arbitrary<boolean> => fc.oneof({ weight, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) })
// self trades stay possible, once in a while
const pair = fc.oneof({ weight: 12, arbitrary: fc.constantFrom(...pairs.filter(([buyer, seller]) => buyer !== seller)) }, { weight: 1, arbitrary: fc.constantFrom(...pairs) })

const step = fc.oneof(
  { weight: 1, arbitrary: fc.record({ move: fc.constant('deposit' as const), who: person, amount: money }) },
  { weight: 2, arbitrary: fc.record({ move: fc.constant('withdraw' as const), who: person, amount: fc.bigInt({ min: 0n, max: 120n }) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      move: fc.constant('setSigner' as const), who: person, days: fc.constantFrom(1, 13, 14, 20, 40), limit: money
    })
  },
  { weight: 3, arbitrary: fc.record({ move: fc.constant('warp' as const), seconds: fc.constantFrom(1, 899, 900, 1800, DAY_SEC, 5 * DAY_SEC) }) },
  {
    weight: 9,
    arbitrary: fc.record({
      move: fc.constant('settle' as const),
      pair,
      slots: fc.constantFrom(-2, -1, -1, 0, 0, 1),
      seq: fc.nat(3),
      more: fc.integer({ min: -2, max: 25 }),
      room: fc.integer({ min: -1, max: 30 }),
      life: fc.constantFrom(1, 3, 96, 4 * 96, 14 * 96, 14 * 96 + 1),
      byBuyer: mostly(15),
      bySeller: mostly(15)
    })
  },
  {
    weight: 6,
    arbitrary: fc.record({
      move: fc.constant('claim' as const),
      pair,
      slots: fc.constantFrom(-3, -2, -1, -1, -1, 0),
      seq: fc.nat(3),
      wh: fc.nat(4000),
      reading: fc.nat(6000),
      patience: fc.constantFrom(-1, 0, DAY_SEC),
      byBuyer: mostly(15),
      byAttester: mostly(15)
    })
  },
  { weight: 3, arbitrary: fc.record({ move: fc.constant('release' as const), pair }) }
)

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

describeEach('energy escrow, any sequence of moves', bytecode => {
  let chain: EscrowFixture
  let stop: () => Promise<void>
  let start: `0x${string}`
  const seen = new Set<string>()

  before(async () => {
    ({ chain, stop } = await startEscrow(bytecode()))
    await Promise.all(people.map(async who => chain.join(who, { money: 100n, dailyLimit: 40n, lifeSec: 20 * DAY_SEC })))
    await Promise.all(people.map(async who => chain.mint(who, 10_000n)))
  })

  after(async () => { await stop() })

  it('should do what the model does and keep every coin accounted for', async () => {
    await fc.assert(fc.asyncProperty(fc.array(step, { minLength: STEPS, maxLength: STEPS }), async steps => {
      const model = openingModel()
      let before = await readTabs(chain)

      for (const next of steps) {
        const [expected, actual] = await play(next, model, chain)
        expect(actual).to.equal(expected)
        seen.add(`${next.move}: ${actual}`)
        before = await checkLedger(chain, model, before)
      }
    }).beforeEach(async () => { start = await chain.client.snapshot() })
      .afterEach(async () => { await chain.client.revert({ id: start }) }), { seed: 20_260_101, numRuns: RUNS, endOnFailure: true })
  })

  it('should have met every outcome on the way', () => {
    const all = [
      'deposit: Deposited', 'withdraw: Withdrawn', 'withdraw: Unfunded', 'setSigner: SignerSet', 'setSigner: NoticeTooShort',
      'settle: Settled', ...skipReasons.map(why => `settle: ${why}`),
      ...['Claimed', 'TooEarly', 'TooLate', 'Stale', 'BadSignature'].map(name => `claim: ${name}`),
      'release: Released', 'release: TooEarly', 'release: nothing'
    ]
    expect([...seen]).to.include.members(all)
  })
})

function openingModel (): EscrowModel {
  const model = new EscrowModel(START_SEC)

  for (const { owner } of people) {
    model.deposit(owner.address, 100n)
    model.setSigner(owner.address, START_SEC + 20 * DAY_SEC, 40n)
  }
  return model
}

/** Plays one step on both; returns what the model and what the chain made of it. */
async function play (next: Step, model: EscrowModel, chain: EscrowFixture): Promise<[string, string]> {
  if (next.move === 'warp') {
    model.now += next.seconds
    await chain.warp(model.now)
    return ['moved', 'moved']
  }
  if (next.move === 'settle' || next.move === 'claim' || next.move === 'release') {
    return playPair(next, model, chain)
  }

  const { owner, key } = next.who
  if (next.move === 'deposit') {
    return [model.deposit(owner.address, next.amount), await outcome(chain.send(owner, 'deposit', [owner.address, next.amount]))]
  }
  if (next.move === 'withdraw') {
    return [model.withdraw(owner.address, next.amount), await outcome(chain.send(owner, 'withdraw', [next.amount]))]
  }
  const validUntil = model.now + next.days * DAY_SEC
  return [
    model.setSigner(owner.address, validUntil, next.limit),
    await outcome(chain.send(owner, 'setSigner', [key.address, validUntil, next.limit]))
  ]
}

async function playPair (next: Extract<Step, { pair: unknown }>, model: EscrowModel, chain: EscrowFixture): Promise<[string, string]> {
  const [buyer, seller] = next.pair
  const desk = new EscrowDesk(chain, buyer, seller)
  const [from, to] = [buyer.owner.address, seller.owner.address]

  if (next.move === 'release') {
    return [model.release(from, to), await outcome(chain.send(buyer.owner, 'release', [from, [to]]))]
  }

  const slot = slotOf(model.now) + next.slots
  if (next.move === 'claim') {
    const trade = desk.trade({ slot, seq: next.seq, wh: next.wh, pricePerKWh: 5n, claimBy: model.now + next.patience, attester: seller.key.address })
    const hands = { reading: next.reading, buyer: next.byBuyer ? buyer.key : stranger, attester: next.byAttester ? seller.key : stranger }
    return [model.claim(trade, next), await outcome(desk.claim(trade, hands))]
  }

  const total = atLeastZero(model.tab(from, to).paid + BigInt(next.more))
  const cap = atLeastZero(total + BigInt(next.room))
  const receipt = desk.receipt({ through: position(slot, next.seq), total, cap, expiry: slotOf(model.now) + next.life })
  const hands = { buyer: next.byBuyer ? buyer.key : stranger, seller: next.bySeller ? seller.key : stranger }
  return [model.settle(receipt, next), await outcome(desk.submit([receipt], hands))]
}

/** The one event of a move, by its skip reason if it has one, or the name of its error. */
async function outcome (move: ReturnType<EscrowFixture['send']>): Promise<string> {
  const error = await revertOf(move)
  return error === 'none' ? outcomes(await move)[0] ?? 'nothing' : error
}

async function readTabs (chain: EscrowFixture): Promise<Tab[]> {
  return Promise.all(pairs.map(async ([buyer, seller]) => chain.tab(buyer, seller)))
}

/** Checks the ledger against the model and against the invariants, and returns the tabs as they are now. */
async function checkLedger (chain: EscrowFixture, model: EscrowModel, before: readonly Tab[]): Promise<Tab[]> {
  const [tabs, accounts, tokens] = await Promise.all([
    readTabs(chain),
    Promise.all(people.map(async who => chain.account(who))),
    chain.tokensOf(chain.escrow)
  ])

  expect(tabs).to.deep.equal(pairs.map(([buyer, seller]) => model.tab(buyer.owner.address, seller.owner.address)))
  expect(accounts).to.deep.equal(people.map(({ owner }) => model.account(owner.address)))
  expect(accounts.reduce((sum, { balance }) => sum + balance, 0n)).to.equal(tokens)

  for (const [index, { balance, reserved }] of accounts.entries()) {
    const own = tabs.filter((_, pairIndex) => pairs[pairIndex][0] === people[index])
    expect(own.reduce((sum, { cap, paid }) => sum + cap - paid, 0n)).to.equal(reserved)
    expect(reserved <= balance).to.equal(true)
  }
  for (const [index, { paid, through, cap }] of tabs.entries()) {
    expect(paid >= before[index].paid && through >= before[index].through && paid <= cap).to.equal(true)
  }
  return tabs
}

function atLeastZero (amount: bigint): bigint {
  return amount < 0n ? 0n : amount
}
