import { periodReading } from '../../src/domain/reading.ts'
import { EMPTY_LOG, addSample, readingAt } from '../../src/drivers/register-log.ts'
import type { PeriodReading } from '../../src/domain/reading.ts'
import type { RegisterLog } from '../../src/drivers/register-log.ts'
import type { Device, DeviceTraits, Sample } from '../../src/ports/device.ts'

/** One look at a device: seconds since the start of the test, and what it shows. The wall may say something else. */
export interface Look extends Partial<Sample> {
  readonly at: number
  /** How far the wall clock is off, in seconds. */
  readonly off?: number
}

export const FINE: DeviceTraits = { ratedWatts: 11_000, resolutionMilliWh: 100 }

/** The log after all looks, the first of which is at `start`. */
export function logOf (looks: readonly Look[], { start, traits = FINE, log = EMPTY_LOG }: { start: number, traits?: DeviceTraits, log?: RegisterLog }): RegisterLog {
  return looks.reduce((before, { at, off = 0, ...sample }) =>
    addSample(before, { ageMs: 0, ...sample }, { at: { wallMs: (start + at + off) * 1000, elapsedMs: at * 1000 }, traits }), log)
}

/** The period that starts then; undefined when the log does not know it. */
export function periodOf (log: RegisterLog, start: number): PeriodReading | undefined {
  const [from, to] = [readingAt(log, start), readingAt(log, start + 900)]
  return from == null || to == null || from.epoch !== to.epoch ? undefined : periodReading(start, from, to)
}

/** A look every ten seconds, `[from, to)`, at a house that takes `watts` from the grid, or gives. Registers in mWh. */
export function steady ({ from, to, every = 10, watts, importMilliWh = 1_000_000_123, exportMilliWh = 500_000_321 }: {
  from: number, to: number, every?: number, watts: number, importMilliWh?: number, exportMilliWh?: number
}): Look[] {
  const looks: Look[] = []
  for (let at = from; at < to; at += every) {
    const moved = Math.floor(Math.abs(watts) * (at - from) / 3.6)
    looks.push({
      at,
      gridWatts: watts,
      importMilliWh: importMilliWh + (watts > 0 ? moved : 0),
      exportMilliWh: exportMilliWh + (watts < 0 ? moved : 0)
    })
  }
  return looks
}

/** A device that shows what the script says. */
export function scriptedDevice (show: () => Sample | Promise<Sample>, traits: DeviceTraits = FINE): Device {
  return { traits, sample: async () => show(), close: async () => {} }
}
