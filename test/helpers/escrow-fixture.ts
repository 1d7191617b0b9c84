import {
  BaseError, ContractFunctionRevertedError, createTestClient, getAddress, hashTypedData, http, isAddressEqual, keccak256, parseEventLogs, parseSignature,
  publicActions, signatureToCompactSignature, toHex, walletActions
} from 'viem'
import { mnemonicToAccount, privateKeyToAccount } from 'viem/accounts'
import { foundry } from 'viem/chains'
import { energyEscrowAbi, energyEscrowBytecode, practiceTokenAbi, practiceTokenBytecode } from '../../contracts/abi.ts'
import { packTab, toStatements } from '../../contracts/receipts.ts'
import { skipReasons } from '../../contracts/skip-reasons.ts'
import { startAnvil } from './anvil.ts'
import type {
  Abi, Address, ContractFunctionArgs, ContractFunctionName, ContractFunctionReturnType, Hex, HttpTransport, LocalAccount, PrivateKeyAccount,
  ParseEventLogsReturnType, PublicActions, TestClient, TransactionReceipt, WalletActions
} from 'viem'

export const SLOT_SEC = 900
export const DAY_SEC = 86_400
export const LOCK_SEC = 14 * DAY_SEC
/** Where the clock of a fixture stands at first: the beginning of a slot, at 08:00 UTC. It moves only when told. */
export const START_SEC = 1_800_000_000
/** One unit of practice money. */
export const EURO = 1_000_000n

export const escrowTypes = {
  Trade: [
    { name: 'buyer', type: 'address' }, { name: 'seller', type: 'address' },
    { name: 'slot', type: 'uint24' }, { name: 'seq', type: 'uint16' },
    { name: 'wh', type: 'uint32' }, { name: 'pricePerKWh', type: 'uint96' },
    { name: 'attester', type: 'address' }, { name: 'meter', type: 'bytes32' },
    { name: 'claimBy', type: 'uint40' }, { name: 'ref', type: 'bytes32' }
  ],
  Receipt: [
    { name: 'buyer', type: 'address' }, { name: 'seller', type: 'address' },
    { name: 'through', type: 'uint40' }, { name: 'total', type: 'uint96' },
    { name: 'cap', type: 'uint96' }, { name: 'expiry', type: 'uint24' }
  ],
  Reading: [
    { name: 'attester', type: 'address' }, { name: 'seller', type: 'address' }, { name: 'meter', type: 'bytes32' },
    { name: 'slot', type: 'uint24' }, { name: 'wh', type: 'uint32' }
  ]
} as const

export interface Trade {
  readonly buyer: Address
  readonly seller: Address
  readonly slot: number
  readonly seq: number
  readonly wh: number
  readonly pricePerKWh: bigint
  readonly attester: Address
  readonly meter: Hex
  readonly claimBy: number
  readonly ref: Hex
}

export interface Receipt {
  readonly buyer: Address
  readonly seller: Address
  readonly through: number
  readonly total: bigint
  readonly cap: bigint
  readonly expiry: number
}

export interface Reading {
  readonly attester: Address
  readonly seller: Address
  readonly meter: Hex
  readonly slot: number
  readonly wh: number
}

export interface Sig {
  readonly r: Hex
  readonly vs: Hex
}

/** An owner with an unlocked wallet on the local chain, and the key its node signs with. */
export interface Household {
  readonly owner: LocalAccount
  readonly key: PrivateKeyAccount
}

export type LocalClient = TestClient<'anvil', HttpTransport, typeof foundry> &
  PublicActions<HttpTransport, typeof foundry> & WalletActions<typeof foundry>

type EscrowAbi = typeof energyEscrowAbi
type Move = ContractFunctionName<EscrowAbi, 'nonpayable'>
type View = ContractFunctionName<EscrowAbi, 'view' | 'pure'>
type MoveArgs<M extends Move> = ContractFunctionArgs<EscrowAbi, 'nonpayable', M>
type ViewArgs<V extends View> = ContractFunctionArgs<EscrowAbi, 'view' | 'pure', V>
type ViewResult<V extends View> = ContractFunctionReturnType<EscrowAbi, 'view' | 'pure', V, ViewArgs<V>>
type EscrowEvents = ParseEventLogsReturnType<EscrowAbi, undefined, true>
type Typed = { readonly [T in keyof typeof escrowTypes]: { readonly primaryType: T, readonly message: { Trade: Trade, Receipt: Receipt, Reading: Reading }[T] } }[keyof typeof escrowTypes]

/** `slot << 16 | seq`, in plain numbers because a position has 40 bits. */
export function position (slot: number, seq: number = 0): number {
  return slot * 65_536 + seq
}

export function slotOf (seconds: number): number {
  return Math.floor(seconds / SLOT_SEC)
}

/** A household of its own for every number below ten: the local chain has that many funded wallets. */
export function household (index: number): Household {
  const owner = mnemonicToAccount('test test test test test test test test test test test junk', { addressIndex: index })
  return { owner, key: namedKey(`hot key ${index}`) }
}

export function namedKey (name: string): PrivateKeyAccount {
  return privateKeyToAccount(keccak256(toHex(name)))
}

/** ERC-2098: r and s, with the parity in the top bit of s. */
export function compactSig (signature: Hex): Sig {
  const { r, yParityAndS } = signatureToCompactSignature(parseSignature(signature))
  return { r, vs: yParityAndS }
}

/** The name of the error a move reverts with; `none` when it goes through. */
export async function revertOf (move: Promise<unknown>): Promise<string> {
  try {
    await move
    return 'none'
  } catch (error) {
    const reverted = error instanceof BaseError ? error.walk(cause => cause instanceof ContractFunctionRevertedError) : null

    if (reverted instanceof ContractFunctionRevertedError) {
      return reverted.data?.errorName ?? reverted.reason ?? 'unnamed'
    }
    throw error
  }
}

/** The arguments of `settle`: receipts of one buyer together. Without sellers' signatures, for the seller to send. */
export function statements (receipts: readonly Receipt[], buyer: readonly Sig[], seller: readonly Sig[] = []): MoveArgs<'settle'> {
  const signed = receipts.map(({ total, ...rest }, index) => ({ ...rest, paid: total, byBuyer: buyer[index], bySeller: seller[index] }))
  return [toStatements(signed).statements]
}

/** The arguments of `receiptDigest`. */
export function unsigned ({ buyer, seller, total, ...rest }: Receipt): ViewArgs<'receiptDigest'> {
  return [buyer, seller, packTab({ ...rest, paid: total })]
}

/** What became of each receipt of a settlement or of each claim, in events' order: `Settled`, a skip reason, `Claimed`. */
export function outcomes (events: EscrowEvents): string[] {
  return events.map(event => event.eventName === 'Skipped' ? skipReasons[event.args.why] : event.eventName)
}

/** A token and an escrow on a local chain whose clock stands still between `warp`s. */
export class EscrowFixture {
  readonly client: LocalClient
  readonly token: Address
  readonly escrow: Address

  constructor (client: LocalClient, token: Address, escrow: Address) {
    this.client = client
    this.token = token
    this.escrow = escrow
  }

  /** Sends a move and returns the escrow's events. Rejects when it reverts: see `revertOf`. */
  async send<M extends Move> (from: LocalAccount, functionName: M, args: MoveArgs<M>): Promise<EscrowEvents> {
    // a local chain mines reverting transactions too: the simulation is what names the error
    const { request } = await this.client.simulateContract({
      address: this.escrow, abi: energyEscrowAbi as Abi, functionName, args: args as readonly unknown[], account: from.address
    })
    const { logs } = await this.confirm(await this.client.writeContract(request))
    return parseEventLogs({ abi: energyEscrowAbi, logs: logs.filter(log => isAddressEqual(log.address, this.escrow)) })
  }

  async read<V extends View> (functionName: V, args: ViewArgs<V>): Promise<ViewResult<V>> {
    return await this.client.readContract({
      address: this.escrow, abi: energyEscrowAbi as Abi, functionName, args: args as readonly unknown[]
    }) as ViewResult<V>
  }

  async account (who: Household): Promise<{ balance: bigint, reserved: bigint }> {
    const [balance, reserved] = await this.read('account', [who.owner.address])
    return { balance, reserved }
  }

  async tab (buyer: Household, seller: Household): Promise<{ cap: bigint, paid: bigint, through: number, expiry: number }> {
    const [cap, paid, through, expiry] = await this.read('tab', [buyer.owner.address, seller.owner.address])
    return { cap, paid, through, expiry }
  }

  async tokensOf (holder: Address): Promise<bigint> {
    return this.client.readContract({ address: this.token, abi: practiceTokenAbi, functionName: 'balanceOf', args: [holder] })
  }

  /** Mints practice money to an owner and allows the escrow to take it. */
  async mint (who: Household, amount: bigint): Promise<void> {
    const common = { address: this.token, abi: practiceTokenAbi, account: who.owner.address } as const
    await this.confirm(await this.client.writeContract({ ...common, functionName: 'mint', args: [who.owner.address, amount] }))
    await this.confirm(await this.client.writeContract({ ...common, functionName: 'approve', args: [this.escrow, amount] }))
  }

  /** Funds an owner and registers its hot key, which may also send transactions of its own from then on. */
  async join (who: Household, opts: { readonly money: bigint, readonly dailyLimit: bigint, readonly lifeSec?: number }): Promise<void> {
    await this.mint(who, opts.money)
    await this.send(who.owner, 'deposit', [who.owner.address, opts.money])
    await this.send(who.owner, 'setSigner', [who.key.address, await this.now() + (opts.lifeSec ?? 90 * DAY_SEC), opts.dailyLimit])
    await this.client.setBalance({ address: who.key.address, value: 10n * 1_000_000_000_000_000_000n })
    await this.client.impersonateAccount({ address: who.key.address })
  }

  async signTrade (message: Trade, key: LocalAccount): Promise<Sig> {
    return compactSig(await this.sign({ primaryType: 'Trade', message }, key))
  }

  async signReceipt (message: Receipt, key: LocalAccount): Promise<Sig> {
    return compactSig(await this.sign({ primaryType: 'Receipt', message }, key))
  }

  /** Attestations are plain 65-byte signatures: an attester may also be a contract, which wants bytes. */
  async signReading (message: Reading, attester: LocalAccount): Promise<Hex> {
    return this.sign({ primaryType: 'Reading', message }, attester)
  }

  digest (typed: Typed): Hex {
    return hashTypedData({ domain: this.domain(), types: escrowTypes, ...typed })
  }

  async now (): Promise<number> {
    return Number((await this.client.getBlock()).timestamp)
  }

  /** Moves the clock to an exact second and mines a block there. */
  async warp (seconds: number): Promise<void> {
    await this.client.setNextBlockTimestamp({ timestamp: BigInt(seconds) })
    await this.client.mine({ blocks: 1 })
  }

  private async sign (typed: Typed, key: LocalAccount): Promise<Hex> {
    return key.signTypedData({ domain: this.domain(), types: escrowTypes, ...typed })
  }

  private domain (): { name: string, version: string, chainId: number, verifyingContract: Address } {
    return { name: 'EnergyEscrow', version: '1', chainId: foundry.id, verifyingContract: this.escrow }
  }

  private async confirm (hash: Hex): Promise<TransactionReceipt> {
    const receipt = await this.client.waitForTransactionReceipt({ hash })

    if (receipt.status !== 'success') {
      throw new Error('A transaction was mined but reverted: simulate it to see why.')
    }
    return receipt
  }
}

/** Starts a chain of its own with a token and an escrow, the shipped one unless told. */
export async function startEscrow (bytecode: Hex = energyEscrowBytecode): Promise<{ readonly chain: EscrowFixture, stop(): Promise<void> }> {
  const anvil = await startAnvil(['--timestamp', String(START_SEC)])
  const client = connect(anvil.url)
  await client.setBlockTimestampInterval({ interval: 0 })

  const token = await deploy(client, { abi: practiceTokenAbi, bytecode: practiceTokenBytecode })
  const escrow = await deploy(client, { abi: energyEscrowAbi, bytecode, args: [token] })
  return { chain: new EscrowFixture(client, token, escrow), stop: anvil.stop }
}

/** Deploys a contract from the first wallet of the local chain. */
export async function deploy (client: LocalClient, contract: { readonly abi: readonly unknown[], readonly bytecode: Hex, readonly args?: readonly unknown[] }): Promise<Address> {
  const { abi, bytecode, args = [] } = contract
  const hash = await client.deployContract({ abi: abi as Abi, bytecode, args, account: household(0).owner.address })
  const { contractAddress, status } = await client.waitForTransactionReceipt({ hash })

  if (contractAddress == null || status !== 'success') {
    throw new Error('The deployment reverted: simulate it to see why.')
  }
  return getAddress(contractAddress)
}

function connect (url: string): LocalClient {
  return createTestClient({ mode: 'anvil', chain: foundry, transport: http(url, { batch: true }), pollingInterval: 5, cacheTime: 0 })
    .extend(publicActions).extend(walletActions)
}
