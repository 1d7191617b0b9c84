import { keccak256, stringToHex } from 'viem'
import { DEFAULT_MARKET_RULES } from '../../src/domain/market-rules.ts'
import { hexOf } from './records.ts'
import type { MarketRules } from '../../src/domain/market-rules.ts'
import type { Order, VerifiedOrder } from '../../src/domain/order.ts'
import type { Receipt } from '../../src/domain/receipt.ts'
import type { TradeTerms } from '../../src/domain/trade.ts'
import type { SettlementDomain } from '../../src/signing/digests.ts'

/** Start of a delivery period; its window opens at `OPENING` under the default rules. */
export const PERIOD = 1_800_000_000
export const OPENING = PERIOD - 1800

export const SETTLEMENT: SettlementDomain = { chainId: 31_337, escrow: hexOf(20, 0xe5) }

/** One hundredth of a token with six decimals. */
export const CENT = 10_000n

export function someRules (fields: Partial<MarketRules> = {}): MarketRules {
  return { ...DEFAULT_MARKET_RULES, area: 'test street', chainId: SETTLEMENT.chainId, escrow: SETTLEMENT.escrow, ...fields }
}

/** An offer of 1.2 kWh that falls from 29 to 9 ct. */
export function anOrder (fields: Partial<Order> = {}): Order {
  return {
    side: 'offer',
    rules: hexOf(32, 4),
    maker: hexOf(20, 5),
    signer: hexOf(20, 6),
    periodStart: PERIOD,
    quantity: 1200,
    minFill: 10,
    revision: 1,
    schedule: [{ at: 0, price: 29n * CENT }, { at: 1620, price: 9n * CENT }],
    ...fields
  }
}

/** As if its signature had been checked. Equal orders have equal ids and others differ. */
export function aVerifiedOrder (fields: Partial<Order> = {}): VerifiedOrder {
  const order = anOrder(fields)
  const text = JSON.stringify(order, (_, value: unknown) => typeof value === 'bigint' ? `${value}` : value)
  return { order, id: keccak256(stringToHex(text)), key: hexOf(33, 3), signature: hexOf(64, 7) }
}

export function someTerms (fields: Partial<TradeTerms> = {}): TradeTerms {
  return {
    buyer: hexOf(20, 1),
    seller: hexOf(20, 2),
    slot: PERIOD / 900,
    seq: 1,
    wh: 480,
    pricePerKwh: 19n * CENT,
    attester: hexOf(20, 3),
    meter: hexOf(32, 4),
    claimBy: PERIOD + 172_800,
    ref: hexOf(32, 5),
    ...fields
  }
}

export function aReceipt (fields: Partial<Receipt> = {}): Receipt {
  return {
    buyer: hexOf(20, 1),
    seller: hexOf(20, 2),
    through: PERIOD / 900 * 65_536 + 1,
    total: 91_200n,
    cap: 5_000_000n,
    expiry: PERIOD / 900 + 672,
    ...fields
  }
}
