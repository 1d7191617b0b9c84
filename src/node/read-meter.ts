import { hasCode } from '../domain/errors.ts'
import { periodAt } from '../domain/period.ts'
import { periodReading } from '../domain/reading.ts'
import { meterTrades } from '../trade/residual.ts'
import type { NodeContext } from './context.ts'
import type { PeriodReading } from '../domain/reading.ts'
import type { UnixSeconds } from '../domain/units.ts'

/** How far back periods are asked for, each time: data may come late, and a meter may correct itself. */
const LOOK_BACK_PERIODS = 96

export interface MeterLog {
  /** Readings of complete periods, oldest first, newest last. */
  history(): readonly PeriodReading[]
  /** Fills the log from disk. */
  load(): Promise<void>
  /** Reads every complete period that is missing or has changed and gives its energy to its trades. */
  catchUp(): Promise<void>
}

/** Turns meter registers into period readings, and period readings into delivered shares. */
export function meterLog (context: Pick<NodeContext, 'clock' | 'rules' | 'store' | 'meter' | 'ledger' | 'logger' | 'emit'>): MeterLog {
  const { clock, rules, store, meter, ledger, logger, emit } = context
  let known: PeriodReading[] = []

  const read = async (start: UnixSeconds): Promise<PeriodReading | undefined> => {
    try {
      return periodReading(start, await meter.read(start), await meter.read(start + rules.periodSec))
    } catch (error) {
      if (!hasCode(error, 'DEVICE_NO_DATA')) {
        throw error
      }
    }
  }

  const record = async (reading: PeriodReading): Promise<void> => ledger.exclusive(async () => {
    await ledger.commit({ readings: [reading], trades: meterTrades(ledger.inPeriod(reading.periodStart), reading, clock.now()) })
    known = [...known.slice(-10 * LOOK_BACK_PERIODS).filter(({ periodStart }) => periodStart !== reading.periodStart), reading].sort((a, b) => a.periodStart - b.periodStart)
    emit({ type: 'period:metered', reading })
  })

  return {
    history: () => known,
    async load () {
      known = await store.readings(clock.now() - 10 * LOOK_BACK_PERIODS * rules.periodSec, clock.now())
    },
    async catchUp () {
      const current = periodAt(clock.now(), rules)
      const before = new Map(known.map((reading) => [reading.periodStart, reading]))
      let missing = 0
      for (let start = current - LOOK_BACK_PERIODS * rules.periodSec; start < current; start += rules.periodSec) {
        const reading = await read(start)
        if (reading != null && !isSame(reading, before.get(start))) {
          await record(reading)
        }
        missing += reading == null && !before.has(start) ? 1 : 0
      }
      if (missing > 0) {
        logger.debug('periods without meter data', { missing })
      }
    }
  }
}

function isSame (reading: PeriodReading, before: PeriodReading | undefined): boolean {
  return before != null && before.importWh === reading.importWh && before.exportWh === reading.exportWh
}
