/** How receipts travel to the escrow and come back from it: numbers in one word, receipts by buyer. */

type Hex = `0x${string}`

/** A tab as the escrow stores it, as receipts carry it and as `Settled` tells it. */
export interface TabWord {
  /** Lifetime ceiling, base units, 96 bits. */
  readonly cap: bigint
  /** Lifetime total paid, base units, 96 bits. */
  readonly paid: bigint
  /** Position, 40 bits. */
  readonly through: number
  /** Slot, 24 bits. */
  readonly expiry: number
}

export interface SignedTab extends TabWord {
  readonly buyer: Hex
  readonly seller: Hex
  readonly byBuyer: CompactSig
  /** Without it the seller, or a key of its, has to be the sender. */
  readonly bySeller?: CompactSig
}

/** ERC-2098. */
export interface CompactSig {
  readonly r: Hex
  readonly vs: Hex
}

/** The receipts of one buyer, as `settle` takes them. */
export interface Statement {
  readonly buyer: Hex
  readonly receipts: ReadonlyArray<{ readonly seller: Hex, readonly tab: bigint, readonly byBuyer: CompactSig, readonly bySeller: CompactSig }>
}

const PAID_BIT = 96n
const THROUGH_BIT = 192n
const EXPIRY_BIT = 232n
const ZERO: Hex = `0x${'00'.repeat(32)}`
const UNSIGNED: CompactSig = { r: ZERO, vs: ZERO }

export function packTab ({ cap, paid, through, expiry }: TabWord): bigint {
  return cap | paid << PAID_BIT | BigInt(through) << THROUGH_BIT | BigInt(expiry) << EXPIRY_BIT
}

export function unpackTab (word: bigint): TabWord {
  return {
    cap: BigInt.asUintN(96, word),
    paid: BigInt.asUintN(96, word >> PAID_BIT),
    through: Number(BigInt.asUintN(40, word >> THROUGH_BIT)),
    expiry: Number(word >> EXPIRY_BIT)
  }
}

/** One statement per buyer. `places` says for each of its receipts which one of the list it is: events count as statements do. */
export function toStatements (receipts: readonly SignedTab[]): { readonly statements: readonly Statement[], readonly places: readonly number[][] } {
  const byBuyer = new Map<Hex, number[]>()
  for (const [index, { buyer }] of receipts.entries()) {
    byBuyer.set(buyer, [...byBuyer.get(buyer) ?? [], index])
  }
  const statements = [...byBuyer].map(([buyer, places]) => ({
    buyer,
    receipts: places.map((place) => receipts[place])
      .map(({ seller, byBuyer, bySeller = UNSIGNED, ...tab }) => ({ seller, tab: packTab(tab), byBuyer, bySeller }))
  }))
  return { statements, places: [...byBuyer.values()] }
}
