import type { Position } from '../domain/period.ts'
import type { ChainTab, Claim, SignedReceipt } from '../domain/receipt.ts'
import type { Account, Hex, Money, UnixSeconds, WattHours } from '../domain/units.ts'

/** Why the escrow passed over one receipt of a batch, in the order of its checks. */
export const SKIP_REASONS = [
  'BUYER_SIGNER', 'SELLER_SIGNER', 'SELF_TRADE', 'STALE', 'FUTURE', 'BACKWARDS', 'LOCK_TOO_LONG', 'KEY_TOO_SHORT', 'UNFUNDED'
] as const

export type SkipReason = typeof SKIP_REASONS[number]

export interface Token {
  readonly address: Account
  readonly symbol: string
  readonly decimals: number
}

export interface AccountBalance {
  readonly balance: Money
  /** Part of the balance that open ceilings hold. */
  readonly reserved: Money
}

/** A hot key as its owner registered it. An unknown key has `validUntil` 0. */
export interface RegisteredKey {
  readonly validUntil: UnixSeconds
  /** By how much the key may raise ceilings per UTC day, and what is left of that today. */
  readonly dailyLimit: Money
  readonly leftToday: Money
}

export interface Submitted {
  readonly tx: Hex
  readonly gasUsed: bigint
}

export interface Settled extends Submitted {
  /** Receipts the escrow passed over, by their index in the batch. */
  readonly skipped: ReadonlyArray<{ readonly index: number, readonly reason: SkipReason }>
}

export type SettlementEvent =
  | { readonly kind: 'settled', readonly buyer: Account, readonly seller: Account, readonly through: Position, readonly total: Money, readonly cap: Money, readonly expiry: number }
  | { readonly kind: 'claimed', readonly buyer: Account, readonly seller: Account, readonly position: Position, readonly wh: WattHours, readonly amount: Money }
  | { readonly kind: 'released', readonly buyer: Account, readonly seller: Account, readonly freed: Money }
  | { readonly kind: 'key-set', readonly owner: Account, readonly key: Account, readonly validUntil: UnixSeconds, readonly dailyLimit: Money }
  | { readonly kind: 'deposited', readonly owner: Account, readonly amount: Money }
  | { readonly kind: 'withdrawn', readonly owner: Account, readonly amount: Money }

/** Whether what the chain says can be relied on, and what speaks against it. */
export interface ChainHealth {
  readonly ok: boolean
  readonly reason?: string
}

/**
 * The escrow as a node sees it. Every read is of the newest block that has the configured number of confirmations.
 * Throws `CHAIN_UNREACHABLE` when the chain does not answer and `CHAIN_REVERTED` with the contract's own error name.
 */
export interface Settlement {
  start(): Promise<void>
  stop(): Promise<void>
  token(): Promise<Token>
  account(owner: Account): Promise<AccountBalance>
  key(owner: Account, key: Account): Promise<RegisteredKey>
  tab(buyer: Account, seller: Account): Promise<ChainTab>
  /** Submits a batch and resolves once it is mined, which is before it is confirmed. */
  settle(receipts: readonly SignedReceipt[]): Promise<Settled>
  claim(claims: readonly Claim[]): Promise<Submitted>
  release(buyer: Account, sellers: readonly Account[]): Promise<Submitted>
  /** Whether the chain holds a transaction we submitted; one that was mined is gone when a reorganisation dropped its block. */
  isMined(tx: Hex): Promise<boolean>
  /** As of the last look at the chain; new trades wait while it is not. */
  isHealthy(): ChainHealth
  /** Confirmed events in chain order, each at least once. Returns the way to stop. */
  watch(listener: (event: SettlementEvent) => void): () => void
}

/** The moves only the owner can make, with the owner's own key. */
export interface OwnerSettlement {
  /** Approves the token where needed and deposits for the owner. */
  deposit(amount: Money): Promise<Submitted>
  withdraw(amount: Money): Promise<Submitted>
  setKey(key: Account, validUntil: UnixSeconds, dailyLimit: Money): Promise<Submitted>
}
