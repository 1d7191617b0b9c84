import { tabId } from '../domain/tab.ts'
import type { Decision } from '../domain/knobs.ts'
import type { SignedOrder } from '../domain/order.ts'
import type { PeriodRecord } from '../domain/reading.ts'
import type { Tab } from '../domain/tab.ts'
import type { Trade } from '../domain/trade.ts'
import type { UnixSeconds } from '../domain/units.ts'
import type { Batch } from '../ports/store.ts'

/** Counts up when stored records change their shape; a database of another version is not opened. */
export const SCHEMA_VERSION = 1

/** First part of every key. A prefix is never reused: one that falls out of use moves to the list below. */
export const PREFIX = {
  meta: 'm',
  trade: 't',
  tab: 'b',
  order: 'o',
  reading: 'r',
  meter: 'g',
  decision: 'd',
  knobs: 'k',
  note: 'n'
} as const

/** Prefixes of earlier versions, with what they held. */
export const RETIRED_PREFIXES: Readonly<Record<string, string>> = {}

export const VERSION_KEY = `${PREFIX.meta}!version`
export const TALLY_KEY = `${PREFIX.meta}!tally`

/** First key of a prefix at `time`: as many digits as the largest whole number has, so that keys sort like their times. */
export function timeKey (prefix: string, time: UnixSeconds): string {
  const whole = Math.min(Number.MAX_SAFE_INTEGER, Math.max(0, Math.ceil(time)))
  return `${prefix}!${String(whole).padStart(16, '0')}`
}

/** The keys of a prefix whose time lies in `[from, to)`; all of them when neither is given. */
export function keyRange (prefix: string, from?: UnixSeconds, to?: UnixSeconds): { gte: string, lt: string } {
  // '"' is the character after '!'
  return { gte: from == null ? `${prefix}!` : timeKey(prefix, from), lt: to == null ? `${prefix}"` : timeKey(prefix, to) }
}

const tradeKey = (trade: Trade): string => `${timeKey(PREFIX.trade, trade.periodStart)}!${trade.id}`
const tabKey = (tab: Tab): string => `${PREFIX.tab}!${tabId(tab.buyer, tab.seller)}`
const orderKey = (signed: SignedOrder): string => timeKey(PREFIX.order, signed.order.periodStart)
export const noteKey = (id: string): string => `${PREFIX.note}!${id}`
/** There is one meter. */
export const METER_KEY = `${PREFIX.meter}!memory`

const readingKey = (reading: PeriodRecord): string => timeKey(PREFIX.reading, reading.periodStart)

const decisionKey = (decision: Decision): string => timeKey(PREFIX.decision, decision.periodStart)
const knobsKey = (): string => `${PREFIX.knobs}!owner`

/** Every record of a batch with its key, in the order in which they replace each other. */
export function keyedRecords (batch: Batch): Array<[key: string, record: object]> {
  const keyed = <T extends object>(records: readonly T[] | undefined, key: (record: T) => string): Array<[string, object]> =>
    (records ?? []).map(record => [key(record), record])
  return [
    ...keyed(batch.trades, tradeKey),
    ...keyed(batch.tabs, tabKey),
    ...keyed(batch.orders, orderKey),
    ...keyed(batch.readings, readingKey),
    ...keyed(batch.meter == null ? [] : [batch.meter], () => METER_KEY),
    ...keyed(batch.decisions, decisionKey),
    ...keyed(batch.knobs == null ? [] : [batch.knobs], knobsKey),
    ...keyed(batch.notes, ({ id }) => noteKey(id))
  ]
}
