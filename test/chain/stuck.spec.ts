import { expect } from 'aegir/chai'
import { getAddress } from 'viem'
import { generatePrivateKey, privateKeyToAddress } from 'viem/accounts'
import { createMemoryStore } from '../../src/simulator/memory-store.ts'
import { until } from '../helpers/until.ts'
import { startProxy } from './proxy.ts'
import { startRig } from './rig.ts'
import type { Proxy } from './proxy.ts'
import type { Rig } from './rig.ts'
import type { Account, Hex } from '../../src/domain/units.ts'
import type { Settlement } from '../../src/ports/settlement.ts'

const NOBODY: Account = '0x000000000000000000000000000000000000dead'
const REPLACE_AFTER_MS = 40

interface Sent {
  readonly type: Hex
  readonly hash: Hex
  readonly nonce: number
  readonly fees: readonly bigint[]
}

describe('a transaction that is not mined', () => {
  let rig: Rig
  let proxy: Proxy
  let key: Hex
  let address: Account

  beforeEach(async () => {
    rig = await startRig(1_800_000_000)
    proxy = await startProxy(rig.chain.rpcUrl)
    key = generatePrivateKey()
    address = privateKeyToAddress(key).toLowerCase() as Account
    await rig.chain.fund(address, { gas: 10n ** 18n, money: 0n })
    await rig.client.setAutomine(false)
  })

  afterEach(async () => {
    proxy.close()
    await rig.chain.stop()
  })

  function impatient (minedTimeoutMs?: number): Settlement {
    return rig.settlement(key, { rpcUrl: proxy.url, replaceAfterMs: REPLACE_AFTER_MS, minedTimeoutMs })
  }

  /** The version that waits in the pool. */
  async function waiting (): Promise<Sent | undefined> {
    const { pending } = await rig.client.getTxpoolContent()
    const ours = Object.entries(pending).find(([from]) => from.toLowerCase() === address)
    const [tx] = Object.values(ours?.[1] ?? {}) as Array<{ hash: Hex, type: Hex, nonce: Hex, maxFeePerGas?: Hex, maxPriorityFeePerGas?: Hex, gasPrice: Hex }>
    return tx == null
      ? undefined
      : { hash: tx.hash, type: tx.type, nonce: Number(tx.nonce), fees: [tx.maxFeePerGas ?? tx.gasPrice, tx.maxPriorityFeePerGas ?? tx.gasPrice].map(BigInt) }
  }

  async function next (before?: Sent): Promise<Sent> {
    await until(async () => ![undefined, before?.hash].includes((await waiting())?.hash))
    return await waiting() as Sent
  }

  const sent = (): number => proxy.calls.filter(({ method }) => method === 'eth_sendRawTransaction').length

  it('should be sent again for more until one version is mined', async () => {
    const release = impatient().release(NOBODY, [NOBODY])
    const first = await next()
    const second = await next(first)
    expect(second.nonce).to.equal(first.nonce)
    second.fees.forEach((fee, index) => { expect(fee * 8n >= first.fees[index] * 9n, `fee ${index}`).to.equal(true) })
    await rig.chain.mine(0)
    const { tx } = await release
    expect((await rig.client.getTransaction({ hash: tx })).nonce).to.equal(first.nonce)
    expect(tx).to.not.equal(first.hash)
  })

  it('should count when an old version is mined after the new one went out', async () => {
    const release = impatient().release(NOBODY, [NOBODY])
    const first = await next()
    let swallowed = 0
    proxy.answers.eth_sendRawTransaction = async () => {
      swallowed++
      return `0x${'ab'.repeat(32)}`
    }
    await until(() => swallowed > 0)
    await rig.chain.mine(0)
    expect((await release).tx).to.equal(first.hash)
  })

  it('should not fail when the new version is refused because the old one was just mined', async () => {
    const release = impatient().release(NOBODY, [NOBODY])
    const first = await next()
    proxy.answers.eth_getTransactionReceipt = async () => null
    await rig.chain.mine(0)
    await until(() => sent() > 1)
    delete proxy.answers.eth_getTransactionReceipt
    expect((await release).tx).to.equal(first.hash)
  })

  it('should be pushed out after a restart by the next one', async () => {
    const notes = createMemoryStore()
    const before = rig.settlement(key, { notes })
    await before.start()
    const lost = before.release(NOBODY, [NOBODY]).then(() => 'mined', ({ code }) => code)
    const first = await next()
    await until(async () => await notes.note(`transaction of ${getAddress(address)} on ${rig.chain.chainId}`) != null)
    await before.stop()
    expect(await lost).to.equal('CHAIN_STOPPED')
    const release = rig.settlement(key, { notes }).release(NOBODY, [NOBODY])
    const second = await next(first)
    expect(second.nonce).to.equal(first.nonce)
    second.fees.forEach((fee, index) => { expect(fee * 8n >= first.fees[index] * 9n, `fee ${index}`).to.equal(true) })
    await rig.chain.mine(0)
    expect((await release).tx).to.equal(second.hash)
    const third = rig.settlement(key, { notes }).release(NOBODY, [NOBODY])
    expect((await next()).nonce).to.equal(first.nonce + 1)
    await rig.chain.mine(0)
    await third
  })

  it('should be pushed out by the next one when only the answer to it was lost, also after a restart', async () => {
    const notes = createMemoryStore()
    proxy.answers.eth_sendRawTransaction = async (real) => {
      await real()
      throw new Error('the answer is lost')
    }
    const lost = await rig.settlement(key, { rpcUrl: proxy.url, notes }).release(NOBODY, [NOBODY]).then(() => 'mined', ({ code }) => code)
    expect(lost).to.match(/^CHAIN_(UNREACHABLE|FAILED)$/)
    const first = await next()
    const release = rig.settlement(key, { notes }).release(NOBODY, [NOBODY])
    const second = await next(first)
    expect(second.nonce).to.equal(first.nonce)
    await rig.chain.mine(0)
    expect((await release).tx).to.equal(second.hash)
  })

  it('should make room after its time when a restart on a new disk knows nothing of it', async () => {
    void rig.settlement(key).release(NOBODY, [NOBODY]).catch(() => {})
    const first = await next()
    const release = rig.settlement(key, { notes: createMemoryStore(), replaceAfterMs: REPLACE_AFTER_MS }).release(NOBODY, [NOBODY])
    const second = await next(first)
    expect(second.nonce).to.equal(first.nonce)
    await rig.chain.mine(0)
    expect((await rig.client.getTransaction({ hash: (await release).tx })).nonce).to.equal(first.nonce)
  })

  it('should be waited for while it has time, whoever sent it', async () => {
    void rig.settlement(key).release(NOBODY, [NOBODY]).catch(() => {})
    const first = await next()
    const release = rig.settlement(key, { rpcUrl: proxy.url, notes: createMemoryStore() }).release(NOBODY, [NOBODY])
    await until(() => proxy.calls.filter(({ params }) => params[1] === 'pending').length > 2)
    await rig.chain.mine(0)
    const second = await next(first)
    expect(second.nonce).to.equal(first.nonce + 1)
    await rig.chain.mine(0)
    expect((await release).tx).to.equal(second.hash)
  })

  it('should not grow dearer with every answer of a service that refuses it', async () => {
    const notes = createMemoryStore()
    const refusing = await startProxy(rig.chain.rpcUrl)
    refusing.answers.eth_sendRawTransaction = async () => { throw new Error('refused') }
    const dear = rig.settlement(key, { rpcUrl: refusing.url, notes })
    for (let tries = 0; tries < 2; tries++) {
      expect(await dear.release(NOBODY, [NOBODY]).then(() => 'mined', ({ code }) => code)).to.match(/^CHAIN_(UNREACHABLE|FAILED)$/)
    }
    refusing.close()
    const release = rig.settlement(key, { notes }).release(NOBODY, [NOBODY])
    const { fees } = await next()
    const { maxFeePerGas } = await rig.client.estimateFeesPerGas()
    expect(fees[0]).to.equal(maxFeePerGas)
    await rig.chain.mine(0)
    await release
  })

  it('should be sent again for more on a chain that knows one gas price only', async () => {
    const withoutBaseFee = async (real: () => Promise<unknown>): Promise<unknown> => ({ ...await real() as object, baseFeePerGas: undefined })
    proxy.answers.eth_getBlockByNumber = withoutBaseFee
    const release = impatient().release(NOBODY, [NOBODY])
    const first = await next()
    const second = await next(first)
    const [price] = first.fees
    expect(first.type).to.equal('0x0')
    expect(second.type).to.equal('0x0')
    expect(second.nonce).to.equal(first.nonce)
    expect(second.fees[0] * 8n >= price * 9n).to.equal(true)
    await rig.chain.mine(0)
    const { tx } = await release
    expect((await rig.client.getTransaction({ hash: tx })).nonce).to.equal(first.nonce)
  })

  it('should be sent again a bounded number of times', async () => {
    const release = impatient(REPLACE_AFTER_MS * 25).release(NOBODY, [NOBODY])
    const code = await release.then(() => 'mined', ({ code }) => code)
    expect(code).to.equal('CHAIN_TIMEOUT')
    expect(sent()).to.equal(6)
  })

  it('should be pushed out by the next one after we gave up on it', async () => {
    const settlement = rig.settlement(key, { minedTimeoutMs: 1000 })
    const code = await settlement.release(NOBODY, [NOBODY]).then(() => 'mined', ({ code }) => code)
    expect(code).to.equal('CHAIN_TIMEOUT')
    const first = await next()
    const release = settlement.release(NOBODY, [NOBODY])
    const second = await next(first)
    await rig.chain.mine(0)
    expect((await release).tx).to.equal(second.hash)
    expect(second.nonce).to.equal(first.nonce)
  })
})
