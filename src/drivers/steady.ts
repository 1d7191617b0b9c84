import type { Sample } from '../ports/device.ts'

const REGISTERS = ['importMilliWh', 'exportMilliWh', 'pvMilliWh', 'loadMilliWh'] as const
const POWERS = ['gridWatts', 'pvWatts', 'loadWatts', 'batteryWatts'] as const

/** More than any home has: what exceeds it is a misread number and no power. */
const MAX_BELIEVED_WATTS = 1_000_000
/** Some registers move once a minute only, and then by all of it. */
const REGISTER_PAUSE_MS = 60_000

export interface SteadyInit {
  /** One reading of the device. */
  read(): Promise<Sample>
  /** What the connection is rated for, if known. */
  readonly ratedWatts?: number
  readonly resolutionMilliWh?: number
}

/**
 * Reads once more when a register fell, vanished or rose faster than the house can draw: a device that counts on while it answers may
 * have shown half of the old number and half of the new. What it then says again stands, for whoever keeps the books to
 * judge. Powers beyond belief are unknown; generation and load below zero are what the device itself uses, and zero.
 */
export function steadily ({ read, ratedWatts, resolutionMilliWh = 0 }: SteadyInit): () => Promise<Sample> {
  const maxWatts = ratedWatts == null ? MAX_BELIEVED_WATTS : 1.5 * ratedWatts
  let last: { readonly sample: Sample, readonly at: number } | undefined
  return async () => {
    let sample = await read()
    // watts over milliseconds, in mWh
    const most = last == null ? Infinity : maxWatts * (performance.now() - last.at + REGISTER_PAUSE_MS) / 3600 + 2 * resolutionMilliWh
    if (last != null && isTorn(last.sample, sample, most)) {
      sample = await read()
    }
    last = { sample, at: performance.now() }
    return believed(sample, maxWatts)
  }
}

function isTorn (before: Sample, after: Sample, mostMilliWh: number): boolean {
  return REGISTERS.some((name) => {
    const [was, is] = [before[name], after[name]]
    return was != null && (is == null || is < was || is - was > mostMilliWh)
  })
}

function believed (sample: Sample, maxWatts: number): Sample {
  const powers = POWERS.filter((name) => sample[name] != null).map((name) => {
    const watts = sample[name] ?? 0
    const least = name === 'pvWatts' || name === 'loadWatts' ? 0 : -Infinity
    return [name, Math.abs(watts) > maxWatts ? undefined : Math.max(least, watts)]
  })
  return { ...sample, ...Object.fromEntries(powers) }
}
