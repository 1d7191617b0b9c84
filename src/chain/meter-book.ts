/** The meter book for people: founding it, and the moves an owner can make. How nodes follow it is in `membership.ts`. */
import { compactSignatureToSignature, encodeDeployData, keccak256, serializeSignature, slice, toBytes } from 'viem'
import { meterBookAbi, meterBookBytecode } from '../../contracts/abi.ts'
import { CodedError } from '../domain/errors.ts'
import { checkNetwork, createChainReader, createChainWriter } from './client.ts'
import { create2Address, createOnce, openChain } from './create2.ts'
import { advised, chainError } from './errors.ts'
import { readMembers, toMember } from './membership.ts'
import type { ChainClientInit, ChainReader, Mined } from './client.ts'
import type { Blueprint, CreatedBy, Creation } from './create2.ts'
import type { ChainErrorCode } from './errors.ts'
import type { Member } from '../domain/member.ts'
import type { Account, Hex, UnixSeconds } from '../domain/units.ts'

const SALT = keccak256(toBytes('wattmesh MeterBook 1'))

/** Anybody may ask: no more of them are looked at. */
const MAX_REQUESTS = 64

/** What a new book is made of; its address follows from it. */
export interface Founding {
  readonly founders: readonly Account[]
  /** Percent of the seats that a decision must exceed, at most 66. */
  readonly quorum: number
}

export interface FoundedBook {
  readonly chainId: number
  readonly book: Account
  /** The transaction that created it; undefined when it was there already. */
  readonly created?: CreatedBy
}

function blueprint ({ founders, quorum }: Founding): Blueprint {
  const args = [founders, BigInt(quorum)] as const
  return { salt: SALT, initCode: encodeDeployData({ abi: meterBookAbi, bytecode: meterBookBytecode, args }), what: 'the meter book' }
}

/** Where the book of these founders is, on every chain. */
export function meterBookAddress (founding: Founding): Account {
  return create2Address(blueprint(founding))
}

/**
 * Founds a book unless it is there already, and verifies what is there. Throws `CHAIN_WRONG_NETWORK`, `CHAIN_NO_DEPLOYER`,
 * `CHAIN_NO_GAS`, `CHAIN_BAD_CODE`, or what any transaction may throw.
 */
export async function foundMeterBook (founding: Founding, init: Creation): Promise<FoundedBook> {
  const found = async (): Promise<FoundedBook> => {
    const { reader, chainId } = await openChain(init)
    const { address: book, isRight, created } = await createOnce(blueprint(founding), { ...init, chainId }, reader)
    if (!isRight) {
      throw new CodedError<ChainErrorCode>('CHAIN_BAD_CODE',
        `What is at ${book} is not this release's meter book of these founders: do not name it in the market rules, and ask another RPC service.`,
        { details: { book } })
    }
    return { chainId, book, created }
  }
  return found().catch((error) => { throw chainError(error, 'found the meter book') })
}

/** What a home asks for, and who has agreed so far. */
export interface Standing {
  readonly home: Account
  readonly seat?: Member
  readonly request?: { readonly meter: Account, readonly until: UnixSeconds, readonly votes: number }
  readonly votesAgainst: number
  /** Number of the home's next `join`. */
  readonly nonce: bigint
}

export interface Community {
  readonly members: readonly Member[]
  /** Percent of the seats that a decision must exceed, and the votes that makes now. */
  readonly quorum: number
  readonly needed: number
  /** Time of the newest block. */
  readonly time: UnixSeconds
}

/** Reads of a book at the newest block. They throw `CHAIN_NO_CONTRACT` where there is none. */
export interface MeterBookReader {
  community(): Promise<Community>
  /** Homes that ask to enter, of the newest 64 that did; undefined where the service does not search the chain's whole history. */
  requests(): Promise<readonly Standing[] | undefined>
  standing(home: Account): Promise<Standing>
}

export interface MeterBookInit extends ChainClientInit {
  readonly book: Account
}

export function createMeterBookReader (init: MeterBookInit): MeterBookReader {
  const reader = createChainReader(init)
  const book = { address: init.book, abi: meterBookAbi } as const
  const read = async <T>(task: () => Promise<T>): Promise<T> => {
    await checkNetwork(reader, init.chainId)
    return task().catch((error) => { throw chainError(error, 'read the meter book') })
  }
  return {
    community: async () => read(async () => {
      const [members, quorum, needed, { timestamp }] = await Promise.all([
        readMembers(reader, init.book),
        reader.readContract({ ...book, functionName: 'quorum' }),
        reader.readContract({ ...book, functionName: 'needed' }),
        reader.getBlock()
      ])
      return { members, quorum: Number(quorum), needed: Number(needed), time: Number(timestamp) }
    }),
    requests: async () => read(async () => {
      const asked = await reader.getContractEvents({ ...book, eventName: 'Asked', fromBlock: 0n, strict: true }).catch(() => undefined)
      const homes = new Set(asked?.reverse().map(({ args }) => args.home.toLowerCase() as Account))
      const standings = await Promise.all([...homes].slice(0, MAX_REQUESTS).map(async (home) => readStanding(reader, init.book, home)))
      return asked == null ? undefined : standings.filter(({ request }) => request != null)
    }),
    standing: async (home) => read(async () => readStanding(reader, init.book, home))
  }
}

async function readStanding (reader: ChainReader, address: Account, home: Account): Promise<Standing> {
  const book = { address, abi: meterBookAbi, args: [home] } as const
  const [seat, [meter, until, votes], against, nonce] = await Promise.all([
    reader.readContract({ ...book, functionName: 'memberOf' }),
    reader.readContract({ ...book, functionName: 'requestOf' }),
    reader.readContract({ ...book, functionName: 'votesAgainst' }),
    reader.readContract({ ...book, functionName: 'nonceOf' })
  ])
  return {
    home,
    ...(seat.until === 0 ? {} : { seat: toMember(seat) }),
    ...(until === 0 ? {} : { request: { meter: meter.toLowerCase() as Account, until, votes: Number(votes) } }),
    votesAgainst: Number(against),
    nonce
  }
}

/** The moves of one owner. Each throws `CHAIN_REVERTED` with a sentence that says what to do. */
export interface MeterBookMoves {
  /** `signature`: 64 bytes by the meter key over the join digest. */
  join(meter: Account, until: UnixSeconds, signature: Hex): Promise<Mined>
  vouch(home: Account, meter: Account): Promise<Mined>
  expel(home: Account): Promise<Mined>
  quit(): Promise<Mined>
  strike(home: Account): Promise<Mined>
}

export function createMeterBookMoves (init: MeterBookInit & { readonly ownerPrivateKey: Hex }): MeterBookMoves {
  const reader = createChainReader(init)
  const writer = createChainWriter({ ...init, privateKey: init.ownerPrivateKey }, reader)
  const move = async (functionName: string, args: readonly unknown[], doing: string): Promise<Mined> => {
    await checkNetwork(reader, init.chainId)
    return writer.write({ to: init.book, abi: meterBookAbi, functionName, args, doing }).catch((error) => { throw advised(error, ADVICE) })
  }
  return {
    join: async (meter, until, signature) => move('join', [meter, until, toBytes65(signature)], 'join'),
    vouch: async (home, meter) => move('vouch', [home, meter], 'vouch'),
    expel: async (home) => move('expel', [home], 'expel'),
    quit: async () => move('quit', [], 'quit'),
    strike: async (home) => move('strike', [home], 'strike')
  }
}

/** What to do about each refusal of the book. */
const ADVICE: Readonly<Record<string, string>> = {
  BadValidity: 'the validity has ended already or is longer than 730 days: choose another number of days.',
  BadSignature: 'the meter key has not signed this request: check that the home\'s own node key is used, and try again.',
  MeterTaken: 'the meter key belongs to another home: use a node key of your own, or let that home quit first.',
  NotMember: 'only members whose validity has not ended may vote: join, or renew with `wattmesh community join`.',
  NoSuchHome: 'the home is not in the book: look at `wattmesh community members`.',
  NotAsking: 'the home does not ask to enter with this meter key, or its validity has ended: let it run `wattmesh community join` again.',
  OwnCase: 'nobody votes on its own expulsion: to leave, use `wattmesh community quit`.',
  StillValid: 'the validity of the seat has not ended: members may vote it out with `wattmesh community expel`.'
}

/** Contracts and libraries expect r, s and v in 65 bytes. */
export function toBytes65 (compact: Hex): Hex {
  return serializeSignature(compactSignatureToSignature({ r: slice(compact, 0, 32), yParityAndS: slice(compact, 32, 64) }))
}
