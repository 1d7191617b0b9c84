import { compareKeys } from '../domain/book-sync.ts'
import { firstNotBefore } from './sorted.ts'
import type { OrderKey, SignerDigest } from '../domain/book-sync.ts'
import type { Order, VerifiedOrder } from '../domain/order.ts'
import type { Account, Hex, UnixSeconds } from '../domain/units.ts'

/** What is known of one signer: its newest orders, sorted by period and side. */
interface Known {
  orders: VerifiedOrder[]
  /** Of the orders from `from` on; absent when it has to be computed again. */
  digest?: { readonly from: UnixSeconds, readonly value: Hex | undefined }
}

/**
 * The newest revision of every order the book took in, withdrawn ones too, as two books are compared by: a digest for each
 * signer, and pages of orders. An order that is withdrawn leaves the book and stays here, so that word of it gets around.
 */
export class NewestOrders {
  private readonly digestOf: (parts: readonly Hex[]) => Hex
  private readonly lastFrom: (order: Order) => UnixSeconds
  private readonly bySigner = new Map<Account, Known>()
  /** In rising order, once `isSorted`. */
  private signers: Account[] = []
  private isSorted = true
  private earliest: UnixSeconds = Number.MAX_SAFE_INTEGER
  private version = 0
  private cached: { readonly from: UnixSeconds, readonly version: number, readonly digests: SignerDigest[], readonly root: Hex } | undefined

  /** `digestOf` shortens the bytes of its parts, put end to end, to 16. `lastFrom` is the last `from` at which an order counts. */
  constructor (digestOf: (parts: readonly Hex[]) => Hex, lastFrom: (order: Order) => UnixSeconds = ({ periodStart }) => periodStart) {
    this.digestOf = digestOf
    this.lastFrom = lastFrom
  }

  /** Takes in an order the book has accepted. */
  add (order: VerifiedOrder): void {
    const { signer } = order.order
    const known = this.knownOf(signer)
    const place = placeOf(known.orders, order.order)
    const replaces = place < known.orders.length && compareKeys(known.orders[place].order, order.order) === 0
    known.orders.splice(place, replaces ? 1 : 0, order)
    known.digest = undefined
    this.earliest = Math.min(this.earliest, this.lastFrom(order.order))
    this.version++
  }

  /** Forgets what no longer counts at `from`. */
  forgetBefore (from: UnixSeconds): void {
    if (from <= this.earliest) {
      return
    }
    this.earliest = Number.MAX_SAFE_INTEGER
    for (const [signer, known] of this.bySigner) {
      known.orders = known.orders.filter(({ order }) => this.lastFrom(order) >= from)
      known.digest = undefined
      if (known.orders.length === 0) {
        this.bySigner.delete(signer)
      }
      this.earliest = known.orders.reduce((earliest, { order }) => Math.min(earliest, this.lastFrom(order)), this.earliest)
    }
    this.signers = [...this.bySigner.keys()]
    this.isSorted = false
    this.version++
  }

  /** The newest order at a place, open or withdrawn. */
  at (key: OrderKey): VerifiedOrder | undefined {
    const orders = this.bySigner.get(key.signer)?.orders ?? []
    const order = orders[placeOf(orders, key)]
    return order != null && compareKeys(order.order, key) === 0 ? order : undefined
  }

  /** Those of one signer from `from` on, in rising order of their keys. */
  of (signer: Account, from: UnixSeconds): VerifiedOrder[] {
    return this.bySigner.get(signer)?.orders.filter(({ order }) => this.lastFrom(order) >= from) ?? []
  }

  /** One digest for each signer with orders from `from` on, in rising order of signers, and one of them all. */
  digests (from: UnixSeconds): { readonly digests: readonly SignerDigest[], readonly root: Hex } {
    if (this.cached?.from !== from || this.cached.version !== this.version) {
      const digests = this.sortedSigners().flatMap((signer) => {
        const digest = this.digest(signer, from)
        return digest == null ? [] : [{ signer, digest }]
      })
      const root = this.digestOf(digests.flatMap(({ signer, digest }) => [signer, digest]))
      this.cached = { from, version: this.version, digests, root }
    }
    return this.cached
  }

  /** Digest of one signer's orders from `from` on; undefined when there are none. */
  digest (signer: Account, from: UnixSeconds): Hex | undefined {
    const known = this.bySigner.get(signer)
    if (known != null && known.digest?.from !== from) {
      const ids = known.orders.filter(({ order }) => this.lastFrom(order) >= from).map(({ id }) => id)
      known.digest = { from, value: ids.length === 0 ? undefined : this.digestOf(ids) }
    }
    return known?.digest?.value
  }

  private knownOf (signer: Account): Known {
    let known = this.bySigner.get(signer)
    if (known == null) {
      known = { orders: [] }
      this.bySigner.set(signer, known)
      this.signers.push(signer)
      this.isSorted = false
    }
    return known
  }

  private sortedSigners (): readonly Account[] {
    if (!this.isSorted) {
      this.signers.sort((a, b) => a < b ? -1 : 1)
      this.isSorted = true
    }
    return this.signers
  }
}

/** Where a key stands, or would stand, among the orders of its signer. */
function placeOf (orders: readonly VerifiedOrder[], key: OrderKey): number {
  return firstNotBefore(orders, (each) => compareKeys(each.order, key) < 0)
}
