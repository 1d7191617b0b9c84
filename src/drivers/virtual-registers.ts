import type { Step } from './register-step.ts'
import type { DeviceTraits, Sample } from '../ports/device.ts'

/** Coarser registers are helped out by power: 5 % of the 200 Wh a home moves in a typical quarter hour. */
export const COARSE_MILLI_WH = 10_000

/** How far power may be scaled to make it fit the register. */
const MAX_GAIN = 2

/** Less than this may wait for the register to move before the next mark, in mWh. */
const NEGLIGIBLE_MILLI_WH = 1000

/** More generates no home. */
const MAX_PV_WATTS = 43_470

/** Power that contradicts the registers, or the house, by more than this is not noise. */
const CLEAR_WATTS = 100

/** After so long import and export count as swapped, until the next start. */
export const SWAPPED_MS = 600_000

/** What counts: registers a period is read from. None of them ever falls within an epoch. */
export interface Totals {
  readonly importMilliWh: number
  readonly exportMilliWh: number
  readonly pvMilliWh?: number
  readonly loadMilliWh?: number
}

/** How power helps out a coarse register between two of its steps. */
interface Help {
  /** How far the total is ahead of the register, always less than a step of it. */
  readonly lead: number
  /** What power must be multiplied by, as the last full step showed. */
  readonly gain: number
  /** Power since the last step; unknown before the first. */
  readonly sinceStep?: number
}

export interface VirtualState {
  readonly totals?: Totals
  readonly watts?: number
  readonly helpImport?: Help
  readonly helpExport?: Help
  /** Of a device whose phases add up one by one: what power says since the registers last moved, both ways. */
  readonly waitingImport?: number
  readonly waitingExport?: number
  /** True while that is worth waiting for: no mark is set. */
  readonly isWaiting?: boolean
  readonly isCoarse?: boolean
  readonly isNetted?: boolean
  readonly pvRegister?: number
  readonly pvMilliWh?: number
  readonly pvSilentMs?: number
  readonly loadMilliWh?: number
  /** Consumption not yet booked: it waits for the generation of the same time. */
  readonly loadCarry?: number
  /** For how long power has contradicted the registers, or generation the grid. */
  readonly mismatchMs: number
}

interface Parts {
  readonly sample: Sample
  readonly traits: DeviceTraits
  readonly resolution: number | undefined
}

/** True when the totals are not the registers themselves. */
export function isHelped ({ isCoarse, isNetted }: VirtualState): boolean {
  return isCoarse === true || isNetted === true
}

/** The totals after the registers moved. */
export function advance (state: VirtualState, step: Step, parts: Parts): VirtualState {
  const { sample, traits, resolution = 0 } = parts
  const grid = gridTotals(state, step, { ...parts, resolution })
  const pv = generated(state, step, sample)
  const { isLoadKnown, ...load } = consumed(state, netOf(grid.totals) - netOf(step.isNewRegister ? grid.totals : state.totals ?? grid.totals), { sample, pv, ms: step.ms })
  return {
    ...state,
    ...grid.state,
    ...load,
    watts: sample.gridWatts,
    isNetted: traits.addsPhasesSeparately === true,
    isCoarse: resolution > COARSE_MILLI_WH,
    pvRegister: sample.pvMilliWh ?? state.pvRegister,
    pvMilliWh: pv.pvMilliWh ?? state.pvMilliWh,
    pvSilentMs: pv.pvMilliWh == null ? (state.pvSilentMs ?? 0) + step.ms : 0,
    mismatchMs: mismatch(state, step, sample),
    totals: { ...grid.totals, pvMilliWh: pv.pvMilliWh, loadMilliWh: isLoadKnown ? load.loadMilliWh : undefined }
  }
}

type Grid = Pick<Totals, 'importMilliWh' | 'exportMilliWh'>

function gridTotals (state: VirtualState, step: Step, { sample, traits, resolution }: Parts & { resolution: number }): { totals: Grid, state: Partial<VirtualState> } {
  if (state.totals == null || step.isNewRegister) {
    return { totals: step.to, state: { helpImport: undefined, helpExport: undefined, waitingImport: 0, waitingExport: 0, isWaiting: false } }
  }
  const flows = integrated(state.watts, sample.gridWatts, step.ms)
  if (traits.addsPhasesSeparately === true) {
    return netted(state, step, { totals: state.totals, flows })
  }
  const { importMilliWh, exportMilliWh } = state.totals
  const isCoarse = resolution > COARSE_MILLI_WH
  const imported = helped(state.helpImport, step.importMilliWh, { resolution: isCoarse ? resolution : 1, flow: isCoarse ? flows.imported : 0 })
  const exported = helped(state.helpExport, step.exportMilliWh, { resolution: isCoarse ? resolution : 1, flow: isCoarse ? flows.exported : 0 })
  return {
    totals: { importMilliWh: importMilliWh + imported.growth, exportMilliWh: exportMilliWh + exported.growth },
    state: { helpImport: imported.help, helpExport: exported.help, isWaiting: false }
  }
}

interface Flows {
  readonly imported: number
  readonly exported: number
}

/** Power over time in whole mWh, as a straight line between two looks, either direction for itself; nothing where it is unknown. */
function integrated (before: number | undefined, now: number | undefined, ms: number): Flows {
  if (now == null) {
    return { imported: 0, exported: 0 }
  }
  const first = before ?? now
  const [low, high] = [Math.min(first, now), Math.max(0, first, now)]
  const mean = (first + now) / 2
  const positive = low >= 0 ? mean : high * high / 2 / (high - low)
  return { imported: Math.round(positive * ms / 3600), exported: Math.round((positive - mean) * ms / 3600) }
}

const NO_HELP: Help = { lead: 0, gain: 1 }

/** What one register's total grows by: its own growth, brought forward by power within one step of the register. */
function helped ({ lead, gain, sinceStep }: Help = NO_HELP, growth: number, { resolution, flow }: { resolution: number, flow: number }): { growth: number, help: Help } {
  const flowed = sinceStep == null ? undefined : sinceStep + flow
  const isScaled = growth > 0 && flowed != null && flowed > 0
  const nextGain = isScaled ? Math.min(MAX_GAIN, Math.max(1 / MAX_GAIN, growth / flowed)) : gain
  // never falls, never gets a whole step ahead
  const next = Math.max(0, lead - growth, Math.min(lead - growth + Math.round(gain * flow), resolution - 1))
  return { growth: growth + next - lead, help: { lead: next, gain: nextGain, sinceStep: growth > 0 ? 0 : flowed } }
}

/**
 * Registers that add up the phases one by one say what flowed on balance, and power says which way it flowed meanwhile. The
 * totals differ by exactly what the registers differ by, and hold no more in the lesser direction than power does.
 */
function netted (state: VirtualState, step: Step, { totals, flows }: { totals: Totals, flows: Flows }): { totals: Grid, state: Partial<VirtualState> } {
  const imported = (state.waitingImport ?? 0) + flows.imported
  const exported = (state.waitingExport ?? 0) + flows.exported
  if (step.importMilliWh === 0 && step.exportMilliWh === 0) {
    return { totals, state: { waitingImport: imported, waitingExport: exported, isWaiting: imported + exported > NEGLIGIBLE_MILLI_WH } }
  }
  const net = step.importMilliWh - step.exportMilliWh
  const lesser = net >= 0 ? exported : imported
  const both = Math.min(lesser, net >= 0 ? step.exportMilliWh : step.importMilliWh)
  return {
    totals: { importMilliWh: totals.importMilliWh + Math.max(0, net) + both, exportMilliWh: totals.exportMilliWh + Math.max(0, -net) + both },
    state: { waitingImport: 0, waitingExport: 0, isWaiting: false }
  }
}

/** Generation: by its register where it moves as a register can, else by its power; undefined when neither is known. */
function generated (state: VirtualState, step: Step, { pvMilliWh, pvWatts }: Sample): { pvMilliWh?: number, growth: number } {
  const registered = pvMilliWh == null || state.pvRegister == null ? undefined : pvMilliWh - state.pvRegister
  const isLikely = registered != null && registered >= 0 && registered <= MAX_PV_WATTS * Math.max(step.ms, state.pvSilentMs ?? 0) / 3600
  const integrated = pvWatts == null ? undefined : Math.round(Math.max(0, pvWatts) * step.ms / 3600)
  const growth = isLikely ? registered : integrated
  return growth == null && pvMilliWh == null ? { growth: 0 } : { pvMilliWh: (state.pvMilliWh ?? 0) + (growth ?? 0), growth: growth ?? 0 }
}

function netOf ({ importMilliWh, exportMilliWh }: Grid): number {
  return importMilliWh - exportMilliWh
}

/** Consumption is what came in over the grid and from the roof and the battery, less what went out; it waits until generation is known. */
function consumed (state: VirtualState, net: number, { sample, pv, ms }: { sample: Sample, pv: ReturnType<typeof generated>, ms: number }): Partial<VirtualState> & { readonly isLoadKnown: boolean } {
  const battery = Math.round((sample.batteryWatts ?? 0) * ms / 3600)
  const carry = (state.loadCarry ?? 0) + net + pv.growth + battery
  const isLoadKnown = pv.pvMilliWh != null
  const load = isLoadKnown ? Math.max(0, carry) : 0
  return { loadMilliWh: (state.loadMilliWh ?? 0) + load, loadCarry: carry - load, isLoadKnown }
}

/**
 * Counts time in which power says the opposite of the registers, or the house gives away what nothing in it generates: import
 * and export are swapped, or a clamp is the wrong way round. Export with generation behind it says that all is well.
 */
function mismatch ({ mismatchMs }: VirtualState, step: Step, { gridWatts, pvWatts, batteryWatts }: Sample): number {
  if (gridWatts == null || Math.abs(gridWatts) < CLEAR_WATTS || step.ms === 0 || mismatchMs >= SWAPPED_MS) {
    return mismatchMs
  }
  const netWatts = (step.importMilliWh - step.exportMilliWh) * 3600 / step.ms
  const isClear = Math.abs(netWatts) > CLEAR_WATTS
  const isOpposite = isClear && Math.sign(netWatts) !== Math.sign(gridWatts)
  const isFromNothing = pvWatts != null && gridWatts + Math.max(0, pvWatts) + (batteryWatts ?? 0) < -CLEAR_WATTS
  if (isOpposite || isFromNothing) {
    return mismatchMs + step.ms
  }
  return isClear && (pvWatts == null || gridWatts < 0) ? 0 : mismatchMs
}
