import { CodedError } from '../domain/errors.ts'
import { isWhole } from '../domain/units.ts'
import type { UnixSeconds } from '../domain/units.ts'
import type { Device } from '../ports/device.ts'
import type { Meter } from '../ports/meter.ts'

/** Load and generation of a home in steps of equal length, each in whole mWh per step. */
export interface EnergyProfile {
  readonly start: UnixSeconds
  readonly stepSec: number
  readonly loadMilliWh: readonly number[]
  readonly pvMilliWh: readonly number[]
}

/** Ten megawatt-hours: more than any home moves in a step, and so little that a century of it is still exact. */
export const MAX_STEP_MILLI_WH = 10_000_000_000
export const MAX_PROFILE_STEPS = 100_000

/** First second after the last step. */
export function profileEnd ({ start, stepSec, loadMilliWh }: EnergyProfile): UnixSeconds {
  return start + stepSec * loadMilliWh.length
}

/**
 * The grid meter of such a home. In each step the net of load and generation grows one register, evenly and rounded down,
 * so that whatever one reads in between adds up exactly. Without `now` the profile may be read to its end at any time.
 */
export function profileMeter (profile: EnergyProfile, now: () => UnixSeconds = () => profileEnd(profile)): Device & Meter {
  checkProfile(profile)
  const net = profile.loadMilliWh.map((load, step) => load - profile.pvMilliWh[step])
  const imported = register(net.map((wh) => Math.max(0, wh)))
  const exported = register(net.map((wh) => Math.max(0, -wh)))
  const load = register(profile.loadMilliWh)
  const pv = register(profile.pvMilliWh)
  const meter: Device & Meter = {
    traits: {},
    async sample () {
      const { importMilliWh, exportMilliWh, loadMilliWh, pvMilliWh } = await meter.read(Math.min(now(), profileEnd(profile)))
      return { ageMs: 0, importMilliWh, exportMilliWh, loadMilliWh, pvMilliWh }
    },
    status: () => ({ traits: meter.traits }),
    async read (at) {
      if (!isWhole(at, profile.start, Math.min(profileEnd(profile), now()))) {
        throw new CodedError('DEVICE_NO_DATA', `The profile has no reading for ${at}; it covers ${profile.start} to ${profileEnd(profile)} and never the future.`)
      }
      const value = (sums: readonly number[]): number => valueAfter(sums, at - profile.start, profile.stepSec)
      return { time: at, importMilliWh: value(imported), exportMilliWh: value(exported), loadMilliWh: value(load), pvMilliWh: value(pv) }
    },
    async close () {}
  }
  return meter
}

/** What a register shows at the start of each step, and after the last. */
function register (steps: readonly number[]): number[] {
  const sums = [0]
  for (const step of steps) {
    sums.push(sums[sums.length - 1] + step)
  }
  return sums
}

function valueAfter (sums: readonly number[], elapsed: number, stepSec: number): number {
  const step = Math.floor(elapsed / stepSec)
  const since = elapsed % stepSec
  return since === 0 ? sums[step] : sums[step] + Math.floor((sums[step + 1] - sums[step]) * since / stepSec)
}

function checkProfile ({ start, stepSec, loadMilliWh, pvMilliWh }: EnergyProfile): void {
  const isStep = (value: number): boolean => isWhole(value, 0, MAX_STEP_MILLI_WH)
  if (!isWhole(start, 0, Number.MAX_SAFE_INTEGER) || !isWhole(stepSec, 1, 86_400)) {
    throw new CodedError('DEVICE_BAD_PROFILE', 'A profile needs a start in Unix seconds and a step of 1 to 86400 seconds.')
  }
  if (loadMilliWh.length !== pvMilliWh.length || !isWhole(loadMilliWh.length, 1, MAX_PROFILE_STEPS)) {
    throw new CodedError('DEVICE_BAD_PROFILE', `A profile needs as many steps of load as of generation, 1 to ${MAX_PROFILE_STEPS}.`)
  }
  if (!loadMilliWh.every(isStep) || !pvMilliWh.every(isStep)) {
    throw new CodedError('DEVICE_BAD_PROFILE', `A profile holds whole milliwatt-hours from 0 to ${MAX_STEP_MILLI_WH} per step.`)
  }
}
