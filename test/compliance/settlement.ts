import { expect } from 'aegir/chai'
import { generatePrivateKey, privateKeyToAddress } from 'viem/accounts'
import { CodedError } from '../../src/domain/errors.ts'
import { position } from '../../src/domain/period.ts'
import { createLocalSigner } from '../../src/signing/local-signer.ts'
import { until } from '../helpers/until.ts'
import type { Claim, Receipt, SignedReceipt } from '../../src/domain/receipt.ts'
import type { TradeTerms } from '../../src/domain/trade.ts'
import type { Account, Hex, Money, UnixSeconds } from '../../src/domain/units.ts'
import type { OwnerSettlement, Settlement, SettlementEvent } from '../../src/ports/settlement.ts'
import type { SettlementDomain } from '../../src/signing/digests.ts'
import type { LocalSigner } from '../../src/signing/local-signer.ts'

/** What the suite needs of an implementation: one escrow, keys that can use it, and power over its time. */
export interface SettlementRig {
  readonly at: SettlementDomain
  /** The escrow through a hot key that can pay for transactions. */
  settlement(hotKey: Hex): Promise<Settlement>
  /** An owner with that much practice money in its wallet. */
  owner(ownerKey: Hex, wallet: Money): Promise<OwnerSettlement>
  now(): Promise<UnixSeconds>
  /** Lets time pass and mines a block. */
  pass(seconds: number): Promise<void>
  stop(): Promise<void>
}

interface Home {
  readonly account: Account
  readonly owner: OwnerSettlement
  readonly settlement: Settlement
  readonly signer: LocalSigner
}

interface Pair {
  readonly buyer: Home
  readonly seller: Home
}

const DAY = 86_400
const DEPOSIT = 100_000_000n
const DAILY_LIMIT = 20_000_000n
const KEY_LIFE = 60 * DAY
const METER: Hex = `0x${'5e'.repeat(32)}`
const NO_SIGNATURE: Hex = `0x${'00'.repeat(64)}`

/** Every implementation of the settlement port keeps these promises. `setup` makes an escrow of its own each time. */
export function testSettlement (name: string, setup: (confirmations: number) => Promise<SettlementRig>): void {
  describe(`settlement: ${name}`, () => {
    let rig: SettlementRig
    const started: Settlement[] = []

    before(async () => { rig = await setup(1) })
    after(async () => {
      await Promise.all(started.map(async (settlement) => settlement.stop()))
      await rig?.stop()
    })

    async function aHome (options: { deposit?: Money, limit?: Money, keyLife?: number } = {}): Promise<Home> {
      const [ownerKey, hotKey] = [generatePrivateKey(), generatePrivateKey()]
      const { deposit = DEPOSIT, limit = DAILY_LIMIT, keyLife = KEY_LIFE } = options
      const owner = await rig.owner(ownerKey, DEPOSIT)
      const signer = createLocalSigner(hotKey, rig.at)
      if (deposit > 0n) {
        await owner.deposit(deposit)
      }
      await owner.setKey(signer.address, await rig.now() + keyLife, limit)
      const settlement = await rig.settlement(hotKey)
      await settlement.start()
      started.push(settlement)
      return { account: addressOf(ownerKey), owner, settlement, signer }
    }

    async function aPair (options: Parameters<typeof aHome>[0] = {}): Promise<Pair> {
      return { buyer: await aHome(options), seller: await aHome({ deposit: 0n, limit: 0n }) }
    }

    /** A receipt through the slot before the last, whose tab stays open for four days. */
    async function aReceipt ({ buyer, seller }: Pair, changes: Partial<Receipt> = {}): Promise<Receipt> {
      const slot = Math.floor(await rig.now() / 900)
      return {
        buyer: buyer.account, seller: seller.account, through: position(slot - 2, 0), total: 0n, cap: 5_000_000n, expiry: slot + 4 * 96, ...changes
      }
    }

    function sign ({ buyer, seller }: Pair, receipt: Receipt): SignedReceipt {
      return { receipt, buyerSignature: buyer.signer.signReceipt(receipt), sellerSignature: seller.signer.signReceipt(receipt) }
    }

    /** Signs and submits one receipt; answers why it was skipped, or nothing. */
    async function submit (pair: Pair, changes: Partial<Receipt> = {}): Promise<string | undefined> {
      const { skipped } = await pair.seller.settlement.settle([sign(pair, await aReceipt(pair, changes))])
      return skipped[0]?.reason
    }

    /** A trade of one kWh at 0.30 in the last slot that is over, attested by the seller's hot key, claimable for a day. */
    async function aClaim (pair: Pair, changes: Partial<TradeTerms> = {}, readingWh = 1000): Promise<Claim> {
      const { buyer, seller } = pair
      const now = await rig.now()
      const terms: TradeTerms = {
        buyer: buyer.account,
        seller: seller.account,
        slot: Math.floor(now / 900) - 1,
        seq: 1,
        wh: 1000,
        pricePerKwh: 300_000n,
        attester: seller.signer.address,
        meter: METER,
        claimBy: now + DAY,
        ref: METER,
        ...changes
      }
      const { attester, meter, slot, seller: owner } = terms
      return {
        terms,
        readingWh,
        buyerSignature: buyer.signer.signTrade(terms),
        attestation: seller.signer.signReading({ attester, seller: owner, meter, slot, wh: readingWh })
      }
    }

    async function heard (settlement: Settlement, homes: readonly Home[], doing: () => Promise<unknown>, count: number): Promise<SettlementEvent[]> {
      const accounts = homes.map(({ account }) => account)
      const events: SettlementEvent[] = []
      const unwatch = settlement.watch((event) => {
        if (accounts.includes('owner' in event ? event.owner : event.buyer)) {
          events.push(event)
        }
      })
      await doing()
      await until(() => events.length >= count)
      unwatch()
      return events
    }

    it('should name its token', async () => {
      const home = await aHome({ deposit: 0n })
      expect(await home.settlement.token()).to.include({ symbol: 'pEUR', decimals: 6 })
    })

    describe('the owner', () => {
      it('should deposit, in parts, and withdraw', async () => {
        const home = await aHome({ deposit: 0n })
        await home.owner.deposit(30n)
        await home.owner.deposit(12n)
        expect(await home.settlement.account(home.account)).to.deep.equal({ balance: 42n, reserved: 0n })
        await home.owner.withdraw(40n)
        expect(await home.settlement.account(home.account)).to.deep.equal({ balance: 2n, reserved: 0n })
      })

      it('should be told the contract\'s own name for a refusal', async () => {
        const home = await aHome({ deposit: 5n })
        await expectRevert(home.owner.deposit(0n), 'ZeroInput')
        await expectRevert(home.owner.deposit(DEPOSIT), 'ERC20InsufficientBalance')
        await expectRevert(home.owner.withdraw(0n), 'ZeroInput')
        await expectRevert(home.owner.withdraw(6n), 'Unfunded')
        expect((await home.settlement.account(home.account)).balance).to.equal(5n)
      })

      it('should not withdraw what an open tab holds', async () => {
        const pair = await aPair()
        expect(await submit(pair)).to.equal(undefined)
        await expectRevert(pair.buyer.owner.withdraw(DEPOSIT - 5_000_000n + 1n), 'Unfunded')
        await pair.buyer.owner.withdraw(DEPOSIT - 5_000_000n)
      })

      it('should register a key and read it back', async () => {
        const home = await aHome({ limit: 7n })
        const validUntil = await rig.now() + KEY_LIFE
        await home.owner.setKey(home.signer.address, validUntil + DAY, 9n)
        expect(await home.settlement.key(home.account, home.signer.address)).to.deep.equal({ validUntil: validUntil + DAY, dailyLimit: 9n, leftToday: 9n })
        expect(await home.settlement.key(home.account, home.account)).to.deep.equal({ validUntil: 0, dailyLimit: 0n, leftToday: 0n })
      })

      it('should give notice before a key ends', async () => {
        const home = await aHome()
        const now = await rig.now()
        await expectRevert(home.owner.setKey(home.signer.address, now + 13 * DAY, 0n), 'NoticeTooShort')
        await home.owner.setKey(home.signer.address, now + 15 * DAY, 0n)
        expect((await home.settlement.key(home.account, home.signer.address)).validUntil).to.equal(now + 15 * DAY)
        await expectRevert(home.owner.setKey(`0x${'00'.repeat(20)}`, now + DAY, 0n), 'ZeroInput')
      })
    })

    describe('a tab', () => {
      it('should be empty for a pair that never met', async () => {
        const { buyer, seller } = await aPair()
        expect(await buyer.settlement.tab(buyer.account, seller.account)).to.deep.equal({ cap: 0n, paid: 0n, through: 0, expiry: 0 })
      })

      it('should open, pay, rise and close by receipts', async () => {
        const pair = await aPair()
        const { buyer, seller } = pair
        const opened = await aReceipt(pair)
        await buyer.settlement.settle([sign(pair, opened)])
        expect(await seller.settlement.tab(buyer.account, seller.account)).to.deep.equal({ cap: 5_000_000n, paid: 0n, through: opened.through, expiry: opened.expiry })
        expect(await seller.settlement.account(buyer.account)).to.deep.equal({ balance: DEPOSIT, reserved: 5_000_000n })

        const paid = { ...opened, through: opened.through + 1, total: 1_200_000n, cap: 6_000_000n }
        await seller.settlement.settle([sign(pair, paid)])
        expect(await seller.settlement.account(buyer.account)).to.deep.equal({ balance: DEPOSIT - 1_200_000n, reserved: 4_800_000n })
        expect(await seller.settlement.account(seller.account)).to.deep.equal({ balance: 1_200_000n, reserved: 0n })

        const closed = { ...paid, through: paid.through + 1, cap: paid.total }
        await seller.settlement.settle([sign(pair, closed)])
        expect(await seller.settlement.account(buyer.account)).to.deep.equal({ balance: DEPOSIT - 1_200_000n, reserved: 0n })
        await seller.owner.withdraw(1_200_000n)
      })

      it('should know the transactions that were mined, and no others', async () => {
        const pair = await aPair()
        const { tx } = await pair.seller.settlement.settle([sign(pair, await aReceipt(pair))])
        expect(await pair.buyer.settlement.isMined(tx)).to.equal(true)
        expect(await pair.buyer.settlement.isMined(`0x${'ab'.repeat(32)}`)).to.equal(false)
      })

      it('should say which receipts of a batch were passed over, and settle the rest', async () => {
        const pair = await aPair()
        const good = await aReceipt(pair, { total: 10n })
        const stale = { ...good, total: 20n }
        const next = { ...good, through: good.through + 1, total: 30n }
        const { skipped, tx } = await pair.seller.settlement.settle([good, stale, next].map((receipt) => sign(pair, receipt)))
        expect(skipped).to.deep.equal([{ index: 1, reason: 'STALE' }])
        expect(tx).to.match(/^0x[0-9a-f]{64}$/)
        expect((await pair.buyer.settlement.tab(pair.buyer.account, pair.seller.account)).paid).to.equal(30n)
      })

      it('should grant no more than is left of the key\'s daily limit', async () => {
        const pair = await aPair()
        const { buyer, seller } = pair
        const receipt = await aReceipt(pair, { cap: DAILY_LIMIT + 1_000_000n })
        await buyer.settlement.settle([sign(pair, receipt)])
        expect((await buyer.settlement.tab(buyer.account, seller.account)).cap).to.equal(DAILY_LIMIT)
        expect((await buyer.settlement.key(buyer.account, buyer.signer.address)).leftToday).to.equal(0n)

        await rig.pass(DAY)
        expect((await buyer.settlement.key(buyer.account, buyer.signer.address)).leftToday).to.equal(DAILY_LIMIT)
        await buyer.settlement.settle([sign(pair, { ...receipt, through: receipt.through + 1 })])
        expect((await buyer.settlement.tab(buyer.account, seller.account)).cap).to.equal(DAILY_LIMIT + 1_000_000n)
        expect((await buyer.settlement.key(buyer.account, buyer.signer.address)).leftToday).to.equal(DAILY_LIMIT - 1_000_000n)
      })

      it('should grant no more than the buyer\'s free money', async () => {
        const pair = await aPair({ deposit: 3_000_000n })
        expect(await submit(pair)).to.equal(undefined)
        expect((await pair.buyer.settlement.tab(pair.buyer.account, pair.seller.account)).cap).to.equal(3_000_000n)
        expect(await pair.buyer.settlement.account(pair.buyer.account)).to.deep.equal({ balance: 3_000_000n, reserved: 3_000_000n })
      })
    })

    describe('a receipt is skipped', () => {
      it('should name BUYER_SIGNER for a signature the buyer\'s keys did not make', async () => {
        const pair = await aPair()
        const signed = sign(pair, await aReceipt(pair))
        for (const buyerSignature of [signed.sellerSignature, NO_SIGNATURE]) {
          const { skipped } = await pair.seller.settlement.settle([{ ...signed, buyerSignature }])
          expect(skipped).to.deep.equal([{ index: 0, reason: 'BUYER_SIGNER' }])
        }
      })

      it('should name BUYER_SIGNER once the key has ended', async () => {
        const pair = await aPair({ keyLife: DAY })
        await rig.pass(DAY + 1)
        expect(await submit(pair)).to.equal('BUYER_SIGNER')
      })

      it('should name SELLER_SIGNER for a signature the seller\'s keys did not make', async () => {
        const pair = await aPair()
        const signed = sign(pair, await aReceipt(pair))
        const { skipped } = await pair.buyer.settlement.settle([{ ...signed, sellerSignature: signed.buyerSignature }])
        expect(skipped).to.deep.equal([{ index: 0, reason: 'SELLER_SIGNER' }])
      })

      it('should name SELF_TRADE', async () => {
        const buyer = await aHome()
        expect(await submit({ buyer, seller: buyer })).to.equal('SELF_TRADE')
      })

      it('should name STALE at the watermark', async () => {
        const pair = await aPair()
        const { through } = await aReceipt(pair)
        expect(await submit(pair, { through })).to.equal(undefined)
        expect(await submit(pair, { through, total: 1n })).to.equal('STALE')
      })

      it('should name FUTURE for a slot that has not begun', async () => {
        const pair = await aPair()
        const slot = Math.floor(await rig.now() / 900)
        expect(await submit(pair, { through: position(slot + 2, 0) })).to.equal('FUTURE')
      })

      it('should name BACKWARDS for a total below what was paid or above the ceiling', async () => {
        const pair = await aPair()
        const { through } = await aReceipt(pair)
        expect(await submit(pair, { through, total: 100n })).to.equal(undefined)
        expect(await submit(pair, { through: through + 1, total: 99n })).to.equal('BACKWARDS')
        expect(await submit(pair, { through: through + 1, total: 101n, cap: 100n })).to.equal('BACKWARDS')
      })

      it('should name LOCK_TOO_LONG beyond fourteen days', async () => {
        const pair = await aPair()
        const slot = Math.floor(await rig.now() / 900)
        expect(await submit(pair, { expiry: slot + 14 * 96 + 2 })).to.equal('LOCK_TOO_LONG')
        expect(await submit(pair, { expiry: slot + 14 * 96 })).to.equal(undefined)
      })

      it('should name KEY_TOO_SHORT when the buyer\'s key ends before the tab', async () => {
        const pair = await aPair({ keyLife: 2 * DAY })
        expect(await submit(pair)).to.equal('KEY_TOO_SHORT')
      })

      it('should name UNFUNDED when the total exceeds what can be granted', async () => {
        const pair = await aPair({ deposit: 3_000_000n })
        expect(await submit(pair, { total: 3_000_001n })).to.equal('UNFUNDED')
        expect(await pair.buyer.settlement.account(pair.buyer.account)).to.deep.equal({ balance: 3_000_000n, reserved: 0n })
      })
    })

    describe('a claim', () => {
      it('should pay the contracted energy of a silent buyer', async () => {
        const pair = await aPair()
        await submit(pair)
        await rig.pass(900)
        const claim = await aClaim(pair, {}, 5000)
        await pair.seller.settlement.claim([claim])
        const tab = await pair.seller.settlement.tab(pair.buyer.account, pair.seller.account)
        expect(tab).to.include({ paid: 300_000n, cap: 5_000_000n, through: position(claim.terms.slot, 1) })
        expect((await pair.seller.settlement.account(pair.seller.account)).balance).to.equal(300_000n)
        await expectRevert(pair.seller.settlement.claim([claim]), 'Stale')
      })

      it('should count a reading once, however many trades name it', async () => {
        const pair = await aPair()
        await submit(pair)
        await rig.pass(900)
        const first = await aClaim(pair, { seq: 1 }, 1400)
        const second = await aClaim(pair, { ...first.terms, seq: 2 }, 1400)
        await pair.seller.settlement.claim([first, second])
        expect((await pair.seller.settlement.tab(pair.buyer.account, pair.seller.account)).paid).to.equal(420_000n)
      })

      it('should pay no more than the ceiling', async () => {
        const pair = await aPair()
        await submit(pair, { cap: 100_000n })
        await rig.pass(900)
        await pair.seller.settlement.claim([await aClaim(pair)])
        expect((await pair.seller.settlement.tab(pair.buyer.account, pair.seller.account)).paid).to.equal(100_000n)
      })

      it('should leave everything as it was when one of a batch is refused', async () => {
        const pair = await aPair()
        await submit(pair)
        await rig.pass(900)
        const good = await aClaim(pair)
        await expectRevert(pair.seller.settlement.claim([good, good]), 'Stale')
        expect((await pair.seller.settlement.tab(pair.buyer.account, pair.seller.account)).paid).to.equal(0n)
        await pair.seller.settlement.claim([good])
        expect((await pair.seller.settlement.tab(pair.buyer.account, pair.seller.account)).paid).to.equal(300_000n)
      })

      it('should be refused to anyone but the seller', async () => {
        const pair = await aPair()
        await submit(pair)
        await rig.pass(900)
        await expectRevert(pair.buyer.settlement.claim([await aClaim(pair)]), 'NotSeller')
      })

      it('should be refused before the slot is over', async () => {
        const pair = await aPair()
        await submit(pair)
        const slot = Math.floor(await rig.now() / 900) + 1
        await expectRevert(pair.seller.settlement.claim([await aClaim(pair, { slot })]), 'TooEarly')
      })

      it('should be refused after claimBy and after the tab\'s expiry', async () => {
        const pair = await aPair()
        await submit(pair)
        await rig.pass(900)
        const now = await rig.now()
        await expectRevert(pair.seller.settlement.claim([await aClaim(pair, { claimBy: now - 1 })]), 'TooLate')
        const claim = await aClaim(pair, { claimBy: now + 30 * DAY })
        await rig.pass(5 * DAY)
        await expectRevert(pair.seller.settlement.claim([claim]), 'TooLate')
      })

      it('should be refused without the buyer\'s or the attester\'s signature', async () => {
        const pair = await aPair()
        await submit(pair)
        await rig.pass(900)
        const claim = await aClaim(pair)
        await expectRevert(pair.seller.settlement.claim([{ ...claim, buyerSignature: claim.attestation }]), 'BadSignature')
        await expectRevert(pair.seller.settlement.claim([{ ...claim, attestation: claim.buyerSignature }]), 'BadSignature')
        await expectRevert(pair.seller.settlement.claim([{ ...claim, readingWh: claim.readingWh + 1 }]), 'BadSignature')
      })
    })

    describe('a release', () => {
      it('should wait for the expiry and free what is left', async () => {
        const pair = await aPair()
        const { buyer, seller } = pair
        await submit(pair, { total: 1_000_000n })
        await expectRevert(buyer.settlement.release(buyer.account, [seller.account]), 'TooEarly')
        await rig.pass(5 * DAY)
        await buyer.settlement.release(buyer.account, [seller.account])
        expect(await buyer.settlement.account(buyer.account)).to.deep.equal({ balance: DEPOSIT - 1_000_000n, reserved: 0n })
        expect(await buyer.settlement.tab(buyer.account, seller.account)).to.include({ cap: 1_000_000n, paid: 1_000_000n })
        await buyer.settlement.release(buyer.account, [seller.account])
      })
    })

    describe('watching', () => {
      it('should tell of every kind of move, once and in order', async () => {
        const pair = await aPair({ deposit: 0n })
        const { buyer, seller } = pair
        const opened = await aReceipt(pair, { total: 5n })
        let claim: Claim | undefined
        const validUntil = await rig.now() + KEY_LIFE + DAY
        const events = await heard(seller.settlement, [buyer], async () => {
          await buyer.owner.deposit(DEPOSIT)
          await buyer.owner.setKey(buyer.signer.address, validUntil, DAILY_LIMIT)
          await seller.settlement.settle([sign(pair, opened)])
          await rig.pass(900)
          claim = await aClaim(pair)
          await seller.settlement.claim([claim])
          await rig.pass(5 * DAY)
          await seller.settlement.release(buyer.account, [seller.account])
          await buyer.owner.withdraw(7n)
        }, 6)
        const parties = { buyer: buyer.account, seller: seller.account }
        expect(events).to.deep.equal([
          { kind: 'deposited', owner: buyer.account, amount: DEPOSIT },
          { kind: 'key-set', owner: buyer.account, key: buyer.signer.address, validUntil, dailyLimit: DAILY_LIMIT },
          { kind: 'settled', ...parties, through: opened.through, total: 5n, cap: opened.cap, expiry: opened.expiry },
          { kind: 'claimed', ...parties, position: position(claim?.terms.slot ?? 0, 1), wh: 1000, amount: 300_000n },
          { kind: 'released', ...parties, freed: opened.cap - 300_005n },
          { kind: 'withdrawn', owner: buyer.account, amount: 7n }
        ])
      })

      it('should tell every listener until it stops listening, and survive stop', async () => {
        const home = await aHome()
        const first: Money[] = []
        const second: Money[] = []
        const noting = (into: Money[]) => (event: SettlementEvent): void => {
          if (event.kind === 'deposited' && event.owner === watched.account) {
            into.push(event.amount)
          }
        }
        const watched = await aHome({ deposit: 0n })
        const unwatch = home.settlement.watch(noting(first))
        home.settlement.watch(noting(second))
        await watched.owner.deposit(1n)
        await until(() => first.length === 1 && second.length === 1)
        unwatch()
        await watched.owner.deposit(2n)
        await until(() => second.length === 2)
        await home.settlement.stop()
        expect(first).to.deep.equal([1n])
        expect(second).to.deep.equal([1n, 2n])
      })
    })

    describe('confirmations', () => {
      it('should show and tell only what enough blocks lie on', async () => {
        await rig.stop()
        rig = await setup(3)
        const home = await aHome({ deposit: 0n })
        const { settlement } = home
        await rig.pass(1)
        await rig.pass(1)
        const told: Money[] = []
        settlement.watch((event) => {
          if (event.kind === 'deposited' && event.owner === home.account) {
            told.push(event.amount)
          }
        })
        await home.owner.deposit(9n)
        expect((await settlement.account(home.account)).balance).to.equal(0n)
        await rig.pass(1)
        expect((await settlement.account(home.account)).balance).to.equal(0n)
        expect(told).to.deep.equal([])
        await rig.pass(1)
        expect((await settlement.account(home.account)).balance).to.equal(9n)
        await until(() => told.length === 1)
      })
    })
  })
}

function addressOf (privateKey: Hex): Account {
  return privateKeyToAddress(privateKey).toLowerCase() as Account
}

async function expectRevert (move: Promise<unknown>, error: string): Promise<void> {
  const failure: unknown = await move.then(() => undefined, (reason) => reason)
  expect(failure).to.be.instanceOf(CodedError)
  expect(failure).to.have.property('code', 'CHAIN_REVERTED')
  expect(failure).to.have.nested.property('details.error', error)
}
