/**
 * Devices that answer in JSON, as data: which request, which path in its answer, which unit, which sign. One profile serves every
 * transport, because a request is a path over HTTP and a topic over MQTT.
 */
import { CodedError } from '../domain/errors.ts'
import { isEnergyUnit, isUnit, toMilliWh, toNumber, toWatts } from './quantity.ts'
import { steadily } from './steady.ts'
import { badAnswer, elapsedMs } from './transports/json-source.ts'
import type { EnergyUnit, PowerUnit } from './quantity.ts'
import type { Elapsed, JsonAnswer, JsonSource } from './transports/json-source.ts'
import type { UnixSeconds } from '../domain/units.ts'
import type { Device, DeviceTraits, Sample } from '../ports/device.ts'

/** What a profile can give: the values of a sample. */
export const QUANTITIES = [
  'importMilliWh', 'exportMilliWh', 'gridWatts', 'pvMilliWh', 'pvWatts', 'loadMilliWh', 'loadWatts', 'batteryWatts', 'batteryPercent', 'batteryCapacityWh'
] as const

export type Quantity = typeof QUANTITIES[number]

/** A place in an answer. */
export interface JsonPlace {
  readonly request: string
  /** Names joined by points; `*` for each, `[name=value]` for the member that has it, `"…"` for a name with points. Empty for the whole. */
  readonly path: string
}

export interface JsonValue extends JsonPlace {
  /** Never guessed: without a unit there is no value. */
  readonly unit: EnergyUnit | PowerUnit | '%'
  /** How many units one step of the number is; 1 unless given. */
  readonly step?: number
  /** -1 turns the device's direction into ours. */
  readonly sign?: 1 | -1
  /** Numbers by which the device says that it does not know. */
  readonly none?: readonly unknown[]
  /** Path of a part of this register that does not belong to it, where the device has it. */
  readonly less?: string
  /** Paths of the phases. When they do not add up to this, one of the two is wrong and the value unknown. */
  readonly phases?: readonly string[]
}

export interface JsonProfile {
  /** Of several, the first that is there counts. Several places that one path with `*` finds are added. */
  readonly values: Partial<Record<Quantity, JsonValue | readonly JsonValue[]>>
  /** The device's own time of the values. When it and every value stand still, the values grow old. */
  readonly stamp?: JsonPlace | readonly JsonPlace[]
  /** A topic that is heard as long as the device lives: makes fresh what is only sent when it changes. */
  readonly alive?: string
  /** Where the device tells that the grid is away, and what it says then. */
  readonly offGrid?: JsonPlace & { readonly says: readonly unknown[] }
  readonly serial?: JsonPlace
  readonly model?: JsonPlace
}

export interface JsonDeviceInit {
  /** Names the device in messages. */
  readonly name: string
  readonly source: JsonSource
  now(): UnixSeconds
  readonly traits?: DeviceTraits
  /** What follows from the model, for devices that only tell it later. */
  describe?(known: DeviceTraits): DeviceTraits
  readonly elapsed?: Elapsed
}

type Answers = ReadonlyMap<string, JsonAnswer>

/** How often the device says again which one it is, besides after every failure. */
const IDENTIFY_MS = 600_000

/** How often it is asked as long as it did not tell. */
const UNIDENTIFIED_MS = 60_000

/** Phases and their total are rounded one by one, and may be read in different moments. */
const PHASES_TOLERANCE = 0.01

/** A device that reads a profile's values through a source. Throws `DEVICE_BAD_PARAMS` for a unit that does not fit. */
export function jsonDevice (profile: JsonProfile, init: JsonDeviceInit): Device {
  const { name, source, now, traits = {}, describe = (known) => known, elapsed = elapsedMs } = init
  checkProfile(profile)
  const stamps = listed(profile.stamp)
  const requests = new Set([...QUANTITIES.flatMap((quantity) => listed<JsonPlace>(profile.values[quantity])), ...stamps, ...listed(profile.offGrid)].map(({ request }) => request))
  let seen = { content: '', at: 0 }
  let known = describe(traits)
  let identifyAt = known.serial == null ? -Infinity : elapsed() + IDENTIFY_MS

  /** Addresses change hands: what another device counts must never be taken for ours. One that did not tell at the start may do so now. */
  const identify = async (): Promise<void> => {
    const told = await jsonTraits(profile, source)
    if (known.serial != null && told.serial != null && told.serial !== known.serial) {
      throw new CodedError('DEVICE_WRONG_SERIAL', `${name} with the serial number ${told.serial} answers where ${known.serial} was: correct its address, or start the node again if it was exchanged.`, { details: { serial: told.serial } })
    }
    known = describe({ ...known, ...told })
    identifyAt = elapsed() + (known.serial == null ? UNIDENTIFIED_MS : IDENTIFY_MS)
  }

  const read = async (): Promise<Sample> => {
    const { answers, failure } = await collect(source, [...requests, ...listed(profile.alive)])
    const stamp = stamps.map((place) => firstAt(answers, place)).find((value) => value != null)
    const deviceTime = absoluteTime(stamp)
    const kept = [...answers.values()].some(({ isRetained }) => isRetained === true)
    const usable = deviceTime == null ? new Map([...answers].filter(([, { isRetained }]) => isRetained !== true)) : answers
    const values = readValues(profile, usable)
    if (answers.size === 0 && failure == null) {
      throw new CodedError('DEVICE_BAD_ANSWER', `${name} has passed nothing on yet: check the topics in the settings, and that the device sends.`)
    }
    if (Object.keys(values).length === 0) {
      throw failure ?? badAnswer(name, kept ? 'only values of unknown age, kept by the broker' : 'none of the values that were expected')
    }
    const content = JSON.stringify([stamp, values])
    seen = stamp == null || seen.content !== content ? { content, at: elapsed() } : seen
    const alive = profile.alive == null ? undefined : answers.get(profile.alive)
    const ages = alive == null ? [...usable.values()].map(({ ageMs }) => ageMs) : [alive.ageMs]
    const isOffGrid = profile.offGrid?.says.includes(firstAt(usable, profile.offGrid)) === true
    const keptMs = kept && deviceTime != null ? Math.max(0, now() - deviceTime) * 1000 : 0
    return { ...values, ...deviceTime == null ? {} : { deviceTime }, ...isOffGrid ? { isOffGrid } : {}, ageMs: Math.round(Math.max(0, keptMs, elapsed() - seen.at, ...ages)) }
  }

  const steady = steadily({ read, ...traits })

  return {
    get traits () { return known },
    async sample () {
      try {
        if (profile.serial != null && elapsed() >= identifyAt) {
          await identify()
        }
        return await steady()
      } catch (error) {
        identifyAt = -Infinity
        throw error
      }
    },
    close: async () => source.close()
  }
}

/** Serial number and model, as far as the device tells them. */
export async function jsonTraits (profile: JsonProfile, source: JsonSource): Promise<DeviceTraits> {
  const { answers } = await collect(source, [...listed(profile.serial), ...listed(profile.model)].map(({ request }) => request))
  const text = (place: JsonPlace | undefined): string | undefined => {
    const value = place == null ? undefined : firstAt(answers, place)
    return (typeof value === 'string' || typeof value === 'number') && value !== '' ? String(value) : undefined
  }
  const [serial, model] = [text(profile.serial), text(profile.model)]
  return { ...serial == null ? {} : { serial }, ...model == null ? {} : { model } }
}

/** Everything at `path`, in the order of the answer. */
export function valuesAt (value: unknown, path: string): unknown[] {
  let found = [value]
  for (const [, quoted, key, wanted, name] of path.matchAll(/"([^"]+)"|\[([^=\]]+)=([^\]]*)\]|([^."[\]]+)/g)) {
    found = found.flatMap((at) => {
      if (typeof at !== 'object' || at == null) {
        return []
      }
      if (key != null) {
        return Object.values(at).filter((member) => valuesAt(member, `"${key}"`).some((one) => String(one) === wanted)).slice(0, 1)
      }
      if (name === '*') {
        return Object.values(at)
      }
      const own = quoted ?? name
      return Object.hasOwn(at, own) ? [(at as Record<string, unknown>)[own]] : []
    })
  }
  return found
}

/** True for names under which devices count one day, month or year: no register that lasts. */
export function isPeriodic (name: string): boolean {
  return /(^|[^a-z])(today|yesterday|dai?ly|day|week(ly)?|month(ly)?|year(ly)?|session)($|[^a-z])/i.test(name.replaceAll(/([a-z])([A-Z])/g, '$1_$2'))
}

/** Asks for each once, one after another; what makes no sense is left out, as long as the device answers. */
async function collect (source: JsonSource, requests: readonly string[]): Promise<{ answers: Answers, failure?: CodedError }> {
  const answers = new Map<string, JsonAnswer>()
  let failure: CodedError | undefined
  for (const request of new Set(requests)) {
    try {
      const answer = await source.get(request)
      if (answer != null) {
        answers.set(request, answer)
      }
    } catch (error) {
      if (!(error instanceof CodedError) || error.code !== 'DEVICE_BAD_ANSWER') {
        throw error
      }
      failure ??= error
    }
  }
  return { answers, failure }
}

function readValues ({ values }: JsonProfile, answers: Answers): Partial<Record<Quantity, number>> {
  const known: Partial<Record<Quantity, number>> = {}
  for (const quantity of QUANTITIES) {
    for (const value of listed(values[quantity])) {
      known[quantity] ??= readValue(quantity, value, answers.get(value.request)?.value)
    }
    if (known[quantity] == null) {
      delete known[quantity]
    }
  }
  return known
}

function readValue (quantity: Quantity, value: JsonValue, answer: unknown): number | undefined {
  const sum = (path: string): number | undefined => {
    const parts = valuesAt(answer, path).map((part) => value.none?.includes(part) === true ? undefined : convert(quantity, value, part))
    return parts.length === 0 ? undefined : parts.reduce((a, b) => a == null || b == null ? undefined : a + b, 0)
  }
  const total = sum(value.path)
  if (total == null) {
    return undefined
  }
  if (value.phases?.every((path) => sum(path) != null) === true) {
    const parts = value.phases.reduce((all, path) => all + (sum(path) ?? 0), 0)
    if (Math.abs(parts - total) > PHASES_TOLERANCE * Math.max(parts, total) + 100_000) {
      return undefined
    }
  }
  const isThere = value.less != null && valuesAt(answer, value.less).length > 0
  const less = isThere && value.less != null ? sum(value.less) : 0
  return less == null || (less > total && quantity.endsWith('MilliWh')) ? undefined : total - less
}

function convert (quantity: Quantity, { unit, step = 1, sign = 1 }: JsonValue, raw: unknown): number | undefined {
  const number = typeof raw === 'string' && raw.trim().endsWith(unit) ? raw.trim().slice(0, -unit.length).trim() : raw
  if (unit === '%') {
    const percent = toNumber(number)
    return percent == null || percent < 0 || percent > 100 ? undefined : percent
  }
  if (isEnergyUnit(unit)) {
    const milliWh = toMilliWh(number, unit, step)
    return quantity === 'batteryCapacityWh' && milliWh != null ? Math.floor(milliWh / 1000) : milliWh
  }
  const watts = toWatts(number, unit, step * sign)
  // an inverter that sleeps draws a few watts: no generation, and no consumption of the house either
  const isNeverNegative = quantity === 'pvWatts' || quantity === 'loadWatts'
  return watts == null ? undefined : Math.max(isNeverNegative ? 0 : -Infinity, watts) + 0
}

/** Throws `DEVICE_BAD_PARAMS` for a unit that does not fit its value. */
export function checkProfile ({ values }: JsonProfile, nameOf: (quantity: Quantity) => string = (quantity) => quantity): void {
  for (const quantity of QUANTITIES) {
    for (const { unit } of listed(values[quantity])) {
      const isEnergy = quantity.endsWith('Wh')
      const fits = quantity === 'batteryPercent' ? unit === '%' : unit !== '%' && isUnit(unit) && isEnergyUnit(unit) === isEnergy
      if (!fits) {
        throw new CodedError('DEVICE_BAD_PARAMS', `The unit "${String(unit)}" does not fit ${nameOf(quantity)}: give ${expectedUnit(quantity)}.`)
      }
    }
  }
}

function expectedUnit (quantity: Quantity): string {
  if (quantity === 'batteryPercent') {
    return '%'
  }
  return quantity.endsWith('Wh') ? 'a unit of energy: mWh, Wh, kWh, MWh, J, Ws or kJ' : 'a unit of power: mW, W, kW or MW'
}

/** Unix seconds of a number of seconds or milliseconds, or of a date with a zone; a local time is undefined, because nobody knows whose. */
function absoluteTime (value: unknown): UnixSeconds | undefined {
  const number = typeof value === 'string' && /^\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:?\d\d)$/.test(value) ? Date.parse(value) : toNumber(value)
  if (number == null || !(number >= 1_000_000_000)) {
    return undefined
  }
  return Math.floor(number >= 100_000_000_000 ? number / 1000 : number)
}

function firstAt (answers: Answers, { request, path }: JsonPlace): unknown {
  return valuesAt(answers.get(request)?.value, path).find((value) => value != null)
}

function listed<T> (value: T | readonly T[] | undefined): readonly T[] {
  return value == null ? [] : [value as T].flat() as T[]
}
