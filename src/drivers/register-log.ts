/**
 * What a device without a memory showed, as marks in time: pure arithmetic over samples, with both clocks as an argument. A
 * boundary is interpolated between the marks around it, so whatever one reads adds up to what the registers moved. Start at
 * `addSample` and `readingAt`; `register-step.ts` says which samples count, `virtual-registers.ts` what they are worth.
 */
import { slotOf } from '../domain/period.ts'
import { resolutionOf, stepOf } from './register-step.ts'
import { advance, isHelped } from './virtual-registers.ts'
import type { StepState } from './register-step.ts'
import type { Totals, VirtualState } from './virtual-registers.ts'
import type { BatteryState, Quality, Reading } from '../domain/reading.ts'
import type { UnixSeconds } from '../domain/units.ts'
import type { Instant } from '../ports/clock.ts'
import type { DeviceTraits, Sample } from '../ports/device.ts'

/** Marks further apart than this have a gap between them: what lies in it is known only as a whole. */
const MAX_GAP_MS = 60_000

/**
 * A wall clock that falls back by less is waited for, so that no instant comes twice; one that falls back further, or leaps forward
 * by more, showed a wrong time before, and what was labelled by it is not compared with what comes after.
 */
const MAX_CLOCK_STEP_MS = 900_000

/** Two marks for each slot of a day, and some for what crosses it. */
const MAX_MARKS = 256

/** Enough for the slot under way and the one before it. */
const KEPT_MARKS = 8

/** Everything measured so far. Plain JSON. */
export interface RegisterLog extends StepState, VirtualState {
  /** Ascending in time. */
  readonly marks: readonly Mark[]
  /** Reading of the forward clock at the newest mark; unknown after a restart. */
  readonly markedMs?: number
  readonly epoch: number
  readonly gaps: number
  /** Why the newest epoch began. */
  readonly broken?: 'registers' | 'clock'
}

interface Mark {
  readonly ms: number
  readonly totals: Totals
  readonly battery?: BatteryState
  readonly epoch: number
  readonly gaps: number
  readonly isHelped?: boolean
}

export const EMPTY_LOG: RegisterLog = { marks: [], epoch: 0, gaps: 0, divisor: 0, held: 0, changes: [], mismatchMs: 0 }

/** The log after one more look at the device. Samples that say nothing new, or nothing that can be, leave no mark. */
export function addSample (log: RegisterLog, sample: Sample, { at, traits }: { at: Instant, traits: DeviceTraits }): RegisterLog {
  const then = { wallMs: at.wallMs - sample.ageMs, elapsedMs: at.elapsedMs - sample.ageMs }
  const { state, step } = stepOf(log, sample, { at: then, traits })
  const next = { ...log, ...state }
  if (step == null) {
    return next
  }
  const moved = { ...next, ...advance(next, step, { sample, traits, resolution: resolutionOf(next, traits) }) }
  return step.isNewRegister && log.last != null ? withMark(broken(moved, 'registers'), sample, then) : placed(moved, sample, then)
}

/** The log with a mark for the instant, if the clock allows and the registers are ready for one. */
function placed (log: RegisterLog, sample: Sample, at: Instant): RegisterLog {
  const last = log.marks.at(-1)
  if (last == null) {
    return withMark(log, sample, at)
  }
  const wallMs = at.wallMs - last.ms
  const leapMs = log.markedMs == null ? 0 : wallMs - (at.elapsedMs - log.markedMs)
  if (wallMs < -MAX_CLOCK_STEP_MS || leapMs > MAX_CLOCK_STEP_MS) {
    return withMark(broken({ ...log, marks: log.marks.filter(({ ms }) => ms < at.wallMs) }, 'clock'), sample, at)
  }
  return wallMs <= 0 || log.isWaiting === true ? log : withMark(log, sample, at)
}

function broken (log: RegisterLog, why: RegisterLog['broken']): RegisterLog {
  return { ...log, epoch: log.epoch + 1, broken: why, markedMs: undefined }
}

function withMark (log: RegisterLog, sample: Sample, { wallMs, elapsedMs }: Instant): RegisterLog {
  const { totals, epoch } = log
  if (totals == null) {
    return log
  }
  const last = log.marks.at(-1)
  const isGap = last != null && last.epoch === epoch && Math.max(wallMs - last.ms, elapsedMs - (log.markedMs ?? elapsedMs)) > MAX_GAP_MS
  const gaps = log.gaps + (isGap ? 1 : 0)
  const mark: Mark = { ms: wallMs, totals, battery: batteryOf(sample), epoch, gaps, isHelped: isHelped(log) ? true : undefined }
  return { ...log, gaps, markedMs: elapsedMs, marks: [...thinned(log.marks, mark), mark].slice(-MAX_MARKS) }
}

/** Without the newest mark, if that lies between two others of one slot: no boundary is read from it. */
function thinned (marks: readonly Mark[], next: Mark): readonly Mark[] {
  const [before, last] = marks.slice(-2)
  const isWithin = last != null && slotOf(before.ms / 1000) === slotOf(next.ms / 1000) && before.epoch === last.epoch && last.epoch === next.epoch
  return isWithin ? marks.slice(0, -1) : marks
}

function batteryOf ({ batteryPercent, batteryCapacityWh }: Sample): BatteryState | undefined {
  return batteryPercent == null || batteryCapacityWh == null
    ? undefined
    : { storedWh: Math.round(batteryCapacityWh * Math.min(100, Math.max(0, batteryPercent)) / 100), capacityWh: Math.round(batteryCapacityWh) }
}

/** The registers at `at`, a quarter hour; undefined when the log does not reach so far or something broke there. */
export function readingAt ({ marks }: RegisterLog, at: UnixSeconds): Reading | undefined {
  const ms = at * 1000
  const after = marks.findIndex((mark) => mark.ms >= ms)
  const to = marks[after]
  const from = to?.ms === ms ? to : marks[after - 1]
  if (to == null || from == null || from.epoch !== to.epoch) {
    return undefined
  }
  const isInGap = to.gaps > from.gaps
  const value = (name: keyof Totals): number | undefined => between(from.totals[name], to.totals[name], { part: ms - from.ms, whole: to.ms - from.ms })
  return {
    time: at,
    importMilliWh: value('importMilliWh') ?? to.totals.importMilliWh,
    exportMilliWh: value('exportMilliWh') ?? to.totals.exportMilliWh,
    loadMilliWh: value('loadMilliWh'),
    pvMilliWh: value('pvMilliWh'),
    ...to.battery == null ? {} : { battery: to.battery },
    quality: isInGap ? 'recovered' : seenQuality(from, to),
    epoch: to.epoch,
    gaps: from.gaps
  }
}

function seenQuality (from: Mark, to: Mark): Quality {
  return from.isHelped === true || to.isHelped === true ? 'estimated' : 'measured'
}

/** Rounded down, exactly: the product leaves the safe integers long before the registers do. */
function between (a: number | undefined, b: number | undefined, { part, whole }: { part: number, whole: number }): number | undefined {
  if (a == null || b == null) {
    return undefined
  }
  return part === 0 ? a : a + Number(BigInt(b - a) * BigInt(part) / BigInt(whole))
}

/** What must outlive the process: the forward clock begins anew with it. */
export function forRestart (log: RegisterLog): RegisterLog {
  return { ...log, marks: log.marks.slice(-KEPT_MARKS), markedMs: undefined, last: log.last == null ? undefined : { ...log.last, elapsedMs: undefined }, suspect: undefined }
}
