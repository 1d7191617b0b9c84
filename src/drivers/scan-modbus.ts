import { hasCode } from '../domain/errors.ts'
import { readModbusSettings } from './modbus/settings.ts'
import { readModel, walkModels } from './sunspec/reader.ts'
import { joinModbus } from './transports/modbus.ts'
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
  readonly maker?: string
  readonly model?: string
  readonly serial?: string
  /** SunSpec models, in the order of the device. */
  readonly models?: readonly number[]
}

const USUAL_UNITS = [1, 2, 3, 126, 200, 240, 247, 0]
const GAP_MS = 50

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
      return { speaks: 'modbus' }
    }
    const common = blocks.find(({ id }) => id === 1)
    const values = common == null ? undefined : await readModel(bus, common)
    return { speaks: 'sunspec', maker: values?.text('Mn'), model: values?.text('Md'), serial: values?.text('SN'), models: blocks.map(({ id }) => id) }
  } catch (error) {
    if (hasCode(error, 'DEVICE_UNREACHABLE', 'DEVICE_BAD_ANSWER')) {
      return undefined
    }
    throw error
  }
}
