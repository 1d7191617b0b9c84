import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { expect } from 'aegir/chai'
import { erc20Abi } from 'viem'
import { generatePrivateKey, privateKeyToAddress } from 'viem/accounts'
import { createOwnerSettlement } from '../../src/chain/owner.ts'
import { startPracticeChain } from '../../src/chain/practice-chain.ts'
import { tied } from '../helpers/child.ts'
import { until } from '../helpers/until.ts'
import { clientOf } from './rig.ts'
import type { LocalClient } from './rig.ts'
import type { PracticeChain } from '../../src/chain/practice-chain.ts'
import type { Account, UnixSeconds } from '../../src/domain/units.ts'

const START = 1_800_000_000
const HOME: Account = '0x00000000000000000000000000000000000000aa'
const PARENT = new URL('./practice-chain-parent.ts', import.meta.url).pathname

describe('practice chain', () => {
  let chain: PracticeChain
  let client: LocalClient

  beforeEach(async () => {
    chain = await startPracticeChain({ timestamp: START })
    client = clientOf(chain)
  })
  afterEach(async () => chain.stop())

  it('should come with an escrow that starts at the asked time', async () => {
    expect(chain.chainId).to.equal(31337)
    expect(await client.getCode({ address: chain.escrow })).to.be.a('string')
    expect(await newest()).to.be.within(START, START + 2)
    expect(await client.getBlockNumber()).to.equal(chain.deployBlock)
  })

  it('should mine when it is told, at the time it is told, and never back in time', async () => {
    await chain.mine(START + 500)
    expect(await newest()).to.equal(START + 500)
    await chain.mine(START)
    expect(await newest()).to.equal(START + 501)
    await Promise.all([chain.mine(START + 600), chain.mine(START + 600), chain.mine(START + 700)])
    expect(await newest()).to.equal(START + 700)
    expect(await client.getBlockNumber()).to.equal(chain.deployBlock + 5n)
  })

  it('should leave a transaction waiting until it mines', async () => {
    const ownerPrivateKey = generatePrivateKey()
    await chain.fund(lower(privateKeyToAddress(ownerPrivateKey)), { gas: 10n ** 18n, money: 0n })
    const owner = createOwnerSettlement({ ...chain, pollMs: 5, ownerPrivateKey })
    let isDone = false
    const move = owner.setKey(HOME, START + 10, 1n).then(() => { isDone = true })
    await until(async () => (await client.getTxpoolStatus()).pending === 1)
    expect(isDone).to.equal(false)
    await chain.mine(0)
    await move
  })

  it('should add gas and money to what an account has', async () => {
    await Promise.all([chain.fund(HOME, { gas: 5n, money: 7n }), chain.fund(HOME, { gas: 1n, money: 2n })])
    expect(await client.getBalance({ address: HOME })).to.equal(6n)
    expect(await client.readContract({ address: chain.token, abi: erc20Abi, functionName: 'balanceOf', args: [HOME] })).to.equal(9n)
  })

  it('should say that its port is taken', async () => {
    const port = Number(new URL(chain.rpcUrl).port)
    const failure = await startPracticeChain({ port }).then(() => undefined, (error: unknown) => error)
    expect(failure).to.have.property('code', 'CHAIN_PORT_IN_USE')
    expect(failure).to.have.property('message').that.includes(String(port))
  })

  it('should be gone once it is stopped', async () => {
    await chain.stop()
    await expect(fetch(chain.rpcUrl)).to.eventually.be.rejected()
  })

  it('should not outlive a program that is killed', async function () {
    if (!existsSync('/usr/bin/setpriv')) {
      this.skip()
    }
    const parent = tied(spawn(process.execPath, ['--experimental-transform-types', '--disable-warning=ExperimentalWarning', PARENT], { stdio: ['ignore', 'pipe', 'inherit'] }))
    const rpcUrl = await new Promise<string>((resolve) => { createInterface({ input: parent.stdout }).once('line', resolve) })
    expect(await isAlive(rpcUrl)).to.equal(true)
    parent.kill('SIGKILL')
    await until(async () => !await isAlive(rpcUrl))
  })

  async function newest (): Promise<UnixSeconds> {
    return Number((await client.getBlock()).timestamp)
  }
})

function lower (address: string): Account {
  return address.toLowerCase() as Account
}

async function isAlive (rpcUrl: string): Promise<boolean> {
  return fetch(rpcUrl, { method: 'POST' }).then(() => true, () => false)
}
