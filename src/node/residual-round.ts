/**
 * The residual round: once a period is metered, what no trade accounts for is offered and looked for at the middle of the
 * tariffs, by the same offers, book and handshake as before. It looks at every period that may still be traded each time, so
 * readings that come late or come again need no special case.
 */
import { residualLimit, residualStart, residualWhy } from '../agent/residual.ts'
import { residualEnd } from '../domain/period.ts'
import type { NodeContext } from './context.ts'
import type { KnobBoard } from './knobs.ts'
import type { Quotes } from './make-quotes.ts'
import type { Want } from './match-book.ts'
import type { MeterLog } from './read-meter.ts'
import type { PeriodReading } from '../domain/reading.ts'
import type { UnixSeconds } from '../domain/units.ts'

/** A proposal that leaves this late, in seconds before the end, may not come back in time. */
const LAST_CALL_SEC = 30

export interface ResidualRound {
  /** Brings all residual offers of this home up to date; returns the seconds until the next time. */
  round(): Promise<number>
  /** What this home still lacks of metered periods, oldest first. */
  wants(): Want[]
}

export function residualRound (context: Pick<NodeContext, 'home' | 'rules' | 'clock' | 'ledger' | 'signer'>, parts: { meters: MeterLog, quotes: Quotes, knobs: KnobBoard }): ResidualRound {
  const { home, rules, clock, ledger, signer } = context
  const { meters, quotes, knobs } = parts
  const seed = Number.parseInt(signer.address.slice(2, 14), 16)

  const readings = (now: UnixSeconds): PeriodReading[] => meters.history().filter((reading) => isCertain(reading) &&
    reading.periodStart >= home.tradeFrom && reading.periodStart < home.tradeUntil && now < residualEnd(reading.periodStart, rules) - LAST_CALL_SEC)

  return {
    async round () {
      const hasOffer = (periodStart: UnixSeconds): boolean => (quotes.standing(periodStart)?.order.quantity ?? 0) > 0
      for (const reading of readings(clock.now()).filter(({ periodStart, exportWh }) => exportWh >= rules.minTradeWh || hasOffer(periodStart))) {
        await ledger.exclusive(async () => quotes.offerResidual(reading))
      }
      return home.lookMaxSec
    },
    wants () {
      const now = clock.now()
      return knobs.current().paused
        ? []
        : readings(now).filter(({ periodStart, importWh }) => importWh >= rules.minTradeWh && now >= residualStart(periodStart, { rules, seed })).flatMap((reading) => {
          const { periodStart } = reading
          const wh = quotes.residual(reading).deficitWh
          const situation = quotes.situation(periodStart)
          const limit = residualLimit(situation)
          return wh < rules.minTradeWh || limit == null ? [] : [{ periodStart, wh, limit, isResidual: true, reason: { situation, why: residualWhy('bought', wh) } }]
        })
    }
  }
}

/** What was shared out over a gap by guessing is nothing to trade on. */
function isCertain ({ quality }: PeriodReading): boolean {
  return quality == null || quality === 'measured' || quality === 'estimated'
}
