/** Contracts at addresses that follow from their code alone, the same on every chain: created by whoever pays, verified by running. */
import { concat, getContractAddress, keccak256, pad, toBytes } from 'viem'
import { CodedError, hasCode } from '../domain/errors.ts'
import { checkNetwork, createChainReader, createChainWriter } from './client.ts'
import { chainError } from './errors.ts'
import type { ChainReader, Mined } from './client.ts'
import type { ChainErrorCode } from './errors.ts'
import type { Account, Hex } from '../domain/units.ts'

/** Creates with CREATE2 whatever it is sent as `salt ++ init code`; see github.com/Arachnid/deterministic-deployment-proxy. */
export const DEPLOYER: Account = '0x4e59b44847b379578588920ca78fbf26c0b4956c'
const DEPLOYER_CODE: Hex =
  '0x7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe03601600081602082378035828234f58015156039578182fd5b8082525050506014600cf3'

/** Instead of the storage that is there, which the constructor must not find: one word nobody reads, as viem leaves out none at all. */
const EMPTY = [{ slot: keccak256(toBytes('nothing')), value: pad('0x1') }]

export interface Creation {
  readonly rpcUrl: string
  /** Pays for the transaction and has no rights afterwards. */
  readonly privateKey: Hex
  /** Refuses any other chain. */
  readonly chainId?: number
  /** How often to ask whether the transaction is mined, in real milliseconds. */
  readonly pollMs: number
  readonly minedTimeoutMs?: number
}

export interface Blueprint {
  readonly salt: Hex
  /** Creation code with the constructor's arguments. */
  readonly initCode: Hex
  /** Completes `The contract refused to deploy …`: `the escrow`. */
  readonly what: string
}

/** The transaction that created a contract. */
export type CreatedBy = Pick<Mined, 'tx' | 'block' | 'gasUsed'>

/** Where a contract is on every chain (EIP-1014). */
export function create2Address ({ salt, initCode }: Pick<Blueprint, 'salt' | 'initCode'>): Account {
  return getContractAddress({ opcode: 'CREATE2', from: DEPLOYER, salt, bytecode: initCode }).toLowerCase() as Account
}

/** A reader of the chain, once its id is known to be the wanted one. Throws `CHAIN_WRONG_NETWORK`. */
export async function openChain (init: Creation): Promise<{ reader: ChainReader, chainId: number }> {
  // What is read to learn the id is the same whatever the reader takes it for.
  const chainId = init.chainId ?? await createChainReader({ ...init, chainId: 0 }).getChainId()
  const reader = createChainReader({ ...init, chainId })
  await checkNetwork(reader, chainId)
  return { reader, chainId }
}

export interface Created {
  readonly address: Account
  /** The code there is the blueprint's. */
  readonly isRight: boolean
  /** Undefined when it was there already. */
  readonly created?: CreatedBy
}

/**
 * Creates a contract unless it is there already, and compares what is there with what its constructor makes. Throws
 * `CHAIN_NO_DEPLOYER`, `CHAIN_NO_GAS`, or what any transaction may throw.
 */
export async function createOnce (blueprint: Blueprint, init: Creation & { readonly chainId: number }, reader: ChainReader): Promise<Created> {
  const address = create2Address(blueprint)
  // Before the transaction, so that nobody pays for what this RPC cannot verify.
  const expected = await expectedCode(reader, address, blueprint)
  const created = await reader.getCode({ address }) == null ? await create(reader, init, blueprint) : undefined
  // The block to look at, so that a service that lags behind says so instead of showing nothing.
  const code = await reader.getCode({ address, blockNumber: created?.block })
  return { address, isRight: code === expected, created }
}

/**
 * The code a contract must have, with its immutables: the chain runs the constructor at the very address (a state override of
 * `eth_call`), since chain and address are among what it writes into the code.
 */
export async function expectedCode (reader: ChainReader, address: Account, { initCode, what }: Blueprint): Promise<Hex> {
  const { data } = await reader.call({ to: address, stateOverride: [{ address, code: initCode, state: EMPTY }] })
    .catch((error) => {
      const coded = chainError(error, `verify ${what}`)
      throw hasCode(coded, 'CHAIN_UNREACHABLE') ? coded : cannotVerify(what, error)
    })
  // A service that ignores the override runs what is there: nothing yet, or a contract that refuses a call of nothing.
  if (data == null) {
    throw cannotVerify(what)
  }
  return data
}

function cannotVerify (what: string, cause?: unknown): CodedError<ChainErrorCode> {
  return new CodedError('CHAIN_FAILED', `The RPC service cannot run code that is not deployed (state overrides of eth_call), so ${what} cannot be verified: use another RPC address.`, { cause })
}

async function create (reader: ChainReader, init: Creation & { readonly chainId: number }, { salt, initCode, what }: Blueprint): Promise<CreatedBy> {
  if (await reader.getCode({ address: DEPLOYER }) !== DEPLOYER_CODE) {
    throw new CodedError<ChainErrorCode>('CHAIN_NO_DEPLOYER',
      `Chain ${init.chainId} has no deterministic deployer at ${DEPLOYER}: deploy it as github.com/Arachnid/deterministic-deployment-proxy says, then try again, or use a chain that has it.`,
      { details: { chainId: init.chainId, deployer: DEPLOYER } })
  }
  const { tx, block, gasUsed } = await createChainWriter(init, reader).write({ to: DEPLOYER, data: concat([salt, initCode]), doing: `deploy ${what}` })
  return { tx, block, gasUsed }
}
