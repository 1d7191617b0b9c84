import { parseEventLogs } from 'viem'
import { energyEscrowAbi } from '../../contracts/abi.ts'
import { unpackTab } from '../../contracts/receipts.ts'
import { explain } from '../domain/errors.ts'
import { brief } from './errors.ts'
import { keepsake } from './keepsake.ts'
import type { ChainReader } from './client.ts'
import type { Account, Hex } from '../domain/units.ts'
import type { SettlementEvent } from '../ports/settlement.ts'
import type { Notes } from '../ports/store.ts'
import type { Logger } from '../ports/telemetry.ts'
import type { Log as ChainLog } from 'viem'

/** Public RPC services refuse longer ranges. */
const MAX_RANGE_BLOCKS = 1000n

/** How many of them survive a restart. */
const MAX_NOTED = 16

/** How many handled ranges we can tell from replaced ones; a deeper reorg starts again from the oldest. */
const MAX_REMEMBERED = 128

const MAX_BACKOFF_MS = 60_000

export interface EventPollerInit {
  readonly reader: ChainReader
  readonly escrow: Account
  /** First block to read; without it the first one that is confirmed after `start`. */
  readonly deployBlock?: bigint
  readonly pollMs: number
  readonly chainId: number
  /** Remembers over a restart what was told. */
  readonly notes?: Notes
  readonly logger?: Logger
  /** Newest confirmed block. */
  head(): Promise<bigint>
}

export interface EventPoller {
  /** Fixes where to begin. */
  start(): Promise<void>
  /** Events from the block the poller is at; the first listener starts it. Returns the way to stop. */
  watch(listener: (event: SettlementEvent) => void): () => void
  stop(): void
}

/** Follows the escrow's logs for all listeners: in order, each at least once, again when a reorg replaced their block. */
export function createEventPoller (init: EventPollerInit): EventPoller {
  const log = init.logger?.scope('chain')
  const listeners = new Set<(event: SettlementEvent) => void>()
  const cursor = createCursor(init, log)
  let timer: NodeJS.Timeout | undefined
  let running: Promise<void> = Promise.resolve()
  let failures = 0

  const emit = (event: SettlementEvent): void => {
    for (const listener of listeners) {
      try {
        listener(event)
      } catch (error) {
        log?.error('a listener of escrow events failed', { kind: event.kind, error: explain(error) })
      }
    }
  }
  const poll = async (): Promise<void> => {
    clearTimeout(timer)
    try {
      let isBehind = true
      while (isBehind && listeners.size > 0) {
        isBehind = await cursor.advance(emit)
      }
      failures = 0
    } catch (error) {
      failures++
      log?.warn('escrow events could not be read', { failures, error: brief(error) })
    }
    if (listeners.size > 0) {
      timer = setTimeout(pollNext, Math.min(init.pollMs * 2 ** failures, Math.max(MAX_BACKOFF_MS, init.pollMs)))
    }
  }
  // One after the other, whoever asks for it.
  const pollNext = (): void => { running = running.then(poll) }

  return {
    start: cursor.start,
    watch: (listener) => {
      // A wrapper of its own, so that one function may be registered twice.
      const own = (event: SettlementEvent): void => { listener(event) }
      listeners.add(own)
      if (listeners.size === 1) {
        pollNext()
      }
      return () => { listeners.delete(own) }
    },
    stop: () => {
      listeners.clear()
      clearTimeout(timer)
    }
  }
}

interface BlockId {
  readonly number: bigint
  readonly hash: Hex
}

interface Cursor {
  start(): Promise<void>
  /** Reads the next range, if there is one. True when there may be more to read. */
  advance(emit: (event: SettlementEvent) => void): Promise<boolean>
}

function createCursor (init: EventPollerInit, log?: Logger): Cursor {
  let first = init.deployBlock
  /** Last block of each range we handled, with its hash at that time. */
  const handled: BlockId[] = []
  const kept = keepsake<readonly BlockId[]>(init.notes, `events of ${init.escrow} on ${init.chainId}`)

  /** First block not handled yet, after forgetting every range that a reorg replaced. */
  const next = async (from: bigint, head: bigint): Promise<bigint> => {
    for (let last = handled.at(-1); last != null; last = handled.at(-1)) {
      // A chain that is shorter now says nothing about the blocks above it until it has grown again.
      if (last.number > head || (await init.reader.getBlock({ blockNumber: last.number })).hash === last.hash) {
        return last.number + 1n
      }
      handled.pop()
      log?.warn('the chain replaced a block', { block: last.number, hash: last.hash })
    }
    return from
  }

  const start = async (): Promise<bigint> => {
    first ??= await init.head() + 1n
    return first
  }

  return {
    start: async () => {
      const noted = await kept.get() ?? []
      const head = noted.length > 0 ? await init.head() : 0n
      handled.push(...noted.filter(({ number }) => number <= head))
      await start()
    },
    advance: async (emit) => {
      const head = await init.head()
      const from = await next(await start(), head)
      if (from > head) {
        return false
      }
      const to = from + MAX_RANGE_BLOCKS <= head ? from + MAX_RANGE_BLOCKS - 1n : head
      // The hash is read before the logs: if the chain changes in between, the next look finds it changed.
      const { hash } = await init.reader.getBlock({ blockNumber: to })
      const logs = await init.reader.getLogs({ address: init.escrow, fromBlock: from, toBlock: to })
      decode(logs).forEach(emit)
      // The newest range is left out: what its events set off may not be on disk yet, so a restart tells them again.
      await kept.set(handled.slice(-MAX_NOTED))
      handled.push({ number: to, hash })
      if (handled.length > MAX_REMEMBERED) {
        first = (handled.shift()?.number ?? to) + 1n
      }
      return to < head
    }
  }
}

const lower = (address: string): Account => address.toLowerCase() as Account

function decode (logs: ChainLog[]): SettlementEvent[] {
  const events: SettlementEvent[] = []
  for (const { eventName, args } of parseEventLogs({ abi: energyEscrowAbi, logs })) {
    switch (eventName) {
      case 'Settled': {
        const { paid, ...rest } = unpackTab(args.tab)
        events.push({ kind: 'settled', ...pair(args), ...rest, total: paid })
        break
      }
      case 'Claimed':
        events.push({ kind: 'claimed', ...args, ...pair(args) })
        break
      case 'Released':
        events.push({ kind: 'released', ...args, ...pair(args) })
        break
      case 'SignerSet':
        events.push({ kind: 'key-set', owner: lower(args.owner), key: lower(args.signer), validUntil: args.validUntil, dailyLimit: args.limit })
        break
      case 'Deposited':
        events.push({ kind: 'deposited', owner: lower(args.owner), amount: args.amount })
        break
      case 'Withdrawn':
        events.push({ kind: 'withdrawn', owner: lower(args.owner), amount: args.amount })
        break
      default:
    }
  }
  return events
}

function pair ({ buyer, seller }: { buyer: string, seller: string }): { buyer: Account, seller: Account } {
  return { buyer: lower(buyer), seller: lower(seller) }
}
