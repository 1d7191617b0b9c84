import { CodedError } from '../domain/errors.ts'
import { tabId } from '../domain/tab.ts'
import type { Decision, Knobs } from '../domain/knobs.ts'
import type { SignedOrder } from '../domain/order.ts'
import type { PeriodRecord } from '../domain/reading.ts'
import type { Tab } from '../domain/tab.ts'
import type { Trade } from '../domain/trade.ts'
import type { UnixSeconds } from '../domain/units.ts'
import type { MeterMemory } from '../ports/meter.ts'
import type { Batch, Store } from '../ports/store.ts'

/** A store that lives as long as the process and answers like the one on disk. What it hands out is frozen. */
export function createMemoryStore (): Store {
  const trades = new Map<string, Trade>()
  const tabs = new Map<string, Tab>()
  const orders = new Map<UnixSeconds, SignedOrder>()
  const readings = new Map<UnixSeconds, PeriodRecord>()
  let meter: MeterMemory | undefined
  const decisions = new Map<UnixSeconds, Decision>()
  let knobs: Partial<Knobs> = {}
  const notes = new Map<string, string>()
  let isClosed = false

  const assertOpen = (): void => {
    if (isClosed) {
      throw new CodedError('STORE_CLOSED', 'The store was closed: open a new one.')
    }
  }

  return {
    async commit (batch: Batch): Promise<void> {
      assertOpen()
      const copy = copied(batch)
      copy.trades?.forEach(trade => trades.set(`${trade.periodStart}!${trade.id}`, trade))
      copy.tabs?.forEach(tab => tabs.set(tabId(tab.buyer, tab.seller), tab))
      copy.orders?.forEach(signed => orders.set(signed.order.periodStart, signed))
      copy.notes?.forEach(({ id, text }) => notes.set(id, text))
      copy.readings?.forEach(reading => readings.set(reading.periodStart, reading))
      meter = copy.meter ?? meter
      copy.decisions?.forEach(decision => decisions.set(decision.periodStart, decision))
      knobs = copy.knobs ?? knobs
    },
    async trades ({ from = 0, to = Infinity, states } = {}): Promise<Trade[]> {
      assertOpen()
      return [...trades.values()]
        .filter(trade => trade.periodStart >= from && trade.periodStart < to && (states?.includes(trade.state) ?? true))
        .sort((a, b) => a.periodStart - b.periodStart || compare(a.id, b.id))
    },
    async tabs (): Promise<Tab[]> {
      assertOpen()
      return [...tabs].sort(([a], [b]) => compare(a, b)).map(([, tab]) => tab)
    },
    async orders (from: UnixSeconds): Promise<SignedOrder[]> {
      assertOpen()
      return [...orders].filter(([start]) => start >= from).sort(([a], [b]) => a - b).map(([, signed]) => signed)
    },
    async readings (from: UnixSeconds, to: UnixSeconds): Promise<PeriodRecord[]> {
      assertOpen()
      return [...readings.values()]
        .filter(({ periodStart }) => periodStart >= from && periodStart < to)
        .sort((a, b) => a.periodStart - b.periodStart)
    },
    async meter (): Promise<MeterMemory | undefined> {
      assertOpen()
      return meter
    },
    async decisions (from: UnixSeconds, to: UnixSeconds): Promise<Decision[]> {
      assertOpen()
      return [...decisions.values()]
        .filter(({ periodStart }) => periodStart >= from && periodStart < to)
        .sort((a, b) => a.periodStart - b.periodStart)
    },
    async knobs (): Promise<Partial<Knobs>> {
      assertOpen()
      return knobs
    },
    async note (id: string): Promise<string | undefined> {
      assertOpen()
      return notes.get(id)
    },
    async close (): Promise<void> {
      isClosed = true
    }
  }
}

function compare (a: string, b: string): number {
  return a < b ? -1 : Number(a > b)
}

/** A frozen copy without undefined fields. Refuses what a disk could not keep, before anything has changed. */
function copied<T> (value: T): T {
  if (Array.isArray(value)) {
    return Object.freeze(value.map(copied)) as T
  }
  if (typeof value === 'object' && value !== null) {
    const fields = Object.entries(value).filter(([, field]) => field !== undefined)
    return Object.freeze(Object.fromEntries(fields.map(([key, field]) => [key, copied(field)]))) as T
  }
  if (typeof value === 'function' || Number.isNaN(value)) {
    throw new CodedError('STORE_FAILED', 'A record could not be stored, nothing was written: please report this as a fault of the program.')
  }
  return value
}
