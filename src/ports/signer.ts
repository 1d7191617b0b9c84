import type { Order } from '../domain/order.ts'
import type { Receipt } from '../domain/receipt.ts'
import type { TradeTerms } from '../domain/trade.ts'
import type { Account, Hex, PublicKey } from '../domain/units.ts'

/** Signs with the node's hot key. Every signature is an ERC-2098 compact one, 64 bytes, low s. */
export interface Signer {
  readonly key: PublicKey
  readonly address: Account
  signOrder(order: Order): Hex
  signTrade(terms: TradeTerms): Hex
  signReceipt(receipt: Receipt): Hex
}
