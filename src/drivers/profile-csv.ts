import { CodedError } from '../domain/errors.ts'
import { MAX_PROFILE_STEPS, MAX_STEP_MILLI_WH } from './profile.ts'
import type { EnergyProfile } from './profile.ts'
import type { UnixSeconds } from '../domain/units.ts'

const HEADER = 'period_start,load_kwh,pv_kwh'
const STEPS = [900, 3600]
const KWH_DIGITS = 6

/** Makes the error of one place in one file. */
type Fail = (line: number, what: string) => CodedError

interface Row {
  readonly time: UnixSeconds
  readonly load: number
  readonly pv: number
}

/**
 * Reads `period_start,load_kwh,pv_kwh` with one row per quarter hour or hour, times in ISO 8601 with `Z` or an offset.
 * Energy is cut to whole mWh, exactly. Throws `DEVICE_BAD_PROFILE` naming `file` and the line.
 */
export function parseProfileCsv (text: string, file: string): EnergyProfile {
  const fail: Fail = (line, what) => new CodedError('DEVICE_BAD_PROFILE', `${file} line ${line}: ${what}`, { details: { file, line } })
  const lines = text.replace(/^\uFEFF/, '').trimEnd().split(/\r?\n/)
  if (lines[0].trim() !== HEADER) {
    throw lines[0] === '' && lines.length === 1 ? fail(1, 'the file is empty') : fail(1, `the header must be ${HEADER}`)
  }
  if (lines.length < 3 || lines.length - 1 > MAX_PROFILE_STEPS) {
    throw fail(lines.length, `there must be 2 to ${MAX_PROFILE_STEPS} rows`)
  }
  const rows = lines.slice(1).map((line, index) => parseRow(line, (what) => fail(index + 2, what)))
  return {
    start: rows[0].time,
    stepSec: commonStep(rows, fail),
    loadMilliWh: rows.map(({ load }) => load),
    pvMilliWh: rows.map(({ pv }) => pv)
  }
}

/** A profile as text that `parseProfileCsv` reads back unchanged, when its steps are ones a file may have. */
export function toCsv ({ start, stepSec, loadMilliWh, pvMilliWh }: EnergyProfile): string {
  const rows = loadMilliWh.map((load, step) =>
    `${new Date((start + step * stepSec) * 1000).toISOString().replace('.000', '')},${formatKwh(load)},${formatKwh(pvMilliWh[step])}`)
  return `${[HEADER, ...rows].join('\n')}\n`
}

function parseRow (line: string, fail: (what: string) => CodedError): Row {
  const cells = line.split(',').map((cell) => cell.trim())
  if (cells.length !== 3) {
    throw fail(`there must be 3 columns, not ${cells.length}`)
  }
  const time = parseTime(cells[0])
  if (time == null) {
    throw fail(`period_start is not a time like 2026-05-01T12:00:00+02:00: '${cells[0]}'`)
  }
  return { time, load: parseEnergy('load_kwh', cells[1], fail), pv: parseEnergy('pv_kwh', cells[2], fail) }
}

function parseEnergy (column: string, cell: string, fail: (what: string) => CodedError): number {
  const match = /^(-?)(\d+)(?:\.(\d*))?$/.exec(cell)
  if (match == null) {
    throw fail(`${column} is not a number: '${cell}'`)
  }
  if (match[1] !== '') {
    throw fail(`${column} is negative: '${cell}'`)
  }
  const milliWh = Number(match[2] + (match[3] ?? '').padEnd(KWH_DIGITS, '0').slice(0, KWH_DIGITS))
  if (milliWh > MAX_STEP_MILLI_WH) {
    throw fail(`${column} is more than a home can use: '${cell}'`)
  }
  return milliWh
}

function parseTime (cell: string): UnixSeconds | undefined {
  const match = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)(?::(\d\d))?(?:Z|([+-])(\d\d):?(\d\d))$/.exec(cell)
  if (match == null) {
    return undefined
  }
  const [, day, minute, second = '00', sign, hours = '0', minutes = '0'] = match
  const local = new Date(`${day}T${minute}:${second}Z`)
  const offset = Number(hours) * 3600 + Number(minutes) * 60
  // A day that does not exist, such as 30 February, is either invalid or moved to the next month.
  if (Number.isNaN(local.getTime()) || !local.toISOString().startsWith(`${day}T${minute}`) || offset > 14 * 3600) {
    return undefined
  }
  return local.getTime() / 1000 - (sign === '-' ? -offset : offset)
}

/** The distance of the first two rows, which all others must keep. */
function commonStep (rows: readonly Row[], fail: Fail): number {
  const step = rows[1].time - rows[0].time
  for (let index = 1; index < rows.length; index++) {
    const distance = rows[index].time - rows[index - 1].time
    if (distance <= 0) {
      throw fail(index + 2, distance === 0 ? 'period_start repeats the line above' : 'period_start is earlier than the line above')
    }
    if (!STEPS.includes(step)) {
      throw fail(index + 2, `rows must be ${STEPS.join(' or ')} seconds apart, not ${step}`)
    }
    if (distance !== step) {
      throw fail(index + 2, STEPS.includes(distance) ? `the step changes from ${step} to ${distance} seconds` : `there is a gap: ${distance} seconds instead of ${step}`)
    }
  }
  return step
}

function formatKwh (milliWh: number): string {
  const digits = milliWh.toString().padStart(KWH_DIGITS + 1, '0')
  return `${digits.slice(0, -KWH_DIGITS)}.${digits.slice(-KWH_DIGITS)}`
}
