import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { PeriodReading } from '../../src/domain/reading.ts'

/** Ten real homes, hourly, a year; not part of the project. */
export const FONTANA = '../shared/data/fontana'

/** What the meter of one home counted, oldest first; undefined when the data is not here. */
export function readFontana (folder = FONTANA): PeriodReading[][] | undefined {
  return existsSync(folder)
    ? readdirSync(folder).filter((file) => /^home-\d+\.csv$/.test(file)).sort().map((file) => readHome(join(folder, file)))
    : undefined
}

function readHome (file: string): PeriodReading[] {
  return readFileSync(file, 'utf8').trim().split('\n').slice(1).map((line) => {
    const [start, load, pv] = line.split(',')
    const [loadWh, pvWh] = [Math.round(1000 * Number(load)), Math.round(1000 * Number(pv))]
    return { periodStart: Date.parse(start) / 1000, importWh: Math.max(0, loadWh - pvWh), exportWh: Math.max(0, pvWh - loadWh), loadWh, pvWh }
  })
}
