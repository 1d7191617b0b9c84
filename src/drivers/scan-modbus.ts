import { hasCode } from '../domain/errors.ts'
import { readModbusSettings } from './modbus/settings.ts'
import { bitsOf, textOf } from './modbus/words.ts'
import { readModel, walkModels } from './sunspec/reader.ts'
import { joinModbus, undefinedIfMissing } from './transports/modbus.ts'
import type { ModbusBus } from './transports/modbus.ts'

export interface ModbusScanInit {
  /** Whom to ask, one after the other. Ask the owner first: these are other people's devices too. */
  readonly targets: ReadonlyArray<{ readonly host: string, readonly port?: number }>
  /** Numbers to try behind each connection, those that makers give by default unless given. */
  readonly units?: readonly number[]
  /** How long each question may take; 1000 unless given. */
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
}

export interface ModbusFinding {
  readonly host: string
  readonly port: number
  readonly unit: number
  /** `sunspec` describes itself; `modbus` answers and needs its owner to say what it is. */
  readonly speaks: 'sunspec' | 'modbus'
  /** Type of the driver to try; unknown for a device that says nothing of itself. */
  readonly driver?: string
  readonly maker?: string
  readonly model?: string
  readonly serial?: string
  /** SunSpec models, in the order of the device. */
  readonly models?: readonly number[]
}

const USUAL_UNITS = [1, 2, 3, 126, 200, 240, 247, 0]
const GAP_MS = 50

/** Registers by which makers let themselves be known where SunSpec is not spoken: a text that begins like this, or a code. */
const MARKS: ReadonlyArray<{ readonly driver: string, readonly address: number, readonly count: number, readonly text?: RegExp, readonly codes?: readonly number[] }> = [
  { driver: 'huawei-sun2000', address: 30_000, count: 15, text: /^SUN2000/ },
  { driver: 'abb-b', address: 0x8960, count: 6, text: /^[AB][24]\d / },
  { driver: 'sma-inverter', address: 30_051, count: 2, codes: [8001, 8002, 8007, 8009] },
  { driver: 'carlo-gavazzi', address: 0x0b, count: 1, codes: [331, 332, 335, 336, 340, 341, 342, 345, 346, 1648, 1649, 1650, 1651, 1652, 1653] }
]

/**
 * Looks for Modbus devices: one connection at a time, a few readings each, with pauses. What does not let itself be
 * connected, or is silent, is left out. Findings come as they are made.
 */
export async function * scanModbus ({ targets, units = USUAL_UNITS, timeoutMs = 1000, signal }: ModbusScanInit): AsyncGenerator<ModbusFinding> {
  for (const { host, port = 502 } of targets) {
    const bus = joinModbus(readModbusSettings({ host, port, timeoutMs, gapMs: GAP_MS }).line)
    try {
      for (const unit of units) {
        signal?.throwIfAborted()
        const finding = await probe(bus, unit)
        if (finding != null) {
          yield { host, port, unit, ...finding }
        } else if (bus.connections === 0) {
          break
        }
      }
    } finally {
      await bus.close()
    }
  }
}

async function probe (bus: ModbusBus, unit: number): Promise<Omit<ModbusFinding, 'host' | 'port' | 'unit'> | undefined> {
  try {
    const blocks = await walkModels(bus, unit)
    if (blocks == null) {
      return { speaks: 'modbus', driver: await recognise(bus, unit) }
    }
    const common = blocks.find(({ id }) => id === 1)
    const values = common == null ? undefined : await readModel(bus, common)
    return { speaks: 'sunspec', driver: 'sunspec', maker: values?.text('Mn'), model: values?.text('Md'), serial: values?.text('SN'), models: blocks.map(({ id }) => id) }
  } catch (error) {
    if (hasCode(error, 'DEVICE_UNREACHABLE', 'DEVICE_BAD_ANSWER')) {
      return undefined
    }
    throw error
  }
}

async function recognise (bus: ModbusBus, unit: number): Promise<string | undefined> {
  for (const { driver, address, count, text, codes } of MARKS) {
    const bytes = await bus.read({ unit, table: 'holding', address, count }).catch(undefinedIfMissing)
    if (bytes != null && (text?.test(textOf(bytes) ?? '') === true || codes?.includes(Number(bitsOf(bytes, 'ABCD'))) === true)) {
      return driver
    }
  }
  return undefined
}
