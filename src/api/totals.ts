import { readFile, rename, writeFile } from 'node:fs/promises'
import { explain } from '../domain/errors.ts'
import { isMetered } from '../domain/reading.ts'
import type { PeriodReading } from '../domain/reading.ts'
import type { Trade, TradeState } from '../domain/trade.ts'
import type { Money, UnixSeconds, WattHours } from '../domain/units.ts'
import type { EnergyNode } from '../node/node.ts'
import type { Logger } from '../ports/telemetry.ts'

/** Sums over everything the node's store knows. */
export interface Totals {
  readonly importWh: WattHours
  readonly exportWh: WattHours
  /** What the supplier delivered and took: the rest, once it is known what neighbours had of it. */
  readonly supplierImportWh: WattHours
  readonly supplierExportWh: WattHours
  readonly soldWh: WattHours
  readonly boughtWh: WattHours
  readonly earned: Money
  readonly spent: Money
}

/** What was delivered counts from then on; a trade that nobody pays for falls out again. */
const DELIVERED: readonly TradeState[] = ['delivered', 'receipted', 'settled', 'claimed']

/** Until its meters have told, nobody knows whose the energy of a period was. */
const UNDECIDED: readonly TradeState[] = ['proposed', 'agreed']

/** Older trades and readings no longer change: claims end 14 days after delivery. */
const UNCERTAIN_SEC = 15 * 86_400

const NOTHING: Totals = { importWh: 0, exportWh: 0, supplierImportWh: 0, supplierExportWh: 0, soldWh: 0, boughtWh: 0, earned: 0n, spent: 0n }

/** Totals that outlive a restart and, but for the supplier's share, never fall, not even when a trade is given up: the highest ever told stand in `file`. */
export function lifetimeTotals (file: string, { node, logger }: { node: Pick<EnergyNode, 'trades' | 'readings'>, logger: Logger }): { now(time: UnixSeconds): Promise<Totals> } {
  let [past, until] = [NOTHING, 0]
  let shown: Totals | undefined

  const between = async (from: UnixSeconds, to: UnixSeconds): Promise<Totals> => {
    const [trades, readings] = await Promise.all([node.trades({ from, to }), node.readings(from, to)])
    return sum(trades, readings.filter(isMetered))
  }

  return {
    async now (time) {
      const certain = time - UNCERTAIN_SEC
      if (certain > until) {
        past = combine(past, await between(until, certain), ADD)
        until = certain
      }
      const found = combine(past, await between(until, Number.MAX_SAFE_INTEGER), ADD)
      const before = shown ?? await load(file, logger)
      shown = withSupplier(before, found)
      if (toText(shown) !== toText(before)) {
        await writeFile(`${file}.new`, toText(shown), { mode: 0o600 })
        await rename(`${file}.new`, file)
      }
      return shown
    }
  }
}

function sum (trades: readonly Trade[], readings: readonly PeriodReading[]): Totals {
  const delivered = (role: Trade['role']): Trade[] => trades.filter((trade) => trade.role === role && DELIVERED.includes(trade.state))
  const wh = (some: readonly Trade[]): WattHours => some.reduce((all, { deliveredWh = 0 }) => all + deliveredWh, 0)
  const money = (some: readonly Trade[]): Money => some.reduce((all, { amount = 0n }) => all + amount, 0n)
  const [sold, bought] = [delivered('seller'), delivered('buyer')]
  const undecided = new Set(trades.filter(({ state }) => UNDECIDED.includes(state)).map(({ periodStart }) => periodStart))
  const rest = (of: (reading: PeriodReading) => WattHours, traded: readonly Trade[]): WattHours => {
    const decided = readings.filter(({ periodStart }) => !undecided.has(periodStart))
    const periods = new Set(decided.map(({ periodStart }) => periodStart))
    return decided.reduce((all, reading) => all + of(reading), 0) - wh(traded.filter(({ periodStart }) => periods.has(periodStart)))
  }
  return {
    importWh: readings.reduce((all, { importWh }) => all + importWh, 0),
    exportWh: readings.reduce((all, { exportWh }) => all + exportWh, 0),
    supplierImportWh: rest(({ importWh }) => importWh, bought),
    supplierExportWh: rest(({ exportWh }) => exportWh, sold),
    soldWh: wh(sold),
    boughtWh: wh(bought),
    earned: money(sold),
    spent: money(bought)
  }
}

interface Way {
  energy(a: WattHours, b: WattHours): WattHours
  money(a: Money, b: Money): Money
}

const ADD: Way = { energy: (a, b) => a + b, money: (a, b) => a + b }
const HIGHER: Way = { energy: (a, b) => Math.max(a, b), money: (a, b) => a > b ? a : b }

function combine (a: Totals, b: Totals, { energy, money }: Way): Totals {
  return {
    importWh: energy(a.importWh, b.importWh),
    exportWh: energy(a.exportWh, b.exportWh),
    supplierImportWh: energy(a.supplierImportWh, b.supplierImportWh),
    supplierExportWh: energy(a.supplierExportWh, b.supplierExportWh),
    soldWh: energy(a.soldWh, b.soldWh),
    boughtWh: energy(a.boughtWh, b.boughtWh),
    earned: money(a.earned, b.earned),
    spent: money(a.spent, b.spent)
  }
}

/**
 * Of what seemed the supplier's, neighbours may still buy in the residual round: these two may fall again, so that they and the
 * neighbours' share add up to the meter. Only when the store lost readings they stand still, like everything else.
 */
function withSupplier (before: Totals, found: Totals): Totals {
  const highest = combine(before, found, HIGHER)
  if (found.importWh < before.importWh || found.exportWh < before.exportWh) {
    return highest
  }
  return {
    ...highest,
    supplierImportWh: Math.max(0, found.supplierImportWh - (highest.boughtWh - found.boughtWh)),
    supplierExportWh: Math.max(0, found.supplierExportWh - (highest.soldWh - found.soldWh))
  }
}

function toText (totals: Totals): string {
  return JSON.stringify(totals, (_, value: unknown) => typeof value === 'bigint' ? value.toString() : value)
}

async function load (file: string, logger: Logger): Promise<Totals> {
  try {
    const { earned, spent, ...energy } = JSON.parse(await readFile(file, 'utf8')) as Omit<Totals, 'earned' | 'spent'> & { earned: string, spent: string }
    return { ...NOTHING, ...energy, earned: BigInt(earned), spent: BigInt(spent) }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
      logger.warn('the totals told so far cannot be read and are counted again', { file, error: explain(error) })
    }
    return NOTHING
  }
}
