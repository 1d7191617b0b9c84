import { readFile, readdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { CodedError } from '../domain/errors.ts'
import { syntheticProfile } from '../drivers/devices/demo.ts'
import { parseProfileCsv } from '../drivers/profile-csv.ts'
import { profileEnd } from '../drivers/profile.ts'
import type { UnixSeconds } from '../domain/units.ts'
import type { EnergyProfile } from '../drivers/profile.ts'

/** A home of the street and what it will consume and generate. */
export interface ProfiledHome {
  readonly name: string
  readonly profile: EnergyProfile
  /** The file it comes from; a synthetic home has none. */
  readonly file?: string
}

export interface StreetProfiles {
  readonly homes: ProfiledHome[]
  /** Start of the first period of the run. */
  readonly from: UnixSeconds
  /** Seconds to add to UTC for the clock on the street's wall. */
  readonly utcOffsetSec: number
}

const HOUR = 3600
const MORNING_HOUR = 6
const NAMES = ['Ada', 'Ben', 'Cleo', 'Dora', 'Emil', 'Fritz', 'Greta', 'Hugo', 'Ida', 'Jona', 'Karl', 'Lena', 'Max', 'Nora', 'Otto', 'Pia', 'Quirin', 'Rosa', 'Sven', 'Tilda']

/** A June day at 48° north; every second home has PV, so that there is always something to trade. */
export function syntheticStreet (init: { seed: number, homes: number, periods: number }): StreetProfiles {
  const from = Date.UTC(2026, 5, 15, MORNING_HOUR - 1) / 1000
  const homes = Array.from({ length: init.homes }, (_, home) => ({
    name: NAMES[home] ?? `Home ${home + 1}`,
    profile: syntheticProfile({
      seed: init.seed, home, kind: home % 2 === 0 ? 'prosumer' : 'consumer', start: from - 2 * HOUR, periods: init.periods + 16
    })
  }))
  return { homes, from, utcOffsetSec: HOUR }
}

/**
 * The first `homes` CSV profiles of a folder, by name. The run begins at the first six o'clock in the morning, by the file's own
 * clock, from which there are enough periods, or as early as the data allow. Throws `PROFILES_MISSING`, `PROFILES_TOO_FEW`,
 * `PROFILES_TOO_SHORT` and what the parser throws.
 */
export async function profileStreet (init: { folder: string, homes: number, periods: number, periodSec: number }): Promise<StreetProfiles> {
  const folder = resolve(init.folder)
  const files = await readdir(folder).catch((cause: unknown) => {
    throw new CodedError('PROFILES_MISSING', `There is no folder ${folder}: give a folder of CSV profiles with the columns period_start, load_kwh and pv_kwh.`, { cause })
  })
  const names = files.filter((file) => file.endsWith('.csv')).sort()
  if (names.length < init.homes) {
    throw new CodedError('PROFILES_TOO_FEW', `${folder} has ${names.length} CSV profiles but the street has ${init.homes} homes: use --homes ${names.length} or add profiles.`)
  }
  const texts = await Promise.all(names.slice(0, init.homes).map(async (name) => readFile(join(folder, name), 'utf8')))
  const homes = texts.map((text, index) => ({
    name: names[index].replace(/\.csv$/, ''),
    file: join(folder, names[index]),
    profile: parseProfileCsv(text, names[index])
  }))
  const utcOffsetSec = offsetOf(texts[0])
  return { homes, utcOffsetSec, from: firstPeriod(homes, { ...init, utcOffsetSec }) }
}

function firstPeriod (homes: ProfiledHome[], { periods, periodSec, utcOffsetSec }: { periods: number, periodSec: number, utcOffsetSec: number }): UnixSeconds {
  const earliest = Math.ceil(Math.max(...homes.map(({ profile }) => profile.start)) / periodSec) * periodSec
  const latest = Math.min(...homes.map(({ profile }) => profileEnd(profile))) - periods * periodSec
  if (earliest > latest) {
    throw new CodedError('PROFILES_TOO_SHORT', `The profiles cover ${Math.max(0, (latest - earliest) / periodSec + periods)} periods together but the run needs ${periods}: use a smaller --periods.`)
  }
  const sinceMidnight = (earliest + utcOffsetSec) % (24 * HOUR)
  const morning = earliest + (MORNING_HOUR * HOUR - sinceMidnight + 24 * HOUR) % (24 * HOUR)
  return morning <= latest ? morning : earliest
}

/** Seconds between UTC and the clock of the first row. */
function offsetOf (text: string): number {
  const [, sign, hours, minutes] = /T\d\d:\d\d(?::\d\d)?(?:\.\d+)?([+-])(\d\d):(\d\d)/.exec(text) ?? []
  return sign == null ? 0 : (sign === '-' ? -1 : 1) * (Number(hours) * HOUR + Number(minutes) * 60)
}
