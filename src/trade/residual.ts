/**
 * Who gets what of a metered period. First the trades that were agreed before it, then the residual round trades what they
 * left over. What both sides have put their name to never changes again, whatever a meter says later.
 */
import { isBinding } from '../domain/trade.ts'
import { shareOut } from './delivery.ts'
import { step } from './trade-machine.ts'
import type { PeriodReading } from '../domain/reading.ts'
import type { Trade, TradeRole } from '../domain/trade.ts'
import type { UnixSeconds, WattHours } from '../domain/units.ts'

type Metered = Pick<PeriodReading, 'exportWh' | 'importWh'>

/** What the sums need of a trade. */
export type CountedTrade = Pick<Trade, 'role' | 'state' | 'isResidual' | 'terms' | 'askedWh' | 'validUntil' | 'ownWh' | 'deliveredWh'>

/** What is left to sell and to buy of one period. */
export interface Residual {
  readonly surplusWh: WattHours
  readonly deficitWh: WattHours
}

/**
 * What a home's meter counted in a period beyond all that its trades account for, in Wh and never below zero. `trades` are
 * the home's trades of that period.
 */
export function residualOf (reading: Metered, trades: readonly CountedTrade[], now: UnixSeconds): Residual {
  const left = (total: WattHours, role: TradeRole): WattHours => Math.max(0, total - counted(trades.filter((trade) => trade.role === role), now))
  return { surplusWh: left(reading.exportWh, 'seller'), deficitWh: left(reading.importWh, 'buyer') }
}

function counted (trades: readonly CountedTrade[], now: UnixSeconds): WattHours {
  return trades.reduce((sum, trade) => sum + countedOf(trade, now), 0)
}

/** A trade made ahead holds this home's share of it until the smaller share of both is known, and all of it until there is a share. */
function countedOf (trade: CountedTrade, now: UnixSeconds): WattHours {
  const { isResidual, terms, askedWh, ownWh, deliveredWh } = trade
  if (!isBinding(trade, now)) {
    return 0
  }
  const contracted = terms?.wh ?? askedWh
  return isResidual === true ? contracted : deliveredWh ?? ownWh ?? contracted
}

/**
 * The trades of one period whose share of it is new, with it; export is shared over sales and import over purchases. A reading
 * that comes again with other figures is shared over the trades whose share no neighbour has been told or has answered, after all
 * the others have had theirs.
 */
export function meterTrades (trades: readonly Trade[], reading: Metered, now: UnixSeconds): Trade[] {
  const share = (role: TradeRole, total: WattHours): Trade[] => {
    const mine = trades.filter((trade) => trade.role === role)
    const free = mine.filter(isFree)
    const left = Math.max(0, total - counted(mine.filter((trade) => !isFree(trade)), now))
    const shares = shareOut(left, free.map(({ id, terms }) => ({ id, wh: terms?.wh ?? 0 })))
    return free.map((trade) => step(trade, { type: 'metered', wh: shares.get(trade.id) ?? 0 }, now)).filter((trade, place) => trade !== free[place])
  }
  return [...share('seller', reading.exportWh), ...share('buyer', reading.importWh)]
}

function isFree ({ state, isResidual, isStated, terms }: Trade): boolean {
  return state === 'agreed' && isResidual !== true && isStated !== true && terms != null
}
