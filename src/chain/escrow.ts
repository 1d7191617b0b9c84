/**
 * The escrow contract as a `Settlement`: domain values in, domain values out. This room knows RPC, transactions and logs;
 * it must never know orders, trades in progress or what a home wants. Start reading at `createEscrowSettlement`; how
 * transactions are sent is in `client.ts`, how events are followed in `escrow-events.ts`.
 */
import { compactSignatureToSignature, parseEventLogs, serializeSignature, slice, TransactionReceiptNotFoundError } from 'viem'
import { energyEscrowAbi, practiceTokenAbi } from '../../contracts/abi.ts'
import { toStatements } from '../../contracts/receipts.ts'
import { CodedError } from '../domain/errors.ts'
import { SKIP_REASONS } from '../ports/settlement.ts'
import { checkNetwork, createChainReader, createChainWriter } from './client.ts'
import { chainError } from './errors.ts'
import { createEventPoller } from './escrow-events.ts'
import { watchHealth } from './health.ts'
import type { ChainReader, Mined, Write } from './client.ts'
import type { ChainErrorCode } from './errors.ts'
import type { CompactSig, SignedTab } from '../../contracts/receipts.ts'
import type { ChainTab, Claim, SignedReceipt } from '../domain/receipt.ts'
import type { Account, Hex, UnixSeconds } from '../domain/units.ts'
import type { AccountBalance, RegisteredKey, Settled, Settlement, Submitted, Token } from '../ports/settlement.ts'
import type { Notes } from '../ports/store.ts'
import type { Logger } from '../ports/telemetry.ts'
import type { Abi } from 'viem'

export interface EscrowSettlementInit {
  readonly rpcUrl: string
  readonly chainId: number
  readonly escrow: Account
  /** Block the escrow was deployed in. Events are watched from here; without it, from `start` on. */
  readonly deployBlock?: bigint
  /** How many blocks, the newest included, must hold a state before we believe it; 1 believes the newest block. */
  readonly confirmations: number
  /** How often to ask the chain for news, in real milliseconds. */
  readonly pollMs: number
  /** The hot key, which sends and pays for the transactions. */
  readonly privateKey: Hex
  readonly logger?: Logger
  /** How long to wait for a transaction to be mined, in real milliseconds; three minutes unless told. */
  readonly minedTimeoutMs?: number
  /** How long before an unmined transaction is sent again with a higher fee, in real milliseconds; a minute unless told. */
  readonly replaceAfterMs?: number
  /** Remembers over a restart which transaction is on its way and which events were told. */
  readonly notes?: Notes
  /** Market time, by which a chain that lags behind is told. */
  now?(): UnixSeconds
  /** How long the chain may say nothing before it counts as away, in real milliseconds; half a minute unless told. */
  readonly silenceMs?: number
  /** How old the newest block may be, in seconds of market time; a slot unless told. */
  readonly headAgeSec?: number
}

const DAY_SEC = 86_400

/** What one receipt can cost when the estimate saw it skipped and the block does not: fresh words and an event. */
const RECEIPT_GAS = 100_000n

/** The escrow with the errors of the token it calls, so that those have names too. */
export const ESCROW_ABI = [...energyEscrowAbi, ...practiceTokenAbi.filter((entry) => entry.type === 'error')] as Abi

/** A settlement over the contract at `escrow`, to be started and stopped once. Reads and writes throw the errors of `errors.ts`; `watch` never throws. */
export function createEscrowSettlement (init: EscrowSettlementInit): Settlement {
  const reader = createChainReader(init)
  const stopping = new AbortController()
  const writer = createChainWriter({ ...init, signal: stopping.signal }, reader)
  const reads = createReads(reader, init)
  const poller = createEventPoller({ ...init, reader, head: reads.head })
  const watch = watchHealth({ ...init, reader: createChainReader(init) })
  let token: Promise<Token> | undefined

  const write = async (call: Omit<Write, 'to' | 'abi'>): Promise<Mined> => writer.write({ ...call, to: init.escrow, abi: ESCROW_ABI })
  const readToken = async (): Promise<Token> => {
    token ??= reads.token().catch((error) => {
      token = undefined
      throw error
    })
    return token
  }

  return {
    start: async () => {
      await checkNetwork(reader, init.chainId)
      await checkContract(reader, init.escrow)
      await readToken()
      await poller.start().catch((error) => { throw chainError(error, 'find the newest block') })
      watch.start()
    },
    stop: async () => {
      stopping.abort()
      poller.stop()
      watch.stop()
    },
    token: readToken,
    account: reads.account,
    key: reads.key,
    tab: reads.tab,
    settle: async (receipts) => {
      const { statements, places } = toStatements(receipts.map(toSignedTab))
      const mined = await write({ functionName: 'settle', args: [statements], doing: 'settle receipts', extraGas: RECEIPT_GAS * BigInt(receipts.length) })
      return { ...submitted(mined), skipped: skippedIn(mined, places) }
    },
    claim: async (claims) => {
      const args = await Promise.all(claims.map(async (claim) => toClaim(reader, claim)))
      return submitted(await write({ functionName: 'claim', args: [args], doing: 'claim trades' }))
    },
    release: async (buyer, sellers) =>
      submitted(await write({ functionName: 'release', args: [buyer, sellers], doing: 'release expired tabs' })),
    isMined: async (hash) => reader.getTransactionReceipt({ hash }).then(() => true, (error) => {
      if (error instanceof TransactionReceiptNotFoundError) {
        return false
      }
      throw chainError(error, 'look for a transaction')
    }),
    isHealthy: watch.health,
    watch: poller.watch
  }
}

/** Throws `CHAIN_NO_CONTRACT` unless something is deployed at the address. */
export async function checkContract (reader: ChainReader, escrow: Account): Promise<void> {
  const code = await reader.getCode({ address: escrow }).catch((error) => { throw chainError(error, 'look up the escrow') })
  if (code == null) {
    throw new CodedError<ChainErrorCode>('CHAIN_NO_CONTRACT',
      `There is no contract at ${escrow}: check the escrow address and that the RPC serves the chain of this market.`, { details: { escrow } })
  }
}

/** Everything that is read of the escrow, without a key. */
export interface Reads {
  /** Newest block with enough confirmations; never before the contract's own. */
  head(): Promise<bigint>
  token(): Promise<Token>
  account(owner: Account): Promise<AccountBalance>
  key(owner: Account, key: Account): Promise<RegisteredKey>
  tab(buyer: Account, seller: Account): Promise<ChainTab>
}

export function createReads (reader: ChainReader, init: Pick<EscrowSettlementInit, 'escrow' | 'deployBlock' | 'confirmations'>): Reads {
  const escrow = { address: init.escrow, abi: energyEscrowAbi } as const
  const floor = init.deployBlock ?? 0n
  const depth = BigInt(Math.max(1, init.confirmations) - 1)

  const head = async (): Promise<bigint> => {
    const confirmed = await reader.getBlockNumber() - depth
    return confirmed > floor ? confirmed : floor
  }
  const atHead = async <T> (doing: string, read: (blockNumber: bigint) => Promise<T>): Promise<T> =>
    head().then(read).catch((error) => { throw chainError(error, doing) })

  return {
    head,
    token: async () => atHead('read the token', async () => {
      const address = await reader.readContract({ ...escrow, functionName: 'token' })
      const token = { address, abi: practiceTokenAbi } as const
      const [symbol, decimals] = await Promise.all([
        reader.readContract({ ...token, functionName: 'symbol' }),
        reader.readContract({ ...token, functionName: 'decimals' })
      ])
      return { address: address.toLowerCase() as Account, symbol, decimals }
    }),
    account: async (owner) => atHead('read an account', async (blockNumber) => {
      const [balance, reserved] = await reader.readContract({ ...escrow, functionName: 'account', args: [owner], blockNumber })
      return { balance, reserved }
    }),
    key: async (owner, key) => atHead('read a key', async (blockNumber) => {
      const [[validUntil, day, limit, used], block] = await Promise.all([
        reader.readContract({ ...escrow, functionName: 'signerOf', args: [owner, key], blockNumber }),
        reader.getBlock({ blockNumber })
      ])
      const spent = BigInt(day) === block.timestamp / BigInt(DAY_SEC) ? used : 0n
      return { validUntil, dailyLimit: limit, leftToday: limit > spent ? limit - spent : 0n }
    }),
    tab: async (buyer, seller) => atHead('read a tab', async (blockNumber) => {
      const [cap, paid, through, expiry] = await reader.readContract({ ...escrow, functionName: 'tab', args: [buyer, seller], blockNumber })
      return { cap, paid, through, expiry }
    })
  }
}

export function submitted ({ tx, gasUsed }: Mined): Submitted {
  return { tx, gasUsed }
}

function skippedIn ({ logs }: Mined, places: ReadonlyArray<readonly number[]>): Settled['skipped'] {
  return parseEventLogs({ abi: energyEscrowAbi, logs, eventName: 'Skipped' })
    .map(({ args }) => ({ index: places[Number(args.statement)][Number(args.receipt)], reason: SKIP_REASONS[args.why] }))
}

function toSig (signature: Hex): CompactSig {
  return { r: slice(signature, 0, 32), vs: slice(signature, 32, 64) }
}

function toSignedTab ({ receipt: { total, ...rest }, buyerSignature, sellerSignature }: SignedReceipt): SignedTab {
  return { ...rest, paid: total, byBuyer: toSig(buyerSignature), bySeller: toSig(sellerSignature) }
}

async function toClaim (reader: ChainReader, claim: Claim): Promise<unknown> {
  const { pricePerKwh, ...terms } = claim.terms
  return {
    trade: { ...terms, pricePerKWh: pricePerKwh },
    buyerSig: toSig(claim.buyerSignature),
    reading: claim.readingWh,
    attestation: await toAttestation(reader, claim)
  }
}

/** The contract's checker takes a plain key's signature in its long form only; what a contract attester wants is its own affair. */
async function toAttestation (reader: ChainReader, { terms, attestation }: Claim): Promise<Hex> {
  const code = await reader.getCode({ address: terms.attester }).catch((error) => { throw chainError(error, 'look up an attester') })
  if (code != null || attestation.length !== 130) {
    return attestation
  }
  const { r, vs } = toSig(attestation)
  return serializeSignature(compactSignatureToSignature({ r, yParityAndS: vs }))
}
