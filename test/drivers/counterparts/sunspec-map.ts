import { existsSync, readFileSync } from 'node:fs'
import type { ServedValue } from './modbus-server.ts'

const FOLDER = '../shared/data/sunspec'

interface OfficialPoint {
  readonly name: string
  readonly type: string
  readonly size: number
  readonly sf?: string | number
}

interface OfficialGroup {
  readonly points: readonly OfficialPoint[]
  readonly groups?: readonly OfficialGroup[]
}

/** A point of an official definition with the number of registers before it. */
export type PlacedPoint = OfficialPoint & { readonly offset: number }

export interface OfficialModel {
  readonly points: readonly PlacedPoint[]
  /** What repeats after them, counted from its own start. */
  readonly module?: { readonly points: readonly PlacedPoint[], readonly size: number }
  readonly size: number
}

export function haveOfficialModels (): boolean {
  return existsSync(`${FOLDER}/model_1.json`)
}

export function officialModel (id: number): OfficialModel {
  const { group } = JSON.parse(readFileSync(`${FOLDER}/model_${id}.json`, 'utf8')) as { group: OfficialGroup }
  const module = group.groups?.[0]
  return { ...placed(group), module: module == null ? undefined : placed(module) }
}

function placed ({ points }: OfficialGroup): { points: PlacedPoint[], size: number } {
  let size = 0
  const all = points.map((point) => {
    size += point.size
    return { ...point, offset: size - point.size }
  })
  return { points: all, size }
}

type Values = Readonly<Record<string, number | string>>

/** A model to serve: its values by the names of the official definition; all others are not implemented. */
export interface ServedModel {
  readonly id: number
  readonly values?: Values
  readonly modules?: readonly Values[]
  /** Instead of the official length. */
  readonly length?: number
}

/** What pymodbus calls the type, and the code of a point that is not implemented. */
const TYPES: Readonly<Record<string, readonly [string, number | string]>> = {
  int16: ['int16', -32_768],
  uint16: ['uint16', 0xffff],
  count: ['uint16', 0xffff],
  sunssf: ['int16', -32_768],
  enum16: ['uint16', 0xffff],
  bitfield16: ['uint16', 0xffff],
  pad: ['uint16', 0x8000],
  uint32: ['uint32', 0xffffffff],
  acc32: ['uint32', 0],
  bitfield32: ['uint32', 0xffffffff],
  uint64: ['uint64', '0xFFFFFFFFFFFFFFFF'],
  int32: ['int32', -2_147_483_648],
  float32: ['uint32', 0x7fc00000],
  string: ['string', '']
}

export interface Chain {
  readonly values: ServedValue[]
  /** Registers of a point: of the nth model of this id, or of its nth module. */
  at(id: number, point: string, module?: number): number
}

/** The registers of a whole device by the official definitions. Models without one, such as a maker's own, are filled with 0x1234. */
export function sunSpecMap (models: readonly ServedModel[], { unit = 1, base = 40_000, hasEnd = true } = {}): Chain {
  const values: ServedValue[] = [{ unit, address: base, type: 'string', size: 2, value: 'SunS' }]
  const starts = new Map<number, number>()
  let end = base + 2
  for (const model of models) {
    const start = end
    starts.set(model.id, starts.get(model.id) ?? start)
    const isOfficial = existsSync(`${FOLDER}/model_${model.id}.json`)
    const length = model.length ?? (isOfficial ? sizeOf(model) - 2 : 20)
    const inside = isOfficial ? registersOf(model) : [{ offset: 2, type: 'words', value: Array<number>(20).fill(0x1234) }]
    values.push(...inside.map(({ offset, ...rest }) => ({ unit, address: start + offset, ...rest })))
    values.push({ unit, address: start, type: 'words', value: [model.id, length] })
    end += length + 2
  }
  if (hasEnd) {
    values.push({ unit, address: end, type: 'words', value: [0xffff, 0] })
  }
  return {
    values,
    at (id, point, index) {
      const { points, module, size } = officialModel(id)
      const found = (index == null ? points : module?.points)?.find(({ name }) => name === point)
      return (starts.get(id) ?? NaN) + (found?.offset ?? NaN) + (index == null || module == null ? 0 : size + index * module.size)
    }
  }
}

function sizeOf ({ id, modules = [] }: ServedModel): number {
  const { size, module } = officialModel(id)
  return size + modules.length * (module?.size ?? 0)
}

function registersOf ({ id, values = {}, modules = [] }: ServedModel): Array<Omit<ServedValue, 'unit' | 'address'> & { offset: number }> {
  const { points, module, size } = officialModel(id)
  return [
    ...points.map((point) => served(point, values, 0)),
    ...modules.flatMap((each, index) => module?.points.map((point) => served(point, each, size + index * module.size)) ?? [])
  ]
}

function served ({ name, type, size, offset }: PlacedPoint, values: Values, start: number): Omit<ServedValue, 'unit' | 'address'> & { offset: number } {
  const [plain, none] = TYPES[type]
  const value = values[name]
  return { offset: start + offset, size, type: value != null && type === 'float32' ? 'float32' : plain, value: value ?? none }
}
