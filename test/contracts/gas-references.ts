/**
 * What others cost on the same chain in the same run, each from its npm package. One whose package or compiler is not
 * installed, or that does not compile, is left out, and the page says why.
 */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { maxUint256, parseAbi, zeroAddress, zeroHash } from 'viem'
import { practiceTokenAbi, practiceTokenBytecode } from '../../contracts/abi.ts'
import { compile } from '../../contracts/build.ts'
import { EURO, START_SEC, deploy, household } from '../helpers/escrow-fixture.ts'
import { gasOf } from './gas-table.ts'
import type { GasRow } from './gas-table.ts'
import type { CompiledContract } from '../../contracts/build.ts'
import type { EscrowFixture } from '../helpers/escrow-fixture.ts'
import type { Abi, Address, Hex, LocalAccount } from 'viem'

const require = createRequire(import.meta.url)
const [alice, bob] = [household(0).owner, household(1).owner]
const token = practiceTokenAbi as Abi

export interface Reference {
  readonly name: string
  measure(chain: EscrowFixture): Promise<GasRow[]>
}

export const references: readonly Reference[] = [
  { name: 'OpenZeppelin 4.9 Escrow', measure: measureOldEscrow },
  { name: 'Permit2', measure: measurePermit2 },
  { name: 'Seaport 1.6', measure: measureSeaport }
]

/** Deposit for a known payee and withdrawal, in the chain's own coin: the escrow of old knows no tokens. */
async function measureOldEscrow (chain: EscrowFixture): Promise<GasRow[]> {
  const { OldEscrow } = compile(['test/contracts/OldEscrow.sol'])
  const call = { from: alice, to: await deploy(chain.client, OldEscrow), abi: OldEscrow.abi as Abi, args: [bob.address] }
  await gasOf(chain, { ...call, functionName: 'deposit', value: EURO })
  const deposit = await gasOf(chain, { ...call, functionName: 'deposit', value: EURO })
  const withdraw = await gasOf(chain, { ...call, functionName: 'withdraw' })

  return [{ what: 'OpenZeppelin 4.9 Escrow: deposit and withdraw one payment', gas: deposit + withdraw }]
}

/** A payment by signature, pulled by the payee; the word of its nonce is in use. */
async function measurePermit2 (chain: EscrowFixture): Promise<GasRow[]> {
  const folder = '@uniswap/v4-periphery/lib/permit2'
  const { Permit2 } = compileOf('solc', [`${folder}/src/Permit2.sol`], { 'solmate/': `${folder}/lib/solmate/` })
  const permit2 = await deploy(chain.client, Permit2)
  await approve(chain, { from: alice, at: chain.token, spender: permit2 })
  const abi = parseAbi([
    'function permitTransferFrom(((address token, uint256 amount) permitted, uint256 nonce, uint256 deadline) permit, (address to, uint256 requestedAmount) transferDetails, address owner, bytes signature)'
  ])
  const pull = async (nonce: bigint): Promise<number> => {
    const permit = { permitted: { token: chain.token, amount: EURO }, nonce, deadline: maxUint256 }
    const signature = await alice.signTypedData({
      domain: { name: 'Permit2', chainId: chain.client.chain.id, verifyingContract: permit2 },
      types: {
        TokenPermissions: [{ name: 'token', type: 'address' }, { name: 'amount', type: 'uint256' }],
        PermitTransferFrom: [
          { name: 'permitted', type: 'TokenPermissions' }, { name: 'spender', type: 'address' }, { name: 'nonce', type: 'uint256' }, { name: 'deadline', type: 'uint256' }
        ]
      },
      primaryType: 'PermitTransferFrom',
      message: { ...permit, spender: bob.address }
    })
    return gasOf(chain, { from: bob, to: permit2, abi, functionName: 'permitTransferFrom', args: [permit, { to: bob.address, requestedAmount: EURO }, alice.address, signature] })
  }
  await pull(0n)
  return [{ what: 'Permit2: one payment by signature', gas: await pull(1n) }]
}

/** One order of tokens for tokens, signed by one and fulfilled by the other. */
async function measureSeaport (chain: EscrowFixture): Promise<GasRow[]> {
  // later compilers cannot place all of its variables on the stack
  const made = compileOf('solc-0.8.24', ['seaport-core/src/Seaport.sol', 'seaport-core/src/conduit/ConduitController.sol'])
  const seaport = await deploy(chain.client, { ...made.Seaport, args: [await deploy(chain.client, made.ConduitController)] })
  const other = await deploy(chain.client, { abi: token, bytecode: practiceTokenBytecode })
  await gasOf(chain, { from: bob, to: other, abi: token, functionName: 'mint', args: [bob.address, 10n * EURO] })
  await gasOf(chain, { from: alice, to: other, abi: token, functionName: 'mint', args: [alice.address, EURO] })
  await approve(chain, { from: alice, at: chain.token, spender: seaport })
  await approve(chain, { from: bob, at: other, spender: seaport })
  const fulfill = async (salt: bigint): Promise<number> => {
    const order = await seaportOrder(chain, { seaport, offered: chain.token, asked: other, salt })
    return gasOf(chain, { from: bob, to: seaport, abi: made.Seaport.abi as Abi, functionName: 'fulfillOrder', args: [order, zeroHash] })
  }
  await fulfill(1n)
  return [{ what: 'Seaport 1.6: one order, token for token', gas: await fulfill(2n) }]
}

async function seaportOrder (chain: EscrowFixture, { seaport, offered, asked, salt }: { seaport: Address, offered: Address, asked: Address, salt: bigint }): Promise<object> {
  const item = { itemType: 1, identifierOrCriteria: 0n, startAmount: EURO, endAmount: EURO }
  const parameters = {
    offerer: alice.address,
    zone: zeroAddress,
    offer: [{ ...item, token: offered }],
    consideration: [{ ...item, token: asked, recipient: alice.address }],
    orderType: 0,
    startTime: 0n,
    endTime: BigInt(START_SEC) * 2n,
    zoneHash: zeroHash,
    salt,
    conduitKey: zeroHash
  }
  const itemType = [
    { name: 'itemType', type: 'uint8' }, { name: 'token', type: 'address' }, { name: 'identifierOrCriteria', type: 'uint256' },
    { name: 'startAmount', type: 'uint256' }, { name: 'endAmount', type: 'uint256' }
  ] as const
  const signature = await alice.signTypedData({
    domain: { name: 'Seaport', version: '1.6', chainId: chain.client.chain.id, verifyingContract: seaport },
    types: {
      OfferItem: itemType,
      ConsiderationItem: [...itemType, { name: 'recipient', type: 'address' }],
      OrderComponents: [
        { name: 'offerer', type: 'address' }, { name: 'zone', type: 'address' }, { name: 'offer', type: 'OfferItem[]' },
        { name: 'consideration', type: 'ConsiderationItem[]' }, { name: 'orderType', type: 'uint8' }, { name: 'startTime', type: 'uint256' },
        { name: 'endTime', type: 'uint256' }, { name: 'zoneHash', type: 'bytes32' }, { name: 'salt', type: 'uint256' },
        { name: 'conduitKey', type: 'bytes32' }, { name: 'counter', type: 'uint256' }
      ]
    },
    primaryType: 'OrderComponents',
    message: { ...parameters, counter: 0n }
  })
  return { parameters: { ...parameters, totalOriginalConsiderationItems: 1n }, signature }
}

/** Both parties hold tokens before and after, and the allowance stays. */
async function approve (chain: EscrowFixture, { from, at, spender }: { from: LocalAccount, at: Address, spender: Address }): Promise<void> {
  if (at === chain.token) {
    await chain.mint(household(0), 100n * EURO)
    await chain.mint(household(1), EURO)
  }
  await gasOf(chain, { from, to: at, abi: token, functionName: 'approve', args: [spender, maxUint256] })
}

interface Output {
  readonly errors?: ReadonlyArray<{ readonly severity: string, readonly formattedMessage: string }>
  readonly contracts?: Record<string, Record<string, { readonly abi: readonly unknown[], readonly evm: { readonly bytecode: { readonly object: string } } }>>
}

/** Compiles files of packages as ours are compiled, whatever version they name; `folders` says where imports lie. */
function compileOf (compiler: string, files: readonly string[], folders: Readonly<Record<string, string>> = {}): Record<string, CompiledContract> {
  const solc: { compile(input: string, callbacks: object): string } = require(compiler)
  const read = (path: string): string => {
    const [from, to] = Object.entries(folders).find(([prefix]) => path.startsWith(prefix)) ?? ['', '']
    return readFileSync(require.resolve(to + path.slice(from.length)), 'utf8').replace(/pragma solidity [\d.]+;/, 'pragma solidity ^0.8.0;')
  }
  const input = {
    language: 'Solidity',
    sources: Object.fromEntries(files.map(file => [file, { content: read(file) }])),
    settings: {
      viaIR: true, optimizer: { enabled: true, runs: 1_000_000 }, evmVersion: 'cancun', outputSelection: { '*': { '*': ['abi', 'evm.bytecode.object'] } }
    }
  }
  const output: Output = JSON.parse(solc.compile(JSON.stringify(input), { import: (path: string) => ({ contents: read(path) }) }))
  const error = output.errors?.find(({ severity }) => severity === 'error')
  if (error != null) {
    throw new Error(error.formattedMessage)
  }
  const contracts = files.flatMap(file => Object.entries(output.contracts?.[file] ?? {}))
  return Object.fromEntries(contracts.map(([name, { abi, evm }]) => [name, { abi, bytecode: `0x${evm.bytecode.object}` as Hex }]))
}
