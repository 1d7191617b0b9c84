/** The account of a practice run: pure sums over what the homes' meters, their trades and the chain say. */
import { supplierBill } from '../domain/tariff.ts'
import { cost } from '../domain/units.ts'
import type { PeriodReading } from '../domain/reading.ts'
import type { Tariff } from '../domain/tariff.ts'
import type { TradeRole, TradeState } from '../domain/trade.ts'
import type { Account, Money, UnixSeconds, WattHours } from '../domain/units.ts'

/** The part of a trade that the account needs, from one home's side. */
export interface TradeLine {
  readonly id: string
  readonly role: TradeRole
  readonly state: TradeState
  /** Made after the period was metered. */
  readonly isResidual: boolean
  readonly periodStart: UnixSeconds
  readonly contractedWh: WattHours
  readonly deliveredWh: WattHours
  readonly amount: Money
}

export interface HomeAccount {
  readonly name: string
  readonly peerId: string
  readonly owner: Account
  readonly tariff: Tariff
  /** From the profile itself, one for each period of the run. */
  readonly readings: readonly PeriodReading[]
  readonly trades: readonly TradeLine[]
}

export interface HomeStatement {
  readonly name: string
  readonly peerId: string
  readonly owner: Account
  readonly loadWh: WattHours
  readonly pvWh: WattHours
  readonly boughtWh: WattHours
  readonly soldWh: WattHours
  /** The part of these that was traded in the residual round. */
  readonly boughtAfterWh: WattHours
  readonly soldAfterWh: WattHours
  readonly paid: Money
  readonly received: Money
  /** Supplier's bill for what neighbours did not cover, plus what was paid to them, less what they paid. Negative is income. */
  readonly bill: Money
  readonly billWithoutNeighbours: Money
}

export interface Statement {
  readonly trades: { readonly agreed: number, readonly delivered: number, readonly settled: number, readonly residual: number }
  readonly energy: { readonly tradedWh: WattHours, readonly deliveredWh: WattHours, readonly aheadWh: WattHours, readonly residualWh: WattHours, readonly potentialWh: WattHours }
  readonly money: { readonly paid: Money, readonly received: Money, readonly moved: Money }
  readonly homes: readonly HomeStatement[]
  /** What buyers paid, what sellers got and what moved in the contract are the same, for every account and in total. */
  readonly isConserved: boolean
  readonly isNobodyWorseOff: boolean
}

/** What the chain says, per owner and in total. */
export interface ChainAccount {
  readonly paid: ReadonlyMap<Account, Money>
  readonly received: ReadonlyMap<Account, Money>
  readonly moved: Money
}

const AGREED: readonly TradeState[] = ['agreed', 'delivered', 'receipted', 'settled', 'lapsed', 'claimed']
const PAID: readonly TradeState[] = ['settled', 'claimed']

export function makeStatement (homes: readonly HomeAccount[], chain: ChainAccount): Statement {
  const statements = homes.map(homeStatement)
  const bought = homes.flatMap(({ trades }) => trades.filter(({ role, state }) => role === 'buyer' && AGREED.includes(state)))
  const delivered = (lines: readonly TradeLine[]): WattHours => lines.reduce((sum, { deliveredWh }) => sum + deliveredWh, 0)
  const total = (each: (statement: HomeStatement) => Money): Money => statements.reduce((sum, statement) => sum + each(statement), 0n)
  const money = { paid: total(({ paid }) => paid), received: total(({ received }) => received), moved: chain.moved }
  return {
    trades: {
      agreed: bought.length,
      delivered: bought.filter(({ state }) => state !== 'agreed' && state !== 'lapsed').length,
      settled: bought.filter(({ state }) => PAID.includes(state)).length,
      residual: bought.filter(({ isResidual }) => isResidual).length
    },
    energy: {
      tradedWh: bought.reduce((sum, { contractedWh }) => sum + contractedWh, 0),
      deliveredWh: delivered(bought),
      aheadWh: delivered(bought.filter(({ isResidual }) => !isResidual)),
      residualWh: delivered(bought.filter(({ isResidual }) => isResidual)),
      potentialWh: potential(homes)
    },
    money,
    homes: statements,
    isConserved: money.paid === money.received && money.paid === money.moved && statements.every(({ owner, paid, received }) =>
      (chain.paid.get(owner) ?? 0n) === paid && (chain.received.get(owner) ?? 0n) === received),
    isNobodyWorseOff: statements.every(({ bill, billWithoutNeighbours }) => bill <= billWithoutNeighbours)
  }
}

function homeStatement (home: HomeAccount): HomeStatement {
  const { name, peerId, owner, readings, tariff } = home
  const settled = home.trades.filter(({ state }) => PAID.includes(state))
  const sum = (role: TradeRole, of: (trade: TradeLine) => bigint): bigint =>
    settled.filter((trade) => trade.role === role).reduce((all, trade) => all + of(trade), 0n)
  const afterWh = ({ isResidual, deliveredWh }: TradeLine): bigint => isResidual ? BigInt(deliveredWh) : 0n
  const paid = sum('buyer', ({ amount }) => amount)
  const received = sum('seller', ({ amount }) => amount)
  return {
    name,
    peerId,
    owner,
    loadWh: readings.reduce((all, { loadWh }) => all + (loadWh ?? 0), 0),
    pvWh: readings.reduce((all, { pvWh }) => all + (pvWh ?? 0), 0),
    boughtWh: Number(sum('buyer', ({ deliveredWh }) => BigInt(deliveredWh))),
    soldWh: Number(sum('seller', ({ deliveredWh }) => BigInt(deliveredWh))),
    boughtAfterWh: Number(sum('buyer', afterWh)),
    soldAfterWh: Number(sum('seller', afterWh)),
    paid,
    received,
    bill: readings.reduce((all, reading) => all + residualBill(tariff, reading, settled), paid - received),
    billWithoutNeighbours: readings.reduce((all, { importWh, exportWh }) => all + supplierBill(tariff, importWh, exportWh), 0n)
  }
}

/** The supplier's bill for what is left of a period after its trades. */
function residualBill (tariff: Tariff, reading: PeriodReading, settled: readonly TradeLine[]): Money {
  const traded = (role: TradeRole): WattHours => settled
    .filter((trade) => trade.role === role && trade.periodStart === reading.periodStart)
    .reduce((sum, { deliveredWh }) => sum + deliveredWh, 0)
  return cost(reading.importWh - traded('buyer'), tariff.retail) - cost(reading.exportWh - traded('seller'), tariff.feedIn)
}

/** What neighbours could have shared at best: in each period the smaller of all surplus and all deficit. */
function potential (homes: readonly HomeAccount[]): WattHours {
  const periods = homes[0]?.readings.length ?? 0
  let shared = 0
  for (let period = 0; period < periods; period++) {
    const exported = homes.reduce((sum, { readings }) => sum + readings[period].exportWh, 0)
    const imported = homes.reduce((sum, { readings }) => sum + readings[period].importWh, 0)
    shared += Math.min(exported, imported)
  }
  return shared
}
