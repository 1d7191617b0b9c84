import { expect } from 'aegir/chai'
import { encodeDeployData, toFunctionSelector, toHex, zeroAddress, zeroHash } from 'viem'
import { energyEscrowAbi, practiceTokenAbi } from '../../contracts/abi.ts'
import { skipReasons } from '../../contracts/skip-reasons.ts'
import {
  DAY_SEC, EURO, LOCK_SEC, SLOT_SEC, START_SEC, household, namedKey, outcomes, position, revertOf, slotOf, startEscrow,
  statements, unsigned
} from '../helpers/escrow-fixture.ts'
import { EscrowDesk } from './escrow-desk.ts'
import { describeEach } from './implementations.ts'
import type { EscrowFixture, Household, Sig } from '../helpers/escrow-fixture.ts'

const alice = household(1)
const bob = household(2)
const carol = household(3)
const stranger = namedKey('stranger')
const LIMIT = 100n * EURO
const KEY_END = START_SEC + 90 * DAY_SEC

describeEach('energy escrow', bytecode => {
  let chain: EscrowFixture
  let desk: EscrowDesk
  let stop: () => Promise<void>
  let fresh: `0x${string}`

  before(async () => {
    ({ chain, stop } = await startEscrow(bytecode()))
    desk = new EscrowDesk(chain, alice, bob)
    for (const who of [alice, bob, carol]) {
      await chain.join(who, { money: 1000n * EURO, dailyLimit: LIMIT })
    }
  })

  beforeEach(async () => { fresh = await chain.client.snapshot() })
  afterEach(async () => { await chain.client.revert({ id: fresh }) })
  after(async () => { await stop() })

  describe('money of an owner', () => {
    it('should credit a deposit to any owner', async () => {
      await chain.mint(alice, 5n * EURO)
      const [event] = await chain.send(alice.owner, 'deposit', [bob.owner.address, 5n * EURO])

      expect(event.eventName).to.equal('Deposited')
      expect(event.args).to.deep.equal({ owner: bob.owner.address, amount: 5n * EURO })
      expect((await chain.account(bob)).balance).to.equal(1005n * EURO)
      expect(await chain.tokensOf(chain.escrow)).to.equal(3005n * EURO)
    })

    it('should refuse a deposit of nothing or for nobody: ZeroInput', async () => {
      expect(await revertOf(chain.send(alice.owner, 'deposit', [alice.owner.address, 0n]))).to.equal('ZeroInput')
      expect(await revertOf(chain.send(alice.owner, 'deposit', [zeroAddress, 1n]))).to.equal('ZeroInput')
    })

    it('should refuse to be deployed without a token: ZeroInput', async () => {
      const data = encodeDeployData({ abi: energyEscrowAbi, bytecode: bytecode(), args: [zeroAddress] })
      await expect(chain.client.call({ data })).to.be.rejectedWith(toFunctionSelector('ZeroInput()'))
    })

    it('should deposit with a permit, even one that someone else submitted first', async () => {
      const deposit = async (frontRun: boolean): Promise<void> => {
        const { amount, deadline, v, r, s } = await desk.permit(5n * EURO)
        if (frontRun) {
          await desk.submitPermit({ amount, deadline, v, r, s })
        }
        await chain.send(alice.owner, 'depositWithPermit', [amount, deadline, v, r, s])
      }
      await chain.mint(alice, 10n * EURO)
      // forget the allowance that minting gave, so that only a permit can pay
      await desk.approve(0n)

      await deposit(false)
      await deposit(true)
      expect((await chain.account(alice)).balance).to.equal(1010n * EURO)
    })

    it('should pay free money out to its owner only', async () => {
      const [event] = await chain.send(alice.owner, 'withdraw', [400n * EURO])

      expect(event.eventName).to.equal('Withdrawn')
      expect(event.args).to.deep.equal({ owner: alice.owner.address, amount: 400n * EURO })
      expect((await chain.account(alice)).balance).to.equal(600n * EURO)
      expect(await chain.tokensOf(alice.owner.address)).to.equal(400n * EURO)
    })

    it('should refuse to pay out nothing, or more than is free: ZeroInput, Unfunded', async () => {
      await desk.open({ cap: 30n * EURO })

      expect(await revertOf(chain.send(alice.owner, 'withdraw', [0n]))).to.equal('ZeroInput')
      expect(await revertOf(chain.send(alice.owner, 'withdraw', [970n * EURO + 1n]))).to.equal('Unfunded')
      expect(await revertOf(chain.send(alice.owner, 'withdraw', [970n * EURO]))).to.equal('none')
    })
  })

  describe('hot keys', () => {
    it('should register a key with a life and a limit', async () => {
      const [event] = await chain.send(alice.owner, 'setSigner', [stranger.address, START_SEC + 60, 5n])

      expect(event.eventName).to.equal('SignerSet')
      expect(event.args).to.deep.equal({ owner: alice.owner.address, signer: stranger.address, validUntil: START_SEC + 60, limit: 5n })
      expect(await chain.read('signerOf', [alice.owner.address, stranger.address])).to.deep.equal([START_SEC + 60, 0, 5n, 0n])
    })

    it('should refuse the zero address, which broken signatures recover to: ZeroInput', async () => {
      expect(await revertOf(chain.send(alice.owner, 'setSigner', [zeroAddress, KEY_END, 1n]))).to.equal('ZeroInput')
    })

    it('should shorten a life to the notice and not by a second more: NoticeTooShort', async () => {
      const shorten = async (validUntil: number): Promise<string> =>
        revertOf(chain.send(alice.owner, 'setSigner', [alice.key.address, validUntil, 0n]))

      expect(await shorten(START_SEC + LOCK_SEC - 1)).to.equal('NoticeTooShort')
      expect(await shorten(START_SEC + LOCK_SEC)).to.equal('none')
    })

    it('should change the limit of a key near the end of its life, and extend it', async () => {
      await chain.warp(KEY_END - 60)

      expect(await revertOf(chain.send(alice.owner, 'setSigner', [alice.key.address, KEY_END, 1n]))).to.equal('none')
      expect(await revertOf(chain.send(alice.owner, 'setSigner', [alice.key.address, KEY_END + 1, 1n]))).to.equal('none')
      expect(await revertOf(chain.send(alice.owner, 'setSigner', [alice.key.address, KEY_END, 1n]))).to.equal('NoticeTooShort')
    })

    it('should let a key die at its exact second', async () => {
      const expiry = slotOf(KEY_END) - 1
      await chain.warp(KEY_END - 1)
      expect(await desk.settle({ expiry })).to.deep.equal(['Settled'])
      await chain.warp(KEY_END)
      expect(await desk.settle({ expiry, through: position(desk.slot, 1) })).to.deep.equal(['BuyerSigner'])
    })
  })

  describe('receipts', () => {
    it('should open a tab, with the ceiling reserved and nothing paid', async () => {
      const receipt = desk.receipt({ cap: 30n * EURO })
      const [event] = await desk.submit([receipt])

      expect(event.eventName).to.equal('Settled')
      expect(event.args).to.deep.equal({ buyer: receipt.buyer, seller: receipt.seller, tab: unsigned(receipt)[2] })
      expect(await chain.tab(alice, bob)).to.deep.equal({ cap: receipt.cap, paid: 0n, through: receipt.through, expiry: receipt.expiry })
      expect(await chain.account(alice)).to.deep.equal({ balance: 1000n * EURO, reserved: 30n * EURO })
    })

    it('should pay the difference to the last total and refill the ceiling', async () => {
      await desk.open({ cap: 30n * EURO })
      await desk.settle({ through: position(desk.slot, 1), total: 12n * EURO, cap: 42n * EURO })
      await desk.settle({ through: position(desk.slot, 2), total: 20n * EURO, cap: 42n * EURO })

      expect(await chain.account(alice)).to.deep.equal({ balance: 980n * EURO, reserved: 22n * EURO })
      expect(await chain.account(bob)).to.deep.equal({ balance: 1020n * EURO, reserved: 0n })
    })

    it('should close a tab early when both agree on a lower ceiling', async () => {
      await desk.open({ cap: 30n * EURO })
      await desk.settle({ through: position(desk.slot, 1), total: 12n * EURO, cap: 12n * EURO })

      expect(await chain.account(alice)).to.deep.equal({ balance: 988n * EURO, reserved: 0n })
      expect(await revertOf(chain.send(alice.owner, 'withdraw', [988n * EURO]))).to.equal('none')
    })

    it('should accept a receipt after expiry while the ceiling stands', async () => {
      await desk.open({ cap: 30n * EURO, expiry: desk.slot + 1 })
      await chain.warp(START_SEC + DAY_SEC)

      expect(await desk.settle({ through: position(desk.slot, 1), total: 30n * EURO, cap: 30n * EURO })).to.deep.equal(['Settled'])
    })

    it('should settle many pairs at once, for whoever submits them', async () => {
      const other = new EscrowDesk(chain, carol, alice)
      const receipts = [desk.receipt({}), other.receipt({})]
      const buyerSigs = [await chain.signReceipt(receipts[0], alice.key), await chain.signReceipt(receipts[1], carol.key)]
      const sellerSigs = [await chain.signReceipt(receipts[0], bob.key), await chain.signReceipt(receipts[1], alice.key)]
      const events = await chain.send(household(9).owner, 'settle', statements(receipts, buyerSigs, sellerSigs))

      expect(outcomes(events)).to.deep.equal(['Settled', 'Settled'])
    })

    it('should take a submission by the seller or its key for its signature', async () => {
      expect(await desk.settle({}, { from: bob.owner, seller: null })).to.deep.equal(['Settled'])
      expect(await desk.settle({ through: position(desk.slot, 2) }, { from: bob.key, seller: null })).to.deep.equal(['Settled'])
      expect(await desk.settle({ through: position(desk.slot, 3) }, { from: alice.owner, seller: null })).to.deep.equal(['SellerSigner'])
    })

    it('should count what it settled', async () => {
      const { result } = await chain.client.simulateContract({
        address: chain.escrow, abi: energyEscrowAbi, functionName: 'settle', args: await desk.signed([desk.receipt({}), desk.receipt({})])
      })
      expect(result).to.equal(1n)
    })

    it('should say which receipt of which statement it passed over', async () => {
      const other = new EscrowDesk(chain, carol, alice)
      const receipts = [other.receipt({}), desk.receipt({}), desk.receipt({})]
      const by = async (...keys: Household[]): Promise<Sig[]> => Promise.all(receipts.map(async (receipt, index) => chain.signReceipt(receipt, keys[index].key)))
      const events = await chain.send(household(9).owner, 'settle', statements(receipts, await by(carol, alice, alice), await by(alice, bob, bob)))

      expect(outcomes(events)).to.deep.equal(['Settled', 'Settled', 'Stale'])
      expect(events[2].args).to.include({ statement: 1n, receipt: 1n })
    })

    it('should not take the signature of nobody for that of an owner at address zero', async () => {
      const receipt = desk.receipt({ seller: zeroAddress })
      const buyer = await chain.signReceipt(receipt, alice.key)

      expect(outcomes(await chain.send(bob.owner, 'settle', statements([receipt], [buyer], [{ r: toHex(1, { size: 32 }), vs: zeroHash }])))).to.deep.equal(['SellerSigner'])
    })

    it('should clip a rise of the ceiling to the daily limit of the key', async () => {
      await desk.open({ cap: LIMIT - 2n })
      await desk.settle({ through: position(desk.slot, 1), cap: LIMIT - 1n })
      await desk.settle({ through: position(desk.slot, 2), cap: LIMIT + 1n })
      expect((await chain.tab(alice, bob)).cap).to.equal(LIMIT)

      await chain.warp(START_SEC + 16 * 3600 - 1)
      await desk.settle({ through: position(desk.slot, 3), cap: LIMIT + 1n })
      expect((await chain.tab(alice, bob)).cap).to.equal(LIMIT)

      // midnight, UTC
      await chain.warp(START_SEC + 16 * 3600)
      await desk.settle({ through: position(desk.slot, 4), cap: LIMIT + 1n })
      expect((await chain.tab(alice, bob)).cap).to.equal(LIMIT + 1n)
    })

    it('should grant no rise when the limit was lowered below what the day has used', async () => {
      await desk.open({ cap: 50n * EURO })
      await chain.send(alice.owner, 'setSigner', [alice.key.address, KEY_END, 20n * EURO])
      await desk.settle({ through: position(desk.slot, 1), cap: 60n * EURO })

      expect((await chain.tab(alice, bob)).cap).to.equal(50n * EURO)
    })

    it('should clip a rise of the ceiling to free money, so that no euro is promised twice', async () => {
      await chain.send(alice.owner, 'withdraw', [960n * EURO])
      await desk.open({ cap: 30n * EURO })
      await new EscrowDesk(chain, alice, carol).open({ cap: 30n * EURO })

      expect((await chain.tab(alice, bob)).cap).to.equal(30n * EURO)
      expect((await chain.tab(alice, carol)).cap).to.equal(10n * EURO)
      expect(await chain.account(alice)).to.deep.equal({ balance: 40n * EURO, reserved: 40n * EURO })
    })
  })

  describe('receipts it skips', () => {
    // each breaks one rule of an otherwise good receipt; the limits themselves are still good
    const cases: ReadonlyArray<{ why: typeof skipReasons[number], bad(): Parameters<EscrowDesk['settle']>, good?(): Parameters<EscrowDesk['settle']> }> = [
      { why: 'BuyerSigner', bad: () => [{}, { buyer: stranger }] },
      { why: 'SellerSigner', bad: () => [{}, { seller: stranger }] },
      { why: 'SelfTrade', bad: () => [{ seller: alice.owner.address }, { seller: alice.key }] },
      { why: 'Stale', bad: () => [{ through: position(desk.slot, 0) }], good: () => [{ through: position(desk.slot, 1) }] },
      { why: 'Future', bad: () => [{ through: position(desk.slot + 2) }], good: () => [{ through: position(desk.slot + 1, 65_535) }] },
      { why: 'Backwards', bad: () => [{ total: 5n * EURO - 1n }], good: () => [{ total: 5n * EURO }] },
      { why: 'Backwards', bad: () => [{ total: 9n * EURO, cap: 9n * EURO - 1n }], good: () => [{ total: 9n * EURO, cap: 9n * EURO }] },
      { why: 'LockTooLong', bad: () => [{ expiry: slotOf(START_SEC + LOCK_SEC) + 2 }], good: () => [{ expiry: slotOf(START_SEC + LOCK_SEC) + 1 }] },
      { why: 'KeyTooShort', bad: () => [{ expiry: desk.slot + 11 }, { buyer: stranger }], good: () => [{ expiry: desk.slot + 10 }, { buyer: stranger }] },
      { why: 'Unfunded', bad: () => [{ total: LIMIT + 1n, cap: LIMIT + 1n }], good: () => [{ total: LIMIT, cap: LIMIT + 1n }] }
    ]

    const settle = async ([special, hands]: Parameters<EscrowDesk['settle']>): Promise<string[]> =>
      desk.settle({ total: 5n * EURO, ...special }, hands)

    cases.forEach(({ why, bad, good }, index) => {
      it(`should skip with ${why} and change nothing, example ${index + 1}`, async () => {
        await desk.open({ total: 5n * EURO, cap: 10n * EURO })
        if (why === 'KeyTooShort') {
          await chain.send(alice.owner, 'setSigner', [stranger.address, (desk.slot + 10) * SLOT_SEC, LIMIT])
        }
        await chain.warp(START_SEC + SLOT_SEC)
        const before = [await chain.tab(alice, bob), await chain.account(alice), await chain.account(bob)]

        expect(await settle(bad())).to.deep.equal([why])
        expect([await chain.tab(alice, bob), await chain.account(alice), await chain.account(bob)]).to.deep.equal(before)
        if (good != null) {
          expect(await settle(good())).to.deep.equal(['Settled'])
        }
      })
    })

    it('should name every skip reason above, in the order of the contract', () => {
      expect([...new Set(cases.map(({ why }) => why))]).to.deep.equal([...skipReasons])
    })

    it('should report the first reason in order when several hold', async () => {
      await desk.open({})

      expect(await desk.settle({ through: 1, total: 9n, cap: 1n, expiry: 9_000_000 }, { seller: stranger })).to.deep.equal(['SellerSigner'])
      expect(await desk.settle({ through: 1, total: 9n, cap: 1n, expiry: 9_000_000 })).to.deep.equal(['Stale'])
      expect(await desk.settle({ total: 9n, cap: 1n, expiry: 9_000_000 })).to.deep.equal(['Backwards'])
      expect(await desk.settle({ expiry: 9_000_000 })).to.deep.equal(['LockTooLong'])
    })
  })

  describe('claims', () => {
    beforeEach(async () => {
      await desk.open({ cap: 30n * EURO })
      await chain.warp(START_SEC + SLOT_SEC)
    })

    it('should pay a silent buyer\'s trade from its ceiling', async () => {
      const [event] = await desk.claim(desk.trade({ wh: 1234, pricePerKWh: 333_333n }))

      expect(event.eventName).to.equal('Claimed')
      expect(event.args).to.deep.equal({
        buyer: alice.owner.address, seller: bob.owner.address, position: position(desk.slot, 1), wh: 1234, amount: 411_332n
      })
      expect(await chain.tab(alice, bob)).to.include({ cap: 30n * EURO, paid: 411_332n, through: position(desk.slot, 1) })
      expect(await chain.account(alice)).to.deep.equal({ balance: 1000n * EURO - 411_332n, reserved: 30n * EURO - 411_332n })
      expect((await chain.account(bob)).balance).to.equal(1000n * EURO + 411_332n)
    })

    it('should pay the lesser of contracted and what is left of the reading', async () => {
      const first = desk.trade({ seq: 1, wh: 700 })
      const second = desk.trade({ seq: 2, wh: 700 })
      await desk.claim(first, { reading: 1000 })
      const [event] = await desk.claim(second, { reading: 1000 })

      expect(event.args).to.include({ wh: 300 })
      expect(await chain.read('claimedWh', [first.attester, first.meter, first.slot])).to.equal(1000n)
      expect(await chain.read('claimedWh', [first.attester, first.meter, first.slot + 1])).to.equal(0n)
    })

    it('should pay no more than what is left of the ceiling', async () => {
      await desk.claim(desk.trade({ seq: 1, wh: 10_000, pricePerKWh: EURO }))
      const [event] = await desk.claim(desk.trade({ seq: 2, wh: 31_000, pricePerKWh: EURO }))

      expect(event.args).to.include({ wh: 31_000, amount: 20n * EURO })
      expect(await chain.account(alice)).to.deep.equal({ balance: 970n * EURO, reserved: 0n })
    })

    it('should let the seller\'s live key claim, and nobody else: NotSeller', async () => {
      expect(await revertOf(desk.claim(desk.trade({}), { from: alice.owner }))).to.equal('NotSeller')
      expect(await revertOf(desk.claim(desk.trade({}), { from: carol.key }))).to.equal('NotSeller')
      expect(await revertOf(desk.claim(desk.trade({}), { from: bob.key }))).to.equal('none')
    })

    it('should refuse a slot one second before it is over: TooEarly', async () => {
      const trade = desk.trade({ slot: desk.slot + 1 })

      await chain.warp(START_SEC + 2 * SLOT_SEC - 1)
      expect(await revertOf(desk.claim(trade))).to.equal('TooEarly')
      await chain.warp(START_SEC + 2 * SLOT_SEC)
      expect(await revertOf(desk.claim(trade))).to.equal('none')
    })

    it('should refuse a trade one second after its claimBy: TooLate', async () => {
      const trade = desk.trade({ claimBy: START_SEC + DAY_SEC })

      await chain.warp(START_SEC + DAY_SEC + 1)
      expect(await revertOf(desk.claim(trade))).to.equal('TooLate')
    })

    it('should take a trade in the last second of its claimBy', async () => {
      await chain.warp(START_SEC + DAY_SEC)
      expect(await revertOf(desk.claim(desk.trade({ claimBy: START_SEC + DAY_SEC })))).to.equal('none')
    })

    it('should refuse a pair that never had a tab: TooLate', async () => {
      const other = new EscrowDesk(chain, carol, bob)
      expect(await revertOf(other.claim(other.trade({})))).to.equal('TooLate')
    })

    it('should refuse a trade at or below the watermark: Stale', async () => {
      expect(await revertOf(desk.claim(desk.trade({ seq: 0 })))).to.equal('Stale')
    })

    it('should refuse signatures that are not the buyer\'s or the attester\'s: BadSignature', async () => {
      expect(await revertOf(desk.claim(desk.trade({}), { buyer: stranger }))).to.equal('BadSignature')
      expect(await revertOf(desk.claim(desk.trade({}), { buyer: alice.owner }))).to.equal('BadSignature')
      expect(await revertOf(desk.claim(desk.trade({}), { attester: stranger }))).to.equal('BadSignature')
      expect(await revertOf(desk.claim(desk.trade({}), { attestation: '0x' }))).to.equal('BadSignature')
    })

    it('should do all of a list or nothing', async () => {
      const good = await desk.evidence(desk.trade({ seq: 1 }))
      const again = await desk.evidence(desk.trade({ seq: 2 }))

      expect(await revertOf(chain.send(bob.owner, 'claim', [[good, again, good]]))).to.equal('Stale')
      expect(outcomes(await chain.send(bob.owner, 'claim', [[good, again]]))).to.deep.equal(['Claimed', 'Claimed'])
    })
  })

  describe('release', () => {
    const sellers = [bob.owner.address, carol.owner.address]

    it('should free what is left of expired tabs, whoever asks', async () => {
      await desk.open({ total: 4n * EURO, cap: 30n * EURO, expiry: desk.slot + 4 })
      await chain.warp(START_SEC + 4 * SLOT_SEC)
      const events = await chain.send(household(9).owner, 'release', [alice.owner.address, sellers])

      // carol has no tab: passed over in silence
      expect(events.map(event => event.eventName)).to.deep.equal(['Released'])
      expect(events[0].args).to.deep.equal({ buyer: alice.owner.address, seller: bob.owner.address, freed: 26n * EURO })
      expect(await chain.account(alice)).to.deep.equal({ balance: 996n * EURO, reserved: 0n })
      expect(await chain.tab(alice, bob)).to.include({ cap: 4n * EURO, paid: 4n * EURO, through: position(desk.slot) })
    })

    it('should refuse a tab that is still open: TooEarly', async () => {
      await desk.open({ expiry: desk.slot + 4 })
      expect(await revertOf(chain.send(alice.owner, 'release', [alice.owner.address, sellers]))).to.equal('TooEarly')
    })

    it('should let a released tab open again where its counters stood', async () => {
      await desk.open({ total: 4n * EURO, cap: 30n * EURO, expiry: desk.slot + 4 })
      await chain.warp(START_SEC + 4 * SLOT_SEC)
      await chain.send(bob.owner, 'release', [alice.owner.address, sellers])

      expect(await desk.settle({ through: position(desk.slot), total: 4n * EURO })).to.deep.equal(['Stale'])
      expect(await desk.settle({ through: position(desk.slot, 1), total: 4n * EURO, cap: 9n * EURO })).to.deep.equal(['Settled'])
      expect((await chain.account(alice)).reserved).to.equal(5n * EURO)
    })
  })

  describe('views', () => {
    it('should hash every message as typed data does elsewhere', async () => {
      const receipt = desk.receipt({ total: 3n })
      const trade = desk.trade({ ref: '0x'.padEnd(66, '7') as `0x${string}`, seq: 65_535 })
      const reading = { attester: trade.attester, seller: trade.seller, meter: trade.meter, slot: trade.slot, wh: 4_294_967_295 }

      expect(await chain.read('receiptDigest', unsigned(receipt))).to.equal(chain.digest({ primaryType: 'Receipt', message: receipt }))
      expect(await chain.read('tradeDigest', [trade])).to.equal(chain.digest({ primaryType: 'Trade', message: trade }))
      expect(await chain.read('readingDigest', [reading.attester, reading.seller, reading.meter, reading.slot, reading.wh]))
        .to.equal(chain.digest({ primaryType: 'Reading', message: reading }))
    })

    it('should tell its domain, token and constants', async () => {
      expect(await chain.read('eip712Domain', [])).to.deep.equal(['0x0f', 'EnergyEscrow', '1', 31_337n, chain.escrow, zeroHash, []])
      expect(await chain.read('token', [])).to.equal(chain.token)
      expect(await chain.read('SLOT_SECONDS', [])).to.equal(BigInt(SLOT_SEC))
      expect(await chain.read('MAX_LOCK', [])).to.equal(BigInt(LOCK_SEC))
      expect(await chain.read('NOTICE', [])).to.equal(BigInt(LOCK_SEC))
    })

    it('should be denominated in practice money of six decimals', async () => {
      const ask = async (functionName: 'name' | 'symbol' | 'decimals'): Promise<string | number> =>
        chain.client.readContract({ address: chain.token, abi: practiceTokenAbi, functionName })

      expect([await ask('name'), await ask('symbol'), await ask('decimals')]).to.deep.equal(['Practice Euro', 'pEUR', 6])
    })
  })
})
