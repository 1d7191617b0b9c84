/**
 * Devices. A driver turns one kind of meter into the `Meter` port: it fixes units and signs here and knows nothing of the
 * market. A driver is one file in `devices/`, listed in `index.ts`; start at `defineDriver`.
 */
import { CodedError } from '../domain/errors.ts'
import { isWhole } from '../domain/units.ts'
import type { UnixSeconds } from '../domain/units.ts'
import type { Meter } from '../ports/meter.ts'

/** One setting of a device, for its check at start, its documentation and its form. */
export interface Param {
  readonly name: string
  readonly description: string
  readonly type: 'text' | 'whole'
  readonly isRequired?: boolean
  /** Of a text: the values to choose from. */
  readonly values?: readonly string[]
  /** Of a whole number. */
  readonly min?: number
  readonly max?: number
}

export interface DriverComponents {
  /** Whole seconds of market time. */
  now(): UnixSeconds
  readonly periodSec: number
}

export type DriverParams = Readonly<Record<string, unknown>>

export interface Driver {
  /** Names the driver in the configuration: lower-case letters, digits and dashes. */
  readonly type: string
  readonly title: string
  readonly params: readonly Param[]
  /** Throws `DEVICE_BAD_PARAMS` when a setting is missing, unknown or wrong, and what the device throws. */
  connect(params: DriverParams, components: DriverComponents): Promise<Meter>
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

function isRight ({ type, values, min, max }: Param, value: unknown): boolean {
  return type === 'whole'
    ? isWhole(value, min ?? Number.MIN_SAFE_INTEGER, max ?? Number.MAX_SAFE_INTEGER)
    : typeof value === 'string' && value.length > 0 && (values == null || values.includes(value))
}

function expected ({ type, values, min, max }: Param): string {
  if (type === 'text') {
    return values == null ? 'a text' : `one of ${values.join(', ')}`
  }
  return `a whole number${min == null ? '' : `, at least ${min}`}${max == null ? '' : `, at most ${max}`}`
}

function badParam (driver: Driver, name: string, what: string): CodedError {
  return new CodedError('DEVICE_BAD_PARAMS', `Setting "${name}" of device type "${driver.type}" ${what}.`, { details: { type: driver.type, name } })
}
