import { CodedError, explain, hasCode } from '../domain/errors.ts'
import { EMPTY_LOG, addSample, forRestart, readingAt } from './register-log.ts'
import { isDailyCounter, resolutionOf } from './register-step.ts'
import { COARSE_MILLI_WH, SWAPPED_MS } from './virtual-registers.ts'
import type { RegisterLog } from './register-log.ts'
import type { UnixSeconds } from '../domain/units.ts'
import type { Instant } from '../ports/clock.ts'
import type { Device, DeviceTraits, Sample } from '../ports/device.ts'
import type { Meter, MeterMemory, MeterStatus } from '../ports/meter.ts'

/** Longest pause before a device that does not answer is asked again. */
const MAX_PAUSE_SEC = 60

/** A device that takes longer for one answer, in real milliseconds, does not answer. */
const MAX_ANSWER_MS = 30_000

/** Without a look that made sense for so long, the meter is silent. */
const SILENT_SEC = 60

/** Of `MeterMemory`; another one is forgotten. */
const MEMORY_VERSION = 1

export interface RegisterMeterInit {
  instant(): Instant
  /** Seconds of market time between two looks at a device without a memory; 10 unless given. */
  readonly sampleSec?: number
  /** Market seconds in a real one, which is what devices tell their ages in; 1 unless given. */
  readonly speed?: number
  /** True where the community lets a home sell by a register of coarse steps. */
  readonly maySellCoarse?: boolean
}

/** The node's meter over a device: one that remembers is asked, another one is looked at again and again. */
export function registerMeter (device: Device, init: RegisterMeterInit): Meter {
  const { read } = device
  return read == null
    ? sampledMeter(device, init)
    : { read: async (at) => read.call(device, at), status: () => ({ traits: device.traits }), close: async () => device.close() }
}

function sampledMeter (device: Device, { instant, sampleSec = 10, speed = 1, maySellCoarse = false }: RegisterMeterInit): Meter {
  let log = EMPTY_LOG
  let sample: Sample | undefined
  let seenMs: number | undefined
  let failure: unknown
  let failures = 0

  const look = async (): Promise<void> => {
    const answer = await inTime(device.sample())
    const before = log
    log = addSample(log, { ...answer, ageMs: Math.round(answer.ageMs * speed) }, { at: instant(), traits: device.traits })
    if (log.last !== before.last) {
      seenMs = instant().wallMs
    }
    sample = answer
  }

  const status = (): MeterStatus => {
    const seenAt = seenMs == null ? undefined : Math.floor(seenMs / 1000)
    const isSilent = seenMs != null && instant().wallMs - seenMs > SILENT_SEC * 1000
    return {
      traits: device.traits,
      sample,
      seenAt,
      resolutionMilliWh: resolutionOf(log, device.traits),
      heldLooks: log.held,
      epoch: log.epoch,
      problem: problemOf(log, { sample, failure, isSilent }),
      cannotSell: cannotSell(log, { sample, failure, isSilent, traits: device.traits, maySellCoarse })
    }
  }

  return {
    async read (at: UnixSeconds) {
      const reading = readingAt(log, at)
      if (reading == null) {
        throw new CodedError('DEVICE_NO_DATA', `The meter was not looked at around ${at}, or its registers do not compare there.`)
      }
      return reading
    },
    sampler: {
      async sample () {
        try {
          await look()
          failure = undefined
          failures = 0
          return sampleSec
        } catch (error) {
          failure = error
          return Math.min(MAX_PAUSE_SEC, sampleSec * 2 ** Math.min(failures++, 6))
        }
      },
      through: () => log.marks.length === 0 ? undefined : Math.floor(log.marks[log.marks.length - 1].ms / 1000),
      memory: () => ({ version: MEMORY_VERSION, serial: device.traits.serial ?? '', log: forRestart(log) }),
      restore: (memory) => { log = restored(memory, device.traits) }
    },
    status,
    close: async () => device.close()
  }
}

/** The log goes on where it left off; behind another serial number is another meter. */
function restored ({ version, serial, log }: MeterMemory, traits: DeviceTraits): RegisterLog {
  if (version !== MEMORY_VERSION) {
    return EMPTY_LOG
  }
  const before = log as RegisterLog
  const isOther = traits.serial != null && serial !== '' && serial !== traits.serial
  return isOther
    ? { ...EMPTY_LOG, marks: before.marks, epoch: before.epoch + 1, gaps: before.gaps, broken: 'registers' }
    : { ...before, mismatchMs: 0, held: 0 }
}

function problemOf (log: RegisterLog, { sample, failure, isSilent }: { sample?: Sample, failure?: unknown, isSilent: boolean }): string | undefined {
  if (failure != null) {
    return `the meter cannot be read: ${explain(failure)}`
  }
  if (sample != null && sample.importMilliWh == null && log.last == null) {
    return 'the device shows no import register: it does not measure the grid connection'
  }
  if (log.suspect != null) {
    return 'the registers jumped by more than a house can move: they are passed over, and count as those of another meter after 20 minutes on the new level'
  }
  if (isSilent) {
    return 'the device has shown nothing new for more than a minute'
  }
  return direction(log) ?? (isDailyCounter(log) ? DAILY : undefined)
}

const DAILY = 'the register begins again every day: choose one that counts for a lifetime'

function direction ({ mismatchMs }: RegisterLog): string | undefined {
  return mismatchMs >= SWAPPED_MS ? 'import and export look swapped: the house gives away what nothing in it generates, or power and registers disagree' : undefined
}

function cannotSell (log: RegisterLog, { sample, failure, isSilent, traits, maySellCoarse }: { sample?: Sample, failure?: unknown, isSilent: boolean, traits: DeviceTraits, maySellCoarse: boolean }): string | undefined {
  if (sample?.isOffGrid === true) {
    return 'the house is off the grid'
  }
  if (hasCode(failure, 'DEVICE_WRONG_SERIAL')) {
    return 'another meter answers than before'
  }
  if (isSilent) {
    return 'the meter has shown nothing new for more than a minute'
  }
  if (log.last == null || log.hasExport !== true) {
    return log.last == null ? 'the meter has not been read yet' : 'the meter has no export register'
  }
  if ((resolutionOf(log, traits) ?? 0) > COARSE_MILLI_WH && !maySellCoarse) {
    return 'the export register moves in steps too coarse to sell by'
  }
  return direction(log) ?? (isDailyCounter(log) ? DAILY : undefined)
}

/** The promise, or a failure when it takes too long. */
async function inTime<T> (promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((resolve, reject) => {
    timer = setTimeout(() => { reject(new CodedError('DEVICE_UNREACHABLE', 'The device took more than 30 seconds to answer.')) }, MAX_ANSWER_MS)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}
