import { CodedError } from '../../domain/errors.ts'
import { bitsOf, numberOf, textOf } from '../modbus/words.ts'
import { toMilliWh, toNumber } from '../quantity.ts'
import { MAX_MODBUS_REGISTERS, undefinedIfMissing } from '../transports/modbus.ts'
import { MODELS } from './models.ts'
import type { Model, Point, PointType, Points } from './models.ts'
import type { ModbusBus } from '../transports/modbus.ts'

/** One model of a device, where it stands. */
export interface Block {
  readonly unit: number
  readonly id: number
  /** Of the register with the model's id; its length stands in the next one. */
  readonly address: number
  /** Registers after the length. */
  readonly length: number
}

/** One answer of a model: every value comes from the same moment as its scale factor. What is not implemented is undefined. */
export interface Values {
  number(point: string): number | undefined
  /** Whole mWh of a point in Wh. */
  milliWh(point: string): number | undefined
  /** Steps of a point in the unit it has: 10 to the power of its scale factor. */
  step(point: string): number | undefined
  text(point: string): string | undefined
  readonly modules: readonly Values[]
}

const HEADER = 0x5375_6e53n // "SunS"
const BASES = [40_000, 50_000, 0]
const END = 0xffff
const MAX_SUNSPEC_MODELS = 100

/** The models of one unit in their order, those this program does not know included; undefined when it does not speak SunSpec. */
export async function walkModels (bus: ModbusBus, unit: number): Promise<Block[] | undefined> {
  const base = await findBase(bus, unit)
  if (base == null) {
    return undefined
  }
  const blocks: Block[] = []
  let address = base + 2
  while (blocks.length < MAX_SUNSPEC_MODELS) {
    // a chain without its end mark ends where the registers do
    const bytes = await bus.read({ unit, table: 'holding', address, count: 2 }).catch(undefinedIfMissing)
    const id = bytes?.readUInt16BE(0) ?? END
    const length = bytes?.readUInt16BE(2) ?? 0
    if (id === END) {
      return blocks
    }
    blocks.push({ unit, id, address, length })
    address += 2 + length
  }
  throw new CodedError('DEVICE_BAD_ANSWER', `The SunSpec models of unit ${unit} do not come to an end after ${MAX_SUNSPEC_MODELS}.`, { details: { unit } })
}

async function findBase (bus: ModbusBus, unit: number): Promise<number | undefined> {
  for (const base of BASES) {
    const bytes = await bus.read({ unit, table: 'holding', address: base, count: 2 }).catch(undefinedIfMissing)
    if (bytes != null && bitsOf(bytes, 'ABCD') === HEADER) {
      return base
    }
  }
  return undefined
}

/** True while the model still begins where it was found. */
export async function isInPlace (bus: ModbusBus, { unit, id, address, length }: Block): Promise<boolean> {
  const bytes = await bus.read({ unit, table: 'holding', address, count: 2 }).catch(undefinedIfMissing)
  return bytes?.readUInt16BE(0) === id && bytes.readUInt16BE(2) === length
}

/** Reads the known points of a model. Throws what `ModbusBus.read` throws, and `DEVICE_BAD_ANSWER` when the model is shorter than it should be. */
export async function readModel (bus: ModbusBus, block: Block): Promise<Values> {
  const model = MODELS[block.id]
  const count = modulesIn(model, block)
  const [from, to] = spanOf(model, count)
  if (to > block.length + 2) {
    throw new CodedError('DEVICE_BAD_ANSWER', `Model ${block.id} of unit ${block.unit} has ${block.length} registers and needs ${to - 2}.`, { details: { ...block } })
  }
  const bytes = await readSpan(bus, { ...block, from, to })
  return valuesOf(bytes, { points: model.points, start: -from, modules: model.modules, count })
}

function modulesIn ({ modules }: Model, { length }: Block): number {
  return modules == null ? 0 : Math.floor((length + 2 - modules.offset) / modules.size)
}

/** First register of interest, and the one after the last. */
function spanOf ({ points, modules }: Model, count: number): [number, number] {
  const all = Object.values(points)
  const ends = all.map(endOf)
  return [Math.min(...all.map(([offset]) => offset)), Math.max(...ends, modules == null ? 0 : modules.offset + count * modules.size)]
}

const SIZES: Readonly<Record<PointType, number>> = { int16: 1, uint16: 1, uint32: 2, uint64: 4, acc32: 2, float32: 2, enum16: 1, sunssf: 1 }

function endOf ([offset, type, size]: Point): number {
  return offset + (type === 'string' ? size : SIZES[type])
}

/** What does not fit in one answer is read in parts, and the scale factors, all in the first, once more: they must not have changed meanwhile. */
async function readSpan (bus: ModbusBus, { unit, address, id, from, to }: Block & { readonly from: number, readonly to: number }): Promise<Buffer> {
  const part = async (start: number): Promise<Buffer> =>
    bus.read({ unit, table: 'holding', address: address + start, count: Math.min(MAX_MODBUS_REGISTERS, to - start) })
  const parts = [await part(from)]
  for (let start = from + MAX_MODBUS_REGISTERS; start < to; start += MAX_MODBUS_REGISTERS) {
    parts.push(await part(start))
  }
  if (parts.length > 1) {
    const again = await part(from)
    const factors = Object.values(MODELS[id].points).filter(([, type]) => type === 'sunssf')
    if (factors.some(([offset]) => again.readInt16BE(2 * (offset - from)) !== parts[0].readInt16BE(2 * (offset - from)))) {
      throw new CodedError('DEVICE_BAD_ANSWER', `A scale factor of model ${id} of unit ${unit} changed while the model was read.`, { details: { unit, id } })
    }
  }
  return Buffer.concat(parts)
}

interface Layout {
  readonly points: Points
  /** Where offset 0 of the points is, in registers of the answer. */
  readonly start: number
  readonly modules?: Model['modules']
  readonly count: number
}

function valuesOf (bytes: Buffer, { points, start, modules, count }: Layout, scaleFactor = scaleFactors(bytes, points, start)): Values {
  const raw = (name: string): bigint | number | undefined => points[name] == null ? undefined : rawOf(bytes, points[name], start)
  const step = (name: string): number | undefined => {
    const factor = points[name]?.[2]
    return typeof factor === 'string' ? scaleFactor(factor) : 1
  }
  return {
    step,
    milliWh: (name) => toMilliWh(raw(name), 'Wh', step(name) ?? NaN),
    number (name) {
      const number = toNumber(raw(name))
      const factor = step(name)
      return number == null || factor == null ? undefined : number * factor
    },
    text (name) {
      const point = points[name]
      return point == null ? undefined : textOf(slice(bytes, point, start))
    },
    modules: modules == null
      ? []
      : Array.from({ length: count }, (_, index) => valuesOf(bytes, { points: modules.points, start: start + modules.offset + index * modules.size, count: 0 }, scaleFactor))
  }
}

const MAX_SCALE = 10

/** Powers of ten; undefined for a factor that is not implemented or out of range. */
function scaleFactors (bytes: Buffer, points: Points, start: number): (name: string) => number | undefined {
  return (name) => {
    const exponent = Number(rawOf(bytes, points[name], start) ?? NaN)
    return Math.abs(exponent) <= MAX_SCALE ? Number(`1e${exponent}`) : undefined
  }
}

/** The code of each type for a point that is not implemented; NaN for a float is none already. */
const NOT_IMPLEMENTED: Readonly<Record<PointType, bigint | undefined>> = {
  int16: 0x8000n, uint16: 0xffffn, uint32: 0xffff_ffffn, uint64: 0xffff_ffff_ffff_ffffn, acc32: 0n, float32: undefined, enum16: 0xffffn, sunssf: 0x8000n
}

function rawOf (bytes: Buffer, point: Point, start: number): bigint | number | undefined {
  const [, type] = point
  if (type === 'string') {
    return undefined
  }
  const bits = bitsOf(slice(bytes, point, start), 'ABCD')
  const plain = { acc32: 'uint32', enum16: 'uint16', sunssf: 'int16' } as const
  return bits === NOT_IMPLEMENTED[type] ? undefined : numberOf(bits, type in plain ? plain[type as keyof typeof plain] : type as Exclude<PointType, keyof typeof plain>)
}

function slice (bytes: Buffer, point: Point, start: number): Buffer {
  return bytes.subarray(2 * (start + point[0]), 2 * (start + endOf(point)))
}
