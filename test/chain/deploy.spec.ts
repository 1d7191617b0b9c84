import { expect } from 'aegir/chai'
import { concat, createTestClient, encodeDeployData, http, keccak256, pad, publicActions, slice, stringToHex, walletActions } from 'viem'
import { generatePrivateKey, mnemonicToAccount, privateKeyToAddress } from 'viem/accounts'
import { foundry } from 'viem/chains'
import { energyEscrowAbi, energyEscrowBytecode, practiceTokenAbi, practiceTokenBytecode } from '../../contracts/abi.ts'
import { DEPLOYER } from '../../src/chain/create2.ts'
import { deployEscrow, escrowAddress } from '../../src/chain/deploy.ts'
import { createEscrowSettlement } from '../../src/chain/escrow.ts'
import { CodedError } from '../../src/domain/errors.ts'
import { startAnvil } from '../helpers/anvil.ts'
import { startProxy } from './proxy.ts'
import type { Proxy } from './proxy.ts'
import type { DeployedEscrow, DeployInit } from '../../src/chain/deploy.ts'
import type { Account, Hex } from '../../src/domain/units.ts'
import type { Anvil } from '../helpers/anvil.ts'

const POLL_MS = 5
const CHAIN = 4711
const ETHER = 10n ** 18n
/** Every anvil gives it money, so that its first contract is at the same address on each. */
const FIRST = mnemonicToAccount('test test test test test test test test test test test junk')
const TOKEN: Account = '0x5fbdb2315678afecb367f032d93f642f64180aa3'
const SECOND_TOKEN: Account = '0xe7f1725e7734ce288f8367e1bb143e90bb3f0512'
/** The formula of EIP-1014, spelled out. */
const ESCROW = slice(keccak256(concat([
  '0xff4e59b44847b379578588920ca78fbf26c0b4956c',
  keccak256(stringToHex('wattmesh EnergyEscrow 1')),
  keccak256(concat([energyEscrowBytecode, pad(TOKEN)]))
])), 12)
/** `token()` of the escrow. */
const TOKEN_CALL = '0xfc0c546a'

function clientOf (url: string) { // eslint-disable-line @typescript-eslint/explicit-function-return-type
  return createTestClient({ mode: 'anvil', account: FIRST, chain: { ...foundry, id: CHAIN }, transport: http(url), cacheTime: 0, pollingInterval: POLL_MS })
    .extend(publicActions).extend(walletActions)
}

describe('deploying an escrow', () => {
  let anvil: Anvil
  let proxy: Proxy
  let client: ReturnType<typeof clientOf>
  let key: Hex

  beforeEach(async () => {
    anvil = await startAnvil(['--chain-id', String(CHAIN)])
    proxy = await startProxy(anvil.url)
    client = clientOf(anvil.url)
    key = generatePrivateKey()
    await client.setBalance({ address: privateKeyToAddress(key), value: ETHER })
    await create(practiceTokenBytecode)
  })

  afterEach(async () => {
    proxy?.close()
    await anvil?.stop()
  })

  async function create (data: Hex): Promise<Account> {
    const hash = await client.sendTransaction({ data })
    const { contractAddress } = await client.waitForTransactionReceipt({ hash })
    return contractAddress?.toLowerCase() as Account
  }

  const deploy = async (changes: Partial<DeployInit> = {}): Promise<DeployedEscrow> =>
    deployEscrow({ rpcUrl: proxy.url, token: TOKEN, privateKey: key, pollMs: POLL_MS, ...changes })

  const sent = (): number => proxy.calls.filter(({ method }) => method === 'eth_sendRawTransaction').length

  it('should put an escrow that works where the rule says', async () => {
    const { chainId, escrow, token, created } = await deploy({ chainId: CHAIN })
    expect(escrowAddress(TOKEN)).to.equal(ESCROW)
    expect({ chainId, escrow, token }).to.deep.equal({ chainId: CHAIN, escrow: ESCROW, token: { address: TOKEN, symbol: 'pEUR', decimals: 6 } })
    const receipt = await client.getTransactionReceipt({ hash: created?.tx ?? '0x' })
    expect(created).to.deep.equal({ tx: receipt.transactionHash, block: receipt.blockNumber, gasUsed: receipt.gasUsed })
    const settlement = createEscrowSettlement({ rpcUrl: anvil.url, chainId, escrow, confirmations: 1, pollMs: POLL_MS, privateKey: key })
    expect(await settlement.token()).to.deep.equal(token)
  })

  it('should send nothing when the escrow is there already', async () => {
    await deploy()
    expect(sent()).to.equal(1)
    const again = await deploy({ privateKey: generatePrivateKey() })
    expect(again).to.include({ escrow: ESCROW, chainId: CHAIN, created: undefined })
    expect(sent()).to.equal(1)
  })

  it('should find the block of an escrow that is there already, or say that nobody knows', async () => {
    await client.mine({ blocks: 37 })
    const { deployBlock } = await deploy()
    await client.mine({ blocks: 90 })
    proxy.calls.length = 0
    expect(await deploy()).to.include({ created: undefined, deployBlock })
    expect(proxy.calls.filter(({ method }) => method === 'eth_getCode').length).to.be.below(15)
    // a service that keeps no old states
    const newest = await client.getBlockNumber()
    proxy.twist = (call) => call.method === 'eth_getCode' && call.params[1] !== 'latest' && Number(call.params[1]) < newest - 5n ? { ...call, method: 'no_such_method' } : call
    expect(await deploy()).to.include({ created: undefined, deployBlock: undefined })
  })

  it('should give each token its own escrow, and each chain the same for one token', async () => {
    await create(practiceTokenBytecode)
    expect((await deploy({ token: SECOND_TOKEN })).escrow).to.equal(escrowAddress(SECOND_TOKEN)).and.not.equal(ESCROW)
    await client.setCode({ address: TOKEN, bytecode: '0x' })
    const other = await startAnvil(['--chain-id', '4712'])
    try {
      await createTestClient({ mode: 'anvil', account: FIRST, chain: { ...foundry, id: 4712 }, transport: http(other.url) })
        .extend(walletActions).deployContract({ abi: practiceTokenAbi, bytecode: practiceTokenBytecode })
      const { chainId, escrow } = await deploy({ rpcUrl: other.url, privateKey: '0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80' })
      expect({ chainId, escrow }).to.deep.equal({ chainId: 4712, escrow: ESCROW })
    } finally {
      await other.stop()
    }
  })

  it('should refuse another chain than the one asked for', async () => {
    await expectCode(deploy({ chainId: CHAIN + 1 }), 'CHAIN_WRONG_NETWORK')
    expect(sent()).to.equal(0)
  })

  it('should refuse an address that is no token', async () => {
    await expectCode(deploy({ token: '0x000000000000000000000000000000000000dead' }), 'CHAIN_BAD_TOKEN')
    const escrow = await create(encodeDeployData({ abi: energyEscrowAbi, bytecode: energyEscrowBytecode, args: [TOKEN] }))
    await expectCode(deploy({ token: escrow }), 'CHAIN_BAD_TOKEN')
    expect(sent()).to.equal(0)
  })

  it('should refuse a chain without the deployer, or with something else in its place', async () => {
    await client.setCode({ address: DEPLOYER, bytecode: '0x' })
    await expectCode(deploy(), 'CHAIN_NO_DEPLOYER')
    await client.setCode({ address: DEPLOYER, bytecode: '0x00' })
    await expectCode(deploy(), 'CHAIN_NO_DEPLOYER')
    expect(sent()).to.equal(0)
  })

  it('should say that the key cannot pay', async () => {
    await expectCode(deploy({ privateKey: generatePrivateKey() }), 'CHAIN_NO_GAS')
  })

  it('should say that the chain does not answer', async () => {
    proxy.isShut = true
    await expectCode(deploy(), 'CHAIN_UNREACHABLE')
  })

  it('should blame neither token nor service when the connection breaks in the middle', async () => {
    // The first calls with two parameters ask the token, the first with three runs the constructor.
    for (const parameters of [2, 3]) {
      proxy.twist = (call) => {
        if (call.method === 'eth_call' && call.params.length === parameters) {
          throw new Error('the line is cut')
        }
        return call
      }
      await expectCode(deploy(), 'CHAIN_UNREACHABLE')
    }
    expect(sent()).to.equal(0)
  })

  it('should refuse other code at the address, even where only one byte differs', async () => {
    await deploy()
    const code = await client.getCode({ address: ESCROW }) ?? '0x'
    const middle = code.length / 2
    await client.setCode({ address: ESCROW, bytecode: `${code.slice(0, middle)}${code[middle] === '0' ? '1' : '0'}${code.slice(middle + 1)}` as Hex })
    await expectCode(deploy(), 'CHAIN_BAD_CODE')
    // The same escrow, but made for another address: it would check signatures against the wrong domain.
    const elsewhere = await create(encodeDeployData({ abi: energyEscrowAbi, bytecode: energyEscrowBytecode, args: [TOKEN] }))
    await client.setCode({ address: ESCROW, bytecode: await client.getCode({ address: elsewhere }) ?? '0x' })
    await expectCode(deploy(), 'CHAIN_BAD_CODE')
  })

  it('should refuse an escrow that names another token', async () => {
    await create(practiceTokenBytecode)
    const { escrow } = await deploy({ token: SECOND_TOKEN })
    await deploy()
    proxy.twist = (call) => {
      const [request, ...rest] = call.method === 'eth_call' ? call.params as [{ readonly data?: Hex }, ...unknown[]] : []
      return request?.data === TOKEN_CALL ? { ...call, params: [{ ...request, to: escrow }, ...rest] } : call
    }
    await expectCode(deploy(), 'CHAIN_BAD_CODE')
  })

  it('should send nothing where the result could not be verified', async () => {
    proxy.twist = (call) => call.method === 'eth_call' ? { ...call, params: call.params.slice(0, 2) } : call
    await expectCode(deploy(), 'CHAIN_FAILED', /cannot run code that is not deployed/)
    expect(sent()).to.equal(0)
    await deploy({ rpcUrl: anvil.url })
    await expectCode(deploy(), 'CHAIN_FAILED', /cannot run code that is not deployed/)
  })
})

async function expectCode (promise: Promise<unknown>, code: string, message = /./): Promise<void> {
  const error = await promise.then(() => undefined, (failure: unknown) => failure)
  expect(error).to.be.instanceOf(CodedError)
  expect(error).to.have.property('code', code)
  expect((error as CodedError<string>).message).to.match(message)
}
