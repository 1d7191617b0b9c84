import { peerIdFromString } from '@libp2p/peer-id'
import { explain } from '../domain/errors.ts'
import { connectedPeers } from './peer-ids.ts'
import { spread } from './spread.ts'
import type { Libp2pNode } from './libp2p.ts'
import type { RememberedScores } from './remembered-scores.ts'
import type { Logger } from '../ports/telemetry.ts'
import type { PeerId } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'

export interface NeighboursInit {
  readonly topic: string
  /** Dialled whenever we are not connected to them. */
  readonly bootstrap: readonly Multiaddr[]
  /** How often to look after the connections, and how long a connected neighbour may stay deaf. */
  readonly checkMs: number
  readonly scores?: RememberedScores
  readonly log?: Logger
}

/** Below this many connections, neighbours we once knew are dialled again. */
export const ENOUGH_CONNECTIONS = 8
/** Homes found on the local network are dialled up to this many; gossip reaches the others through them. */
const MAX_DISCOVERED = 32
/** Peers that are away, and links restarted in vain, that are remembered. */
const MAX_REMEMBERED_PEERS = 1000
/** While nobody answers after the start, the first calls are repeated: after so long, then half as often each time. */
const FIRST_REDIAL_MS = 1000
/** Longest pause between two calls to a peer that is away. */
const MAX_REDIAL_MS = 3_600_000
/** Connections to homes of this market are given up last when there are too many. */
const OF_THIS_MARKET = 50

/** Keeps a node in touch: dials what is found or was lost, and restarts links whose gossip has died. Returns the way to stop. */
export function keepInTouch (node: Libp2pNode, init: NeighboursInit): () => void {
  const { topic, bootstrap, checkMs, scores, log } = init
  const { pubsub } = node.services
  let deaf = new Set<string>()
  let isOver = false
  let meeting: ReturnType<typeof setTimeout> | undefined
  const restarted = new Set<string>()
  const marked = new Set<string>()
  const away = new Map<string, { readonly tries: number, readonly notBefore: number }>()

  /** An open connection is used again, so dialling a neighbour we have costs nothing. */
  async function dial (target: PeerId | Multiaddr): Promise<boolean> {
    try {
      await node.dial(target)
      return true
    } catch (error) {
      log?.debug('neighbour not reached', { target: target.toString(), error: explain(error) })
      return false
    }
  }

  /** A peer that is away is called less and less often. */
  async function dialAgain (peer: PeerId): Promise<void> {
    const name = peer.toString()
    const { tries } = away.get(name) ?? { tries: 0 }
    if (await dial(peer)) {
      away.delete(name)
    } else {
      away.set(name, { tries: tries + 1, notBefore: performance.now() + Math.min(MAX_REDIAL_MS, checkMs * 2 ** tries) })
    }
  }

  async function dialBootstrap (): Promise<void> {
    await Promise.all(bootstrap.map(dial))
  }

  /** A street whose power comes back starts all at once, and some homes are called before they listen. */
  async function meet (pauseMs = FIRST_REDIAL_MS): Promise<void> {
    await Promise.all([dialBootstrap(), dialKnown()])
    if (!isOver && pauseMs < checkMs && connectedPeers(node).length === 0) {
      meeting = setTimeout(() => { void meet(2 * pauseMs) }, pauseMs)
      meeting.unref()
    }
  }

  async function dialKnown (): Promise<void> {
    const missing = ENOUGH_CONNECTIONS - connectedPeers(node).length
    if (missing > 0) {
      const known = await node.peerStore.all()
      const due = known.filter(({ id }) => node.getConnections(id).length === 0 && (away.get(id.toString())?.notBefore ?? 0) <= performance.now())
        // the table knows homes of all markets; those of this one come first
        .sort((a, b) => Number(b.tags.has(topic)) - Number(a.tags.has(topic)))
      await Promise.all(due.slice(0, missing).map(async ({ id }) => dialAgain(id)))
      if (away.size > MAX_REMEMBERED_PEERS) {
        away.clear()
      }
    }
  }

  /**
   * A broken gossip stream is never reopened while its connection lives, and only the side that hears nothing can tell.
   * One restart for each peer until it is heard again: one that stays deaf trades in another market.
   */
  async function restartDeaf (): Promise<void> {
    const hearing = new Set(pubsub.getSubscribers(topic).map(String))
    // through a relay there is no gossip
    const missing = new Set(node.getConnections().filter(({ limits }) => limits == null).map(({ remotePeer }) => remotePeer.toString()).filter((peer) => !hearing.has(peer)))
    hearing.forEach((peer) => restarted.delete(peer))
    await Promise.all(connectedPeers(node).filter((peer) => hearing.has(peer.toString()) && !marked.has(peer.toString())).map(async (peer) => {
      await node.peerStore.merge(peer, { tags: { [topic]: { value: OF_THIS_MARKET } } })
      marked.add(peer.toString())
    }))
    if (restarted.size > MAX_REMEMBERED_PEERS) {
      restarted.clear()
    }
    for (const peer of missing) {
      if (deaf.has(peer) && !restarted.has(peer)) {
        log?.warn('gossip with a neighbour has died, connecting again', { peer })
        restarted.add(peer)
        await node.hangUp(peerIdFromString(peer))
        await dial(peerIdFromString(peer))
      }
    }
    deaf = missing
  }

  const onDiscovery = ({ detail }: CustomEvent<{ id: PeerId }>): void => {
    if (connectedPeers(node).length < MAX_DISCOVERED) {
      void dial(detail.id)
    }
  }
  const timer = setInterval(() => {
    Promise.all([dialBootstrap(), dialKnown(), restartDeaf(), scores?.save(node)]).catch((error) => { log?.warn('connections could not be looked after', { error }) })
  }, spread(checkMs))
  timer.unref()
  node.addEventListener('peer:discovery', onDiscovery)
  void meet()

  return () => {
    isOver = true
    clearTimeout(meeting)
    clearInterval(timer)
    node.removeEventListener('peer:discovery', onDiscovery)
  }
}
