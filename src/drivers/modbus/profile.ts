import { isEnergyUnit, toMilliWh, toWatts } from '../quantity.ts'
import { MAX_MODBUS_REGISTERS } from '../transports/modbus.ts'
import { bitsOf, isOneOf, numberOf, registersOf } from './words.ts'
import type { Sample } from '../../ports/device.ts'
import type { Unit } from '../quantity.ts'
import type { NumberType, Order } from './words.ts'
import type { ModbusRead } from '../transports/modbus.ts'

export type Table = ModbusRead['table']

/** Where one number stands and what it means. */
export interface Register {
  /** As the profile says, unless given. */
  readonly table?: Table
  /** As it goes over the wire, from 0; papers often count from 1. */
  readonly address: number
  readonly type: NumberType
  readonly order?: Order
  readonly unit: Unit | '%'
  /** The value of one step, in units: 0.1 where 123 means 12.3. */
  readonly step?: number
  /** -1 where the device counts the other way round than `Sample`. */
  readonly sign?: 1 | -1
  /** Codes that stand for "no value", as `isOneOf` takes them. */
  readonly none?: ReadonlyArray<number | string>
  /** A bit that says that the number, which has no sign of its own, is negative. */
  readonly negativeIf?: { readonly address: number, readonly bit: number }
  /** What has to be added: import and export power often stand apart, and so do the strings of a roof. */
  readonly plus?: Register
  /** Where to look on devices that do not have this register. */
  readonly fallback?: Register
}

export const QUANTITIES = [
  'importMilliWh', 'exportMilliWh', 'gridWatts', 'pvMilliWh', 'pvWatts', 'loadMilliWh', 'loadWatts', 'batteryWatts', 'batteryPercent', 'batteryCapacityWh'
] as const satisfies ReadonlyArray<keyof Sample>
export type Quantity = typeof QUANTITIES[number]

export type Registers = { readonly [name in Quantity]?: Register }

/** A kind of device, as data. */
export interface Profile {
  readonly table: Table
  /** ABCD unless given. */
  readonly order?: Order
  /** What the device shows, under the names of `Sample`, which says what they mean. */
  readonly registers: Registers
  /** Where the serial number stands: a text of so many registers, or a number. */
  readonly serial?: { readonly table?: Table, readonly address: number, readonly type: NumberType | 'text', readonly count?: number }
  /** The most registers the device gives at once; 125 unless given. */
  readonly maxBlock?: number
  /** Unused registers that may be read along, so that one question does for two; 0 unless given. */
  readonly maxGap?: number
  readonly addsPhasesSeparately?: boolean
  /** Codes of models that look alike and are something else. */
  readonly isNot?: { readonly address: number, readonly codes: readonly number[], readonly advice: string }
}

type Place = Pick<ModbusRead, 'table' | 'address' | 'count'>

/** What was read: blocks of registers by where they begin. */
export type Blocks = ReadonlyArray<Place & { readonly bytes: Uint8Array }>

/** The questions that bring all of these registers, each number whole in one answer. */
export function planReads (registers: readonly Register[], profile: Profile): Place[] {
  const { maxBlock = MAX_MODBUS_REGISTERS, maxGap = 0 } = profile
  const places = registers.flatMap((register) => placesOf(register, profile)).toSorted((a, b) => a.table.localeCompare(b.table) || a.address - b.address)
  const plan: Place[] = []
  for (const place of places) {
    const last = plan.at(-1)
    const end = place.address + place.count
    if (last?.table === place.table && place.address <= last.address + last.count + maxGap && end - last.address <= maxBlock) {
      plan[plan.length - 1] = { ...last, count: Math.max(last.count, end - last.address) }
    } else {
      plan.push(place)
    }
  }
  return plan
}

/** The register, its companions and nothing of its fallback. */
function placesOf (register: Register, profile: Profile): Place[] {
  const { table = profile.table, address, type, negativeIf, plus } = register
  return [
    { table, address, count: registersOf(type) },
    ...negativeIf == null ? [] : [{ table, address: negativeIf.address, count: 1 }],
    ...plus == null ? [] : placesOf(plus, profile)
  ]
}

/** The value in the unit of `Sample`: whole mWh, watts, per cent or Wh; undefined when the device does not know it. */
export function valueOf (quantity: Quantity, register: Register, context: { readonly profile: Profile, readonly blocks: Blocks }): number | undefined {
  const { table = context.profile.table, address, type, order = context.profile.order ?? 'ABCD', none = [], negativeIf, plus } = register
  const bits = bitsOf(bytesAt({ table, address, count: registersOf(type) }, context.blocks), order)
  const number = numberOf(bits, type)
  if (number == null || isOneOf(bits, type, none)) {
    return undefined
  }
  const isNegative = negativeIf != null && (bytesAt({ table, address: negativeIf.address, count: 1 }, context.blocks)[1 - (negativeIf.bit >> 3)] >> (negativeIf.bit & 7) & 1) === 1
  const value = measured(quantity, register, (register.sign ?? 1) * (isNegative ? -1 : 1) === -1 ? -number : number)
  if (value == null || plus == null) {
    return value
  }
  const other = valueOf(quantity, plus, context)
  return other == null ? undefined : value + other
}

function measured (quantity: Quantity, { unit, step = 1 }: Register, number: bigint | number): number | undefined {
  if (unit === '%') {
    const percent = Number(number) * step
    return percent >= 0 && percent <= 100 ? percent : undefined
  }
  if (!isEnergyUnit(unit)) {
    return toWatts(number, unit, step)
  }
  const milliWh = toMilliWh(number, unit, step)
  return quantity === 'batteryCapacityWh' && milliWh != null ? milliWh / 1000 : milliWh
}

function bytesAt ({ table, address, count }: Place, blocks: Blocks): Uint8Array {
  const block = blocks.find((each) => each.table === table && each.address <= address && address + count <= each.address + each.count)
  return block == null ? new Uint8Array(2 * count) : block.bytes.subarray(2 * (address - block.address), 2 * (address - block.address + count))
}
