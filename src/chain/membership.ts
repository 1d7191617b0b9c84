/** The meter book as a `Membership`: all seats in one call at a confirmed block, again and again. */
import { meterBookAbi } from '../../contracts/abi.ts'
import { CodedError } from '../domain/errors.ts'
import { checkNetwork, createChainReader } from './client.ts'
import { brief, chainError } from './errors.ts'
import type { ChainReader } from './client.ts'
import type { ChainErrorCode } from './errors.ts'
import type { Member } from '../domain/member.ts'
import type { Account, UnixSeconds } from '../domain/units.ts'
import type { Membership } from '../ports/membership.ts'
import type { Logger } from '../ports/telemetry.ts'

const MAX_BACKOFF_MS = 60_000

export interface MembershipInit {
  readonly rpcUrl: string
  readonly chainId: number
  readonly book: Account
  /** How many blocks, the newest included, must hold a seat before we believe it. */
  readonly confirmations: number
  /** How often to look, in real milliseconds. */
  readonly pollMs: number
  /** Market time. */
  now(): UnixSeconds
  readonly logger?: Logger
}

/** A copy of the book at `book`, to be started and stopped once. */
export function createMembership (init: MembershipInit): Membership {
  const { book, logger } = init
  const reader = createChainReader(init)
  let seats: ReadonlyMap<Account, Member> = new Map()
  let block = 0n
  let asOf = 0
  let problem: string | undefined
  let failures = 0
  let timer: NodeJS.Timeout | undefined
  let isRunning = false

  const look = async (): Promise<void> => {
    const head = await confirmedHead(reader, init)
    if (head < block) {
      throw new CodedError<ChainErrorCode>('CHAIN_FAILED', `The service went back from block ${block} to ${head}: what we read at ${block} stays.`)
    }
    const list = await readMembers(reader, book, head)
    seats = new Map(list.map((member) => [member.home, member]))
    block = head
    asOf = init.now()
  }
  const poll = async (): Promise<void> => {
    try {
      await look()
      if (problem != null) {
        logger?.info('the meter book can be read again')
      }
      problem = undefined
      failures = 0
    } catch (error) {
      failures++
      if (problem == null) {
        logger?.warn('the meter book cannot be read: the members we know stay', { error: brief(error) })
      }
      problem = brief(error)
    }
    if (isRunning) {
      pollLater()
    }
  }
  const pollLater = (): void => {
    timer = setTimeout(() => { void poll() }, Math.min(init.pollMs * 2 ** failures, Math.max(MAX_BACKOFF_MS, init.pollMs)))
    // Looking alone keeps no program alive.
    timer.unref()
  }

  return {
    async start () {
      await checkNetwork(reader, init.chainId)
      await look().catch((error) => { throw chainError(error, 'read the meter book') })
      isRunning = true
      pollLater()
    },
    async stop () {
      isRunning = false
      clearTimeout(timer)
    },
    seat: (home) => seats.get(home),
    state: () => ({ book, seats: seats.size, asOf, ...(problem == null ? {} : { problem }) })
  }
}

/** Newest block with enough others on top. */
async function confirmedHead (reader: ChainReader, { confirmations }: Pick<MembershipInit, 'confirmations'>): Promise<bigint> {
  const newest = await reader.getBlockNumber()
  const head = newest - BigInt(confirmations - 1)
  return head < 0n ? 0n : head
}

/** Every seat of a book, at a block or the newest one. Throws `CHAIN_NO_CONTRACT` where there is no book. */
export async function readMembers (reader: ChainReader, book: Account, blockNumber?: bigint): Promise<Member[]> {
  const seats = await reader.readContract({ address: book, abi: meterBookAbi, functionName: 'members', blockNumber })
    .catch((error) => { throw chainError(error, 'read the meter book') })
  return seats.map(toMember)
}

/** Addresses in lower case, and no address for none. */
export function toMember ({ home, meter, from, until }: { home: string, meter: string, from: number, until: number }): Member {
  const lower = meter.toLowerCase() as Account
  return { home: home.toLowerCase() as Account, from, until, ...(BigInt(lower) === 0n ? {} : { meter: lower }) }
}
