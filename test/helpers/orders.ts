import { DEFAULT_MARKET_RULES } from '../../src/domain/market-rules.ts'
import { rulesDigest } from '../../src/signing/digests.ts'
import { createLocalSigner } from '../../src/signing/local-signer.ts'
import type { MarketRules } from '../../src/domain/market-rules.ts'
import type { Order, SignedOrder } from '../../src/domain/order.ts'
import type { Hex } from '../../src/domain/units.ts'
import type { Signer } from '../../src/ports/signer.ts'

export const RULES: MarketRules = {
  ...DEFAULT_MARKET_RULES,
  area: 'test street',
  chainId: 31337,
  escrow: '0x5fbdb2315678afecb367f032d93f642f64180aa3'
}

export const RULES_DIGEST = rulesDigest(RULES)

/** 1 January 2026 12:00 UTC, a period start. */
export const NOON = 1_767_268_800

/** Private key of the `n`-th test home, `n` from 1 to 255. */
export function privateKey (n: number): Hex {
  return `0x${n.toString(16).padStart(64, '0')}`
}

export function aSigner (n = 1): Signer {
  return createLocalSigner(privateKey(n), RULES)
}

/** An account with `n` in every byte. */
export function anAccount (n: number): Hex {
  return `0x${n.toString(16).padStart(2, '0').repeat(20)}`
}

/** 32 bytes with `n` in every byte: an order or trade id. */
export function aDigest (n: number): Hex {
  return `0x${n.toString(16).padStart(2, '0').repeat(32)}`
}

/** 64 bytes that are no valid signature. */
export function aSignature (n: number): Hex {
  return `0x${n.toString(16).padStart(2, '0').repeat(64)}`
}

/** An offer of 1 kWh at noon, falling from 30 to 12 cents of a token with 6 decimals. */
export function anOrder (fields: Partial<Order> = {}, signer = aSigner()): Order {
  return {
    side: 'offer',
    rules: RULES_DIGEST,
    maker: anAccount(0xa1),
    signer: signer.address,
    periodStart: NOON,
    quantity: 1000,
    minFill: 10,
    revision: 1,
    schedule: [{ at: 0, price: 300_000n }, { at: 1740, price: 120_000n }],
    ...fields
  }
}

/** The same, signed by `signer`. */
export function aSignedOrder (fields: Partial<Order> = {}, signer = aSigner()): SignedOrder {
  const order = anOrder(fields, signer)
  return { order, signature: signer.signOrder(order) }
}
