/**
 * The node's memory on disk. Records are JSON under keys that begin with a table's prefix and sort by the start of their
 * period, so every question is one iteration. This room knows how records are kept, never what they mean. Start reading at
 * `commit`; `schema.ts` has the keys, `database.ts` what happens when a database is opened.
 */
import { CodedError } from '../domain/errors.ts'
import { asStoreError, openDatabase } from './database.ts'
import { keyRange, keyedRecords, METER_KEY, noteKey, PREFIX, TALLY_KEY } from './schema.ts'
import { formatTally, replaceIn } from './tally.ts'
import { decode, encode } from './values.ts'
import type { Database } from './database.ts'
import type { StoreErrorCode } from './errors.ts'
import type { Tally } from './tally.ts'
import type { Decision, Knobs } from '../domain/knobs.ts'
import type { SignedOrder } from '../domain/order.ts'
import type { PeriodRecord } from '../domain/reading.ts'
import type { Tab } from '../domain/tab.ts'
import type { Trade, TradeState } from '../domain/trade.ts'
import type { UnixSeconds } from '../domain/units.ts'
import type { MeterMemory } from '../ports/meter.ts'
import type { Batch, Note, Store } from '../ports/store.ts'
import type { Logger } from '../ports/telemetry.ts'
import type { Level } from 'level'

/**
 * Opens the store in the folder `path`, or creates it. Throws `STORE_LOCKED` when a node runs on it, `STORE_VERSION`,
 * `STORE_DAMAGED` or `STORE_FAILED`.
 */
export async function openStore (path: string, options: { logger?: Logger } = {}): Promise<Store> {
  return new LevelStore(await openDatabase(path, options.logger))
}

interface Waiting {
  readonly entries: ReadonlyArray<[key: string, value: string]>
  resolve(): void
  reject(error: unknown): void
}

class LevelStore implements Store {
  private readonly level: Level
  private tally: Tally
  private waiting: Waiting[] = []
  private writing: Promise<void> | undefined
  private isClosed = false

  constructor ({ level, tally }: Database) {
    this.level = level
    this.tally = tally
  }

  async commit (batch: Batch): Promise<void> {
    this.assertOpen()
    const entries = this.encoded(batch)
    await new Promise<void>((resolve, reject) => {
      this.waiting.push({ entries, resolve, reject })
      this.writing ??= this.writeWaiting()
    })
  }

  async trades (query: { from?: UnixSeconds, to?: UnixSeconds, states?: readonly TradeState[] } = {}): Promise<Trade[]> {
    const trades = await this.range<Trade>(keyRange(PREFIX.trade, query.from, query.to))
    return trades.filter(trade => query.states?.includes(trade.state) ?? true)
  }

  async tabs (): Promise<Tab[]> {
    return this.range(keyRange(PREFIX.tab))
  }

  async orders (from: UnixSeconds): Promise<SignedOrder[]> {
    return this.range(keyRange(PREFIX.order, from))
  }

  async readings (from: UnixSeconds, to: UnixSeconds): Promise<PeriodRecord[]> {
    return this.range(keyRange(PREFIX.reading, from, to))
  }

  async meter (): Promise<MeterMemory | undefined> {
    const [memory] = await this.range<MeterMemory>({ gte: METER_KEY, lt: `${METER_KEY}!` })
    return memory
  }

  async decisions (from: UnixSeconds, to: UnixSeconds): Promise<Decision[]> {
    return this.range(keyRange(PREFIX.decision, from, to))
  }

  async knobs (): Promise<Partial<Knobs>> {
    return (await this.range<Partial<Knobs>>(keyRange(PREFIX.knobs))).at(0) ?? {}
  }

  async note (id: string): Promise<string | undefined> {
    const key = noteKey(id)
    const [note] = await this.range<Note>({ gte: key, lt: `${key}\0` })
    return note?.text
  }

  async close (): Promise<void> {
    this.isClosed = true
    await this.writing
    await this.level.close()
  }

  private encoded (batch: Batch): Array<[string, string]> {
    try {
      return keyedRecords(batch).map(([key, record]) => [key, encode(record)])
    } catch (error) {
      throw new CodedError<StoreErrorCode>('STORE_FAILED', 'A record could not be stored, nothing was written: please report this as a fault of the program.', { cause: error })
    }
  }

  private async range<T> (keys: { gte: string, lt: string }): Promise<T[]> {
    this.assertOpen()
    try {
      const values = await this.level.values(keys).all()
      return values.map(value => decode<T>(value))
    } catch (error) {
      throw asStoreError(error, this.level.location)
    }
  }

  /** Commits that arrive while a batch is being written become one batch together: a disk syncs slowly, however little. */
  private async writeWaiting (): Promise<void> {
    while (this.waiting.length > 0) {
      const group = this.waiting
      this.waiting = []
      try {
        await this.write(new Map(group.flatMap(({ entries }) => entries)))
        group.forEach(({ resolve }) => { resolve() })
      } catch (error) {
        group.forEach(({ reject }) => { reject(asStoreError(error, this.level.location)) })
      }
    }
    this.writing = undefined
  }

  private async write (entries: ReadonlyMap<string, string>): Promise<void> {
    const keys = [...entries.keys()]
    const stored = await this.level.getMany(keys) as Array<string | undefined>
    const tally = keys.reduce((sum, key, i) => replaceIn(sum, key, { before: stored[i], after: entries.get(key) ?? '' }), this.tally)
    const puts = [...entries, [TALLY_KEY, formatTally(tally)]].map(([key, value]) => ({ type: 'put' as const, key, value }))
    await this.level.batch(puts, { sync: true })
    this.tally = tally
  }

  private assertOpen (): void {
    if (this.isClosed) {
      throw new CodedError<StoreErrorCode>('STORE_CLOSED', 'The database was closed: start the node again.')
    }
  }
}
