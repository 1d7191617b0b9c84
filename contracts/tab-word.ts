/** A tab as the escrow stores it, as receipts carry it and as `Settled` tells it: four numbers in one word, `cap` lowest. */
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

const PAID_BIT = 96n
const THROUGH_BIT = 192n
const EXPIRY_BIT = 232n

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
