/**
 * Devices. A driver turns one kind of meter or inverter into the `Device` port: it fixes units and signs here and knows nothing
 * of the market. A driver is one file in `devices/`, listed in `index.ts`; start at `defineDriver`.
 */
import { CodedError } from '../domain/errors.ts'
import { isWhole } from '../domain/units.ts'
import type { UnixSeconds } from '../domain/units.ts'
import type { Device } from '../ports/device.ts'
import type { Logger } from '../ports/telemetry.ts'

/** One setting of a device, for its check at start, its documentation and its form. */
export interface Param {
  readonly name: string
  readonly description: string
  readonly type: 'text' | 'whole' | 'number' | 'yesNo' | 'object'
  readonly isRequired?: boolean
  /** A password or a token: never shown and never logged. */
  readonly isSecret?: boolean
  /** Of a text: the values to choose from. */
  readonly values?: readonly string[]
  /** Of a number. */
  readonly min?: number
  readonly max?: number
}

export interface DriverComponents {
  /** Whole seconds of market time. */
  now(): UnixSeconds
  readonly periodSec: number
  readonly logger: Logger
  /** Where a driver may keep what it must remember, such as a certificate; without one it forgets with the process. */
  readonly directory?: string
}

export type DriverParams = Readonly<Record<string, unknown>>

/** For devices that do not tell the number themselves. */
export const SERIAL_PARAM: Param = { name: 'serial', type: 'text', description: 'Serial number on your grid meter, so that no other home sells by it.' }

export function serialOf ({ serial }: DriverParams): { readonly serial?: string } {
  return typeof serial === 'string' ? { serial } : {}
}

/** What a driver has been tested with; a homeowner may want to know before the first kilowatt-hour is sold. */
export type TestedWith = 'own data' | 'the program itself' | 'independent software' | 'recorded answers' | 'written answers'

export interface Driver {
  /** Names the driver in the configuration: lower-case letters, digits and dashes. */
  readonly type: string
  readonly title: string
  readonly testedWith: TestedWith
  readonly params: readonly Param[]
  /** Throws `DEVICE_BAD_PARAMS` when a setting is missing, unknown or wrong, and what the device throws. */
  connect(params: DriverParams, components: DriverComponents): Promise<Device>
}

/** The driver with its settings checked before it sees them. */
export function defineDriver (driver: Driver): Driver {
  return Object.freeze({
    ...driver,
    async connect (params: DriverParams, components: DriverComponents) {
      checkParams(driver, params)
      return driver.connect(params, components)
    }
  })
}

function checkParams (driver: Driver, given: DriverParams): void {
  const names = driver.params.map(({ name }) => name)
  const unknown = Object.keys(given).find((name) => !names.includes(name))
  if (unknown != null) {
    throw badParam(driver, unknown, `is not one of its settings, which are: ${names.join(', ')}`)
  }
  for (const param of driver.params) {
    const value = given[param.name]
    if (value == null && param.isRequired === true) {
      throw badParam(driver, param.name, `is missing: ${param.description}`)
    }
    if (value != null && !isRight(param, value)) {
      throw badParam(driver, param.name, `must be ${expected(param)}`)
    }
  }
}

function isRight ({ type, values, min = Number.MIN_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER }: Param, value: unknown): boolean {
  switch (type) {
    case 'whole': return isWhole(value, min, max)
    case 'number': return typeof value === 'number' && value >= min && value <= max
    case 'yesNo': return typeof value === 'boolean'
    case 'object': return typeof value === 'object' && value != null
    default: return typeof value === 'string' && value.length > 0 && (values == null || values.includes(value))
  }
}

const KINDS = { text: 'a text', whole: 'a whole number', number: 'a number', yesNo: 'true or false', object: 'a group of settings' }

function expected ({ type, values, min, max }: Param): string {
  if (values != null) {
    return `one of ${values.join(', ')}`
  }
  return `${KINDS[type]}${min == null ? '' : `, at least ${min}`}${max == null ? '' : `, at most ${max}`}`
}

export function badParam (driver: Pick<Driver, 'type'>, name: string, what: string): CodedError {
  return new CodedError('DEVICE_BAD_PARAMS', `Setting "${name}" of device type "${driver.type}" ${what}.`, { details: { type: driver.type, name } })
}
