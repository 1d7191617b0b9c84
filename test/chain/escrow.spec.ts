import { expect } from 'aegir/chai'
import { generatePrivateKey, privateKeyToAddress } from 'viem/accounts'
import { createEscrowSettlement } from '../../src/chain/escrow.ts'
import { createOwnerSettlement } from '../../src/chain/owner.ts'
import { CodedError } from '../../src/domain/errors.ts'
import { position } from '../../src/domain/period.ts'
import { createLocalSigner } from '../../src/signing/local-signer.ts'
import { until } from '../helpers/until.ts'
import { POLL_MS, startRig } from './rig.ts'
import type { Rig } from './rig.ts'
import type { SignedReceipt } from '../../src/domain/receipt.ts'
import type { Account, Hex } from '../../src/domain/units.ts'
import type { Settlement } from '../../src/ports/settlement.ts'

const START = 1_800_000_000
const DAY = 86_400
const ETHER = 10n ** 18n
const NOBODY: Account = '0x000000000000000000000000000000000000dead'
/** Nothing listens on the discard port. */
const DEAD_RPC = 'http://127.0.0.1:9'

describe('escrow on a chain', () => {
  let rig: Rig

  beforeEach(async () => { rig = await startRig(START) })
  afterEach(async () => rig.chain.stop())

  async function funded (): Promise<Hex> {
    const key = generatePrivateKey()
    await rig.chain.fund(accountOf(key), { gas: ETHER, money: 1000n })
    return key
  }

  /** A buyer and seller with their own owner keys, each of which is also a registered hot key; the buyer has money. */
  async function aPair (): Promise<{ buyer: Hex, seller: Hex, settlement: Settlement }> {
    const [buyer, seller] = [await funded(), await funded()]
    await rig.owner(buyer).deposit(1000n)
    for (const key of [buyer, seller]) {
      await rig.owner(key).setKey(accountOf(key), START + 60 * DAY, 1000n)
    }
    return { buyer, seller, settlement: rig.settlement(buyer) }
  }

  function aReceipt (pair: { buyer: Hex, seller: Hex }, slot: number, seq = 0): SignedReceipt {
    const at = { chainId: rig.chain.chainId, escrow: rig.chain.escrow }
    const receipt = {
      buyer: accountOf(pair.buyer), seller: accountOf(pair.seller), through: position(slot, seq), total: BigInt(seq), cap: 100n, expiry: START / 900 + 96
    }
    return {
      receipt,
      buyerSignature: createLocalSigner(pair.buyer, at).signReceipt(receipt),
      sellerSignature: createLocalSigner(pair.seller, at).signReceipt(receipt)
    }
  }

  describe('starting', () => {
    it('should refuse a chain that is not the market\'s', async () => {
      await expectCode(rig.settlement(generatePrivateKey(), { chainId: 1 }).start(), 'CHAIN_WRONG_NETWORK', { expected: 1, actual: 31337 })
    })

    it('should refuse an address without a contract', async () => {
      await expectCode(rig.settlement(generatePrivateKey(), { escrow: NOBODY }).start(), 'CHAIN_NO_CONTRACT')
    })

    it('should say that the chain does not answer', async () => {
      const settlement = rig.settlement(generatePrivateKey(), { rpcUrl: DEAD_RPC })
      await Promise.all([
        expectCode(settlement.start(), 'CHAIN_UNREACHABLE'),
        expectCode(settlement.account(NOBODY), 'CHAIN_UNREACHABLE'),
        expectCode(settlement.release(NOBODY, []), 'CHAIN_UNREACHABLE')
      ])
    })

    it('should check the chain before the owner\'s first move', async () => {
      const { rpcUrl, escrow, chainId } = rig.chain
      const init = { rpcUrl, chainId, escrow, pollMs: POLL_MS, ownerPrivateKey: generatePrivateKey() }
      await expectCode(createOwnerSettlement({ ...init, chainId: 5 }).deposit(1n), 'CHAIN_WRONG_NETWORK')
      await expectCode(createOwnerSettlement({ ...init, escrow: NOBODY }).deposit(1n), 'CHAIN_NO_CONTRACT')
    })

    it('should name token and accounts in lower case', async () => {
      const settlement = rig.settlement(generatePrivateKey())
      await settlement.start()
      expect(await settlement.token()).to.deep.equal({ address: rig.chain.token, symbol: 'pEUR', decimals: 6 })
      expect(rig.chain.token).to.equal(rig.chain.token.toLowerCase())
    })
  })

  describe('writing', () => {
    it('should report the gas that was used', async () => {
      const pair = await aPair()
      const { tx, gasUsed } = await pair.settlement.settle([aReceipt(pair, START / 900 - 1)])
      expect(gasUsed).to.equal((await rig.client.getTransactionReceipt({ hash: tx })).gasUsed)
      expect(Number(gasUsed)).to.be.within(50_000, 120_000)
    })

    it('should send moves that are asked for at the same time one after the other', async () => {
      const pair = await aPair()
      const moves = await Promise.all(Array.from({ length: 8 }, async (_, seq) => pair.settlement.settle([aReceipt(pair, START / 900 - 1, seq)])))
      expect(moves.map(({ skipped }) => skipped)).to.deep.equal(moves.map(() => []))
      expect(await pair.settlement.tab(accountOf(pair.buyer), accountOf(pair.seller))).to.include({ paid: 7n })
    })

    it('should approve no more often than it must', async () => {
      const key = await funded()
      const owner = rig.owner(key)
      const sent = async (): Promise<number> => rig.client.getTransactionCount({ address: accountOf(key) })
      await owner.deposit(10n)
      expect(await sent()).to.equal(2)
      await rig.client.setStorageAt({ address: rig.chain.token, index: await allowanceSlot(accountOf(key)), value: `0x${'00'.repeat(31)}64` })
      await owner.deposit(10n)
      expect(await sent()).to.equal(3)
    })

    it('should say that there is no gas, and work once there is', async () => {
      const key = generatePrivateKey()
      const settlement = rig.settlement(key)
      await expectCode(settlement.release(NOBODY, [NOBODY]), 'CHAIN_NO_GAS')
      await rig.chain.fund(accountOf(key), { gas: ETHER, money: 0n })
      await settlement.release(NOBODY, [NOBODY])
    })

    it('should give up waiting for a transaction that is not mined, and go on later', async () => {
      const key = await funded()
      const settlement = rig.settlement(key, { minedTimeoutMs: 30 })
      await rig.client.setAutomine(false)
      await expectCode(settlement.release(NOBODY, [NOBODY]), 'CHAIN_TIMEOUT')
      await rig.client.setAutomine(true)
      await rig.chain.mine(0)
      await settlement.release(NOBODY, [NOBODY])
      expect(await rig.client.getTransactionCount({ address: accountOf(key) })).to.equal(2)
    })

    it('should stop waiting when it is stopped', async () => {
      const settlement = rig.settlement(await funded())
      await rig.client.setAutomine(false)
      const move = settlement.release(NOBODY, [NOBODY])
      await until(async () => (await rig.client.getTxpoolStatus()).pending === 1)
      await settlement.stop()
      await expectCode(move, 'CHAIN_STOPPED')
    })

    it('should name the refusal of a move that was fine when it was sent', async () => {
      const owner = rig.owner(await funded())
      await owner.setKey(NOBODY, START + 60 * DAY, 0n)
      await rig.client.setAutomine(false)
      const shortened = expectCode(owner.setKey(NOBODY, START + 14 * DAY + 500, 0n), 'CHAIN_REVERTED', { doing: 'register the key', error: 'NoticeTooShort' })
      await until(async () => (await rig.client.getTxpoolStatus()).pending === 1)
      await rig.chain.mine(START + 1000)
      await shortened
    })

    it('should bring enough gas for a receipt that is skipped when sent and settles when mined', async () => {
      const pair = await aPair()
      await rig.client.setAutomine(false)
      const next = START / 900 + 1
      const settled = pair.settlement.settle([aReceipt(pair, next)])
      await until(async () => (await rig.client.getTxpoolStatus()).pending === 1)
      await rig.chain.mine(next * 900)
      expect((await settled).skipped).to.deep.equal([])
    })
  })

  it('should know that a reorg took a settlement away, settle it again and tell of both', async () => {
    const pair = await aPair()
    const [buyer, seller] = [accountOf(pair.buyer), accountOf(pair.seller)]
    const receipt = aReceipt(pair, START / 900 - 1, 5)
    const told: bigint[] = []
    pair.settlement.watch((event) => { event.kind === 'settled' && told.push(event.total) })
    const snapshot = await rig.client.snapshot()
    const lost = await pair.settlement.settle([receipt])
    await until(() => told.length === 1)
    expect(await pair.settlement.isMined(lost.tx)).to.equal(true)

    await rig.client.revert({ id: snapshot })
    expect(await pair.settlement.isMined(lost.tx)).to.equal(false)
    expect(await pair.settlement.tab(buyer, seller)).to.include({ paid: 0n })
    await rig.chain.mine(START + 600)
    const again = await pair.settlement.settle([receipt])
    expect(again.skipped).to.deep.equal([])
    await until(() => told.length === 2)
    expect(await pair.settlement.tab(buyer, seller)).to.include({ paid: 5n })
    await pair.settlement.stop()
  })

  it('should read nothing before the escrow\'s own block', async () => {
    const settlement = rig.settlement(generatePrivateKey(), { confirmations: 50 })
    await settlement.start()
    expect(await settlement.account(NOBODY)).to.deep.equal({ balance: 0n, reserved: 0n })
    expect(await settlement.tab(NOBODY, NOBODY)).to.deep.equal({ cap: 0n, paid: 0n, through: 0, expiry: 0 })
  })

  it('should take no confirmations for one', async () => {
    const key = await funded()
    await rig.owner(key).deposit(3n)
    const { rpcUrl, chainId, escrow } = rig.chain
    const settlement = createEscrowSettlement({ rpcUrl, chainId, escrow, confirmations: 0, pollMs: POLL_MS, privateKey: key })
    expect(await settlement.account(accountOf(key))).to.deep.equal({ balance: 3n, reserved: 0n })
  })

  async function allowanceSlot (owner: Account): Promise<Hex> {
    const { concat, keccak256, pad, toHex } = await import('viem')
    const inner = keccak256(concat([pad(owner), toHex(1, { size: 32 })]))
    return keccak256(concat([pad(rig.chain.escrow), inner]))
  }
})

function accountOf (privateKey: Hex): Account {
  return privateKeyToAddress(privateKey).toLowerCase() as Account
}

async function expectCode (move: Promise<unknown>, code: string, details: Record<string, unknown> = {}): Promise<void> {
  const failure: unknown = await move.then(() => undefined, (reason) => reason)
  expect(failure).to.be.instanceOf(CodedError)
  expect(failure).to.have.property('code', code)
  expect(failure).to.have.property('details').that.includes(details)
}
