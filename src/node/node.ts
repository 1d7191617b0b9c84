/**
 * The node: what a home runs. It starts a written list in order and stops it in reverse; the five paths do the work, one file
 * each (`receive-order`, `make-quotes`, `match-book` with `run-trade` and `answer-trade`, `keep-tabs` with its helpers,
 * `sync-book` with `read-book` and `answer-book`). Fronts read from here and call nothing beneath.
 */
import { explain } from '../domain/errors.ts'
import { openPeriods } from '../domain/period.ts'
import { positionOf, hasTerms } from '../domain/trade.ts'
import { step } from '../trade/trade-machine.ts'
import { answerTrade } from './answer-trade.ts'
import { keepTabs } from './keep-tabs.ts'
import { keyBook } from './key-book.ts'
import { knobBoard } from './knobs.ts'
import { makeQuotes } from './make-quotes.ts'
import { matchBook } from './match-book.ts'
import { membersOf } from './members.ts'
import { partners } from './neighbours-only.ts'
import { meterLog } from './read-meter.ts'
import { receiveOrder } from './receive-order.ts'
import { residualRound } from './residual-round.ts'
import { createBuyer } from './run-trade.ts'
import { sellingGate } from './selling-gate.ts'
import { submitForOthers } from './submit-for-others.ts'
import { loop } from './supervise.ts'
import { syncBook } from './sync-book.ts'
import { tradingGate } from './trading-gate.ts'
import { watchMeter } from './watch-meter.ts'
import type { NodeContext } from './context.ts'
import type { NodeEvent, NodeListener } from './events.ts'
import type { KnobChanges } from './knobs.ts'
import type { Loop } from './supervise.ts'
import type { Divergence } from './sync-book.ts'
import type { Decision, Knobs } from '../domain/knobs.ts'
import type { PeriodReading, PeriodRecord } from '../domain/reading.ts'
import type { Tab } from '../domain/tab.ts'
import type { Trade } from '../domain/trade.ts'
import type { Hex, UnixSeconds } from '../domain/units.ts'
import type { PricedOffer } from '../market/order-book.ts'
import type { MembershipState } from '../ports/membership.ts'
import type { MeterStatus } from '../ports/meter.ts'
import type { Peer, Reachability } from '../ports/network.ts'
import type { AccountBalance, ChainHealth, RegisteredKey, SettlementEvent, Token } from '../ports/settlement.ts'
import type { Batch } from '../ports/store.ts'
import type { Recovery } from '../signing/recovery.ts'

export interface NodeStatus {
  readonly name: string
  readonly peerId: string
  readonly owner: string
  readonly key: string
  /** Address of the meter's key. */
  readonly attester: string
  readonly addresses: string[]
  readonly reach: Reachability
  readonly peers: Peer[]
  readonly time: UnixSeconds
  readonly area: string
  readonly rulesDigest: Hex
  readonly lastReading?: PeriodReading
  readonly meter: MeterStatus
  /** Why this home sells nothing just now. */
  readonly cannotSell?: string
  readonly openOrders: number
  readonly openTrades: number
  readonly knobs: Knobs
  /** The newest decision of each open period, soonest first. */
  readonly decisions: readonly Decision[]
  /** How far our book is from the neighbours'. */
  readonly divergence: Divergence
  /** Which program checks signatures: `native`, `wasm`, or `javascript`, which is slow. */
  readonly recovery: Recovery['name']
  readonly chain: ChainHealth
  /** What keeps this home from new trades just now; trades that are made are paid all the same. */
  readonly pausedBy?: 'owner' | 'chain' | 'community'
  /** Present when the rules name a meter book. */
  readonly community?: CommunityStatus
}

/** What this home knows of its community, and its own place in it. */
export interface CommunityStatus extends MembershipState {
  /** `other-meter`: the seat is good, but for another key than this home's meter's, so neighbours will not buy from it. */
  readonly standing: 'member' | 'other-meter' | 'outsider'
}

export interface Wallet {
  readonly token: Token
  readonly owner: string
  readonly account: AccountBalance
  readonly key: RegisteredKey & { readonly address: string }
  readonly tabs: Tab[]
}

export interface EnergyNode {
  start(): Promise<void>
  stop(): Promise<void>
  status(): NodeStatus
  /** Offers of every open period, best first. */
  book(): Array<{ periodStart: UnixSeconds, offers: PricedOffer[] }>
  /** Trades from the disk, oldest period first. */
  trades(query?: { from?: UnixSeconds, to?: UnixSeconds }): Promise<Trade[]>
  /** Metered periods and missing ones, oldest first. */
  readings(from: UnixSeconds, to: UnixSeconds): Promise<PeriodRecord[]>
  /** What the agent made of each period in `[from, to)`, and why; oldest first. */
  decisions(from: UnixSeconds, to: UnixSeconds): Promise<Decision[]>
  /** Changes the owner's knobs now and for every later start. */
  changeKnobs(changes: KnobChanges): Promise<Knobs>
  wallet(): Promise<Wallet>
  dial(address: string): Promise<void>
  /** Submits every countersigned receipt now; returns how many. */
  settleNow(): Promise<number>
  /** Calls `listener` with everything that happens. Returns the way to stop. */
  on(listener: NodeListener): () => void
}

/** What `createNode` needs: every adapter, and how to make what depends on the node's own events. */
export type NodeInit = Omit<NodeContext, 'emit' | 'ledger' | 'selling'> & {
  createLedger(onChange: (batch: Batch) => void): NodeContext['ledger']
  newTradeId(): Hex
}

export function createNode (init: NodeInit): EnergyNode {
  const listeners = new Set<NodeListener>()
  const emit = (event: NodeEvent): void => {
    for (const listener of listeners) {
      try {
        listener(event)
      } catch (error) {
        init.logger.error('a listener failed', { event: event.type, error: explain(error) })
      }
    }
  }
  const ledger = init.createLedger((batch) => {
    batch.trades?.forEach((trade) => { emit({ type: 'trade:changed', trade }) })
    batch.tabs?.forEach((tab) => { emit({ type: 'tab:changed', tab }) })
  })
  const context: NodeContext = { ...init, ledger, emit, selling: sellingGate(init) }
  const { home, rules, clock, logger, store, network, settlement, membership, signer, meter, book } = context

  const keys = keyBook(context)
  const receive = receiveOrder({ ...context, isKnown: (owner, key) => keys.isKnown(owner, key) })
  const meters = meterLog(context)
  const knobs = knobBoard(context)
  const quotes = makeQuotes(context, { meters, receive, knobs })
  const buyer = createBuyer({ ...context, newTradeId: init.newTradeId })
  const chainGate = tradingGate(context)
  const isOpen = (): boolean => chainGate() && !knobs.current().paused
  const queue = submitForOthers(context, { keys, isOpen })
  const tabs = keepTabs(context, { buyer, queue })
  const members = membersOf(context)
  const isPartner = partners(context, knobs)
  const answer = answerTrade(context, { quotes, keys, members, queue, isOpen, isPartner })
  const residuals = residualRound(context, { meters, quotes, knobs })
  const look = matchBook(context, { quotes, residuals, tabs, buyer, keys, members, isOpen, isPartner })

  const books = syncBook(context, receive)
  listeners.add((event) => {
    if (event.type === 'order:accepted') {
      books.add(event.order)
    }
  })

  const loops = new Map<string, Loop>()
  const cleanups: Array<() => void | Promise<void>> = []

  const standing = (): CommunityStatus['standing'] => {
    const meter = members.isMember(home.owner) ? membership?.seat(home.owner)?.meter : undefined
    if (meter == null) {
      return 'outsider'
    }
    return meter === context.attester.address ? 'member' : 'other-meter'
  }

  const pausedBy = (): NodeStatus['pausedBy'] => {
    if (knobs.current().paused) {
      return 'owner'
    }
    if (!settlement.isHealthy().ok) {
      return 'chain'
    }
    return membership != null && standing() === 'outsider' ? 'community' : undefined
  }

  const onSettlement = async (event: SettlementEvent): Promise<void> => {
    if (event.kind === 'key-set') {
      keys.forget(event.owner, event.key)
    }
    if ((event.kind === 'settled' || event.kind === 'claimed' || event.kind === 'released') && (event.buyer === home.owner || event.seller === home.owner)) {
      if (event.kind === 'claimed') {
        await markClaimed(event)
      }
      await tabs.refresh(event.buyer, event.seller)
    }
  }

  const markClaimed = async (event: SettlementEvent & { kind: 'claimed' }): Promise<void> => ledger.exclusive(async () => {
    const trade = ledger.between(event.buyer, event.seller).filter(hasTerms).find(({ terms }) => positionOf(terms) === event.position)
    // a receipt that both have signed counts the trade as they agreed, whatever was claimed while it was on its way
    const isReceipted = (ledger.tab(event.buyer, event.seller)?.signed?.receipt.through ?? 0) >= event.position && trade?.state === 'settled'
    const after = trade == null || isReceipted ? undefined : step(trade, { type: 'claimed', wh: event.wh, amount: event.amount }, clock.now())
    if (after != null && after !== trade) {
      await ledger.commit({ trades: [after] })
    }
  })

  return {
    async start () {
      await ledger.load(clock.now())
      await knobs.load()
      await meters.load()
      await settlement.start()
      cleanups.push(async () => settlement.stop())
      if (membership != null) {
        await membership.start()
        cleanups.push(async () => membership.stop())
      }
      cleanups.push(settlement.watch((event) => {
        onSettlement(event).catch((error: unknown) => { logger.warn('a settlement event could not be handled', { kind: event.kind, error: explain(error) }) })
      }))
      await quotes.load()
      await network.start({
        onOrder: async (signed) => receive(signed),
        onTrade: answer,
        onBook: async (question) => books.answer(question),
        onPeer: (peer, isConnected) => {
          books.peerChanged(peer.peerId, isConnected)
          emit({ type: 'peer:changed', peer, isConnected })
        }
      })
      cleanups.push(async () => network.stop())
      books.start()
      cleanups.push(async () => books.stop())
      for (const tab of ledger.allTabs()) {
        await tabs.refresh(tab.buyer, tab.seller).catch((error: unknown) => { logger.warn('a tab could not be read from the chain', { error: explain(error) }) })
      }
      const parts = { clock, logger }
      const sampler = meter.sampler
      if (sampler != null) {
        // whoever decides first shall know what the meter shows
        await sampler.sample()
        loops.set('meter', loop('reading the meter', watchMeter(context, sampler, () => { loops.get('quotes')?.wake() }), parts))
      }
      loops.set('quotes', loop('quoting', async () => {
        const wait = await quotes.round()
        loops.get('tabs')?.wake()
        return wait
      }, parts))
      loops.set('residuals', loop('offering what is left over', async () => residuals.round(), parts))
      loops.set('look', loop('looking at the book', look, parts))
      loops.set('tabs', loop('keeping tabs', async () => tabs.round(), parts))
      logger.info('node started', { name: home.name, peerId: network.peerId, area: rules.area })
    },
    async stop () {
      await Promise.all([...loops.values()].map(async (each) => each.stop()))
      loops.clear()
      for (const cleanup of cleanups.splice(0).reverse()) {
        await cleanup()
      }
      await meter.close()
      await store.close()
      logger.info('node stopped', { name: home.name })
    },
    status: () => ({
      name: home.name,
      peerId: network.peerId,
      owner: home.owner,
      key: signer.address,
      attester: context.attester.address,
      addresses: network.addresses(),
      reach: network.reach(),
      peers: network.peers(),
      time: clock.now(),
      area: rules.area,
      rulesDigest: context.rulesDigest,
      lastReading: meters.history().at(-1),
      meter: meter.status(),
      cannotSell: context.selling.problem(),
      openOrders: book.size,
      openTrades: ledger.all().filter(({ state }) => state === 'proposed' || state === 'agreed' || state === 'delivered' || state === 'receipted').length,
      recovery: context.recovery.name,
      knobs: knobs.current(),
      decisions: quotes.decisions(),
      chain: settlement.isHealthy(),
      pausedBy: pausedBy(),
      ...(membership == null ? {} : { community: { ...membership.state(), standing: standing() } }),
      divergence: books.divergence()
    }),
    book: () => openPeriods(clock.now(), rules).map((periodStart) => ({ periodStart, offers: book.offers(periodStart, clock.now()) })),
    trades: async (query) => store.trades(query),
    readings: async (from, to) => store.readings(from, to),
    decisions: async (from, to) => store.decisions(from, to),
    async changeKnobs (changes) {
      const now = await knobs.change(changes)
      loops.get('quotes')?.wake()
      return now
    },
    async wallet () {
      const [token, account, key] = await Promise.all([settlement.token(), settlement.account(home.owner), settlement.key(home.owner, signer.address)])
      return { token, owner: home.owner, account, key: { ...key, address: signer.address }, tabs: ledger.allTabs() }
    },
    dial: async (address) => network.dial(address),
    settleNow: async () => tabs.settleNow(),
    on (listener) {
      listeners.add(listener)
      return () => { listeners.delete(listener) }
    }
  }
}
