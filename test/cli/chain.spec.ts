import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'aegir/chai'
import { createTestClient, http, walletActions } from 'viem'
import { mnemonicToAccount } from 'viem/accounts'
import { foundry } from 'viem/chains'
import { practiceTokenAbi, practiceTokenBytecode } from '../../contracts/abi.ts'
import { deploymentsOf } from '../../src/chain/deployments.ts'
import { startAnvil } from '../helpers/anvil.ts'
import { callCli, killAllCli, runCli } from '../helpers/cli.ts'
import { stopAll } from '../helpers/stop-all.ts'
import type { Deployment } from '../../contracts/deployments.ts'
import type { Account } from '../../src/domain/units.ts'
import type { Anvil } from '../helpers/anvil.ts'
import type { Finished } from '../helpers/cli.ts'

/** Every anvil gives the account of this phrase money, and its first contract the same address. */
const FIRST = mnemonicToAccount('test test test test test test test test test test test junk')
const KEY = '0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80'
const TOKEN = '0x5FbDB2315678afecb367f032d93F642f64180aa3'

describe('deploying an escrow from the command line', function () {
  this.timeout(60_000)

  let folder: string
  let key: string
  let anvil: Anvil

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'wattmesh-chain-'))
    key = join(folder, 'deployer.key')
    await writeFile(key, `${KEY}\n`, { mode: 0o600 })
    anvil = await startAnvil()
    await createTestClient({ mode: 'anvil', account: FIRST, chain: foundry, transport: http(anvil.url) })
      .extend(walletActions).deployContract({ abi: practiceTokenAbi, bytecode: practiceTokenBytecode })
  })

  after(async () => {
    await stopAll(killAllCli, async () => anvil?.stop(), async () => rm(folder, { recursive: true, force: true }))
  })

  const deploy = async (...more: string[]): Promise<Finished> =>
    callCli('chain', 'deploy', '--rpc', anvil.url, '--token', TOKEN, '--key', key, ...more)

  it('should refuse an address that is none, a key that is missing and the wrong chain', async () => {
    const odd = await callCli('chain', 'address', '--token', '0x12')
    expect(odd.code).to.equal(2)
    expect(odd.stderr).to.match(/--token must be an address/)
    const missing = await callCli('chain', 'deploy', '--rpc', anvil.url, '--token', TOKEN, '--key', join(folder, 'none.key'))
    expect(missing.code).to.equal(3)
    const wrong = await deploy('--chain', '5')
    expect(wrong.code).to.equal(6)
    expect(wrong.stderr).to.match(/RPC serves chain 31337/)
  })

  it('should deploy where it said beforehand, tell homes what to set up, and send nothing the second time', async () => {
    const address = (await callCli('chain', 'address', '--token', TOKEN)).stdout.trim()
    expect(address).to.match(/^0x[0-9a-f]{40}$/)

    const first = await runCli('chain', 'deploy', '--rpc', anvil.url, '--token', TOKEN, '--key', key, '--chain', '31337')
    expect(first.code, first.stderr).to.equal(0)
    expect(first.stdout).to.match(/block +2\n/).and.match(/gas +\d{6,}\n/)
    expect(first.stdout).to.include(`wattmesh init --chain 31337 --escrow ${address} `)
    expect(first.stdout).to.include(`  market:\n    chainId: 31337\n    escrow: "${address}"\n  chain:\n    deployBlock: 2\n`)

    const [, chainId, escrow, token, block] = /^ {2}\{ chainId: (\d+), escrow: '(\w+)', token: '(\w+)', deployBlock: (\d+)n \}$/m.exec(first.stdout) ?? []
    const entry = { chainId: Number(chainId), escrow, token, deployBlock: BigInt(block) } as Deployment
    expect(deploymentsOf(TOKEN.toLowerCase() as Account, [entry])).to.deep.equal([{ chainId: 31337, escrow: address, token: TOKEN.toLowerCase(), deployBlock: 2n }])

    const second = await deploy()
    expect(second.code, second.stderr).to.equal(0)
    expect(second.stdout).to.include('nothing was sent').and.include(address).and.include('    deployBlock: 2\n')

    const { stdout } = await deploy('--json')
    expect(JSON.parse(stdout)).to.deep.equal({ chainId: 31337, escrow: address, token: { address: TOKEN.toLowerCase(), symbol: 'pEUR', decimals: 6 }, created: null, deployBlock: '2' })
  })
})
