export interface PeerAllowanceInit {
  readonly perSec: number
  readonly burst: number
  /** In milliseconds, never going back. */
  now(): number
}

/** Neighbours remembered; whoever has been silent longest is forgotten, and begins anew. */
const MAX_PEERS_COUNTED = 1000

/** How many orders each neighbour may still bring: `burst` at first, and `perSec` more each second up to that. */
export class PeerAllowance {
  private readonly init: PeerAllowanceInit
  private readonly peers = new Map<string, { left: number, at: number }>()

  constructor (init: PeerAllowanceInit) {
    this.init = init
  }

  /** False when the neighbour has none left. */
  take (peer: string): boolean {
    const { perSec, burst } = this.init
    const at = this.init.now()
    const before = this.peers.get(peer) ?? { left: burst, at }
    const left = Math.min(burst, before.left + (at - before.at) / 1000 * perSec)
    this.peers.delete(peer)
    this.peers.set(peer, { left: left < 1 ? left : left - 1, at })
    if (this.peers.size > MAX_PEERS_COUNTED) {
      const [silent] = this.peers.keys()
      this.peers.delete(silent)
    }
    return left >= 1
  }
}
