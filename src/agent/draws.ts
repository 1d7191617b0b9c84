/** What a draw is for and about: whole numbers and short words. */
export type DrawKey = number | string

const TWO_32 = 4_294_967_296

/**
 * A number in [0, 1) that depends on nothing but the seed and the keys, so that one draw more or less somewhere never
 * changes the others: `draw(seed, 'patience', home)`. Counts in steps of 2^-32 and is no secret.
 */
export function draw (seed: number, ...keys: readonly DrawKey[]): number {
  let hash = absorb(0, seed)
  for (const key of keys) {
    hash = typeof key === 'number' ? absorb(hash, key) : absorbText(hash, key)
  }
  return (hash >>> 0) / TWO_32
}

/** Low and high half, because a time in seconds may not fit into 32 bits. */
function absorb (hash: number, key: number): number {
  return mix(mix(hash ^ (key >>> 0)) ^ (Math.floor(key / TWO_32) >>> 0))
}

/** The length goes first, so that the letters of one word cannot pass for those of two. */
function absorbText (hash: number, key: string): number {
  let mixed = absorb(hash, -1 - key.length)
  for (let index = 0; index < key.length; index++) {
    mixed = mix(mixed ^ key.charCodeAt(index))
  }
  return mixed
}

/** A step of a Weyl sequence and the finaliser of MurmurHash3. */
function mix (word: number): number {
  let hash = word + 0x9e3779b9 | 0
  hash = Math.imul(hash ^ hash >>> 16, 0x85ebca6b)
  hash = Math.imul(hash ^ hash >>> 13, 0xc2b2ae35)
  return hash ^ hash >>> 16
}
