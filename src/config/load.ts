import { Value } from 'typebox/value'
import { CodedError, explain } from '../domain/errors.ts'
import { checkMarketRules } from '../domain/market-rules.ts'
import { readConfigFile } from './file.ts'
import { nearestName } from './nearest.ts'
import { DATA_DIRECTORY_ENV } from './paths.ts'
import { FIELDS, SECTIONS } from './schema.ts'
import type { ConfigErrorCode } from './errors.ts'
import type { Entry } from './file.ts'
import type { Config, Field } from './schema.ts'

export interface ConfigSources {
  /** Path of the YAML file. Without it only the other sources count. */
  readonly file?: string
  /** Settings are the variables that begin with `WATTMESH_`; empty ones count as not set. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** By the setting's path: `{ 'log.level': 'debug' }`. Undefined ones count as not set. */
  readonly flags?: Readonly<Record<string, unknown>>
}

/**
 * The settings from the defaults, the file, the environment and the flags, each overriding those before it; frozen. Throws
 * `CONFIG_MISSING`, `CONFIG_UNKNOWN_KEY` or `CONFIG_INVALID`, saying where and what is expected.
 */
export function loadConfig ({ file, env = {}, flags = {} }: ConfigSources): Config {
  const entries = [...(file == null ? [] : readConfigFile(file)), ...fromEnv(env), ...fromFlags(flags)]
  const values = new Map(entries.map(entry => [entry.path, checkedValue(entry)]))
  const config: Record<string, Record<string, unknown>> = {}
  for (const field of FIELDS) {
    const value = values.get(field.path) ?? structuredClone(field.schema.default)
    if (value === undefined && field.isRequired) {
      throw invalid(`Setting '${field.path}' is not set${file == null ? '' : ` in ${file}`}: it must be ${field.schema.expected}.`)
    }
    place(config, field.path, value)
  }
  return frozen(checkTogether(config as unknown as Config))
}

function fromEnv (env: Readonly<Record<string, string | undefined>>): Entry[] {
  return Object.entries(env).flatMap(([name, value]) => {
    if (!name.startsWith('WATTMESH_') || name === DATA_DIRECTORY_ENV || value == null || value === '') {
      return []
    }
    const field = FIELDS.find(field => field.env === name)
    if (field == null) {
      const names = FIELDS.flatMap(({ env }) => env ?? [])
      throw unknownKey(`Unknown variable '${name}' in the environment`, nearestName(name, names))
    }
    return [{ path: field.path, value, where: `the environment variable ${name}`, isText: true }]
  })
}

function fromFlags (flags: Readonly<Record<string, unknown>>): Entry[] {
  return Object.entries(flags).filter(([, value]) => value !== undefined).map(([path, value]) => {
    const flag = FIELDS.find(field => field.path === path)?.schema.flag
    return { path, value, where: flag == null ? 'the command line' : `the option ${flag}`, isText: typeof value === 'string' }
  })
}

function checkedValue (entry: Entry): unknown {
  const { path, where } = entry
  const field = FIELDS.find(field => field.path === path)
  if (field == null) {
    const section = SECTIONS.find(({ name }) => name !== '' && name === path)
    if (section != null) {
      throw invalid(`Setting '${path}' in ${where} must be a group of settings such as '${section.fields[0].path}', not ${shown(entry.value)}.`)
    }
    throw unknownKey(`Unknown setting '${path}' in ${where}`, nearestName(path, [...SECTIONS.map(({ name }) => name), ...FIELDS.map(({ path }) => path)]))
  }
  const value = normalised(field, entry)
  if (!Value.Check(field.schema, value)) {
    throw invalid(`Setting '${path}' in ${where} must be ${field.schema.expected}, not ${shown(entry.value)}.`)
  }
  return value
}

/** Text from the environment or a flag becomes what the field holds, where it can; the check judges the rest. */
function normalised ({ schema }: Field, { value, isText = false }: Entry): unknown {
  if (typeof value !== 'string') {
    return value
  }
  if (schema.isLowerCase === true) {
    return value.toLowerCase()
  }
  if (!isText) {
    return value
  }
  switch (schema.type) {
    case 'integer': case 'number': return /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : value
    case 'boolean': return value === 'true' || (value === 'false' ? false : value)
    case 'array': return value.split(',').map(part => part.trim())
    default: return value
  }
}

/** What one setting cannot see alone. */
function checkTogether (config: Config): Config {
  const { trading, market, tabs, tariff } = config
  if (tariff.bands.length > 0 && tariff.timeZone == null) {
    throw invalid('Setting \'tariff.timeZone\' is not set, but there are bands in \'tariff.bands\': say in which time zone they are, for instance "Europe/Berlin".')
  }
  if (tariff.timeZone != null && !isTimeZone(tariff.timeZone)) {
    throw invalid(`Setting 'tariff.timeZone' must be an IANA time zone such as "Europe/Berlin", not ${shown(tariff.timeZone)}.`)
  }
  if (trading.lookMinSec > trading.lookMaxSec) {
    throw invalid(`Setting 'trading.lookMinSec' (${trading.lookMinSec}) must not be more than 'trading.lookMaxSec' (${trading.lookMaxSec}).`)
  }
  if (trading.from != null && trading.until != null && trading.from >= trading.until) {
    throw invalid(`Setting 'trading.from' (${trading.from}) must be before 'trading.until' (${trading.until}).`)
  }
  if (tabs.claimAfterSec <= tabs.meterDeadlineSec) {
    throw invalid(`Setting 'tabs.claimAfterSec' (${tabs.claimAfterSec}) must be more than 'tabs.meterDeadlineSec' (${tabs.meterDeadlineSec}): a claim passes over every older trade of the neighbour, also one whose reading is still awaited.`)
  }
  try {
    checkMarketRules(market)
  } catch (error) {
    throw invalid(`The settings under 'market' cannot be used: ${explain(error)}`, error)
  }
  return config
}

function isTimeZone (name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en-US', { timeZone: name }).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
}

function place (config: Record<string, Record<string, unknown>>, path: string, value: unknown): void {
  const [section, key] = path.split('.')
  const target: Record<string, unknown> = key == null ? config : config[section] ??= {}
  if (value !== undefined) {
    target[key ?? section] = value
  }
}

function frozen<T> (value: T): T {
  if (typeof value === 'object' && value !== null) {
    Object.values(value).forEach(frozen)
    Object.freeze(value)
  }
  return value
}

function shown (value: unknown): string {
  const text = value === null ? 'empty' : JSON.stringify(value)
  return text.length > 80 ? `${text.slice(0, 79)}…` : text
}

function unknownKey (what: string, nearest: string | undefined): CodedError<ConfigErrorCode> {
  const hint = nearest == null ? 'remove it, or check how it is spelled.' : `did you mean '${nearest}'?`
  return new CodedError('CONFIG_UNKNOWN_KEY', `${what}: ${hint}`)
}

function invalid (message: string, cause?: unknown): CodedError<ConfigErrorCode> {
  return new CodedError('CONFIG_INVALID', message, { cause })
}
