import { hasCode } from '../domain/errors.ts'
import { periodAt } from '../domain/period.ts'
import { QUALITIES, isMetered, periodReading } from '../domain/reading.ts'
import { meterTrades } from '../trade/residual.ts'
import type { NodeContext } from './context.ts'
import type { PeriodReading } from '../domain/reading.ts'
import type { Trade } from '../domain/trade.ts'
import type { UnixSeconds } from '../domain/units.ts'

/** How far back periods are asked for, each time: data may come late, and a meter may correct itself. */
const LOOK_BACK_PERIODS = 96

/** Without data for so long after its end, a period is written down as missing; data that comes later replaces that. */
const MISSED_AFTER_PERIODS = 1

export interface MeterLog {
  /** Readings of complete periods, oldest first, newest last. */
  history(): readonly PeriodReading[]
  /** Fills the log from disk. */
  load(): Promise<void>
  /** Reads every complete period that is missing or could be known better, and gives its energy to its trades. */
  catchUp(): Promise<void>
}

/** Turns meter registers into period readings, and period readings into delivered shares. */
export function meterLog (context: Pick<NodeContext, 'home' | 'clock' | 'rules' | 'store' | 'meter' | 'ledger' | 'logger' | 'emit'>): MeterLog {
  const { home, clock, rules, store, meter, ledger, logger, emit } = context
  let known: PeriodReading[] = []
  const missed = new Set<UnixSeconds>()

  const read = async (start: UnixSeconds): Promise<PeriodReading | undefined> => {
    try {
      const [from, to] = [await meter.read(start), await meter.read(start + rules.periodSec)]
      return (from.epoch ?? 0) === (to.epoch ?? 0) ? periodReading(start, from, to) : undefined
    } catch (error) {
      if (!hasCode(error, 'DEVICE_NO_DATA')) {
        throw error
      }
    }
  }

  const awaiting = (): Trade[] => ledger.all().filter(({ state, ownWh }) => state === 'agreed' && ownWh == null)

  /** A recovered period shares out a gap by guessing: it settles only where the owner of the home says so. */
  const settles = ({ quality }: PeriodReading): boolean => quality !== 'recovered' || home.settleRecovered

  const record = async (reading: PeriodReading, isNew: boolean): Promise<void> => ledger.exclusive(async () => {
    const trades = settles(reading) ? meterTrades(ledger.inPeriod(reading.periodStart), reading, clock.now()) : []
    if (!isNew && trades.length === 0) {
      return
    }
    // where the meter left off goes into the same commit, so that the slot under way goes on after a restart
    await ledger.commit({ readings: isNew ? [reading] : [], trades, meter: meter.sampler?.memory() })
    if (isNew) {
      const others = known.filter(({ periodStart }) => periodStart !== reading.periodStart)
      known = [...others.slice(-10 * LOOK_BACK_PERIODS), reading].sort((a, b) => a.periodStart - b.periodStart)
      missed.delete(reading.periodStart)
      emit({ type: 'period:metered', reading })
    }
  })

  const miss = async (periodStart: UnixSeconds): Promise<void> => {
    missed.add(periodStart)
    await ledger.commit({ readings: [{ periodStart, quality: 'missing' }] })
    logger.warn('a period has no meter data', { periodStart, problem: meter.status().problem })
    emit({ type: 'period:missed', periodStart })
  }

  const catchUpWith = async (start: UnixSeconds, isAwaited: boolean): Promise<void> => {
    const before = known.find(({ periodStart }) => periodStart === start)
    // a device with a memory may correct itself; what we saw ourselves stays as it was
    const isFinal = before != null && (before.quality ?? 'measured') === 'measured' && meter.sampler != null
    const now = isFinal ? undefined : await read(start)
    const best = better(before, now)
    if (best != null && (best !== before || isAwaited)) {
      await record(best, best !== before)
    } else if (best == null && !missed.has(start) && start + (1 + MISSED_AFTER_PERIODS) * rules.periodSec <= clock.now() && (isAwaited || start > (known[0]?.periodStart ?? Infinity))) {
      await miss(start)
    }
  }

  return {
    history: () => known,
    async load () {
      const records = await store.readings(clock.now() - 10 * LOOK_BACK_PERIODS * rules.periodSec, clock.now())
      known = records.filter(isMetered)
      records.filter((each) => !isMetered(each)).forEach(({ periodStart }) => missed.add(periodStart))
      const memory = await store.meter()
      if (memory != null) {
        meter.sampler?.restore(memory)
      }
    },
    async catchUp () {
      const current = periodAt(clock.now(), rules)
      const awaited = new Set(awaiting().map(({ periodStart }) => periodStart))
      for (let start = current - LOOK_BACK_PERIODS * rules.periodSec; start < current; start += rules.periodSec) {
        await catchUpWith(start, awaited.has(start))
      }
    }
  }
}

/** The better known of two readings of one period; among equally good ones the later, when it says something else: a correction. */
function better (before: PeriodReading | undefined, now: PeriodReading | undefined): PeriodReading | undefined {
  if (before == null || now == null) {
    return before ?? now
  }
  const rank = ({ quality = 'measured' }: PeriodReading): number => QUALITIES.indexOf(quality)
  const isSame = before.importWh === now.importWh && before.exportWh === now.exportWh && rank(before) === rank(now)
  return isSame || rank(now) > rank(before) ? before : now
}
