import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'aegir/chai'
import { startPracticeChain } from '../../src/chain/practice-chain.ts'
import { addressOf, publicKeyOf } from '../../src/signing/keys.ts'
import { inBackground } from '../helpers/background.ts'
import { callCli, killAllCli, runCli, startCli } from '../helpers/cli.ts'
import { stopAll } from '../helpers/stop-all.ts'
import type { PracticeChain } from '../../src/chain/practice-chain.ts'
import type { Hex } from '../../src/domain/units.ts'
import type { Background } from '../helpers/background.ts'

const OWNER_KEY: Hex = `0x${'4d'.repeat(32)}`
const OWNER = addressOf(publicKeyOf(OWNER_KEY))

describe('setting up and running a home from the command line', function () {
  this.timeout(60_000)

  let folder: string
  let data: string
  let ownerKey: string
  let chain: PracticeChain
  let mining: Background

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'wattmesh-home-'))
    data = join(folder, 'data')
    ownerKey = join(folder, 'owner.key')
    await writeFile(ownerKey, `${OWNER_KEY}\n`, { mode: 0o600 })
    chain = await startPracticeChain()
    await chain.fund(OWNER, { gas: 10n ** 18n, money: 100_000_000n })
    mining = inBackground(async () => chain.mine(Math.floor(Date.now() / 1000)), 100)
  })

  after(async () => {
    await stopAll(killAllCli, async () => mining?.stop(), async () => chain?.stop(), async () => rm(folder, { recursive: true, force: true }))
  })

  const initArgs = (...more: string[]): string[] => [
    'init', '--data', data, '--name', 'Elm 4', '--owner', OWNER, '--area', 'elm street', '--chain', String(chain.chainId),
    '--escrow', chain.escrow, '--rpc', chain.rpcUrl, ...more
  ]

  it('should say what to do when there is no home yet', async () => {
    const start = await runCli('start', '--data', data)
    expect(start.code).to.equal(3)
    expect(start.stderr).to.match(/wattmesh init/)
    const status = await callCli('status', '--data', data)
    expect(status.code).to.equal(5)
    expect(status.stderr).to.match(/No node is running.*wattmesh start/)
  })

  it('should refuse an owner that is no address', async () => {
    const { code, stderr } = await callCli('init', '--data', data, '--owner', '0x12', '--area', 'x', '--chain', '1', '--escrow', chain.escrow, '--rpc', chain.rpcUrl)
    expect(code).to.equal(2)
    expect(stderr).to.match(/--owner must be an address/)
  })

  it('should refuse settings no node would start with, and prices that leave nothing to trade, before anything is written', async () => {
    const [address, price, swapped] = await Promise.all([['--rpc', 'elm street'], ['--retail', '0,30'], ['--retail', '0.05']].map(async (wrong) => runCli(...initArgs(), ...wrong)))
    expect([address.code, price.code, swapped.code]).to.deep.equal([3, 3, 2])
    expect(address.stderr).to.match(/'chain\.rpc'.*not "elm street"/)
    expect(price.stderr).to.match(/'tariff\.retail'.*not "0,30"/)
    expect(swapped.stderr).to.match(/--retail \(0\.05\) must be above --feed-in \(0\.08\)/)
    expect(existsSync(data)).to.be.false()
  })

  it('should ask for the owner\'s key where it was said to be, and go quietly when nobody reads on', async () => {
    const missing = await runCli('chain', 'deploy', '--rpc', chain.rpcUrl, '--token', OWNER, '--key', join(folder, 'nothing'))
    expect([missing.code, missing.stderr]).to.deep.equal([3, `wattmesh: There is no file at ${join(folder, 'nothing')}: give the path of a file that holds 0x and 64 hexadecimal digits.\n`])
    const list = startCli('devices', 'list')
    list.child.stdout?.destroy()
    const { stderr } = await list.finished
    expect([list.child.signalCode, stderr]).to.deep.equal(['SIGTERM', ''])
  })

  it('should set up a home once and never overwrite it', async () => {
    const first = await runCli(...initArgs())
    expect(first.code, first.stderr).to.equal(0)
    expect(first.stdout).to.match(/Next:/).and.to.include(`wattmesh start --data ${data}\n`)
    expect((await stat(join(data, 'node.key'))).mode & 0o777).to.equal(0o600)
    const key = await readFile(join(data, 'node.key'), 'utf8')
    // invites name it
    expect(await readFile(join(data, 'config.yaml'), 'utf8')).to.match(/^ {2}listen: \["\/ip4\/0\.0\.0\.0\/tcp\/(2\d|3[0-2])\d{3}"\]$/m)
    const second = await callCli(...initArgs())
    expect(second.code).to.equal(3)
    expect(second.stderr).to.match(/already/)
    expect(await readFile(join(data, 'node.key'), 'utf8')).to.equal(key)
  })

  it('should register the key and move the owner\'s money', async () => {
    const authorize = await runCli('wallet', 'authorize', '--data', data, '--owner-key', ownerKey, '--limit', '20')
    expect(authorize.code, authorize.stderr).to.equal(0)
    const deposit = await callCli('wallet', 'deposit', '60.5', '--data', data, '--owner-key', ownerKey)
    expect(deposit.code, deposit.stderr).to.equal(0)
    expect(deposit.stdout).to.include('60.50 pEUR')
    const withdraw = await callCli('wallet', 'withdraw', '0.5', '--data', data, '--owner-key', ownerKey)
    expect(withdraw.stdout).to.include('60.00 pEUR')
    const tooMuch = await callCli('wallet', 'withdraw', '61', '--data', data, '--owner-key', ownerKey)
    expect(tooMuch.code).to.equal(6)
    expect(tooMuch.stderr).to.match(/refused to withdraw: Unfunded/)
    const odd = await callCli('wallet', 'deposit', 'much', '--data', data, '--owner-key', ownerKey)
    expect(odd.code).to.equal(2)
    expect(odd.stderr).to.match(/is not an amount/)
  })

  it('should start, answer, and stop cleanly', async () => {
    const node = startCli('start', '--data', data)
    await node.said(/ready/)
    const status = await runCli('status', '--data', data)
    expect(status.code, status.stderr).to.equal(0)
    expect(status.stdout).to.match(/Elm 4 in market area "elm street"/).and.to.match(/books +not compared yet/)
    const wallet = JSON.parse((await callCli('wallet', '--data', data, '--json')).stdout)
    expect(wallet.account).to.deep.equal({ balance: '60000000', reserved: '0' })
    expect(wallet.key.dailyLimit).to.equal('20000000')
    expect((await stat(join(data, 'api.json'))).mode & 0o777).to.equal(0o600)
    expect((await callCli('trades', '--data', data)).stdout).to.include('No trades yet.')
    expect((await callCli('book', '--data', data)).code).to.equal(0)
    const knobs = JSON.parse((await callCli('trading', '--data', data, '--pause', '--lowest-selling-price', '0.12', '--reserve', '20%', '--neighbours-only', 'yes', '--json')).stdout)
    expect(knobs).to.deep.equal({ lowestSellingPrice: '120000', reserve: '20%', neighboursOnly: true, paused: true })
    expect((await callCli('status', '--data', data)).stdout).to.match(/trading +paused by you, neighbours only/)
    expect((await callCli('trading', '--data', data, '--reset', '--pause')).stdout).to.match(/trading +paused\n.*just above/)
    const odd = await callCli('trading', '--data', data, '--highest-buying-price', '0.1234567')
    expect(odd.code).to.equal(2)
    expect(odd.stderr).to.match(/--highest-buying-price must be a decimal number/)
    expect((await callCli('trading', '--data', data, '--reserve', 'half')).code).to.equal(2)
    const why = await callCli('why', '--data', data)
    expect(why.code, why.stderr).to.equal(0)
    node.child.kill('SIGTERM')
    const { code, stderr } = await node.finished
    expect(code, stderr).to.equal(0)
    expect((await callCli('status', '--data', data)).code).to.equal(5)
  })

  it('should refuse the wrong chain with one sentence', async () => {
    const config = join(data, 'config.yaml')
    const text = await readFile(config, 'utf8')
    await writeFile(config, text.replace(`chainId: ${chain.chainId}`, 'chainId: 5'))
    const { code, stderr } = await runCli('start', '--data', data)
    await writeFile(config, text)
    expect(code).to.equal(6)
    expect(stderr).to.match(/RPC serves chain 31337 but the market settles on chain 5/)
  })
})
