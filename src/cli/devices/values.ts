import type { Look } from './observe.ts'
import type { Sample } from '../../ports/device.ts'

/** `1234 W taken from the grid`, in words that carry the sign. */
export function power (watts: number | undefined): string {
  if (watts == null) {
    return 'unknown'
  }
  const amount = `${Math.round(Math.abs(watts))} W`
  return watts >= 0 ? `${amount} taken from the grid` : `${amount} fed into the grid`
}

export function energyStep (milliWh: number): string {
  if (milliWh >= 1_000_000) {
    return `${milliWh / 1_000_000} kWh`
  }
  return milliWh >= 1000 ? `${milliWh / 1000} Wh` : `${milliWh} mWh`
}

function register (milliWh: number | undefined): string | undefined {
  return milliWh == null ? undefined : `${(milliWh / 1_000_000).toFixed(3)} kWh`
}

/** Rows of what a device shows now: name, value, and what the sign or the value means. What is not known has no row. */
export function rows ({ importMilliWh, exportMilliWh, gridWatts, pvMilliWh, pvWatts, loadMilliWh, loadWatts, batteryWatts, batteryPercent, batteryCapacityWh }: Sample): string[][] {
  const watts = (value: number | undefined): string | undefined => value == null ? undefined : `${signed(value)} W`
  const all: ReadonlyArray<readonly [string, string | undefined, string]> = [
    ['grid', watts(gridWatts), (gridWatts ?? 0) >= 0 ? 'taken from the grid now' : 'fed into the grid now'],
    ['taken so far', register(importMilliWh), 'import register of the meter'],
    ['fed in so far', register(exportMilliWh), 'export register of the meter'],
    ['sun', watts(pvWatts), 'made by the roof now'],
    ['made so far', register(pvMilliWh), 'register of the inverter'],
    ['house', watts(loadWatts), 'used in the house now'],
    ['used so far', register(loadMilliWh), 'register of the load'],
    ['battery', watts(batteryWatts), (batteryWatts ?? 0) >= 0 ? 'discharging' : 'charging'],
    ['battery level', batteryPercent == null ? undefined : `${Math.round(batteryPercent)} %`, batteryCapacityWh == null ? '' : `of ${(batteryCapacityWh / 1000).toFixed(1)} kWh`]
  ]
  return all.flatMap(([name, value, meaning]) => value == null ? [] : [[name, value, meaning]])
}

function signed (watts: number): string {
  const whole = Math.round(watts)
  return whole > 0 ? `+${whole}` : String(whole === 0 ? 0 : whole)
}

/** Values up to this age make a period measured; older ones leave it estimated. */
const FRESH_MS = 60_000

/** What a look is worth to the accounts of a period. */
export function qualityOf ({ sample }: Look): 'fresh' | 'old' | 'missing' {
  if (sample == null) {
    return 'missing'
  }
  return sample.ageMs <= FRESH_MS ? 'fresh' : 'old'
}
