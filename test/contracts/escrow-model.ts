import type { SkipReason } from '../../contracts/skip-reasons.ts'
import type { Receipt, Trade } from '../helpers/escrow-fixture.ts'

const SLOT_SEC = 900
const DAY_SEC = 86_400
const LOCK_SEC = 14 * DAY_SEC

export interface Tab { cap: bigint, paid: bigint, through: number, expiry: number }
export interface Account { balance: bigint, reserved: bigint }
interface Key { validUntil: number, limit: bigint, day: number, used: bigint }

/** The escrow again, in plain TypeScript and written from its rules, not from its code. Owners are names; each has one key. */
export class EscrowModel {
  readonly accounts = new Map<string, Account>()
  readonly keys = new Map<string, Key>()
  readonly tabs = new Map<string, Tab>()
  readonly readings = new Map<string, number>()
  now: number

  constructor (now: number) {
    this.now = now
  }

  account (owner: string): Account {
    return entry(this.accounts, owner, { balance: 0n, reserved: 0n })
  }

  key (owner: string): Key {
    return entry(this.keys, owner, { validUntil: 0, limit: 0n, day: 0, used: 0n })
  }

  tab (buyer: string, seller: string): Tab {
    return entry(this.tabs, `${buyer}>${seller}`, { cap: 0n, paid: 0n, through: 0, expiry: 0 })
  }

  deposit (owner: string, amount: bigint): string {
    if (amount === 0n) { return 'ZeroInput' }
    this.account(owner).balance += amount
    return 'Deposited'
  }

  withdraw (owner: string, amount: bigint): string {
    if (amount === 0n) { return 'ZeroInput' }
    if (amount > this.free(owner)) { return 'Unfunded' }
    this.account(owner).balance -= amount
    return 'Withdrawn'
  }

  setSigner (owner: string, validUntil: number, limit: bigint): string {
    const key = this.key(owner)
    if (validUntil < Math.min(key.validUntil, this.now + LOCK_SEC)) { return 'NoticeTooShort' }
    Object.assign(key, { validUntil, limit })
    return 'SignerSet'
  }

  settle (receipt: Receipt, signed: { readonly byBuyer: boolean, readonly bySeller: boolean }): SkipReason | 'Settled' {
    const { buyer, seller, through, total, cap, expiry } = receipt
    const tab = this.tab(buyer, seller)
    const key = this.key(buyer)
    const today = Math.floor(this.now / DAY_SEC)
    const usedToday = key.day === today ? key.used : 0n

    if (!signed.byBuyer || key.validUntil <= this.now) { return 'BuyerSigner' }
    if (!signed.bySeller || this.key(seller).validUntil <= this.now) { return 'SellerSigner' }
    if (buyer === seller) { return 'SelfTrade' }
    if (through <= tab.through) { return 'Stale' }
    if (Math.floor(through / 65_536) > Math.floor(this.now / SLOT_SEC)) { return 'Future' }
    if (total < tab.paid || total > cap) { return 'Backwards' }
    if (expiry * SLOT_SEC - this.now > LOCK_SEC) { return 'LockTooLong' }
    if (expiry * SLOT_SEC > key.validUntil) { return 'KeyTooShort' }

    const most = tab.cap + smallest(this.free(buyer), largest(key.limit - usedToday, 0n))
    const granted = smallest(cap, largest(most, tab.cap))
    if (total > granted) { return 'Unfunded' }

    if (granted > tab.cap) {
      Object.assign(key, { day: today, used: usedToday + granted - tab.cap })
    }
    this.pay(buyer, seller, total - tab.paid)
    Object.assign(tab, { cap: granted, paid: total, through, expiry })
    this.reserve(buyer)
    return 'Settled'
  }

  claim (trade: Trade, evidence: { readonly reading: number, readonly byBuyer: boolean, readonly byAttester: boolean }): string {
    const { buyer, seller, slot, seq, wh, pricePerKWh, claimBy } = trade
    const tab = this.tab(buyer, seller)
    const taken = this.readings.get(`${seller}/${slot}`) ?? 0

    if (Math.floor(this.now / SLOT_SEC) <= slot) { return 'TooEarly' }
    if (this.now > claimBy || this.now >= tab.expiry * SLOT_SEC) { return 'TooLate' }
    if (slot * 65_536 + seq <= tab.through) { return 'Stale' }
    if (!evidence.byBuyer || this.key(buyer).validUntil <= this.now) { return 'BadSignature' }
    if (!evidence.byAttester) { return 'BadSignature' }

    const paidWh = Math.max(0, Math.min(wh, evidence.reading - taken))
    const amount = smallest(BigInt(paidWh) * pricePerKWh / 1000n, tab.cap - tab.paid)
    this.readings.set(`${seller}/${slot}`, taken + paidWh)
    this.pay(buyer, seller, amount)
    Object.assign(tab, { paid: tab.paid + amount, through: slot * 65_536 + seq })
    this.reserve(buyer)
    return 'Claimed'
  }

  release (buyer: string, seller: string): string {
    const tab = this.tab(buyer, seller)
    if (this.now < tab.expiry * SLOT_SEC) { return 'TooEarly' }
    if (tab.cap === tab.paid) { return 'nothing' }
    tab.cap = tab.paid
    this.reserve(buyer)
    return 'Released'
  }

  private free (owner: string): bigint {
    const { balance, reserved } = this.account(owner)
    return balance - reserved
  }

  private pay (buyer: string, seller: string, amount: bigint): void {
    this.account(buyer).balance -= amount
    this.account(seller).balance += amount
  }

  /** Adds a buyer's reservations up from its tabs, where the contract adjusts them by differences. */
  private reserve (buyer: string): void {
    const open = [...this.tabs].filter(([pair]) => pair.startsWith(`${buyer}>`))
    this.account(buyer).reserved = open.reduce((sum, [, { cap, paid }]) => sum + cap - paid, 0n)
  }
}

function entry<T> (map: Map<string, T>, key: string, initial: T): T {
  const found = map.get(key) ?? initial
  map.set(key, found)
  return found
}

function smallest (a: bigint, b: bigint): bigint {
  return a < b ? a : b
}

function largest (a: bigint, b: bigint): bigint {
  return a > b ? a : b
}
