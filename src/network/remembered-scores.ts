import { fromString } from 'uint8arrays/from-string'
import { toString } from 'uint8arrays/to-string'
import { connectedPeers } from './peer-ids.ts'
import type { Libp2pNode } from './libp2p.ts'
import type { PeerStore } from '@libp2p/interface'

/** What is remembered of a peer that behaved badly: its score, below zero, and when it had that. */
interface Remembered {
  readonly score: number
  readonly atMs: number
}

export interface RememberedScores {
  /** What is left of a bad score from before the restart; 0 for everyone else. */
  of(peer: string): number
  load(peerStore: PeerStore): Promise<void>
  /** Writes the scores of connected neighbours beside their addresses. */
  save(node: Libp2pNode): Promise<void>
}

const KEY = 'wattmesh-score'
/** Half of a bad score is forgiven in this time, whether or not the node runs. */
const HALF_LIFE_MS = 3_600_000
/** Less than this is not worth remembering. */
const WORST_FORGOTTEN = -1

/** Lets a bad gossip score outlive a restart, so that starting again is no way to be forgiven, on either side. */
export function rememberedScores (nowMs: () => number = Date.now): RememberedScores {
  const known = new Map<string, Remembered>()
  const left = ({ score, atMs }: Remembered): number => score * 0.5 ** (Math.max(0, nowMs() - atMs) / HALF_LIFE_MS)

  return {
    of (peer) {
      const remembered = known.get(peer)
      return remembered == null ? 0 : left(remembered)
    },
    async load (peerStore) {
      for (const { id, metadata } of await peerStore.all()) {
        const remembered = read(metadata.get(KEY))
        if (remembered != null && left(remembered) < WORST_FORGOTTEN) {
          known.set(id.toString(), remembered)
        }
      }
    },
    async save (node) {
      const { getScore } = node.services.pubsub as unknown as { getScore(peer: string): number }
      for (const id of connectedPeers(node)) {
        const score = getScore.call(node.services.pubsub, id.toString())
        const value = score < WORST_FORGOTTEN ? fromString(JSON.stringify({ score, atMs: nowMs() })) : undefined
        if (value != null || known.has(id.toString())) {
          await node.peerStore.merge(id, { metadata: { [KEY]: value } })
        }
      }
    }
  }
}

function read (bytes: Uint8Array | undefined): Remembered | undefined {
  try {
    const { score, atMs } = JSON.parse(toString(bytes ?? new Uint8Array())) as Partial<Remembered>
    return typeof score === 'number' && typeof atMs === 'number' && score < 0 ? { score, atMs } : undefined
  } catch {
    return undefined
  }
}
