/**
 * The escrow contract as a plain TypeScript model, shared by all homes of a simulation or a test. Every rule of the
 * contract is here in the same order; the compliance suite holds both to the same answers. This file must never know of
 * RPC or of any time but the `now` it is given. Start reading at `createMemoryEscrow`, then `transact`.
 */
import { CodedError } from '../domain/errors.ts'
import { SLOT_SEC, slotOfPosition } from '../domain/period.ts'
import { EMPTY_TAB } from '../domain/receipt.ts'
import { tabId } from '../domain/tab.ts'
import { positionOf } from '../domain/trade.ts'
import { cost } from '../domain/units.ts'
import { readingDigest, receiptDigest, tradeDigest } from '../signing/digests.ts'
import { addressOf, recoverKey } from '../signing/keys.ts'
import type { ChainTab, Claim, SignedReceipt } from '../domain/receipt.ts'
import type { Account, Hex, Money, UnixSeconds, WattHours } from '../domain/units.ts'
import type { AccountBalance, OwnerSettlement, Settlement, SettlementEvent, SkipReason, Submitted, Token } from '../ports/settlement.ts'
import type { SettlementDomain } from '../signing/digests.ts'

export interface MemoryEscrowInit {
  now(): UnixSeconds
  /** What signatures are bound to, as on a chain. */
  readonly at: SettlementDomain
  /** As for a chain: 1, the default, shows every move at once; with more, later blocks bury a move until it counts. */
  readonly confirmations?: number
}

/** One ledger for all homes. Every move is mined at once, in a block of its own. */
export interface MemoryEscrow {
  /** The escrow as the holder of the hot key `sender` sees and uses it. */
  settlement(sender: Account): Settlement
  owner(account: Account): OwnerSettlement
  /** Puts practice money into an account's wallet, from where it can be deposited. */
  mint(account: Account, amount: Money): void
  /** Adds an empty block. */
  mine(): void
  /** Keeps the ledger as it is now; calling the result takes back all that came since, as a reorganisation does. */
  snapshot(): () => void
}

const DAY_SEC = 86_400
const MAX_LOCK_SEC = 14 * DAY_SEC
const NOTICE_SEC = MAX_LOCK_SEC
const TOKEN: Token = { address: '0x00000000000000000000000000000000000070ce', symbol: 'pEUR', decimals: 6 }

interface KeyState {
  readonly validUntil: UnixSeconds
  readonly dailyLimit: Money
  /** Days since 1970 of the last raise, and by how much the key raised ceilings on that day. */
  readonly day: number
  readonly used: Money
}

/** Values are replaced, never changed. */
interface State {
  readonly wallets: Map<string, Money>
  readonly accounts: Map<string, AccountBalance>
  readonly keys: Map<string, KeyState>
  readonly tabs: Map<string, ChainTab>
  readonly claimedWh: Map<string, WattHours>
}

interface Block {
  readonly number: number
  readonly changes: State
  readonly events: SettlementEvent[]
}

interface Ledger {
  readonly init: MemoryEscrowInit
  readonly mined: State
  readonly confirmed: State
  /** Mined and not confirmed yet. */
  readonly pending: Block[]
  readonly txs: Set<Hex>
  readonly listeners: Set<(event: SettlementEvent) => void>
  height: number
  /** Moves ever made, those that were taken back too. */
  moves: number
}

/** A transaction in progress: its changes lie over the mined state until it is mined, or are dropped when it throws. */
interface Tx {
  readonly base: State
  readonly changes: State
  readonly events: SettlementEvent[]
  readonly now: UnixSeconds
  readonly at: SettlementDomain
}

export function createMemoryEscrow (init: MemoryEscrowInit): MemoryEscrow {
  const ledger: Ledger = { init, mined: emptyState(), confirmed: emptyState(), pending: [], txs: new Set(), listeners: new Set(), height: 0, moves: 0 }
  return {
    settlement: (sender) => createSettlement(ledger, sender),
    owner: (account) => createOwner(ledger, account),
    mint: (account, amount) => { ledger.mined.wallets.set(account, (ledger.mined.wallets.get(account) ?? 0n) + amount) },
    mine: () => { transact(ledger, () => {}) },
    snapshot: () => snapshot(ledger)
  }
}

// ---- blocks

function emptyState (): State {
  return { wallets: new Map(), accounts: new Map(), keys: new Map(), tabs: new Map(), claimedWh: new Map() }
}

/** Runs a move and mines it, or throws and changes nothing. */
function transact<T> (ledger: Ledger, move: (tx: Tx) => T): T & Submitted {
  const tx: Tx = { base: ledger.mined, changes: emptyState(), events: [], now: ledger.init.now(), at: ledger.init.at }
  const result = move(tx)
  merge(tx.changes, ledger.mined)
  ledger.height++
  ledger.pending.push({ number: ledger.height, changes: tx.changes, events: tx.events })
  const hash: Hex = `0x${(++ledger.moves).toString(16).padStart(64, '0')}`
  ledger.txs.add(hash)
  confirm(ledger)
  return { ...result, tx: hash, gasUsed: 0n }
}

function snapshot (ledger: Ledger): () => void {
  const { height } = ledger
  const [mined, confirmed] = [emptyState(), emptyState()]
  merge(ledger.mined, mined)
  merge(ledger.confirmed, confirmed)
  const [pending, txs] = [[...ledger.pending], [...ledger.txs]]
  return () => {
    for (const [state, before] of [[ledger.mined, mined], [ledger.confirmed, confirmed]]) {
      Object.values(state).forEach((map: Map<string, unknown>) => { map.clear() })
      merge(before, state)
    }
    ledger.pending.splice(0, ledger.pending.length, ...pending)
    ledger.txs.clear()
    txs.forEach((tx) => ledger.txs.add(tx))
    ledger.height = height
  }
}

function confirm ({ init, pending, confirmed, height, listeners }: Ledger): void {
  const newest = height - Math.max(1, init.confirmations ?? 1) + 1
  const buried = pending.filter(({ number }) => number <= newest)
  pending.splice(0, buried.length)
  for (const { changes, events } of buried) {
    merge(changes, confirmed)
    events.forEach((event) => { listeners.forEach((listener) => { listener(event) }) })
  }
}

function merge (from: State, into: State): void {
  for (const name of Object.keys(from) as Array<keyof State>) {
    const target: Map<string, unknown> = into[name]
    from[name].forEach((value, id) => target.set(id, value))
  }
}

/** Refuses like the contract, by its own error name. */
function check (isRight: boolean, error: string): void {
  if (!isRight) {
    throw new CodedError('CHAIN_REVERTED', `The contract refused: ${error}.`, { details: { error } })
  }
}

// ---- the owner's moves

function createOwner (ledger: Ledger, owner: Account): OwnerSettlement {
  return {
    deposit: async (amount) => transact(ledger, (tx) => {
      check(amount > 0n, 'ZeroInput')
      check(amount <= walletOf(tx, owner), 'ERC20InsufficientBalance')
      tx.changes.wallets.set(owner, walletOf(tx, owner) - amount)
      credit(tx, owner, amount)
      tx.events.push({ kind: 'deposited', owner, amount })
    }),
    withdraw: async (amount) => transact(ledger, (tx) => {
      check(amount > 0n, 'ZeroInput')
      check(amount <= free(tx, owner), 'Unfunded')
      credit(tx, owner, -amount)
      tx.changes.wallets.set(owner, walletOf(tx, owner) + amount)
      tx.events.push({ kind: 'withdrawn', owner, amount })
    }),
    setKey: async (key, validUntil, dailyLimit) => transact(ledger, (tx) => {
      const old = keyOf(tx, owner, key)
      check(BigInt(key) !== 0n, 'ZeroInput')
      check(validUntil >= old.validUntil || validUntil >= tx.now + NOTICE_SEC, 'NoticeTooShort')
      tx.changes.keys.set(keyId(owner, key), { ...old, validUntil, dailyLimit })
      tx.events.push({ kind: 'key-set', owner, key, validUntil, dailyLimit })
    })
  }
}

// ---- the pair's moves

function createSettlement (ledger: Ledger, sender: Account): Settlement {
  const { init, listeners } = ledger
  const confirmed = { base: ledger.confirmed, changes: ledger.confirmed }
  const own = new Set<() => void>()
  return {
    start: async () => {},
    stop: async () => { own.forEach((unwatch) => { unwatch() }) },
    token: async () => TOKEN,
    account: async (owner) => accountOf(confirmed, owner),
    key: async (owner, key) => {
      const state = keyOf(confirmed, owner, key)
      return { validUntil: state.validUntil, dailyLimit: state.dailyLimit, leftToday: leftToday(state, init.now()) }
    },
    tab: async (buyer, seller) => tabOf(confirmed, buyer, seller),
    settle: async (receipts) => transact(ledger, (tx) => {
      const skipped = receipts.map((receipt, index) => ({ index, reason: settleOne(tx, receipt) }))
      return { skipped: skipped.filter((at): at is { index: number, reason: SkipReason } => at.reason != null) }
    }),
    claim: async (claims) => transact(ledger, (tx) => { claims.forEach((claim) => { claimOne(tx, sender, claim) }) }),
    release: async (buyer, sellers) => transact(ledger, (tx) => { sellers.forEach((seller) => { releaseOne(tx, buyer, seller) }) }),
    isMined: async (tx) => ledger.txs.has(tx),
    isHealthy: () => ({ ok: true }),
    watch: (listener) => {
      const wrapped = (event: SettlementEvent): void => { listener(event) }
      const unwatch = (): void => {
        listeners.delete(wrapped)
        own.delete(unwatch)
      }
      listeners.add(wrapped)
      own.add(unwatch)
      return unwatch
    }
  }
}

function settleOne (tx: Tx, { receipt, buyerSignature, sellerSignature }: SignedReceipt): SkipReason | undefined {
  const { buyer, seller, through, total, expiry } = receipt
  const digest = receiptDigest(receipt, tx.at)
  const signer = signerOf(digest, buyerSignature)
  const key = keyOf(tx, buyer, signer)
  const tab = tabOf(tx, buyer, seller)
  const end = expiry * SLOT_SEC

  if (!isLive(tx, buyer, signer)) { return 'BUYER_SIGNER' }
  if (!isLive(tx, seller, signerOf(digest, sellerSignature))) { return 'SELLER_SIGNER' }
  if (buyer === seller) { return 'SELF_TRADE' }
  if (through <= tab.through) { return 'STALE' }
  if (slotOfPosition(through) * SLOT_SEC > tx.now) { return 'FUTURE' }
  if (total < tab.paid || total > receipt.cap) { return 'BACKWARDS' }
  if (end > tx.now + MAX_LOCK_SEC) { return 'LOCK_TOO_LONG' }
  if (end > key.validUntil) { return 'KEY_TOO_SHORT' }

  const rise = least(receipt.cap - tab.cap, leftToday(key, tx.now), free(tx, buyer))
  const cap = receipt.cap > tab.cap ? tab.cap + rise : receipt.cap
  if (total > cap) { return 'UNFUNDED' }

  if (cap > tab.cap) {
    const day = dayOf(tx.now)
    tx.changes.keys.set(keyId(buyer, signer), { ...key, day, used: (key.day === day ? key.used : 0n) + rise })
  }
  shift(tx, { buyer, seller }, { cap, paid: total, through, expiry })
  tx.events.push({ kind: 'settled', buyer, seller, through, total, cap, expiry })
}

function claimOne (tx: Tx, sender: Account, { terms, buyerSignature, readingWh, attestation }: Claim): void {
  const { buyer, seller, slot, attester, meter } = terms
  const position = positionOf(terms)
  const tab = tabOf(tx, buyer, seller)

  check(sender === seller || isLive(tx, seller, sender), 'NotSeller')
  check(tx.now >= (slot + 1) * SLOT_SEC, 'TooEarly')
  check(tx.now <= terms.claimBy && tx.now < tab.expiry * SLOT_SEC, 'TooLate')
  check(position > tab.through, 'Stale')
  check(isLive(tx, buyer, signerOf(tradeDigest(terms, tx.at), buyerSignature)), 'BadSignature')
  check(signerOf(readingDigest({ attester, seller, meter, slot, wh: readingWh }, tx.at), attestation) === attester, 'BadSignature')

  const register = `${attester}/${meter}/${slot}`
  const taken = read(tx, 'claimedWh', register) ?? 0
  const wh = Math.min(terms.wh, Math.max(0, readingWh - taken))
  const amount = least(cost(wh, terms.pricePerKwh), tab.cap - tab.paid)
  tx.changes.claimedWh.set(register, taken + wh)
  shift(tx, { buyer, seller }, { ...tab, paid: tab.paid + amount, through: position })
  tx.events.push({ kind: 'claimed', buyer, seller, position, wh, amount })
}

function releaseOne (tx: Tx, buyer: Account, seller: Account): void {
  const tab = tabOf(tx, buyer, seller)
  check(tx.now >= tab.expiry * SLOT_SEC, 'TooEarly')
  const freed = tab.cap - tab.paid
  if (freed > 0n) {
    shift(tx, { buyer, seller }, { ...tab, cap: tab.paid })
    tx.events.push({ kind: 'released', buyer, seller, freed })
  }
}

// ---- money

/** Brings a tab to its next state; the buyer's reservation and both balances follow. */
function shift (tx: Tx, { buyer, seller }: { buyer: Account, seller: Account }, next: ChainTab): void {
  const tab = tabOf(tx, buyer, seller)
  const payer = accountOf(tx, buyer)
  const due = next.paid - tab.paid
  tx.changes.accounts.set(buyer, { balance: payer.balance - due, reserved: payer.reserved - (tab.cap - tab.paid) + (next.cap - next.paid) })
  credit(tx, seller, due)
  tx.changes.tabs.set(tabId(buyer, seller), next)
}

function credit (tx: Tx, owner: Account, amount: Money): void {
  const account = accountOf(tx, owner)
  tx.changes.accounts.set(owner, { ...account, balance: account.balance + amount })
}

function free (tx: Tx, owner: Account): Money {
  const { balance, reserved } = accountOf(tx, owner)
  return balance - reserved
}

function least (first: Money, ...others: Money[]): Money {
  return others.reduce((a, b) => a < b ? a : b, first)
}

// ---- keys and lookups

function leftToday (key: KeyState, now: UnixSeconds): Money {
  const used = key.day === dayOf(now) ? key.used : 0n
  return key.dailyLimit > used ? key.dailyLimit - used : 0n
}

function dayOf (now: UnixSeconds): number {
  return Math.floor(now / DAY_SEC)
}

function isLive (tx: Tx, owner: Account, signer: Account | undefined): boolean {
  return signer != null && tx.now < keyOf(tx, owner, signer).validUntil
}

/** The address that signed; undefined when the signature is none. */
function signerOf (digest: Hex, signature: Hex): Account | undefined {
  const key = recoverKey(digest, signature)
  return key == null ? undefined : addressOf(key)
}

type View = Pick<Tx, 'base' | 'changes'>

function read<N extends keyof State> (view: View, name: N, id: string): ReturnType<State[N]['get']> {
  return (view.changes[name].get(id) ?? view.base[name].get(id)) as ReturnType<State[N]['get']>
}

function walletOf (view: View, owner: Account): Money {
  return read(view, 'wallets', owner) ?? 0n
}

function accountOf (view: View, owner: Account): AccountBalance {
  return read(view, 'accounts', owner) ?? { balance: 0n, reserved: 0n }
}

function keyId (owner: Account, key: Account | undefined): string {
  return `${owner}/${key}`
}

function keyOf (view: View, owner: Account, key: Account | undefined): KeyState {
  return read(view, 'keys', keyId(owner, key)) ?? { validUntil: 0, dailyLimit: 0n, day: 0, used: 0n }
}

function tabOf (view: View, buyer: Account, seller: Account): ChainTab {
  return read(view, 'tabs', tabId(buyer, seller)) ?? EMPTY_TAB
}
