/** `0x` and lower-case hexadecimal digits. */
export type Hex = `0x${string}`

/** A chain address: 20 bytes, lower case. Compared with `===`. */
export type Account = Hex

/** A compressed secp256k1 public key: 33 bytes. The hot key of a node; its peer id and its address follow from it. */
export type PublicKey = Hex

/** Whole watt-hours, never negative. */
export type WattHours = number

/** Whole seconds since 1 January 1970 UTC. */
export type UnixSeconds = number

/** Token base units. Signed where a balance or a bill can be negative. */
export type Money = bigint

/** Token base units per kWh. */
export type PricePerKwh = bigint

export const MAX_UINT16 = 0xffff
export const MAX_UINT24 = 0xffffff
export const MAX_UINT32 = 0xffffffff
export const MAX_UINT40 = 0xffffffffff
export const MAX_UINT64 = 0xffffffffffffffffn
export const MAX_UINT96 = 0xffffffffffffffffffffffffn

/** What `wh` cost at `price`: `floor(wh * price / 1000)`. The only place where money is rounded. */
export function cost (wh: WattHours, price: PricePerKwh): Money {
  return BigInt(wh) * price / 1000n
}

/** The most whole watt-hours that `budget` buys at `price`; everything when the price is zero. */
export function affordable (budget: Money, price: PricePerKwh): WattHours {
  if (budget <= 0n) {
    return 0
  }
  const wh = price === 0n ? BigInt(MAX_UINT32) : budget * 1000n / price
  return Number(wh > BigInt(MAX_UINT32) ? BigInt(MAX_UINT32) : wh)
}

/** True for a whole number from `min` to `max`. */
export function isWhole (value: unknown, min: number, max: number): value is number {
  return Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max
}

/** True for `0x` and exactly `bytes` bytes in lower case. */
export function isHex (value: unknown, bytes: number): value is Hex {
  return typeof value === 'string' && value.length === 2 + 2 * bytes && /^0x[0-9a-f]*$/.test(value)
}

/** Base units as a decimal number of tokens with `places` digits, cut and not rounded: `-1.23`. */
export function formatMoney (amount: Money, decimals: number, places = 2): string {
  const digits = (amount < 0n ? -amount : amount).toString().padStart(decimals + 1, '0')
  const whole = digits.slice(0, digits.length - decimals)
  const part = digits.slice(digits.length - decimals).padEnd(places, '0').slice(0, places)
  const shown = places === 0 ? whole : `${whole}.${part}`
  return amount < 0n && /[1-9]/.test(shown) ? `-${shown}` : shown
}

/** Watt-hours as kWh with three digits: `1.250 kWh`. */
export function formatEnergy (wh: WattHours): string {
  return `${(wh / 1000).toFixed(3)} kWh`
}

/** A decimal number of tokens, such as `0.305`, as base units; undefined when it is not one or has too many digits. */
export function parseMoney (text: string, decimals: number): Money | undefined {
  const match = /^(\d+)(?:\.(\d+))?$/.exec(text.trim())
  const part = match?.[2] ?? ''
  if (match == null || part.length > decimals) {
    return undefined
  }
  return BigInt(match[1] + part.padEnd(decimals, '0'))
}
