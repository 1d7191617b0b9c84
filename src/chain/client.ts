import { setTimeout as sleep } from 'node:timers/promises'
import { BaseError, createPublicClient, createWalletClient, defineChain, encodeFunctionData, http } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { CodedError } from '../domain/errors.ts'
import { chainError, reverted } from './errors.ts'
import { keepsake } from './keepsake.ts'
import type { ChainErrorCode } from './errors.ts'
import type { Keepsake } from './keepsake.ts'
import type { Account, Hex } from '../domain/units.ts'
import type { Notes } from '../ports/store.ts'
import type { Abi, Chain, FeeValuesEIP1559, FeeValuesLegacy, HttpTransport, Log, PrivateKeyAccount, PublicClient, TransactionReceipt, WalletClient } from 'viem'

const REQUEST_TIMEOUT_MS = 10_000
const REQUEST_RETRIES = 2
const DEFAULT_MINED_TIMEOUT_MS = 180_000
const DEFAULT_REPLACE_AFTER_MS = 60_000

/** How often one transaction is sent again with a higher fee. */
const MAX_REPLACEMENTS = 5

/** How nodes say that a transaction waits at this place already, which may be the very same. */
const PLACE_TAKEN = /underpriced|replac|already (?:known|imported)/i

export interface ChainClientInit {
  readonly rpcUrl: string
  readonly chainId: number
  /** How often to ask whether something is mined, in real milliseconds. */
  readonly pollMs: number
  /** How long a transaction may stay unmined before we give up waiting for it. */
  readonly minedTimeoutMs?: number
  /** How long before an unmined transaction is sent again with a higher fee, in real milliseconds; a minute unless told. */
  readonly replaceAfterMs?: number
}

export interface ChainWriterInit extends ChainClientInit {
  readonly privateKey: Hex
  /** Remembers what is on its way, so that a restart does not wait behind it for ever. With it, nobody else may use the key. */
  readonly notes?: Notes
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

function replaceAfter (init: ChainClientInit): number {
  return init.replaceAfterMs ?? DEFAULT_REPLACE_AFTER_MS
}

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
  const unmined = keepsake<Place>(init.notes, `transaction of ${account.address} on ${init.chainId}`)
  const line: Line = { init, reader, account, wallet, unmined }
  let last: Promise<unknown> = Promise.resolve()
  return {
    address: account.address.toLowerCase() as Account,
    write: async (call) => {
      const mined = last.then(async () => write(line, call)).catch((error) => { throw chainError(error, call.doing) })
      last = mined.catch(() => {})
      return mined
    }
  }
}

type Fees = FeeValuesLegacy | FeeValuesEIP1559

interface Line {
  readonly init: ChainWriterInit
  readonly reader: ChainReader
  readonly account: PrivateKeyAccount
  readonly wallet: WalletClient<HttpTransport, Chain, PrivateKeyAccount>
  /** What we sent last, or were about to, also before a restart: as long as it is not mined, nothing behind it can be. */
  readonly unmined: Keepsake<Place>
}

interface Place {
  readonly nonce: number
  readonly fees: Fees
}

/** One transaction that is on its way, in all its versions: only one of them can ever be mined. */
interface Outgoing {
  readonly request: { readonly to: Account, readonly data: Hex, readonly gas: bigint, readonly nonce: number }
  readonly hashes: Hex[]
  fees: Fees
}

async function write (line: Line, call: Write | RawWrite): Promise<Mined> {
  const { reader, account } = line
  const contract = 'data' in call ? undefined : { address: call.to, abi: call.abi, functionName: call.functionName, args: call.args }
  const data = 'data' in call ? call.data : encodeFunctionData(call)
  const estimate = contract == null ? await reader.estimateGas({ to: call.to, data, account }) : await reader.estimateContractGas({ ...contract, account })
  const gas = estimate * 5n / 4n + ('data' in call ? 0n : call.extraGas ?? 0n)
  const place = await nextPlace(line)
  const outgoing: Outgoing = { request: { to: call.to, data, gas, nonce: place.nonce }, hashes: [], fees: place.fees }
  await sendFirst(line, outgoing)
  const receipt = await untilMined(line, outgoing)
  if (receipt.status === 'reverted') {
    if (contract != null) {
      // Nodes do not keep the reason; running the call again on the block that refused it tells.
      await reader.simulateContract({ ...contract, account, blockNumber: receipt.blockNumber })
    }
    throw reverted(call.doing, 'unknown')
  }
  return { tx: receipt.transactionHash, block: receipt.blockNumber, gasUsed: receipt.gasUsed, logs: receipt.logs }
}

/**
 * The next nonce and what the chain asks for now, or the place of what we gave up on and a fee that pushes it out. A key with notes
 * is this node's own: what waits in its name and is not noted, as on a new disk, gets its time and then makes room too.
 */
async function nextPlace (line: Line): Promise<Place> {
  const { init, reader, account: { address } } = line
  const counts = async (): Promise<number[]> => Promise.all([
    reader.getTransactionCount({ address, blockTag: 'latest' }), reader.getTransactionCount({ address, blockTag: 'pending' })
  ])
  const noted = await line.unmined.get()
  const patience = performance.now() + (init.notes == null ? 0 : replaceAfter(init))
  let [mined, sent] = await counts()
  while (sent > mined && noted?.nonce !== mined && performance.now() < patience && init.signal?.aborted !== true) {
    await sleep(init.pollMs)
    ;[mined, sent] = await counts()
  }
  const fees = await feesNow(reader)
  return sent > mined && noted?.nonce === mined
    ? { nonce: mined, fees: higher(noted.fees, fees) }
    : { nonce: init.notes == null ? sent : mined, fees }
}

async function feesNow (reader: ChainReader): Promise<Fees> {
  const { baseFeePerGas } = await reader.getBlock()
  return baseFeePerGas == null ? reader.estimateFeesPerGas({ type: 'legacy' }) : reader.estimateFeesPerGas()
}

/** What nodes ask of a replacement, 12.5 % more in every field, or what the chain asks for now if that is more. */
function higher (before: Fees, now?: Fees): Fees {
  const raise = (fee: bigint, asked = 0n): bigint => {
    const raised = fee * 9n / 8n + 1n
    return raised > asked ? raised : asked
  }
  return before.gasPrice != null
    ? { gasPrice: raise(before.gasPrice, now?.gasPrice) }
    : {
        maxFeePerGas: raise(before.maxFeePerGas, now?.maxFeePerGas),
        maxPriorityFeePerGas: raise(before.maxPriorityFeePerGas, now?.maxPriorityFeePerGas)
      }
}

/** Noted before it leaves: we may be killed, or the answer be lost, while it is on its way. */
async function send ({ wallet, unmined }: Line, { request, fees, hashes }: Outgoing): Promise<void> {
  await unmined.set({ nonce: request.nonce, fees })
  hashes.push(await wallet.sendTransaction({ ...request, ...fees }))
}

/** Sends the transaction for the first time, for more than what waits at its place if there is such a one. */
async function sendFirst (line: Line, outgoing: Outgoing, raises = 0): Promise<void> {
  return send(line, outgoing).catch(async (error: unknown) => {
    if (raises === MAX_REPLACEMENTS || !(error instanceof BaseError) || !PLACE_TAKEN.test(error.details)) {
      throw error
    }
    outgoing.fees = higher(outgoing.fees)
    return sendFirst(line, outgoing, raises + 1)
  })
}

/** Sends the transaction again for more. A refusal is no failure: a version before it may just have been mined. */
async function replace (line: Line, outgoing: Outgoing): Promise<unknown> {
  const before = outgoing.fees
  outgoing.fees = higher(before, await feesNow(line.reader).catch(() => undefined))
  return send(line, outgoing).then(() => undefined, (error) => {
    outgoing.fees = before
    return error
  })
}

/**
 * Waits for the receipt of any version. A chain that fails to answer meanwhile is asked again: the transaction is out already.
 * One that stays unmined is replaced, which also brings back one that the chain forgot.
 */
async function untilMined (line: Line, outgoing: Outgoing): Promise<TransactionReceipt> {
  const { init, reader } = line
  const timeoutMs = init.minedTimeoutMs ?? DEFAULT_MINED_TIMEOUT_MS
  const replaceAfterMs = replaceAfter(init)
  const started = performance.now()
  let replacements = 0
  let failure: unknown
  while (performance.now() < started + timeoutMs) {
    if (init.signal?.aborted === true) {
      throw new CodedError<ChainErrorCode>('CHAIN_STOPPED', 'We stopped before the transaction was mined: look at the account before you repeat it.', { details: { tx: outgoing.hashes.at(-1) } })
    }
    const looks = await Promise.allSettled(outgoing.hashes.map(async (hash) => reader.getTransactionReceipt({ hash })))
    const mined = looks.find((look) => look.status === 'fulfilled')
    if (mined != null) {
      await line.unmined.set(undefined)
      return mined.value
    }
    failure = looks.find((look) => look.status === 'rejected')?.reason ?? failure
    if (replacements < MAX_REPLACEMENTS && performance.now() >= started + replaceAfterMs * (replacements + 1)) {
      replacements++
      failure = await replace(line, outgoing) ?? failure
    }
    await sleep(init.pollMs)
  }
  throw new CodedError<ChainErrorCode>('CHAIN_TIMEOUT',
    `The transaction was not mined within ${Math.ceil(timeoutMs / 1000)} s: it may still be, so look at the account before you repeat it.`,
    { details: { tx: outgoing.hashes.at(-1) }, cause: failure })
}
