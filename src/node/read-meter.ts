import { hasCode } from '../domain/errors.ts'
import { periodAt } from '../domain/period.ts'
import { periodReading } from '../domain/reading.ts'
import { shareOut } from '../trade/delivery.ts'
import { step } from '../trade/trade-machine.ts'
import type { NodeContext } from './context.ts'
import type { PeriodReading } from '../domain/reading.ts'
import type { Trade } from '../domain/trade.ts'
import type { UnixSeconds, WattHours } from '../domain/units.ts'

/** How far back missing periods are asked for at the start and for trades that wait for them; and afterwards. */
const LOOK_BACK_PERIODS = 96
const RETRY_PERIODS = 4

export interface MeterLog {
  /** Readings of complete periods, oldest first, newest last. */
  history(): readonly PeriodReading[]
  /** Fills the log from disk. */
  load(): Promise<void>
  /** Reads every complete period that is still missing and gives its energy to its trades. */
  catchUp(): Promise<void>
}

/** Turns meter registers into period readings, and period readings into delivered shares. */
export function meterLog (context: Pick<NodeContext, 'clock' | 'rules' | 'store' | 'meter' | 'ledger' | 'logger' | 'emit'>): MeterLog {
  const { clock, rules, store, meter, ledger, logger, emit } = context
  let known: PeriodReading[] = []
  // A meter with a load profile can tell of the hours before the first start; others say once that they cannot.
  let askFrom = periodAt(clock.now(), rules) - LOOK_BACK_PERIODS * rules.periodSec

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
    known = [...known.slice(-10 * LOOK_BACK_PERIODS), reading].sort((a, b) => a.periodStart - b.periodStart)
    emit({ type: 'period:metered', reading })
  })

  return {
    history: () => known,
    async load () {
      known = await store.readings(clock.now() - 10 * LOOK_BACK_PERIODS * rules.periodSec, clock.now())
    },
    async catchUp () {
      const current = periodAt(clock.now(), rules)
      const unmetered = ledger.all().filter(({ state, ownWh }) => state === 'agreed' && ownWh == null).map(({ periodStart }) => periodStart)
      const from = Math.max(current - LOOK_BACK_PERIODS * rules.periodSec, Math.min(askFrom, ...unmetered))
      const have = new Set(known.map(({ periodStart }) => periodStart))
      let missing = 0
      for (let start = from; start < current; start += rules.periodSec) {
        const reading = have.has(start) ? undefined : await read(start)
        if (reading != null) {
          await record(reading)
        }
        missing += reading == null && !have.has(start) ? 1 : 0
      }
      if (missing > 0) {
        logger.debug('periods without meter data', { missing, from })
      }
      askFrom = current - RETRY_PERIODS * rules.periodSec
    }
  }
}

/** The trades of one period with this home's share of them; export is shared over sales and import over purchases. */
export function meterTrades (trades: readonly Trade[], reading: PeriodReading, now: UnixSeconds): Trade[] {
  const share = (role: Trade['role'], total: WattHours): Trade[] => {
    const mine = trades.filter((trade) => trade.role === role && trade.state === 'agreed' && trade.terms != null)
    const shares = shareOut(total, mine.map(({ id, terms }) => ({ id, wh: terms?.wh ?? 0 })))
    return mine.map((trade) => step(trade, { type: 'metered', wh: shares.get(trade.id) ?? 0 }, now))
  }
  return [...share('seller', reading.exportWh), ...share('buyer', reading.importWh)]
}
