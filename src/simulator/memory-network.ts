import { CodedError } from '../domain/errors.ts'
import type { SignedOrder } from '../domain/order.ts'
import type { PublicKey } from '../domain/units.ts'
import type { Conversation, Network, NetworkHandlers, Peer } from '../ports/network.ts'

export interface MemoryStreetInit {
  /** Who has a connection with whom; it may change at any time, to part the street and heal it. Everyone by default. */
  isLinked?(from: PublicKey, to: PublicKey): boolean
  /** Asked for each hop of an order, each question and each answer; true loses it. Nothing is lost by default. */
  isLost?(from: PublicKey, to: PublicKey): boolean
}

/** A street whose homes hear each other without sockets or timers: the network port's twin for simulations and tests. */
export interface MemoryStreet {
  join(key: PublicKey): Network
  /** Resolves when every order that is under way has been judged. */
  idle(): Promise<void>
}

interface Home {
  readonly key: PublicKey
  /** Set while the home is running. */
  handlers?: NetworkHandlers
}

const ADDRESS_PREFIX = '/memory/'
const UNREACHABLE = 'The neighbour cannot be reached; try again when it is online.'

export function createMemoryStreet (init: MemoryStreetInit = {}): MemoryStreet {
  const homes = new Map<PublicKey, Home>()
  const underway = new Set<Promise<void>>()
  /** Pairs that hung up, until one of them dials again. */
  const parted = new Set<string>()

  function isLinked (from: Home, to: Home): boolean {
    return from !== to && !parted.has(pairOf(from, to)) && from.handlers != null && to.handlers != null && init.isLinked?.(from.key, to.key) !== false
  }

  function neighbours (home: Home): Home[] {
    return [...homes.values()].filter((other) => isLinked(home, other))
  }

  /** Sends an order one hop further and remembers whom it reached, as every home accepts, ignores or rejects it once. */
  function relay (order: SignedOrder, from: Home, reached: Set<Home>): void {
    for (const home of neighbours(from)) {
      if (!reached.has(home) && init.isLost?.(from.key, home.key) !== true) {
        reached.add(home)
        const delivery = judge(order, home).then((isAccepted) => {
          if (isAccepted) {
            relay(order, home, reached)
          }
        }).finally(() => underway.delete(delivery))
        underway.add(delivery)
      }
    }
  }

  function exchangeWith<Question, Answer> (from: Home, to: Home, answer: (handlers: NetworkHandlers, question: Question) => Promise<Answer>): Conversation<Question, Answer> {
    let isOpen = true
    return {
      async ask (question) {
        if (!isOpen || !isLinked(from, to)) {
          throw closed()
        }
        return exchange(from, to, async (handlers) => structuredClone(await answer(handlers, structuredClone(question))))
      },
      async close () {
        isOpen = false
      }
    }
  }

  /** One question there and one answer back; whichever is lost on the way, the asker hears nothing. */
  async function exchange<Answer> (from: Home, to: Home, ask: (handlers: NetworkHandlers) => Promise<Answer>): Promise<Answer> {
    if (init.isLost?.(from.key, to.key) === true) {
      throw timeout()
    }
    if (to.handlers == null) {
      throw closed()
    }
    const answer = await ask(to.handlers).catch((cause) => { throw closed(cause) })
    if (!isLinked(from, to)) {
      throw closed()
    }
    if (init.isLost?.(to.key, from.key) === true) {
      throw timeout()
    }
    return answer
  }

  function networkOf (home: Home): Network {
    const find = (key: PublicKey, otherwise: string): Home => {
      const other = homes.get(key)
      if (other == null || !isLinked(home, other)) {
        throw new CodedError('NETWORK_UNREACHABLE', otherwise)
      }
      return other
    }
    return {
      peerId: home.key,
      key: home.key,
      async start (handlers) {
        home.handlers = handlers
        announce(home, neighbours(home), true)
      },
      async stop () {
        const left = neighbours(home)
        announce(home, left, false)
        home.handlers = undefined
      },
      async publish (order) {
        if (home.handlers == null) {
          throw new CodedError('NETWORK_STOPPED', 'The network is not running; start it first.')
        }
        const count = neighbours(home).length
        relay(structuredClone(order), home, new Set([home]))
        return count
      },
      converse: async (key) => exchangeWith(home, find(key, UNREACHABLE), async (handlers, request) => handlers.onTrade(request, home.key)),
      readBook: async (peerId) => exchangeWith(home, find(peerId as PublicKey, UNREACHABLE), async (handlers, question) =>
        handlers.onBook?.(question) ?? { kind: 'refusal', code: 'OTHER_MARKET' }),
      peers: () => neighbours(home).map(describe),
      addresses: () => home.handlers == null ? [] : [describe(home).address],
      reach: () => ({ open: [], local: home.handlers == null ? [] : [describe(home).address], unconfirmed: [], relayed: [], mapped: [] }),
      async dial (address) {
        if (!/^\/memory\/0x[0-9a-f]{66}$/.test(address)) {
          throw new CodedError('NETWORK_BAD_ADDRESS', 'The address must be /memory/ and a public key.')
        }
        const key = address.slice(ADDRESS_PREFIX.length) as PublicKey
        const other = homes.get(key)
        if (other != null && parted.delete(pairOf(home, other)) && isLinked(home, other)) {
          announce(home, [other], true)
        }
        find(key, `Nobody answers at ${address}; check that the node there is running.`)
      },
      async hangUp (peerId) {
        const other = homes.get(peerId as PublicKey)
        if (other != null && isLinked(home, other)) {
          announce(home, [other], false)
          parted.add(pairOf(home, other))
        }
      }
    }
  }

  return {
    join (key) {
      const home: Home = { key }
      homes.set(key, home)
      return networkOf(home)
    },
    async idle () {
      while (underway.size > 0) {
        await Promise.all(underway)
      }
    }
  }
}

function pairOf (a: Home, b: Home): string {
  return [a.key, b.key].sort().join()
}

/** True for accept. A home that stopped or failed passes nothing on. */
async function judge (order: SignedOrder, home: Home): Promise<boolean> {
  try {
    const verdict = await home.handlers?.onOrder(order)
    return verdict?.result === 'accept'
  } catch {
    return false
  }
}

function announce (home: Home, others: Home[], isConnected: boolean): void {
  for (const other of others) {
    for (const [listener, peer] of [[home, other], [other, home]]) {
      try {
        listener.handlers?.onPeer?.(describe(peer), isConnected)
      } catch {
        // a listener that fails is no reason to lose a neighbour
      }
    }
  }
}

function describe (home: Home): Peer {
  return { peerId: home.key, key: home.key, address: `${ADDRESS_PREFIX}${home.key}` }
}

function closed (cause?: unknown): CodedError {
  return new CodedError('NETWORK_CLOSED', 'The neighbour broke off the conversation; ask again in a new one.', { cause })
}

function timeout (): CodedError {
  return new CodedError('NETWORK_TIMEOUT', 'The neighbour did not answer in time; ask again in a new conversation.')
}
