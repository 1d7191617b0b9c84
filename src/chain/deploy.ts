import { concat, encodeDeployData, getContractAddress, keccak256, toBytes } from 'viem'
import { energyEscrowAbi, energyEscrowBytecode, practiceTokenAbi } from '../../contracts/abi.ts'
import { CodedError, hasCode } from '../domain/errors.ts'
import { checkNetwork, createChainReader, createChainWriter } from './client.ts'
import { chainError } from './errors.ts'
import type { ChainReader, Mined } from './client.ts'
import type { ChainErrorCode } from './errors.ts'
import type { Account, Hex } from '../domain/units.ts'
import type { Token } from '../ports/settlement.ts'

/** Creates with CREATE2 whatever it is sent as `salt ++ init code`; see github.com/Arachnid/deterministic-deployment-proxy. */
export const DEPLOYER: Account = '0x4e59b44847b379578588920ca78fbf26c0b4956c'
const DEPLOYER_CODE: Hex =
  '0x7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe03601600081602082378035828234f58015156039578182fd5b8082525050506014600cf3'

/** Another salt is another address for the same escrow, so it never changes. */
const SALT = keccak256(toBytes('wattmesh EnergyEscrow 1'))

export interface DeployInit {
  readonly rpcUrl: string
  readonly token: Account
  /** Pays for the transaction and has no rights afterwards. */
  readonly privateKey: Hex
  /** Refuses any other chain. */
  readonly chainId?: number
  /** How often to ask whether the transaction is mined, in real milliseconds. */
  readonly pollMs: number
  readonly minedTimeoutMs?: number
}

export interface DeployedEscrow {
  readonly chainId: number
  readonly escrow: Account
  readonly token: Token
  /** The transaction that created it; undefined when it was there already. */
  readonly created?: Pick<Mined, 'tx' | 'block' | 'gasUsed'>
  /** The first block that has it; undefined when the service keeps no state so old. */
  readonly deployBlock?: bigint
}

/** Where the escrow of a token is, on every chain on which the token has this address (EIP-1014). */
export function escrowAddress (token: Account): Account {
  return getContractAddress({ opcode: 'CREATE2', from: DEPLOYER, salt: SALT, bytecode: initCode(token) }).toLowerCase() as Account
}

/**
 * Deploys the escrow of a token unless it is there already, and verifies what is there. Throws `CHAIN_WRONG_NETWORK`,
 * `CHAIN_BAD_TOKEN`, `CHAIN_NO_DEPLOYER`, `CHAIN_NO_GAS`, `CHAIN_BAD_CODE`, or what any transaction may throw.
 */
export async function deployEscrow (init: DeployInit): Promise<DeployedEscrow> {
  return deploy(init).catch((error) => { throw chainError(error, 'deploy the escrow') })
}

async function deploy (init: DeployInit): Promise<DeployedEscrow> {
  // What is read to learn the id is the same whatever the reader takes it for.
  const chainId = init.chainId ?? await createChainReader({ ...init, chainId: 0 }).getChainId()
  const reader = createChainReader({ ...init, chainId })
  await checkNetwork(reader, chainId)
  const token = await readToken(reader, init.token)
  const escrow = escrowAddress(init.token)
  // Before the transaction, so that nobody pays for an escrow that this RPC cannot verify.
  const expected = await expectedCode(reader, init.token)
  const created = await reader.getCode({ address: escrow }) == null ? await create(reader, { ...init, chainId }) : undefined
  await verify(reader, { escrow, token: init.token, expected, block: created?.block })
  return { chainId, escrow, token, created, deployBlock: created?.block ?? await findDeployBlock(reader, escrow) }
}

/** Asks about 25 times on a chain of 30 million blocks. Undefined when the service does not answer for old blocks. */
async function findDeployBlock (reader: ChainReader, escrow: Account): Promise<bigint | undefined> {
  try {
    let [without, has] = [-1n, await reader.getBlockNumber()]
    while (has - without > 1n) {
      const middle = (without + has) / 2n
      if (await reader.getCode({ address: escrow, blockNumber: middle }) == null) {
        without = middle
      } else {
        has = middle
      }
    }
    return has
  } catch {
    return undefined
  }
}

function initCode (token: Account): Hex {
  return encodeDeployData({ abi: energyEscrowAbi, bytecode: energyEscrowBytecode, args: [token] })
}

async function readToken (reader: ChainReader, address: Account): Promise<Token> {
  const bad = (cause?: unknown): CodedError<ChainErrorCode> => new CodedError('CHAIN_BAD_TOKEN',
    `There is no token at ${address} that tells its symbol and decimals: check the address and that the RPC serves the token's chain.`,
    { details: { token: address }, cause })
  if (await reader.getCode({ address }) == null) {
    throw bad()
  }
  const token = { address, abi: practiceTokenAbi } as const
  try {
    const [symbol, decimals] = await Promise.all([
      reader.readContract({ ...token, functionName: 'symbol' }), reader.readContract({ ...token, functionName: 'decimals' })
    ])
    return { address, symbol, decimals }
  } catch (error) {
    const coded = chainError(error, 'read the token')
    throw hasCode(coded, 'CHAIN_UNREACHABLE') ? coded : bad(error)
  }
}

/**
 * The code the escrow must have, with its immutables: the chain runs the constructor at the very address (a state override of
 * `eth_call`), since chain and address are among what it writes into the code.
 */
async function expectedCode (reader: ChainReader, token: Account): Promise<Hex> {
  const escrow = escrowAddress(token)
  const { data } = await reader.call({ to: escrow, stateOverride: [{ address: escrow, code: initCode(token) }] })
    .catch((error) => {
      const coded = chainError(error, 'verify the escrow')
      throw hasCode(coded, 'CHAIN_UNREACHABLE') ? coded : cannotVerify(error)
    })
  // A service that ignores the override runs what is there: nothing yet, or an escrow that refuses a call of nothing.
  if (data == null) {
    throw cannotVerify()
  }
  return data
}

function cannotVerify (cause?: unknown): CodedError<ChainErrorCode> {
  return new CodedError('CHAIN_FAILED', 'The RPC service cannot run code that is not deployed (state overrides of eth_call), so the escrow cannot be verified: use another RPC address.', { cause })
}

async function create (reader: ChainReader, init: DeployInit & { readonly chainId: number }): Promise<DeployedEscrow['created']> {
  if (await reader.getCode({ address: DEPLOYER }) !== DEPLOYER_CODE) {
    throw new CodedError<ChainErrorCode>('CHAIN_NO_DEPLOYER',
      `Chain ${init.chainId} has no deterministic deployer at ${DEPLOYER}: deploy it as github.com/Arachnid/deterministic-deployment-proxy says, then try again, or use a chain that has it.`,
      { details: { chainId: init.chainId, deployer: DEPLOYER } })
  }
  const data = concat([SALT, initCode(init.token)])
  const { tx, block, gasUsed } = await createChainWriter(init, reader).write({ to: DEPLOYER, data, doing: 'deploy the escrow' })
  return { tx, block, gasUsed }
}

interface Verification {
  readonly escrow: Account
  readonly token: Account
  readonly expected: Hex
  /** The block to look at, so that a service that lags behind says so instead of showing nothing. */
  readonly block?: bigint
}

async function verify (reader: ChainReader, { escrow, token, expected, block }: Verification): Promise<void> {
  const code = await reader.getCode({ address: escrow, blockNumber: block })
  const held = code === expected
    ? await reader.readContract({ address: escrow, abi: energyEscrowAbi, functionName: 'token', blockNumber: block })
    : undefined
  if (held?.toLowerCase() !== token) {
    throw new CodedError<ChainErrorCode>('CHAIN_BAD_CODE',
      `What is at ${escrow} is not this release's escrow of token ${token}: send it no money, and ask another RPC service.`,
      { details: { escrow, token } })
  }
}
