import { setTimeout as sleep } from 'node:timers/promises'
import { createPublicClient, createWalletClient, defineChain, http } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { CodedError } from '../domain/errors.ts'
import { chainError, reverted } from './errors.ts'
import type { ChainErrorCode } from './errors.ts'
import type { Account, Hex } from '../domain/units.ts'
import type { Abi, Chain, HttpTransport, Log, PrivateKeyAccount, PublicClient, TransactionReceipt, WalletClient } from 'viem'

const REQUEST_TIMEOUT_MS = 10_000
const REQUEST_RETRIES = 2
const DEFAULT_MINED_TIMEOUT_MS = 180_000

export interface ChainClientInit {
  readonly rpcUrl: string
  readonly chainId: number
  /** How often to ask whether something is mined, in real milliseconds. */
  readonly pollMs: number
  /** How long a transaction may stay unmined before we give up waiting for it. */
  readonly minedTimeoutMs?: number
}

export interface ChainWriterInit extends ChainClientInit {
  readonly privateKey: Hex
  /** Ends the wait for transactions that are not mined yet. */
  readonly signal?: AbortSignal
}

/** One call of a contract that changes state. */
export interface Write {
  readonly to: Account
  readonly abi: Abi
  readonly functionName: string
  readonly args: readonly unknown[]
  /** Completes `The contract refused to …`. */
  readonly doing: string
  /** Gas to allow on top of the estimate, for work the estimate may not have seen. Gas that is not used is not paid. */
  readonly extraGas?: bigint
}

/** One transaction whose data is no call of a function. */
export interface RawWrite extends Pick<Write, 'to' | 'doing'> {
  readonly data: Hex
}

export interface Mined {
  readonly tx: Hex
  readonly block: bigint
  readonly gasUsed: bigint
  readonly logs: Log[]
}

export interface ChainWriter {
  readonly address: Account
  /** Sends one transaction and resolves when it is mined; transactions of one writer go out one after the other. */
  write(call: Write | RawWrite): Promise<Mined>
}

export type ChainReader = PublicClient<HttpTransport, Chain>

function chainOf (init: ChainClientInit): Chain {
  return defineChain({
    id: init.chainId,
    name: `chain ${init.chainId}`,
    nativeCurrency: { name: 'Ether', symbol: 'ETH', decimals: 18 },
    rpcUrls: { default: { http: [init.rpcUrl] } }
  })
}

function transportOf (init: ChainClientInit): HttpTransport {
  return http(init.rpcUrl, { batch: true, timeout: REQUEST_TIMEOUT_MS, retryCount: REQUEST_RETRIES })
}

/** A client that reads. Block numbers are never cached, because our own writes must be seen at once. */
export function createChainReader (init: ChainClientInit): ChainReader {
  return createPublicClient({ chain: chainOf(init), transport: transportOf(init), pollingInterval: init.pollMs, cacheTime: 0 })
}

/** Throws `CHAIN_WRONG_NETWORK` unless the RPC serves the chain we expect. */
export async function checkNetwork (reader: ChainReader, chainId: number): Promise<void> {
  const actual = await reader.getChainId().catch((error) => { throw chainError(error, 'ask for its id') })
  if (actual !== chainId) {
    throw new CodedError<ChainErrorCode>('CHAIN_WRONG_NETWORK',
      `The RPC serves chain ${actual} but the market settles on chain ${chainId}: set the RPC address of chain ${chainId}.`,
      { details: { expected: chainId, actual } })
  }
}

/**
 * A client that writes with one key. Each transaction waits until the one before it is mined, so the chain's own count is
 * always the next nonce; a count of our own would leave a gap for ever once a reorg or a restart drops a transaction.
 */
export function createChainWriter (init: ChainWriterInit, reader: ChainReader): ChainWriter {
  const account = privateKeyToAccount(init.privateKey)
  const wallet = createWalletClient({ account, chain: chainOf(init), transport: transportOf(init) })
  const line: Line = { init, reader, account, wallet }
  let last: Promise<unknown> = Promise.resolve()
  return {
    address: account.address.toLowerCase() as Account,
    write: async (call) => {
      const mined = last.then(async () => send(line, call)).catch((error) => { throw chainError(error, call.doing) })
      last = mined.catch(() => {})
      return mined
    }
  }
}

interface Line {
  readonly init: ChainWriterInit
  readonly reader: ChainReader
  readonly account: PrivateKeyAccount
  readonly wallet: WalletClient<HttpTransport, Chain, PrivateKeyAccount>
}

async function send (line: Line, call: Write | RawWrite): Promise<Mined> {
  const tx = 'data' in call ? await sendData(line, call) : await sendCall(line, call)
  const receipt = await untilMined(line, tx)
  if (receipt.status === 'reverted') {
    if (!('data' in call)) {
      // Nodes do not keep the reason; running the call again on the block that refused it tells.
      await line.reader.simulateContract({ ...requestOf(call), account: line.account, blockNumber: receipt.blockNumber })
    }
    throw reverted(call.doing, 'unknown')
  }
  return { tx, block: receipt.blockNumber, gasUsed: receipt.gasUsed, logs: receipt.logs }
}

function requestOf ({ to, abi, functionName, args }: Write): { address: Account, abi: Abi, functionName: string, args: readonly unknown[] } {
  return { address: to, abi, functionName, args }
}

async function sendCall (line: Line, call: Write): Promise<Hex> {
  const estimate = await line.reader.estimateContractGas({ ...requestOf(call), account: line.account })
  return line.wallet.writeContract({ ...requestOf(call), gas: withMargin(estimate) + (call.extraGas ?? 0n) })
}

async function sendData (line: Line, { to, data }: RawWrite): Promise<Hex> {
  const estimate = await line.reader.estimateGas({ to, data, account: line.account })
  return line.wallet.sendTransaction({ to, data, gas: withMargin(estimate) })
}

function withMargin (estimate: bigint): bigint {
  return estimate * 5n / 4n
}

/** Waits for the receipt. A chain that fails to answer meanwhile is asked again: the transaction is out already. */
async function untilMined ({ init, reader }: Line, tx: Hex): Promise<TransactionReceipt> {
  const timeoutMs = init.minedTimeoutMs ?? DEFAULT_MINED_TIMEOUT_MS
  const deadline = performance.now() + timeoutMs
  let failure: unknown
  const look = async (): Promise<TransactionReceipt | undefined> =>
    reader.getTransactionReceipt({ hash: tx }).catch((error) => {
      failure = error
      return undefined
    })
  while (performance.now() < deadline) {
    if (init.signal?.aborted === true) {
      throw new CodedError<ChainErrorCode>('CHAIN_STOPPED', 'We stopped before the transaction was mined: look at the account before you repeat it.', { details: { tx } })
    }
    const receipt = await look()
    if (receipt != null) {
      return receipt
    }
    await sleep(init.pollMs)
  }
  throw new CodedError<ChainErrorCode>('CHAIN_TIMEOUT',
    `The transaction was not mined within ${Math.ceil(timeoutMs / 1000)} s: it may still be, so look at the account before you repeat it.`,
    { details: { tx }, cause: failure })
}
