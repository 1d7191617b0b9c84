import type { MeterMemory } from './meter.ts'
import type { Decision, Knobs } from '../domain/knobs.ts'
import type { SignedOrder } from '../domain/order.ts'
import type { PeriodRecord } from '../domain/reading.ts'
import type { Tab } from '../domain/tab.ts'
import type { Trade, TradeState } from '../domain/trade.ts'
import type { UnixSeconds } from '../domain/units.ts'

/** Everything that must become true together. Records replace those of the same id. */
export interface Batch {
  readonly trades?: readonly Trade[]
  readonly tabs?: readonly Tab[]
  /** Our own orders, newest revision of each period. */
  readonly orders?: readonly SignedOrder[]
  readonly readings?: readonly PeriodRecord[]
  /** Where the meter left off. */
  readonly meter?: MeterMemory
  /** The newest decision of each period. */
  readonly decisions?: readonly Decision[]
  /** What the owner changed since the configuration, all of it. */
  readonly knobs?: Partial<Knobs>
  readonly notes?: readonly Note[]
}

/** What an adapter wants to know again after a restart, in words of its own. */
export interface Note {
  readonly id: string
  readonly text: string
}

/** Where notes are kept. */
export interface Notes {
  /** Undefined when nothing was ever noted under this name. */
  note(id: string): Promise<string | undefined>
  commit(batch: Pick<Batch, 'notes'>): Promise<void>
}

/** The node's memory. What `commit` has resolved is still there after the process is killed. */
export interface Store extends Notes {
  /** All or nothing, on disk before it resolves. Throws `STORE_CLOSED` or `STORE_FAILED`. */
  commit(batch: Batch): Promise<void>
  /** Trades whose period starts in `[from, to)`, oldest first; filtered by state when given. */
  trades(query?: { from?: UnixSeconds, to?: UnixSeconds, states?: readonly TradeState[] }): Promise<Trade[]>
  tabs(): Promise<Tab[]>
  /** Our newest revision of each period that starts at or after `from`. */
  orders(from: UnixSeconds): Promise<SignedOrder[]>
  /** Periods, metered and missing, with `periodStart` in `[from, to)`, oldest first. */
  readings(from: UnixSeconds, to: UnixSeconds): Promise<PeriodRecord[]>
  /** Undefined before the first period. */
  meter(): Promise<MeterMemory | undefined>
  /** Decisions with `periodStart` in `[from, to)`, oldest first. */
  decisions(from: UnixSeconds, to: UnixSeconds): Promise<Decision[]>
  /** Empty while nothing was changed. */
  knobs(): Promise<Partial<Knobs>>
  close(): Promise<void>
}
