import { encodeOrder } from '../../../src/network/codec.ts'
import { orderId } from '../../../src/signing/digests.ts'
import { createLocalSigner } from '../../../src/signing/local-signer.ts'
import { anOrder, NOON, privateKey, RULES } from '../../helpers/orders.ts'
import type { SignedOrder } from '../../../src/domain/order.ts'
import type { Hex } from '../../../src/domain/units.ts'

/** Offers of 250 homes, each for as many of the next periods as it takes, with what is needed to judge them. */
export interface BenchOrder {
  readonly signed: SignedOrder
  readonly id: Hex
  readonly bytes: Uint8Array
}

export const NOW = NOON - 900

export function someOrders (count: number, homes = 250): BenchOrder[] {
  const signers = Array.from({ length: homes }, (_, home) => createLocalSigner(privateKey(home + 1), RULES))
  return Array.from({ length: count }, (_, number) => {
    const signer = signers[number % homes]
    const ahead = Math.floor(number / homes)
    const order = anOrder({ periodStart: NOON + 900 * ahead, quantity: 500 + number % 500, schedule: [{ at: 0, price: 300_000n + BigInt(number) }, { at: 1740, price: 120_000n }] }, signer)
    const signed = { order, signature: signer.signOrder(order) }
    return { signed, id: orderId(order, RULES), bytes: encodeOrder(signed) }
  })
}
