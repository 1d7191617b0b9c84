import { COARSE_MILLI_WH } from '../../drivers/virtual-registers.ts'
import { bad, ok, unknown, warn } from '../checks.ts'
import { stepSeen } from './observe.ts'
import { energyStep, power } from './values.ts'
import type { DeviceTraits, Sample } from '../../ports/device.ts'
import type { Check } from '../checks.ts'
import type { Look, judgeLoad } from './observe.ts'

/** Values older than this leave gaps in a quarter hour's account. */
const STALE_MS = 60_000

/** A device whose clock is further off than this may be misread by its owner; it is never relied on. */
const DEVICE_CLOCK_SEC = 60

/** A flow below this is noise of the clamps, in watts. */
const NOISE_WATTS = 50

export interface Observed {
  readonly traits: DeviceTraits
  readonly looks: readonly Look[]
}

/** What speaks for and against trading by a device, from a few looks at it. */
export function judgeDevice ({ traits, looks }: Observed): Check[] {
  const samples = looks.flatMap(({ sample }) => sample ?? [])
  const last = samples.at(-1)
  if (last == null) {
    return [bad('device.answers', `The device is connected but showed nothing: ${looks.at(-1)?.failure ?? 'no answer'}`, 'Follow what it says there; else check its cable, and whether another program holds its only connection.')]
  }
  return [
    answers(looks),
    freshness(last),
    importRegister(last),
    exportRegister(last),
    resolution(traits, samples),
    serial(traits),
    phases(traits, last),
    deviceClock(looks),
    ...balance(samples)
  ]
}

/** Only by a device that passes these may energy be sold. */
const NEEDED_TO_SELL = ['device.answers', 'device.import', 'device.export', 'device.resolution', 'device.direction']

/** Undefined while something that is needed is not known yet. */
export function canSell (checks: readonly Check[]): boolean | undefined {
  const needed = checks.filter(({ id }) => NEEDED_TO_SELL.includes(id))
  if (needed.some(({ id, level }) => level === 'bad' || (level === 'warn' && id !== 'device.answers'))) {
    return false
  }
  return needed.some(({ id, level }) => level === 'unknown' && id !== 'device.direction') ? undefined : true
}

function answers (looks: readonly Look[]): Check {
  const failed = looks.filter(({ failure }) => failure != null)
  return failed.length === 0
    ? ok('device.answers', `It answered ${looks.length === 1 ? 'once' : `all ${looks.length} times`}.`)
    : warn('device.answers', `It did not answer ${failed.length} of ${looks.length} times: ${failed[0].failure ?? ''}`, 'Look at the Wi-Fi or the cable: what is missed cannot be sold.')
}

function freshness ({ ageMs }: Sample): Check {
  return ageMs <= STALE_MS
    ? ok('device.age', `Its values are fresh (${age(ageMs)}).`)
    : warn('device.age', `Its values are old (${age(ageMs)}).`, 'Have it report at least once a minute, else quarter hours are only estimated.')
}

function age (ms: number): string {
  return ms < 1000 ? 'less than a second old' : `${Math.round(ms / 1000)} s old`
}

function importRegister ({ importMilliWh }: Sample): Check {
  return importMilliWh == null
    ? bad('device.import', 'It shows no register of energy taken from the grid, so it cannot settle any trade.', 'Choose the meter at the grid connection: an inverter alone tells what the roof makes.')
    : ok('device.import', 'It counts the energy taken from the grid.')
}

function exportRegister ({ importMilliWh, exportMilliWh }: Sample): Check {
  if (exportMilliWh == null && importMilliWh == null) {
    return bad('device.export', 'It shows no register of energy fed into the grid either.', 'The meter at the grid connection has both.')
  }
  return exportMilliWh == null
    ? warn('device.export', 'It does not count the energy fed into the grid, so this house can buy but not sell.', 'Read the meter that counts both ways; some must be unlocked with a PIN from your grid operator.')
    : ok('device.export', 'It counts the energy fed into the grid.')
}

function resolution ({ resolutionMilliWh }: DeviceTraits, samples: readonly Sample[]): Check {
  const step = resolutionMilliWh ?? stepSeen(samples)
  const how = resolutionMilliWh == null ? 'at most, as far as seen' : 'as documented'
  if (step == null) {
    return unknown('device.resolution', 'How finely it counts is not known yet: its registers show nothing or zero.')
  }
  if (step <= COARSE_MILLI_WH) {
    return ok('device.resolution', `It counts in steps of ${energyStep(step)} (${how}).`)
  }
  if (resolutionMilliWh == null && !hasMoved(samples)) {
    return unknown('device.resolution', `How finely it counts is not known yet: its registers stood still, at multiples of ${energyStep(step)}.`, 'Look longer while something is on: `--seconds 120`.')
  }
  return warn('device.resolution', `It counts in steps of ${energyStep(step)} (${how}), too coarse to sell a quarter hour by.`, 'Many meters count finely after the PIN of your grid operator is entered.')
}

function hasMoved (samples: readonly Sample[]): boolean {
  return new Set(samples.map(({ importMilliWh, exportMilliWh }) => `${importMilliWh} ${exportMilliWh}`)).size > 1
}

function serial ({ serial }: DeviceTraits): Check {
  return serial == null || serial === ''
    ? warn('device.serial', 'It does not tell its serial number, so two homes could sell by it without anyone noticing.', 'Set serial under meter.params where the driver has that setting.')
    : ok('device.serial', `Its serial number is ${serial}.`)
}

function phases ({ addsPhasesSeparately }: DeviceTraits, { gridWatts }: Sample): Check {
  if (addsPhasesSeparately !== true) {
    return ok('device.phases', 'Its registers net the phases, as billing meters do, as far as its driver knows.')
  }
  return warn('device.phases', 'It counts each phase by itself, so import and export can grow at the same time; billing meters net them.',
    gridWatts == null ? 'Its power is not known either, so nothing can be netted: prefer the billing meter.' : 'The periods are netted by its power and marked as estimated; prefer the billing meter where you can read it.')
}

function deviceClock (looks: readonly Look[]): Check {
  const newest = looks.findLast(({ sample }) => sample?.deviceTime != null)
  if (newest?.sample?.deviceTime == null) {
    return unknown('device.clock', 'It does not tell its own time; the clock of this computer counts.')
  }
  const off = Math.round((newest.atMs - newest.sample.ageMs) / 1000) - newest.sample.deviceTime
  return Math.abs(off) <= DEVICE_CLOCK_SEC
    ? ok('device.clock', `Its own clock agrees with this computer (${Math.abs(off)} s apart).`)
    : warn('device.clock', `Its own clock is ${duration(Math.abs(off))} ${off > 0 ? 'behind' : 'ahead of'} this computer.`, 'One of them is wrong: `wattmesh doctor` checks this computer. Trading counts by this computer alone.')
}

const DURATIONS: ReadonlyArray<readonly [string, number]> = [['days', 86_400], ['hours', 3600], ['minutes', 60]]

function duration (seconds: number): string {
  const [unit, size] = DURATIONS.find(([, size]) => seconds >= 2 * size) ?? ['s', 1]
  return `${Math.round(seconds / size)} ${unit}`
}

/** Power and registers must tell of the same direction, and nothing flows out that nothing makes. */
function balance (samples: readonly Sample[]): Check[] {
  const [first, last] = [samples[0], samples.at(-1) ?? samples[0]]
  const watts = samples.map(({ gridWatts }) => gridWatts)
  const isOneWay = (sign: number): boolean => watts.every((value) => value != null && value * sign > NOISE_WATTS)
  const grew = (name: 'importMilliWh' | 'exportMilliWh'): number => (last[name] ?? 0) - (first[name] ?? 0)
  const [taken, fed] = [grew('importMilliWh'), grew('exportMilliWh')]
  if (taken === fed) {
    return []
  }
  const contradicts = (isOneWay(1) && fed > taken) || (isOneWay(-1) && taken > fed)
  return contradicts
    ? [bad('device.direction', `Its power says ${power(watts.at(-1))}, but the other register grows: power and registers contradict each other.`, 'The clamp may be reversed, or the sign of the power set wrongly: turn one of them round.')]
    : []
}

const KETTLE = 'Switch a load of known power on when asked to, and nothing else.'

/** What came of switching a load on. */
export function judgedDirection ({ verdict, beforeWatts, movedWatts = 0 }: ReturnType<typeof judgeLoad>, expectedWatts: number): Check {
  const moved = `Power at the grid went from ${power(beforeWatts)} to ${power((beforeWatts ?? 0) + movedWatts)}`
  switch (verdict) {
    case 'right': return ok('device.direction', `${moved} when the load was switched on: the direction is right.`)
    case 'reversed': return bad('device.direction', `${moved} when the load was switched on: the meter counts the wrong way round.`, 'Turn the clamp round, or set the sign under meter.params; import and export would be swapped otherwise.')
    case 'unmoved': return bad('device.direction', `Power at the grid moved by ${Math.round(Math.abs(movedWatts))} W only, and not by about ${expectedWatts} W.`, `Either the load was not on, or this meter does not see the whole house. ${KETTLE}`)
    default: return unknown('device.direction', 'It shows no power at the grid, so that the direction cannot be seen.', 'Compare its registers with its display before and after an hour with a large load.')
  }
}
