import { tabId } from '../domain/tab.ts'
import { OPEN_STATES } from '../domain/trade.ts'
import type { Tab } from '../domain/tab.ts'
import type { Trade } from '../domain/trade.ts'
import type { Account, Hex, UnixSeconds } from '../domain/units.ts'
import type { Batch, Store } from '../ports/store.ts'

/** Finished trades stay in memory this long, so that a late question still gets its answer. */
const KEEP_FINISHED_SEC = 2 * 86_400

/** The node's trades and tabs in memory. Nothing becomes visible here before it is on disk. */
export class Ledger {
  private readonly trades = new Map<Hex, Trade>()
  private readonly byPeriod = new Map<UnixSeconds, Map<Hex, Trade>>()
  private readonly tabs = new Map<string, Tab>()
  private readonly store: Store
  private readonly onChange: (batch: Batch) => void
  private last: Promise<unknown> = Promise.resolve()

  constructor (store: Store, onChange: (batch: Batch) => void) {
    this.store = store
    this.onChange = onChange
  }

  /** Fills the memory from disk: every open trade, and what finished lately. */
  async load (now: UnixSeconds): Promise<void> {
    const open = await this.store.trades({ states: OPEN_STATES })
    const recent = await this.store.trades({ from: now - KEEP_FINISHED_SEC })
    for (const trade of [...open, ...recent]) {
      this.keep(trade)
    }
    for (const tab of await this.store.tabs()) {
      this.tabs.set(tabId(tab.buyer, tab.seller), tab)
    }
  }

  /** Runs one task at a time. Whoever reads the ledger to decide what to write does both inside one task. */
  async exclusive<T> (task: () => Promise<T>): Promise<T> {
    const run = this.last.then(task)
    this.last = run.catch(() => {})
    return run
  }

  /** Persists, then shows, then tells. */
  async commit (batch: Batch): Promise<void> {
    await this.store.commit(batch)
    for (const trade of batch.trades ?? []) {
      this.keep(trade)
    }
    for (const tab of batch.tabs ?? []) {
      this.tabs.set(tabId(tab.buyer, tab.seller), tab)
    }
    this.onChange(batch)
  }

  trade (id: Hex): Trade | undefined {
    return this.trades.get(id)
  }

  all (): Trade[] {
    return [...this.trades.values()]
  }

  inPeriod (periodStart: UnixSeconds): Trade[] {
    return [...this.byPeriod.get(periodStart)?.values() ?? []]
  }

  /** Trades between an ordered pair, from this home's side. */
  between (buyer: Account, seller: Account): Trade[] {
    return this.all().filter(({ role, partner, terms }) =>
      terms != null ? terms.buyer === buyer && terms.seller === seller : partner === (role === 'buyer' ? seller : buyer))
  }

  tab (buyer: Account, seller: Account): Tab | undefined {
    return this.tabs.get(tabId(buyer, seller))
  }

  allTabs (): Tab[] {
    return [...this.tabs.values()]
  }

  /** Forgets finished trades whose period is long over; the disk keeps them. */
  prune (now: UnixSeconds): void {
    for (const trade of this.trades.values()) {
      if (!OPEN_STATES.includes(trade.state) && trade.periodStart < now - KEEP_FINISHED_SEC) {
        this.trades.delete(trade.id)
        this.byPeriod.get(trade.periodStart)?.delete(trade.id)
      }
    }
    for (const [periodStart, trades] of this.byPeriod) {
      if (trades.size === 0) {
        this.byPeriod.delete(periodStart)
      }
    }
  }

  private keep (trade: Trade): void {
    const trades = this.byPeriod.get(trade.periodStart) ?? new Map<Hex, Trade>()
    this.trades.set(trade.id, trade)
    this.byPeriod.set(trade.periodStart, trades.set(trade.id, trade))
  }
}
