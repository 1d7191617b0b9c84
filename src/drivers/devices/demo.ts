import { defineDriver } from '../driver.ts'
import { MAX_PROFILE_STEPS, profileMeter } from '../profile.ts'
import type { UnixSeconds } from '../../domain/units.ts'
import type { EnergyProfile } from '../profile.ts'

const STEP_SEC = 900
const DAY_SEC = 86_400
const HOME_KINDS = ['any', 'consumer', 'prosumer'] as const
type HomeKind = typeof HOME_KINDS[number]

export interface SyntheticHome {
  /** Homes of one seed share the weather. */
  readonly seed: number
  /** Number of the home in its street. */
  readonly home: number
  readonly start: UnixSeconds
  /** Number of quarter hours. */
  readonly periods: number
  /** Of the homes of kind `any`, two in five have PV. */
  readonly kind?: HomeKind
  /** Rated PV power instead of a drawn one; 0 for none. */
  readonly pvKw?: number
  /** Degrees north, 48 unless given. */
  readonly latitude?: number
}

/**
 * A plausible household: load with a base, an evening peak and appliances, 2.2 to 5.5 MWh a year; PV of 2 to 7 kW under a
 * clear sky that is the same for the whole street, times its clouds. What happens in a quarter hour depends on the seed,
 * the home and the time alone, so that a profile that starts earlier shows the same days. Floats are at home here; what
 * leaves is whole mWh.
 */
export function syntheticProfile (init: SyntheticHome): EnergyProfile {
  const loadMilliWh: number[] = []
  const pvMilliWh: number[] = []
  const pvWatts = 1000 * (init.pvKw ?? drawnPvKw(init))
  const yearlyFactor = 0.48 + 0.72 * noise(init.seed, init.home, 1)
  for (let step = 0; step < init.periods; step++) {
    const time = init.start + step * STEP_SEC
    loadMilliWh.push(Math.round(yearlyFactor * loadWatts(init, time)) * 250)
    pvMilliWh.push(Math.round(pvWatts * sunshine(init, time)) * 250)
  }
  return { start: init.start, stepSec: STEP_SEC, loadMilliWh, pvMilliWh }
}

/** The demonstration home: no hardware, and never out of data between a week ago and more than a year ahead. */
export const demoHome = defineDriver({
  type: 'demo',
  title: 'Synthetic home for practice',
  testedWith: 'own data',
  params: [
    { name: 'seed', type: 'whole', min: 0, description: 'Chooses the weather and the homes; 1 unless given.' },
    { name: 'home', type: 'whole', min: 0, description: 'Number of the home in its street; 0 unless given.' },
    { name: 'start', type: 'whole', min: 0, description: 'Unix time of the first reading; midnight (UTC) a week ago unless given.' },
    { name: 'periods', type: 'whole', min: 1, max: MAX_PROFILE_STEPS, description: 'Number of quarter hours; 40000 unless given.' },
    { name: 'kind', type: 'text', values: HOME_KINDS, description: 'Whether the home has PV: always (prosumer), never (consumer) or perhaps (any).' }
  ],
  async connect (params, { now }) {
    const { seed = 1, home = 0, start = now() - now() % DAY_SEC - 7 * DAY_SEC, periods = 40_000, kind = 'any' } = params as Partial<SyntheticHome>
    return profileMeter(syntheticProfile({ seed, home, start, periods, kind }), now)
  }
})

function drawnPvKw ({ seed, home, kind = 'any' }: SyntheticHome): number {
  const hasPv = kind === 'prosumer' || (kind === 'any' && noise(seed, home, 2) < 0.4)
  return hasPv ? 2 + 5 * noise(seed, home, 3) : 0
}

/** Average watts by hour of the local day: low at night, a small morning and a large evening peak. */
const LOAD_CURVE = [150, 130, 120, 120, 125, 150, 230, 300, 290, 250, 240, 260, 300, 270, 230, 230, 270, 360, 480, 520, 460, 370, 270, 190]

/** Watts, and for how many quarter hours at most: kettle, hob, washing machine, oven. */
const APPLIANCES = [[1800, 1], [1400, 2], [700, 5], [2200, 3]]

function loadWatts ({ seed, home }: SyntheticHome, time: UnixSeconds): number {
  const hour = localHour(time)
  const curve = LOAD_CURVE[Math.floor(hour)]
  let watts = curve * (0.6 + 0.5 * noise(seed, home, time))
  APPLIANCES.forEach(([power, duration], appliance) => {
    for (let ago = 0; ago < duration; ago++) {
      const begun = time - ago * STEP_SEC
      const chance = LOAD_CURVE[Math.floor(localHour(begun))] / 12_000
      watts += noise(seed, home, begun, appliance) < chance ? power : 0
    }
  })
  return watts
}

/** Share of the rated power: Haurwitz' clear sky (1945) for the sun's height, less the clouds and what one roof sees of them. */
function sunshine ({ seed, home, latitude = 48 }: SyntheticHome, time: UnixSeconds): number {
  const radians = Math.PI / 180
  const dayOfYear = time / DAY_SEC % 365.2425
  const declination = 23.45 * radians * Math.sin(2 * Math.PI * (dayOfYear + 284) / 365)
  const hourAngle = (localHour(time) + 0.125 - 12) * 15 * radians
  const height = Math.sin(latitude * radians) * Math.sin(declination) +
    Math.cos(latitude * radians) * Math.cos(declination) * Math.cos(hourAngle)
  if (height <= 0) {
    return 0
  }
  const clearSky = 1.098 * height * Math.exp(-0.057 / height)
  return 0.85 * clearSky * cloudFactor(seed, time) * (0.92 + 0.08 * noise(seed, home, time, 9))
}

/** Clear, broken or overcast for about three and a half hours each. */
function cloudFactor (seed: number, time: UnixSeconds): number {
  const sky = noise(seed, Math.floor(time / 12_600))
  const flicker = noise(seed, time)
  if (sky < 0.45) {
    return 0.95 + 0.05 * flicker
  }
  return sky < 0.75 ? 0.35 + 0.6 * flicker : 0.12 + 0.15 * flicker
}

/** Hour of the day in Central European standard time, which is close to the sun's. */
function localHour (time: UnixSeconds): number {
  return (time + 3600) % DAY_SEC / 3600
}

/** A number in [0, 1) from whole keys: each passes through the finaliser of MurmurHash3. */
function noise (...keys: readonly number[]): number {
  let hash = keys.length
  for (const key of keys) {
    hash = (hash ^ key) + 0x9e3779b9 | 0
    hash = Math.imul(hash ^ hash >>> 16, 0x85ebca6b)
    hash = Math.imul(hash ^ hash >>> 13, 0xc2b2ae35)
    hash ^= hash >>> 16
  }
  return (hash >>> 0) / 4_294_967_296
}
