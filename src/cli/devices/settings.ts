import { existsSync } from 'node:fs'
import { loadConfig } from '../../config/load.ts'
import { CodedError } from '../../domain/errors.ts'
import { drivers } from '../../drivers/index.ts'
import { homeDevice } from '../../node/home-device.ts'
import { createSystemClock } from '../../node/system-clock.ts'
import { createLogger } from '../../telemetry/logger.ts'
import { pathsOf } from '../options.ts'
import { note } from '../output.ts'
import type { Driver } from '../../drivers/driver.ts'
import type { Device } from '../../ports/device.ts'

/** Which device a command is about: one that is named, or the meter of the settings. */
export interface DeviceOptions {
  readonly data?: string
  readonly driver?: string
  readonly param?: readonly string[]
}

export interface ChosenDevice {
  /** Of the meter; the other devices of the settings are read beside it. */
  readonly driver: Driver
  connect(): Promise<Device>
}

const DEFAULT_PERIOD_SEC = 900

/** Throws `CONFIG_MISSING` and others of the settings, `USAGE_BAD_PARAM`, and `USAGE_NO_DRIVER` for a driver nobody knows. */
export function chooseDevice (options: DeviceOptions): ChosenDevice {
  const paths = pathsOf(options)
  const config = options.driver == null ? loadConfig({ file: paths.config, env: process.env }) : undefined
  const driver = driverOf(options.driver ?? config?.meter.driver ?? '')
  const params = Object.fromEntries((options.param ?? []).map((text) => readParam(driver, text)))
  const clock = createSystemClock({ speed: config?.clock.speed, realStart: config?.clock.realStartMs, marketStart: config?.clock.marketStart })
  const components = {
    now: () => clock.now(),
    periodSec: config?.market.periodSec ?? DEFAULT_PERIOD_SEC,
    logger: createLogger({ level: 'warn', format: 'human', write: note }).scope('meter'),
    ...existsSync(paths.directory) ? { directory: paths.directory } : {}
  }
  return { driver, connect: config == null ? async () => driver.connect(params, components) : async () => homeDevice(config, drivers)(components) }
}

function driverOf (type: string): Driver {
  const found = drivers.find((each) => each.type === type)
  if (found == null) {
    throw new CodedError('USAGE_NO_DRIVER', `There is no driver "${type}": \`wattmesh devices list\` shows those there are.`)
  }
  return found
}

const YES_NO: Readonly<Record<string, boolean | undefined>> = { true: true, yes: true, false: false, no: false }

/** `name=value` as the driver wants it; names it does not know are left for it to refuse. */
export function readParam (driver: Driver, text: string): readonly [string, unknown] {
  const at = text.indexOf('=')
  if (at < 1) {
    throw new CodedError('USAGE_BAD_PARAM', `--param must be name=value, not "${text}".`)
  }
  const [name, value] = [text.slice(0, at), text.slice(at + 1)]
  switch (driver.params.find((param) => param.name === name)?.type) {
    case 'whole': case 'number': return [name, value.trim() === '' ? value : Number(value)]
    case 'yesNo': return [name, YES_NO[value] ?? value]
    case 'object': return [name, parsed(name, value)]
    default: return [name, value]
  }
}

function parsed (name: string, value: string): unknown {
  try {
    return JSON.parse(value)
  } catch (cause) {
    throw new CodedError('USAGE_BAD_PARAM', `--param ${name}= must be followed by JSON, such as {"a":1}; a file of settings is easier for groups.`, { cause })
  }
}

/** What to paste into `config.yaml` for a device. A note stands behind its setting. */
export function configLines (driver: string, params: Readonly<Record<string, string | number>>, notes: Readonly<Record<string, string>> = {}): string[] {
  const rows = Object.entries(params).map(([name, value]) => `    ${name}: ${scalar(value)}${notes[name] == null ? '' : `  # ${notes[name]}`}`)
  return ['meter:', `  driver: ${driver}`, '  params:', ...rows]
}

/** Plain where YAML reads it as the text it is. */
function scalar (value: string | number): string {
  return typeof value === 'number' || /^[A-Za-z][\w./:-]*\w$|^\d+(\.\d+){3}$/.test(value) ? String(value) : JSON.stringify(value)
}
