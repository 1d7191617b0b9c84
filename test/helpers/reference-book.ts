import { closingOf, priceAt } from '../../src/domain/order.ts'
import { windowOpening } from '../../src/domain/period.ts'
import type { MarketRules } from '../../src/domain/market-rules.ts'
import type { VerifiedOrder } from '../../src/domain/order.ts'
import type { Hex } from '../../src/domain/units.ts'
import type { AddResult, OrderBookInit } from '../../src/market/order-book.ts'

interface Row { order: VerifiedOrder, remaining: number, arrival: number }

/** The order book at its most naive: one list of everything that was taken in, searched from end to end. */
export class ReferenceBook {
  private rows: Row[] = []
  private arrivals = 0
  private readonly init: OrderBookInit

  constructor (init: OrderBookInit) {
    this.init = init
  }

  add (order: VerifiedOrder): AddResult {
    const same = this.rows.find((row) => isSamePlace(row.order, order))
    if (same?.order.id === order.id && order.order.quantity > 0) {
      return 'known'
    }
    if (same != null && same.order.order.revision >= order.order.revision) {
      return 'superseded'
    }
    const open = this.open().filter((row) => row !== same && row.order.order.signer === order.order.signer)
    if (order.order.quantity > 0 && open.length >= this.init.maxPerSigner && (same?.order.order.quantity ?? 0) === 0) {
      return 'quota'
    }
    if (same == null && this.rows.length >= this.init.maxOrders) {
      return 'full'
    }
    this.rows = [...this.rows.filter((row) => row !== same), { order, remaining: order.order.quantity, arrival: this.arrivals++ }]
    return same == null ? 'added' : 'replaced'
  }

  setRemaining (id: Hex, wh: number): void {
    this.rows = this.rows.map((row) => row.order.id === id ? { ...row, remaining: Math.max(0, Math.min(row.remaining, wh)) } : row)
  }

  expire (now: number): number {
    const before = this.open().length
    this.rows = this.rows.filter(({ order }) => now <= closingOf(order.order, this.init.rules) + this.init.rules.clockToleranceSec)
    return before - this.open().length
  }

  offers (periodStart: number, now: number): Array<{ id: Hex, price: bigint, remaining: number }> {
    return this.open()
      .filter(({ order: { order }, remaining }) => order.periodStart === periodStart && order.side === 'offer' && isEnough(order.minFill, remaining, this.init.rules))
      .map(({ order, remaining, arrival }) => ({ id: order.id, remaining, arrival, price: priceAt(order.order.schedule, now - windowOpening(periodStart, this.init.rules)) }))
      .sort((a, b) => Number(a.price > b.price) - Number(a.price < b.price) || a.arrival - b.arrival)
      .map(({ id, price, remaining }) => ({ id, price, remaining }))
  }

  open (): Row[] {
    return this.rows.filter(({ order }) => order.order.quantity > 0).sort((a, b) => a.arrival - b.arrival)
  }
}

function isEnough (minFill: number, remaining: number, rules: MarketRules): boolean {
  return remaining >= minFill && remaining >= rules.minTradeWh
}

function isSamePlace ({ order: a }: VerifiedOrder, { order: b }: VerifiedOrder): boolean {
  return a.signer === b.signer && a.periodStart === b.periodStart && a.side === b.side
}
