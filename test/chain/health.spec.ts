import { expect } from 'aegir/chai'
import { numberToHex } from 'viem'
import { generatePrivateKey } from 'viem/accounts'
import { stopAll } from '../helpers/stop-all.ts'
import { until } from '../helpers/until.ts'
import { startProxy } from './proxy.ts'
import { startRig } from './rig.ts'
import type { Fault, Proxy } from './proxy.ts'
import type { Rig } from './rig.ts'
import type { EscrowSettlementInit } from '../../src/chain/escrow.ts'
import type { Settlement } from '../../src/ports/settlement.ts'

const START = 1_800_000_000
const SILENCE_MS = 300

describe('health of the chain', () => {
  let rig: Rig
  let proxy: Proxy
  let settlement: Settlement
  let now: number

  beforeEach(async () => {
    now = START
    rig = await startRig(START)
    proxy = await startProxy(rig.chain.rpcUrl)
  })

  afterEach(async () => {
    proxy.fault = undefined
    await stopAll(async () => settlement.stop(), proxy.close, rig.chain.stop)
  })

  async function start (changes: Partial<EscrowSettlementInit> = {}): Promise<void> {
    settlement = rig.settlement(generatePrivateKey(), { rpcUrl: proxy.url, silenceMs: SILENCE_MS, now: () => now, ...changes })
    await settlement.start()
    expect(settlement.isHealthy()).to.deep.equal({ ok: true })
  }

  /** Waits until it is said to be ill and answers why. */
  async function complaint (): Promise<string> {
    await until(() => !settlement.isHealthy().ok)
    return settlement.isHealthy().reason ?? ''
  }

  async function expectWellAgain (): Promise<void> {
    await until(() => settlement.isHealthy().ok)
    expect(settlement.isHealthy()).to.deep.equal({ ok: true })
  }

  /** Waits until `count` more looks have gone by. */
  async function looks (count: number): Promise<void> {
    const asked = (): number => proxy.calls.filter(({ method }) => method === 'eth_chainId').length
    const before = asked()
    await until(() => asked() >= before + count)
  }

  async function expectNoticed (fault: Fault): Promise<void> {
    await start()
    proxy.fault = fault
    expect(await complaint()).to.match(/^the chain has not answered for/).and.not.include('http://').and.not.include('\n')
    proxy.fault = undefined
    await expectWellAgain()
  }

  for (const fault of ['error', 'cut', 'hang', 'garbage'] satisfies Fault[]) {
    it(`should notice a service that only answers with ${fault}, and when that is over`, async () => expectNoticed(fault))
  }

  it('should notice a service that is gone, and when it is back', async () => {
    await start()
    const door = await proxy.closeForNow()
    expect(await complaint()).to.match(/^the chain has not answered for/)
    await door.reopen()
    await expectWellAgain()
  })

  it('should not mind a short silence', async () => {
    await start({ silenceMs: 5000 })
    let failed = 0
    proxy.answers.eth_chainId = async () => {
      failed++
      throw new Error('not now')
    }
    await until(() => failed > 3)
    expect(settlement.isHealthy()).to.deep.equal({ ok: true })
  })

  it('should notice a service that answers for another chain after a while', async () => {
    await start()
    await looks(2)
    proxy.answers.eth_chainId = async () => '0x1'
    expect(await complaint()).to.equal('the service answers for chain 1 instead of 31337')
    delete proxy.answers.eth_chainId
    await expectWellAgain()
  })

  it('should notice a newest block that stands still, by the market\'s clock', async () => {
    await start()
    now = START + 900
    await looks(3)
    now = START + 2000
    expect(await complaint()).to.match(/^the newest block is \d+ s old/)
    await rig.chain.mine(now)
    await expectWellAgain()
  })

  describe('when the newest block goes back', () => {
    async function goBack (blocks: bigint): Promise<void> {
      await rig.client.mine({ blocks: 200 })
      await start()
      await looks(2)
      const number = await rig.client.getBlockNumber()
      const { timestamp } = await rig.client.getBlock()
      proxy.answers.eth_getBlockByNumber = async (real) => ({ ...await real() as object, number: numberToHex(number - blocks), timestamp: numberToHex(timestamp) })
    }

    it('should bear as much as a reorganisation takes', async () => {
      await goBack(64n)
      await looks(3)
      expect(settlement.isHealthy()).to.deep.equal({ ok: true })
    })

    it('should not believe more, until the chain is where it was', async () => {
      await goBack(65n)
      expect(await complaint()).to.match(/^the newest block went back from \d+ to \d+$/)
      delete proxy.answers.eth_getBlockByNumber
      await expectWellAgain()
    })

    it('should believe a shorter chain once it has grown by as much', async () => {
      await goBack(150n)
      await complaint()
      const fallen = await rig.client.getBlockNumber() - 150n
      let grown = 63n
      proxy.answers.eth_getBlockByNumber = async (real) => ({ ...await real() as object, number: numberToHex(fallen + grown) })
      await looks(3)
      expect(settlement.isHealthy().ok).to.equal(false)
      grown = 64n
      await expectWellAgain()
    })
  })
})
