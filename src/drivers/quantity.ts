/** Numbers as devices write them, turned into whole mWh and watts. What is not a number is unknown. */

/** Milliwatt-hours in one of each, as a fraction of whole numbers. */
const ENERGY = {
  mWh: [1n, 1n],
  Wh: [1000n, 1n],
  kWh: [1_000_000n, 1n],
  MWh: [1_000_000_000n, 1n],
  J: [10n, 36n],
  Ws: [10n, 36n],
  kJ: [10_000n, 36n]
} as const

const POWER = { mW: 0.001, W: 1, kW: 1000, MW: 1_000_000 } as const

/** A gigawatt: beyond any home, and sums of such numbers stay numbers. */
const MAX_WATTS = 1_000_000_000

export type EnergyUnit = keyof typeof ENERGY
export type PowerUnit = keyof typeof POWER
export type Unit = EnergyUnit | PowerUnit

/** True for a unit this file knows; upper and lower case matter, because mW and MW differ. */
export function isUnit (unit: string): unit is Unit {
  return Object.hasOwn(ENERGY, unit) || Object.hasOwn(POWER, unit)
}

export function isEnergyUnit (unit: Unit): unit is EnergyUnit {
  return Object.hasOwn(ENERGY, unit)
}

/** A number as JSON, a wire format or a person writes it: digits with at most one point, perhaps a sign or an exponent. */
const DECIMAL = /^([+-]?)(\d+)(?:\.(\d*))?(?:[eE]([+-]?\d{1,2}))?$/

/**
 * Whole mWh, rounded down, of a register that shows `value` steps of `step` units. Exact for 64-bit registers and for any
 * decimal text. Undefined for everything that is not a number, is negative or leaves the safe integers.
 */
export function toMilliWh (value: unknown, unit: EnergyUnit, step: number = 1): number | undefined {
  const amount = fraction(value)
  const scale = fraction(step)
  if (amount == null || scale == null) {
    return undefined
  }
  const [numerator, denominator] = ENERGY[unit]
  const product = amount[0] * scale[0] * numerator
  const milliWh = product < 0n ? undefined : product / (amount[1] * scale[1] * denominator)
  return milliWh == null || milliWh > BigInt(Number.MAX_SAFE_INTEGER) ? undefined : Number(milliWh)
}

/** Watts of a power value; undefined for what is no number, or more than any grid connection carries. */
export function toWatts (value: unknown, unit: PowerUnit, step: number = 1): number | undefined {
  const amount = toNumber(value)
  const watts = amount == null ? undefined : amount * step * POWER[unit]
  return watts != null && Math.abs(watts) <= MAX_WATTS ? watts : undefined
}

/** A finite number; undefined for null, text that is no number, NaN, booleans and everything else. */
export function toNumber (value: unknown): number | undefined {
  if (typeof value === 'bigint') {
    return Number(value)
  }
  const number = typeof value === 'string' && DECIMAL.test(value.trim()) ? Number(value) : value
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined
}

/** Numerator and denominator of a decimal number. */
function fraction (value: unknown): [bigint, bigint] | undefined {
  if (typeof value === 'bigint') {
    return [value, 1n]
  }
  const match = typeof value === 'number' || typeof value === 'string' ? DECIMAL.exec(String(value).trim()) : null
  if (match == null) {
    return undefined
  }
  const [, sign, whole, part = '', exponent = '0'] = match
  const digits = BigInt(whole + part) * (sign === '-' ? -1n : 1n)
  const places = part.length - Number(exponent)
  return places > 0 ? [digits, tenTo(places)] : [digits * tenTo(-places), 1n]
}

function tenTo (places: number): bigint {
  return BigInt('1'.padEnd(places + 1, '0'))
}
