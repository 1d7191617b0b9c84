/** Whoever means harm: real libp2p nodes with keys of their own that know the protocols and keep no rule. */
import { createHash } from 'node:crypto'
import { privateKeyFromRaw } from '@libp2p/crypto/keys'
import { multiaddr } from '@multiformats/multiaddr'
import { fromString } from 'uint8arrays/from-string'
import { orderTopic } from '../../protocols/constants.ts'
import { createLibp2pNode } from '../../src/network/libp2p.ts'
import { createLocalSigner } from '../../src/signing/local-signer.ts'
import type { Order, SignedOrder } from '../../src/domain/order.ts'
import type { Account, Hex } from '../../src/domain/units.ts'
import type { Libp2pNode } from '../../src/network/libp2p.ts'
import type { SettlementDomain } from '../../src/signing/digests.ts'
import type { LocalSigner } from '../../src/signing/local-signer.ts'

export function attackerKey (name: string): Hex {
  return `0x${createHash('sha256').update(`attacker ${name}`).digest('hex')}`
}

/** A started node with the topic of a market, connected to `address`; it has no validator and passes nothing on unless it subscribes. */
export async function anAttacker (name: string, rules: Hex, address?: string): Promise<Libp2pNode> {
  const node = await createLibp2pNode({
    privateKey: privateKeyFromRaw(fromString(attackerKey(name).slice(2), 'base16')), listen: ['/ip4/127.0.0.1/tcp/0'], topic: orderTopic(rules)
  })
  await node.start()
  if (address != null) {
    await node.dial(multiaddr(address))
  }
  return node
}

export function attackerSigner (name: string, at: SettlementDomain): LocalSigner {
  return createLocalSigner(attackerKey(name), at)
}

/** An order that every rule lets through, at a price of one tenth of a cent above the supplier's. */
export function aTemptingOrder (signer: LocalSigner, fields: Pick<Order, 'rules' | 'periodStart'> & Partial<Order>): SignedOrder {
  const order: Order = {
    side: 'offer',
    maker: signer.address,
    signer: signer.address,
    quantity: 5000,
    minFill: 10,
    revision: 1,
    schedule: [{ at: 0, price: 81_000n }],
    ...fields
  }
  return { order, signature: signer.signOrder(order) }
}

const CURVE_ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n
const TOP_BIT = 1n << 255n

/** The other signature of the same message by the same key, (r, n - s), as far as 64 bytes can say it. */
export function highTwin (signature: Hex): Hex {
  const r = signature.slice(2, 66)
  const compact = BigInt(`0x${signature.slice(66)}`)
  const parity = compact >= TOP_BIT ? 0n : TOP_BIT
  const s = CURVE_ORDER - (compact & (TOP_BIT - 1n))
  return `0x${r}${((s & (TOP_BIT - 1n)) | parity).toString(16).padStart(64, '0')}`
}

/** An owner nobody knows. */
export function aStranger (name: string): Account {
  return `0x${createHash('sha256').update(`stranger ${name}`).digest('hex').slice(0, 40)}`
}
