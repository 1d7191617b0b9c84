import { toMilliWh, toWatts } from './quantity.ts'
import type { EnergyUnit, PowerUnit } from './quantity.ts'
import type { Sample } from '../ports/device.ts'

/** A value of a meter's telegram: a number or its decimal text, and its unit. */
export interface ObisValue {
  readonly value: number | bigint | string
  /** Undefined when the device did not give one that is known. */
  readonly unit: EnergyUnit | PowerUnit | undefined
  /** The value counts steps of this size; 1 unless given. */
  readonly step?: number
}

/** What a telegram says of the whole connection, by OBIS code (IEC 62056-61) without medium and channel: `1.8.0`. */
export type ObisValues = ReadonlyMap<string, ObisValue>

const TARIFFS = [1, 2, 3, 4]

/**
 * The quantities of a telegram. The total register counts where there is one; else the tariffs are summed, never both. A
 * meter that shows one unsigned power and knows no export has a power that is import.
 */
export function obisSample (values: ObisValues): Omit<Sample, 'ageMs'> {
  const importMilliWh = register(values, 1)
  const exportMilliWh = register(values, 2)
  return { importMilliWh, exportMilliWh, gridWatts: power(values, exportMilliWh != null) }
}

function register (values: ObisValues, direction: 1 | 2): number | undefined {
  const total = values.get(`${direction}.8.0`)
  if (total != null) {
    return energy(total)
  }
  const tariffs = TARIFFS.map((tariff) => values.get(`${direction}.8.${tariff}`)).filter((value) => value != null).map(energy)
  return tariffs.length === 0 || tariffs.includes(undefined) ? undefined : tariffs.reduce<number>((sum, each) => sum + (each ?? 0), 0)
}

function energy ({ value, unit, step }: ObisValue): number | undefined {
  return unit === 'Wh' || unit === 'kWh' || unit === 'Ws' ? toMilliWh(value, unit, step) : undefined
}

function power (values: ObisValues, doesExport: boolean): number | undefined {
  const watts = (code: string): number | undefined => {
    const found = values.get(code)
    return found != null && (found.unit === 'W' || found.unit === 'kW') ? toWatts(found.value, found.unit, found.step) : undefined
  }
  const net = watts('16.7.0')
  const imported = watts('1.7.0')
  const exported = watts('2.7.0')
  if (net != null || imported == null) {
    return net
  }
  if (exported != null) {
    return imported - exported
  }
  return doesExport ? undefined : imported
}
