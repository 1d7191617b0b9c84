import { concat, hashStruct, hashTypedData, keccak256, slice, stringToHex } from 'viem'
import {
  CERTIFICATES_DOMAIN_NAME, CERTIFICATES_DOMAIN_VERSION, DAILY_EXPORT_TYPES, JOIN_TYPES, METER_BOOK_DOMAIN_NAME, METER_BOOK_DOMAIN_VERSION
} from '../../protocols/community/typed-data.ts'
import { MARKET_RULES_TYPES, OPTIONAL_MARKET_RULES } from '../../protocols/order/typed-data.ts'
import { ESCROW_DOMAIN_NAME, ESCROW_DOMAIN_VERSION, READING_TYPES, RECEIPT_TYPES, TRADE_TYPES } from '../../protocols/trade/typed-data.ts'
import { hexOf } from '../domain/hex.ts'
import { orderDigest } from './order-digest.ts'
import type { DailyExport } from '../domain/certificate.ts'
import type { MarketRules } from '../domain/market-rules.ts'
import type { Order } from '../domain/order.ts'
import type { Attestation, Receipt } from '../domain/receipt.ts'
import type { TradeTerms } from '../domain/trade.ts'
import type { Account, Hex, UnixSeconds } from '../domain/units.ts'

/** The chain and contract every digest is bound to, so that a signature means nothing anywhere else. */
export interface SettlementDomain {
  readonly chainId: number
  readonly escrow: Account
}

interface Domain { name: string, version: string, chainId: number, verifyingContract: Account }

function escrowDomain (at: SettlementDomain): Domain {
  return { name: ESCROW_DOMAIN_NAME, version: ESCROW_DOMAIN_VERSION, chainId: at.chainId, verifyingContract: at.escrow }
}

/** Identity of a market: the EIP-712 struct hash of its rules. The first 8 digits are part of the topic. */
export function rulesDigest (rules: MarketRules): Hex {
  const optional = OPTIONAL_MARKET_RULES.filter(({ name, unless }) => (rules[name] ?? unless) !== unless).map(({ name, type }) => ({ name, type }))
  const types: Record<string, Array<{ name: string, type: string }>> = { MarketRules: [...MARKET_RULES_TYPES.MarketRules, ...optional] }
  return hashStruct({ types, primaryType: 'MarketRules', data: { ...rules, chainId: BigInt(rules.chainId) } })
}

/** Identity of an order, and the 32 bytes its signature is over. */
export function orderId (order: Order, at: SettlementDomain): Hex {
  return hexOf(orderDigest(order, at))
}

export function tradeDigest (terms: TradeTerms, at: SettlementDomain): Hex {
  const { pricePerKwh, ...rest } = terms
  return hashTypedData({ domain: escrowDomain(at), types: TRADE_TYPES, primaryType: 'Trade', message: { ...rest, pricePerKWh: pricePerKwh } })
}

export function receiptDigest (receipt: Receipt, at: SettlementDomain): Hex {
  return hashTypedData({ domain: escrowDomain(at), types: RECEIPT_TYPES, primaryType: 'Receipt', message: receipt })
}

export function readingDigest (reading: Attestation, at: SettlementDomain): Hex {
  return hashTypedData({ domain: escrowDomain(at), types: READING_TYPES, primaryType: 'Reading', message: reading })
}

/** What `TradeTerms.ref` must be: keccak256 of the order id and the trade id, 64 bytes. */
export function tradeRef (order: Hex, trade: Hex): Hex {
  return keccak256(concat([order, trade]))
}

/**
 * Name of a meter's export register: keccak256 of `wattmesh export` and its serial number, in UTF-8; of a meter without a known
 * one, the address of the key that vouches for it.
 */
export function exportMeterId (meter: { readonly serial?: string, readonly attester: Account }): Hex {
  const name = meter.serial == null ? meter.attester : stringToHex(meter.serial)
  return keccak256(concat([stringToHex('wattmesh export'), name]))
}

/** What a node shows its neighbours of its meter: the first 16 bytes of keccak256 of `wattmesh meter`, its peer id and the serial number. */
export function meterTag (serial: string, peerId: string): Hex {
  return slice(keccak256(stringToHex(`wattmesh meter ${peerId} ${serial}`)), 0, 16)
}

/** A request to enter a meter book with a meter key; `nonce` is the book's own count of the home's requests. */
export interface Join {
  readonly home: Account
  readonly meter: Account
  readonly until: UnixSeconds
  readonly nonce: bigint
}

/** Where a contract of the community is: what its papers are bound to. */
export interface ContractPlace {
  readonly chainId: number
  readonly contract: Account
}

/** What a meter key signs so that its home may join a meter book. */
export function joinDigest (join: Join, { chainId, contract }: ContractPlace): Hex {
  const domain: Domain = { name: METER_BOOK_DOMAIN_NAME, version: METER_BOOK_DOMAIN_VERSION, chainId, verifyingContract: contract }
  return hashTypedData({ domain, types: JOIN_TYPES, primaryType: 'Join', message: join })
}

/** What an attester signs for the certificate of a day. */
export function dailyExportDigest (daily: DailyExport, { chainId, contract }: ContractPlace): Hex {
  const domain: Domain = { name: CERTIFICATES_DOMAIN_NAME, version: CERTIFICATES_DOMAIN_VERSION, chainId, verifyingContract: contract }
  const message = { ...daily, wh: BigInt(daily.wh), capacityW: BigInt(daily.capacityW) }
  return hashTypedData({ domain, types: DAILY_EXPORT_TYPES, primaryType: 'DailyExport', message })
}
