import { encodeDeployData, keccak256, toBytes } from 'viem'
import { energyEscrowAbi, energyEscrowBytecode, practiceTokenAbi } from '../../contracts/abi.ts'
import { CodedError, hasCode } from '../domain/errors.ts'
import { create2Address, createOnce, expectedCode, openChain } from './create2.ts'
import { chainError } from './errors.ts'
import type { ChainReader } from './client.ts'
import type { Blueprint, CreatedBy, Creation } from './create2.ts'
import type { ChainErrorCode } from './errors.ts'
import type { Account } from '../domain/units.ts'
import type { Token } from '../ports/settlement.ts'

/** Another salt is another address for the same escrow, so it never changes. */
const SALT = keccak256(toBytes('wattmesh EnergyEscrow 1'))

export interface DeployInit extends Creation {
  readonly token: Account
}

export interface DeployedEscrow {
  readonly chainId: number
  readonly escrow: Account
  readonly token: Token
  /** The transaction that created it; undefined when it was there already. */
  readonly created?: CreatedBy
  /** The first block that has it; undefined when the service keeps no state so old. */
  readonly deployBlock?: bigint
}

function blueprint (token: Account): Blueprint {
  return { salt: SALT, initCode: encodeDeployData({ abi: energyEscrowAbi, bytecode: energyEscrowBytecode, args: [token] }), what: 'the escrow' }
}

/** Where the escrow of a token is, on every chain on which the token has this address (EIP-1014). */
export function escrowAddress (token: Account): Account {
  return create2Address(blueprint(token))
}

/**
 * Deploys the escrow of a token unless it is there already, and verifies what is there. Throws `CHAIN_WRONG_NETWORK`,
 * `CHAIN_BAD_TOKEN`, `CHAIN_NO_DEPLOYER`, `CHAIN_NO_GAS`, `CHAIN_BAD_CODE`, or what any transaction may throw.
 */
export async function deployEscrow (init: DeployInit): Promise<DeployedEscrow> {
  return deploy(init).catch((error) => { throw chainError(error, 'deploy the escrow') })
}

async function deploy (init: DeployInit): Promise<DeployedEscrow> {
  const { reader, chainId } = await openChain(init)
  const token = await readToken(reader, init.token)
  const { address: escrow, isRight, created } = await createOnce(blueprint(init.token), { ...init, chainId }, reader)
  const held = isRight
    ? await reader.readContract({ address: escrow, abi: energyEscrowAbi, functionName: 'token', blockNumber: created?.block })
    : undefined
  if (held?.toLowerCase() !== init.token) {
    throw new CodedError<ChainErrorCode>('CHAIN_BAD_CODE',
      `What is at ${escrow} is not this release's escrow of token ${init.token}: send it no money, and ask another RPC service.`,
      { details: { escrow, token: init.token } })
  }
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

/** Whether what is at `escrow` is this release's escrow of `token`. Throws `CHAIN_FAILED` where the service cannot tell. */
export async function isThisRelease (reader: ChainReader, { escrow, token }: { readonly escrow: Account, readonly token: Account }): Promise<boolean> {
  const [code, expected] = await Promise.all([reader.getCode({ address: escrow }), expectedCode(reader, escrow, blueprint(token))])
  return code === expected
}
