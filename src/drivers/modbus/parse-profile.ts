import { CodedError } from '../../domain/errors.ts'
import { isEnergyUnit, isUnit } from '../quantity.ts'
import { QUANTITIES } from './profile.ts'
import { NUMBER_TYPES, ORDERS } from './words.ts'
import type { Profile, Quantity, Register, Table } from './profile.ts'

const PROFILE_KEYS = ['table', 'order', 'numbering', 'registers', 'serial', 'maxBlock', 'maxGap', 'addsPhasesSeparately']
const REGISTER_KEYS = ['table', 'address', 'type', 'order', 'unit', 'step', 'sign', 'none', 'negativeIf', 'plus', 'fallback']

/** How the paper at hand counts: as on the wire, from 1, or with the table as the first digit (30001, 40001). */
const NUMBERINGS = ['wire', 'one', 'reference'] as const
type Numbering = typeof NUMBERINGS[number]

type Fields = Readonly<Record<string, unknown>>

/** A profile as an owner wrote it, checked. Throws `DEVICE_BAD_PARAMS` with the place of what is wrong. */
export function parseProfile (given: unknown): Profile {
  const fields = group(given, 'profile', PROFILE_KEYS)
  const numbering = choice(fields.numbering, 'profile.numbering', NUMBERINGS) ?? 'wire'
  const table = choice<Table>(fields.table, 'profile.table', ['holding', 'input']) ?? 'holding'
  const entries = Object.entries(group(fields.registers, 'profile.registers', QUANTITIES))
  if (entries.length === 0) {
    throw wrong('profile.registers', `names none of ${QUANTITIES.join(', ')}`)
  }
  return {
    table,
    order: choice(fields.order, 'profile.order', ORDERS),
    registers: Object.fromEntries(entries.map(([name, register]) => [name, parseRegister(register, { name: name as Quantity, path: `profile.registers.${name}`, numbering })])),
    serial: fields.serial == null ? undefined : parseSerial(fields.serial, numbering),
    maxBlock: whole(fields.maxBlock, 'profile.maxBlock', { min: 1, max: 125 }),
    maxGap: whole(fields.maxGap, 'profile.maxGap', { min: 0, max: 124 }),
    addsPhasesSeparately: fields.addsPhasesSeparately === true
  }
}

interface At {
  readonly name: Quantity
  readonly path: string
  readonly numbering: Numbering
}

function parseRegister (given: unknown, at: At): Register {
  const fields = group(given, at.path, REGISTER_KEYS)
  const type = choice(fields.type, `${at.path}.type`, NUMBER_TYPES)
  if (type == null) {
    throw wrong(`${at.path}.type`, `is missing; it is one of ${NUMBER_TYPES.join(', ')}`)
  }
  const deeper = (key: 'plus' | 'fallback'): Register | undefined => fields[key] == null ? undefined : parseRegister(fields[key], { ...at, path: `${at.path}.${key}` })
  return {
    ...place(fields, at),
    type,
    order: choice(fields.order, `${at.path}.order`, ORDERS),
    unit: parseUnit(fields.unit, at),
    step: parseStep(fields.step, `${at.path}.step`),
    sign: parseSign(fields.sign, `${at.path}.sign`),
    none: parseNone(fields.none, `${at.path}.none`),
    negativeIf: fields.negativeIf == null ? undefined : parseBit(fields.negativeIf, at),
    plus: deeper('plus'),
    fallback: deeper('fallback')
  }
}

/** Address on the wire, and the table where the number names it. */
function place (fields: Fields, { path, numbering }: Pick<At, 'path' | 'numbering'>): { table?: Table, address: number } {
  const table = choice<Table>(fields.table, `${path}.table`, ['holding', 'input'])
  const number = whole(fields.address, `${path}.address`, { min: numbering === 'wire' ? 0 : 1, max: numbering === 'reference' ? 465_536 : 65_536 })
  if (number == null) {
    throw wrong(`${path}.address`, 'is missing')
  }
  if (numbering !== 'reference') {
    return { table, address: numbering === 'one' ? number - 1 : number }
  }
  const digits = String(number)
  const named = ({ 3: 'input', 4: 'holding' } as const)[digits[0]]
  if (named == null || digits.length < 5) {
    throw wrong(`${path}.address`, 'counts like 30001 or 40001, and does not begin with 3 or 4')
  }
  return { table: named, address: Number(digits.slice(1)) - 1 }
}

function parseSerial (given: unknown, numbering: Numbering): Profile['serial'] {
  const path = 'profile.serial'
  const fields = group(given, path, ['table', 'address', 'type', 'count'])
  return {
    ...place(fields, { path, numbering }),
    type: choice(fields.type, `${path}.type`, [...NUMBER_TYPES, 'text'] as const) ?? 'text',
    count: whole(fields.count, `${path}.count`, { min: 1, max: 125 })
  }
}

function parseUnit (unit: unknown, { name, path }: At): Register['unit'] {
  const isEnergy = name.endsWith('Wh')
  if (name === 'batteryPercent') {
    return choice(unit, `${path}.unit`, ['%'] as const) ?? '%'
  }
  if (typeof unit !== 'string' || !isUnit(unit) || isEnergyUnit(unit) !== isEnergy) {
    throw wrong(`${path}.unit`, `must be a unit of ${isEnergy ? 'energy, such as kWh' : 'power, such as W'}`)
  }
  return unit
}

function parseStep (step: unknown, path: string): number | undefined {
  if (step != null && (typeof step !== 'number' || !Number.isFinite(step) || step <= 0)) {
    throw wrong(path, 'must be a number above 0; for the other direction there is sign: -1')
  }
  return step ?? undefined
}

function parseSign (sign: unknown, path: string): 1 | -1 | undefined {
  if (sign == null || sign === 1 || sign === -1) {
    return sign ?? undefined
  }
  throw wrong(path, 'must be 1 or -1')
}

function parseNone (none: unknown, path: string): ReadonlyArray<number | string> | undefined {
  if (none == null) {
    return undefined
  }
  const isCode = (code: unknown): code is number | string => typeof code === 'string' ? /^0x[0-9a-fA-F]{1,16}$/.test(code) : Number.isSafeInteger(code)
  if (!Array.isArray(none) || !none.every(isCode)) {
    throw wrong(path, 'must be a list of whole numbers, or of texts such as 0xFFFFFFFFFFFFFFFF')
  }
  return none
}

function parseBit (given: unknown, { path, numbering }: At): Register['negativeIf'] {
  const fields = group(given, `${path}.negativeIf`, ['address', 'bit'])
  const { address } = place(fields, { path: `${path}.negativeIf`, numbering })
  return { address, bit: whole(fields.bit, `${path}.negativeIf.bit`, { min: 0, max: 15 }) ?? 0 }
}

function group (value: unknown, path: string, keys: readonly string[]): Fields {
  if (typeof value !== 'object' || value == null || Array.isArray(value)) {
    throw wrong(path, 'must be a group of settings')
  }
  const unknown = Object.keys(value).find((key) => !keys.includes(key))
  if (unknown != null) {
    throw wrong(`${path}.${unknown}`, `is not known; there are: ${keys.join(', ')}`)
  }
  return value as Fields
}

function choice<T extends string> (value: unknown, path: string, values: readonly T[]): T | undefined {
  const chosen = values.find((each) => each === value)
  if (value != null && chosen == null) {
    throw wrong(path, `must be one of ${values.join(', ')}`)
  }
  return chosen
}

function whole (value: unknown, path: string, { min, max }: { min: number, max: number }): number | undefined {
  if (value != null && (!Number.isSafeInteger(value) || Number(value) < min || Number(value) > max)) {
    throw wrong(path, `must be a whole number from ${min} to ${max}`)
  }
  return value == null ? undefined : Number(value)
}

function wrong (path: string, what: string): CodedError {
  return new CodedError('DEVICE_BAD_PARAMS', `Setting "${path}" ${what}.`, { details: { name: path } })
}
