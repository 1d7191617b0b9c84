import type { Instant } from '../ports/clock.ts'
import type { DeviceTraits, Sample } from '../ports/device.ts'

/** Three phases at 63 A and 230 V: what a house can move where the device does not say. */
const DEFAULT_RATED_WATTS = 43_470

/** No register is taken for coarser than 1 kWh. */
const MAX_RESOLUTION_MILLI_WH = 1_000_000

/** After so long on a level of its own, in at least so many looks, a register is believed to be another one. */
const NEW_REGISTER_MS = 1_200_000
const NEW_REGISTER_LOOKS = 3

/** A wrap is one only close to the top: within this share of the range. */
const WRAP_FROM = 0.9

/** Two resets so far apart, on the wall: the register counts days and not a lifetime. */
const DAILY_MS = [82_800_000, 90_000_000] as const

interface Registers {
  readonly importMilliWh: number
  readonly exportMilliWh: number
}

interface Look extends Registers {
  readonly wallMs: number
  /** Unknown after a restart. */
  readonly elapsedMs?: number
  readonly deviceTime?: number
}

/** Which samples were believed. Plain JSON. */
export interface StepState {
  /** The newest look that was believed; its registers are the highest seen. */
  readonly last?: Look
  readonly hasExport?: boolean
  /** Looks that contradict it but agree with each other. */
  readonly suspect?: { readonly since: number, readonly looks: number, readonly last: Look }
  /** How many looks were not believed. */
  readonly held: number
  /** Divides every register value that was believed; 0 before the first that is not 0. */
  readonly divisor: number
  /** When registers changed, on the wall, newest last. */
  readonly changes: readonly number[]
}

/** How far the registers moved, in mWh, since the look before. */
export interface Step extends Registers {
  readonly ms: number
  readonly to: Registers
  /** The registers are others than before, or the first ones: they moved nowhere. */
  readonly isNewRegister: boolean
}

/** The step of the registers in mWh, as documented or as every value so far allows; undefined before any is known. */
export function resolutionOf ({ divisor }: StepState, { resolutionMilliWh }: DeviceTraits): number | undefined {
  return resolutionMilliWh ?? (divisor === 0 ? undefined : Math.min(divisor, MAX_RESOLUTION_MILLI_WH))
}

/** A register that begins again every day cannot tell what happened around midnight. */
export function isDailyCounter ({ changes }: StepState): boolean {
  const [before, last] = changes.slice(-2)
  return last != null && last - before >= DAILY_MS[0] && last - before <= DAILY_MS[1]
}

/** Judges one look: `step` says how far the registers moved when it is believed. */
export function stepOf (state: StepState, sample: Sample, { at, traits }: { at: Instant, traits: DeviceTraits }): { state: StepState, step?: Step } {
  const { importMilliWh, exportMilliWh = state.hasExport === true ? undefined : 0 } = sample
  if (importMilliWh == null || exportMilliWh == null) {
    return { state }
  }
  const look: Look = { importMilliWh, exportMilliWh, ...at, deviceTime: sample.deviceTime }
  const believed = (step: Step): { state: StepState, step: Step } => ({
    step,
    state: {
      ...state,
      last: { ...look, ...step.to },
      hasExport: state.hasExport === true || sample.exportMilliWh != null,
      divisor: gcd(gcd(state.divisor, importMilliWh), exportMilliWh),
      suspect: undefined,
      changes: step.isNewRegister && state.last != null ? [...state.changes, at.wallMs].slice(-2) : state.changes
    }
  })
  const begin: Step = { importMilliWh: 0, exportMilliWh: 0, ms: 0, to: { importMilliWh, exportMilliWh }, isNewRegister: true }
  if (state.last == null) {
    return believed(begin)
  }
  if (isRepeated(state.last, look)) {
    return { state }
  }
  const limits = limitsOf(state, traits)
  const step = moved(state.last, look, limits)
  if (step != null) {
    return believed(step)
  }
  const { suspect } = state
  const isConsistent = suspect != null && moved(suspect.last, look, limits) != null
  const since = isConsistent ? suspect.since : at.elapsedMs
  const looks = isConsistent ? suspect.looks + 1 : 1
  // zeros are what a device shows while it wakes up, however long that takes
  return at.elapsedMs - since >= NEW_REGISTER_MS && looks >= NEW_REGISTER_LOOKS && importMilliWh + exportMilliWh > 0
    ? believed(begin)
    : { state: { ...state, held: state.held + 1, suspect: { since, looks, last: look } } }
}

/** The same instant once more, or a device that froze: its own clock stands still and so do its registers. */
function isRepeated (last: Look, look: Look): boolean {
  const isSameInstant = last.elapsedMs != null && look.elapsedMs != null && look.elapsedMs <= last.elapsedMs
  const isSameAnswer = last.deviceTime != null && last.deviceTime === look.deviceTime &&
    last.importMilliWh === look.importMilliWh && last.exportMilliWh === look.exportMilliWh
  return isSameInstant || isSameAnswer
}

interface Limits {
  readonly watts: number
  readonly resolution: number
  readonly wrapsAt?: number
}

function limitsOf (state: StepState, traits: DeviceTraits): Limits {
  return { watts: traits.ratedWatts ?? DEFAULT_RATED_WATTS, resolution: resolutionOf(state, traits) ?? 0, wrapsAt: traits.wrapsAtMilliWh }
}

/** How far both registers moved between two looks; undefined when no house can do that. */
function moved (from: Look, to: Look, limits: Limits): Step | undefined {
  // whichever clock passed more: the wall may have been set back, the other is unknown after a restart
  const ms = Math.max(0, to.wallMs - from.wallMs, (to.elapsedMs ?? 0) - (from.elapsedMs ?? to.elapsedMs ?? 0))
  const most = Math.floor(limits.watts * ms / 3600 * 1.1) + 2 * limits.resolution
  const grown = (name: keyof Registers): number | undefined => growth(from[name], to[name], { ...limits, most })
  const [importMilliWh, exportMilliWh] = [grown('importMilliWh'), grown('exportMilliWh')]
  return importMilliWh == null || exportMilliWh == null
    ? undefined
    : { importMilliWh, exportMilliWh, ms, isNewRegister: false, to: { importMilliWh: shown(from, to, 'importMilliWh', importMilliWh), exportMilliWh: shown(from, to, 'exportMilliWh', exportMilliWh) } }
}

/** A register that was rounded back by a step or two stays at its highest. */
function shown (from: Look, to: Look, name: keyof Registers, growth: number): number {
  return growth === 0 ? from[name] : to[name]
}

function growth (from: number, to: number, { most, resolution, wrapsAt }: Limits & { most: number }): number | undefined {
  const delta = to - from
  if (delta < 0 && wrapsAt != null && from >= wrapsAt * WRAP_FROM && delta + wrapsAt <= most) {
    return delta + wrapsAt
  }
  if (delta < 0) {
    return -delta <= 2 * resolution ? 0 : undefined
  }
  return delta <= most ? delta : undefined
}

function gcd (a: number, b: number): number {
  let [x, y] = [a, b]
  while (y !== 0) {
    [x, y] = [y, x % y]
  }
  return x
}
