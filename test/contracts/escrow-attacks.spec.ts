import { secp256k1 } from '@noble/curves/secp256k1.js'
import { expect } from 'aegir/chai'
import { encodeFunctionData, getContractAddress, numberToHex, pad, parseAbi, parseSignature, recoverAddress, serializeSignature } from 'viem'
import { energyEscrowAbi, practiceTokenAbi } from '../../contracts/abi.ts'
import { compile } from '../../contracts/build.ts'
import {
  DAY_SEC, EURO, EscrowFixture, LOCK_SEC, SLOT_SEC, START_SEC, compactSig, deploy, escrowTypes, household, outcomes,
  position, revertOf, startEscrow, statements
} from '../helpers/escrow-fixture.ts'
import { EscrowDesk } from './escrow-desk.ts'
import { describeEach } from './implementations.ts'
import type { CompiledContract } from '../../contracts/build.ts'
import type { Address } from 'viem'

const alice = household(1)
const bob = household(2)
const thief = household(3)
const HALF_N = secp256k1.Point.Fn.ORDER >> 1n

describeEach('energy escrow under attack', bytecode => {
  let chain: EscrowFixture
  let desk: EscrowDesk
  let stop: () => Promise<void>
  let fresh: `0x${string}`

  before(async () => {
    ({ chain, stop } = await startEscrow(bytecode()))
    desk = new EscrowDesk(chain, alice, bob)
    for (const who of [alice, bob, thief]) {
      await chain.join(who, { money: 1000n * EURO, dailyLimit: 100n * EURO })
    }
  })

  beforeEach(async () => { fresh = await chain.client.snapshot() })
  afterEach(async () => { await chain.client.revert({ id: fresh }) })
  after(async () => { await stop() })

  describe('replay and forgery', () => {
    it('should refuse a receipt signed for another escrow', async () => {
      const escrow = await deploy(chain.client, { abi: energyEscrowAbi, bytecode: bytecode(), args: [chain.token] })
      const other = new EscrowFixture(chain.client, chain.token, escrow)
      await other.join(alice, { money: 100n * EURO, dailyLimit: 100n * EURO })
      await other.join(bob, { money: 100n * EURO, dailyLimit: 100n * EURO })
      const signed = await desk.signed([desk.receipt({})])

      expect(outcomes(await other.send(bob.owner, 'settle', signed))).to.deep.equal(['BuyerSigner'])
      expect(outcomes(await chain.send(bob.owner, 'settle', signed))).to.deep.equal(['Settled'])
    })

    it('should refuse a receipt signed for another chain', async () => {
      const domain = { name: 'EnergyEscrow', version: '1', chainId: 1, verifyingContract: chain.escrow }
      const message = desk.receipt({})
      const foreign = compactSig(await alice.key.signTypedData({ domain, types: escrowTypes, primaryType: 'Receipt', message }))

      expect(outcomes(await chain.send(bob.owner, 'settle', statements([message], [foreign])))).to.deep.equal(['BuyerSigner'])
    })

    it('should refuse the same receipt a second time, and an older one after a newer', async () => {
      const older = desk.receipt({ through: position(desk.slot, 1) })
      const newer = desk.receipt({ through: position(desk.slot, 2) })

      expect(outcomes(await desk.submit([newer, newer, older]))).to.deep.equal(['Settled', 'Stale', 'Stale'])
    })

    it('should refuse the high twin of a signature', async () => {
      // any r and s recover to somebody: let alice register the key that "signed" with an s just above n/2
      const receipt = desk.receipt({})
      const hash = chain.digest({ primaryType: 'Receipt', message: receipt })
      const r = numberToHex(secp256k1.Point.BASE.x, { size: 32 })
      const [low, high] = [HALF_N, HALF_N + 1n]
      const signer = await recoverAddress({ hash, signature: { r, s: numberToHex(low, { size: 32 }), yParity: 0 } })
      await chain.send(alice.owner, 'setSigner', [signer, START_SEC + 90 * DAY_SEC, 100n * EURO])
      const settle = async (s: bigint, parity: bigint): Promise<string[]> =>
        outcomes(await chain.send(bob.owner, 'settle', statements([receipt], [{ r, vs: numberToHex(parity << 255n | s, { size: 32 }) }])))

      expect(low + high).to.equal(secp256k1.Point.Fn.ORDER)
      expect(await settle(high, 1n)).to.deep.equal(['BuyerSigner'])
      expect(await settle(low, 0n)).to.deep.equal(['Settled'])
    })

    it('should refuse the high twin of an attestation', async () => {
      await desk.open({})
      await chain.warp(START_SEC + SLOT_SEC)
      const evidence = await desk.evidence(desk.trade({}))
      const { r, s, yParity } = parseSignature(evidence.attestation)
      const twin = numberToHex(secp256k1.Point.Fn.ORDER - BigInt(s), { size: 32 })
      const attestation = serializeSignature({ r, s: twin, yParity: yParity === 0 ? 1 : 0 })

      expect(await revertOf(desk.claim(evidence.trade, { attestation }))).to.equal('BadSignature')
      expect(await revertOf(desk.claim(evidence.trade))).to.equal('none')
    })

    it('should refuse calldata with dirt above an address', async () => {
      const args = await desk.signed([desk.receipt({})])
      const data = encodeFunctionData({ abi: energyEscrowAbi, functionName: 'settle', args })
      const word = pad(alice.owner.address).slice(2).toLowerCase()
      const dirty = data.replace(word, `01${word.slice(2)}`) as `0x${string}`

      expect(dirty).to.not.equal(data)
      await expect(chain.client.call({ to: chain.escrow, data, account: bob.owner.address })).to.eventually.be.ok()
      await expect(chain.client.call({ to: chain.escrow, data: dirty, account: bob.owner.address })).to.be.rejectedWith('revert')
    })
  })

  describe('watermarks', () => {
    it('should not let a buyer wipe its debt with a low total and a high watermark', async () => {
      await desk.open({ total: 5n * EURO })
      const wipe = { through: position(desk.slot, 65_535), total: 5n * EURO, cap: 5n * EURO }

      expect(await desk.settle(wipe, { from: alice.owner, seller: null })).to.deep.equal(['SellerSigner'])
      expect(await desk.settle(wipe, { from: alice.owner, seller: alice.key })).to.deep.equal(['SellerSigner'])
    })

    it('should not let two stolen keys brick a pair with a watermark from the future', async () => {
      expect(await desk.settle({ through: position(2 ** 24 - 1) })).to.deep.equal(['Future'])
      expect(await desk.settle({ through: position(desk.slot + 1) })).to.deep.equal(['Future'])
      await chain.warp(START_SEC + SLOT_SEC)
      expect(await desk.settle({ through: position(desk.slot + 1) })).to.deep.equal(['Settled'])
    })

    it('should pay only the rest by receipt after a claim', async () => {
      await desk.open({})
      await chain.warp(START_SEC + SLOT_SEC)
      await desk.claim(desk.trade({ pricePerKWh: 2n * EURO }))
      await desk.settle({ through: position(desk.slot, 2), total: 3n * EURO })

      expect((await chain.account(bob)).balance).to.equal(1003n * EURO)
    })

    it('should refuse to claim a trade that a receipt has settled', async () => {
      await desk.open({})
      await chain.warp(START_SEC + SLOT_SEC)
      await desk.settle({ through: position(desk.slot, 1), total: 2n * EURO })

      expect(await revertOf(desk.claim(desk.trade({ seq: 1 })))).to.equal('Stale')
      expect(await revertOf(desk.claim(desk.trade({ seq: 2 })))).to.equal('none')
    })

    it('should let a batch go through around an item that was front-run', async () => {
      const other = new EscrowDesk(chain, alice, thief)
      await desk.settle({})
      const receipts = [desk.receipt({}), other.receipt({})]
      const buyer = [await chain.signReceipt(receipts[0], alice.key), await chain.signReceipt(receipts[1], alice.key)]
      const seller = [await chain.signReceipt(receipts[0], bob.key), await chain.signReceipt(receipts[1], thief.key)]

      expect(outcomes(await chain.send(bob.owner, 'settle', statements(receipts, buyer, seller)))).to.deep.equal(['Stale', 'Settled'])
    })
  })

  describe('clocks', () => {
    it('should at any second allow either a claim or a release, never both, never neither', async () => {
      const end = (desk.slot + 4) * SLOT_SEC
      await desk.open({ expiry: desk.slot + 4 })
      const moves = async (): Promise<string[]> => [
        await revertOf(desk.claim(desk.trade({}))),
        await revertOf(chain.send(alice.owner, 'release', [alice.owner.address, [bob.owner.address]]))
      ]

      await chain.warp(end - 1)
      const open = await chain.client.snapshot()
      expect(await moves()).to.deep.equal(['none', 'TooEarly'])
      await chain.client.revert({ id: open })
      await chain.warp(end)
      expect(await moves()).to.deep.equal(['TooLate', 'none'])
    })

    it('should keep a revoked key alive for the last claim it signed for', async () => {
      await desk.open({ expiry: desk.slot + LOCK_SEC / SLOT_SEC })
      await chain.send(alice.owner, 'setSigner', [alice.key.address, START_SEC + LOCK_SEC, 0n])
      await chain.warp(START_SEC + LOCK_SEC - 1)

      expect(await revertOf(desk.claim(desk.trade({})))).to.equal('none')
    })

    it('should not lock money beyond the key that signs, nor let a revoked key raise a ceiling', async () => {
      await chain.send(alice.owner, 'setSigner', [alice.key.address, START_SEC + LOCK_SEC, 0n])
      await chain.warp(START_SEC + SLOT_SEC)

      expect(await desk.settle({ expiry: desk.slot + LOCK_SEC / SLOT_SEC + 1 })).to.deep.equal(['KeyTooShort'])
      expect(await desk.settle({ total: 1n })).to.deep.equal(['Unfunded'])
      expect(await desk.settle({ cap: 50n * EURO })).to.deep.equal(['Settled'])
      expect((await chain.tab(alice, bob)).cap).to.equal(0n)
      // what was not granted was not counted either
      expect(await chain.read('signerOf', [alice.owner.address, alice.key.address])).to.deep.equal([START_SEC + LOCK_SEC, 0, 0n, 0n])
    })
  })

  describe('a stolen hot key of a buyer', () => {
    it('should lose at most the open ceilings and a limit for every day until it is revoked', async () => {
      await desk.open({ cap: 40n * EURO })
      await chain.send(alice.owner, 'setSigner', [alice.key.address, START_SEC + 90 * DAY_SEC, 10n * EURO])
      const loot = new EscrowDesk(chain, alice, thief)

      for (let day = 1; day <= 3; day++) {
        await chain.warp(START_SEC + day * DAY_SEC)
        const through = position(desk.slot + day * 96)
        const total = BigInt(day) * 10n * EURO
        const expiry = desk.slot + (day + 4) * 96

        expect(await loot.settle({ through, total: total + 1n, cap: 1000n * EURO, expiry })).to.deep.equal(['Unfunded'])
        expect(await loot.settle({ through, total, cap: 1000n * EURO, expiry })).to.deep.equal(['Settled'])
      }
      await chain.send(alice.owner, 'setSigner', [alice.key.address, await chain.now() + LOCK_SEC, 0n])
      await chain.warp(START_SEC + 4 * DAY_SEC)
      const more = { through: position(desk.slot + 4 * 96), total: 30n * EURO + 1n, cap: 1000n * EURO }
      expect(await loot.settle(more)).to.deep.equal(['Unfunded'])

      expect((await chain.account(thief)).balance).to.equal(1030n * EURO)
      expect(await chain.account(alice)).to.deep.equal({ balance: 970n * EURO, reserved: 40n * EURO })
      expect(await revertOf(chain.send(alice.owner, 'withdraw', [930n * EURO]))).to.equal('none')
    })

    it('should not withdraw, nor add keys, nor change its own limit', async () => {
      expect(await revertOf(chain.send(alice.key, 'withdraw', [1n]))).to.equal('Unfunded')
      await chain.send(alice.key, 'setSigner', [alice.key.address, START_SEC + 90 * DAY_SEC, 1000n * EURO])
      await chain.send(alice.key, 'setSigner', [thief.key.address, START_SEC + 90 * DAY_SEC, 1000n * EURO])

      expect((await chain.read('signerOf', [alice.owner.address, alice.key.address]))[2]).to.equal(100n * EURO)
      expect(await desk.settle({}, { buyer: thief.key })).to.deep.equal(['BuyerSigner'])
    })
  })

  describe('meters', () => {
    beforeEach(async () => {
      await desk.open({ cap: 50n * EURO })
      await chain.warp(START_SEC + SLOT_SEC)
    })

    it('should pay no more than the largest of an attester\'s contradicting readings', async () => {
      const trade = desk.trade({ wh: 1000 })
      await desk.claim({ ...trade, seq: 1 }, { reading: 800 })
      await desk.claim({ ...trade, seq: 2 }, { reading: 1100 })
      await desk.claim({ ...trade, seq: 3 }, { reading: 900 })

      expect(await chain.read('claimedWh', [trade.attester, trade.meter, trade.slot])).to.equal(1100n)
    })

    it('should not let a silent buyer use up the reading of its seller in a trade between two accounts of its own', async () => {
      const theirs = new EscrowDesk(chain, alice, thief)
      await theirs.open({})
      const trade = desk.trade({ wh: 1000 })
      const { attestation } = await desk.evidence(trade, { reading: 1000 })

      expect(await revertOf(theirs.claim({ ...trade, seller: thief.owner.address, pricePerKWh: 0n }, { reading: 1000, attestation }))).to.equal('BadSignature')
      const [event] = await desk.claim(trade, { reading: 1000, attestation })
      expect(event.args).to.include({ wh: 1000 })
    })

    it('should keep the eight slots that share a word apart', async () => {
      await chain.warp(START_SEC + 8 * SLOT_SEC)
      const trades = Array.from({ length: 8 }, (_, index) => desk.trade({ slot: desk.slot + index, wh: 4_294_967_295 - index, pricePerKWh: 1n }))
      const claims = await Promise.all(trades.map(async trade => desk.evidence(trade, { reading: 4_294_967_295 })))
      await chain.send(bob.owner, 'claim', [claims])

      const counters = await Promise.all(trades.map(async ({ attester, meter, slot }) => chain.read('claimedWh', [attester, meter, slot])))
      expect(counters).to.deep.equal(trades.map(({ wh }) => BigInt(wh)))
    })
  })

  describe('hostile contracts', () => {
    let hostile: Record<string, CompiledContract>

    before(() => { hostile = compile(['test/contracts/Hostile.sol']) })

    const escrowFor = async (token: Address): Promise<EscrowFixture> => new EscrowFixture(
      chain.client, token, await deploy(chain.client, { abi: energyEscrowAbi, bytecode: bytecode(), args: [token] }))

    const approve = async ({ token, escrow }: EscrowFixture): Promise<unknown> => chain.client.writeContract({
      address: token, abi: practiceTokenAbi, functionName: 'approve', args: [escrow, 1000n], account: household(0).owner.address
    })

    it('should refuse a token that keeps a fee: ShortTransfer', async () => {
      const escrow = await escrowFor(await deploy(chain.client, hostile.FeeToken))
      await approve(escrow)

      expect(await revertOf(escrow.send(household(0).owner, 'deposit', [alice.owner.address, 1000n]))).to.equal('ShortTransfer')
    })

    it('should have taken the money off the account before a token calls back', async () => {
      const escrow = await escrowFor(await deploy(chain.client, hostile.HookToken))
      const glutton = await deploy(chain.client, { ...hostile.Glutton, args: [escrow.escrow] })
      await approve(escrow)
      await escrow.send(household(0).owner, 'deposit', [glutton, 100n])
      await escrow.send(household(0).owner, 'deposit', [alice.owner.address, 100n])
      const abi = parseAbi(['function eat(uint256 amount)', 'function refused() view returns (bool)'])
      // an estimate would stop at the least gas, with which the hook itself fails unseen
      await chain.client.writeContract({
        address: glutton, abi, functionName: 'eat', args: [100n], account: household(0).owner.address, gas: 1_000_000n
      })

      expect(await chain.client.readContract({ address: glutton, abi, functionName: 'refused' })).to.equal(true)
      expect(await escrow.tokensOf(glutton)).to.equal(100n)
      expect(await escrow.tokensOf(escrow.escrow)).to.equal(100n)
    })

    it('should ask a contract that attests, and only about the reading it was shown', async () => {
      await desk.open({ cap: 50n * EURO })
      await chain.warp(START_SEC + SLOT_SEC)
      // the digest names its attester, so the address must be known first: deployments are numbered by the deployer's nonce
      const { meter, slot } = desk.trade({})
      const attester = await nextContractOf(chain, household(0).owner.address)
      const approved = chain.digest({ primaryType: 'Reading', message: { attester, seller: bob.owner.address, meter, slot, wh: 600 } })
      expect(await deploy(chain.client, { ...hostile.Committee, args: [approved] })).to.equal(attester)

      expect(await revertOf(desk.claim(desk.trade({ attester }), { attestation: '0x', reading: 601 }))).to.equal('BadSignature')
      const [event] = await desk.claim(desk.trade({ attester }), { attestation: '0x00', reading: 600 })
      expect(event.args).to.include({ wh: 600 })
    })
  })
})

async function nextContractOf (chain: EscrowFixture, from: Address): Promise<Address> {
  return getContractAddress({ from, nonce: BigInt(await chain.client.getTransactionCount({ address: from })) })
}
