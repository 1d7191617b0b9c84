import type { PricePerKwh, UnixSeconds, WattHours } from './units.ts'

/** What the owner of a home decides about its trading, also while it runs. */
export interface Knobs {
  readonly lowestSellingPrice?: PricePerKwh
  readonly highestBuyingPrice?: PricePerKwh
  readonly reserve: Reserve
  /** Trade only with homes in the same local network and with those that are listed. */
  readonly neighboursOnly: boolean
  readonly paused: boolean
}

/**
 * What is kept back of a surplus. `automatic`: as much as the forecast's own errors advise, and in the battery what tonight
 * will take. `20%`: that part of every expected surplus. `3kWh`: this much stays in the battery, whatever tonight takes.
 */
export type Reserve = 'automatic' | `${number}%` | `${number}kWh`

export function isReserve (text: string): text is Reserve {
  return text === 'automatic' || /^(100|\d{1,2})%$/.test(text) || /^\d{1,4}(\.\d{1,3})?kWh$/.test(text)
}

/** Percent of an expected surplus to keep back; undefined when the forecast's errors decide. */
export function reservePercent (reserve: Reserve): number | undefined {
  return reserve.endsWith('%') ? Number(reserve.slice(0, -1)) : undefined
}

/** Energy that stays in the battery; undefined when tonight's need decides. */
export function reserveWh (reserve: Reserve): WattHours | undefined {
  return reserve.endsWith('kWh') ? Math.round(Number(reserve.slice(0, -3)) * 1000) : undefined
}

/** What the agent made of one period, and why; the newest decision replaces those before. */
export interface Decision {
  readonly periodStart: UnixSeconds
  readonly decidedAt: UnixSeconds
  /** One sentence. */
  readonly why: string
  /** What the owner could do with the battery; nothing is done about it here. */
  readonly advice?: string
}
