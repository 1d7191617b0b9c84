import type { SignedOrder } from '../../src/domain/order.ts'
import type { PeriodReading } from '../../src/domain/reading.ts'
import type { Tab } from '../../src/domain/tab.ts'
import type { Trade } from '../../src/domain/trade.ts'
import type { Hex } from '../../src/domain/units.ts'

/** `bytes` bytes that all are `byte`, or that end in the number `byte` when it is larger. */
export function hexOf (bytes: number, byte: number): Hex {
  const digits = byte.toString(16).padStart(2, '0')
  return byte < 256 ? `0x${digits.repeat(bytes)}` : `0x${digits.padStart(2 * bytes, '0')}`
}

/** Records as a store keeps them, with the smallest set of fields; `fields` replaces or adds. */
export function aStoredTrade (number: number, fields: Partial<Trade> = {}): Trade {
  return {
    id: hexOf(32, number),
    role: 'buyer',
    state: 'proposed',
    orderId: hexOf(32, 1),
    periodStart: 1_700_000_100,
    partner: hexOf(20, 2),
    partnerKey: hexOf(33, 3),
    askedWh: 500,
    pricePerKwh: 250_000_000_000_000_000n,
    validUntil: 1_700_000_005,
    changedAt: 1_700_000_000,
    ...fields
  }
}

export function aStoredTab (number: number, fields: Partial<Tab> = {}): Tab {
  return {
    buyer: hexOf(20, number),
    seller: hexOf(20, 9),
    role: 'buyer',
    partnerKey: hexOf(33, 3),
    chain: { cap: 5_000_000n, paid: 0n, through: 0, expiry: 1_890_000 },
    ...fields
  }
}

export function aStoredOrder (periodStart: number, revision: number): SignedOrder {
  return {
    order: {
      side: 'offer',
      rules: hexOf(32, 4),
      maker: hexOf(20, 5),
      signer: hexOf(20, 6),
      periodStart,
      quantity: 1200,
      minFill: 10,
      revision,
      schedule: [{ at: 0, price: 300_000n }, { at: 1740, price: 90_000n }]
    },
    signature: hexOf(64, 7)
  }
}

export function aStoredReading (periodStart: number, fields: Partial<PeriodReading> = {}): PeriodReading {
  return { periodStart, importWh: 0, exportWh: 731, ...fields }
}
