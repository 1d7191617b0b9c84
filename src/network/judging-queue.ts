import { ignore } from '../domain/verdict.ts'
import type { Verdict } from '../domain/verdict.ts'

export interface JudgingQueueInit {
  /** Orders that may wait, or be judged, at a time. */
  readonly maxOrders: number
  /** A verdict that takes longer is *ignore*. */
  readonly timeoutMs: number
}

interface Turn {
  judge(): Promise<Verdict>
  resolve(verdict: Verdict): void
}

/** Other work gets its turn after so long, however many orders wait. */
const SLICE_MS = 10
/** One neighbour may fill a quarter of the queue, so that a flood leaves room for the others. */
const PEER_SHARE = 4

/** Judges orders one at a time, neighbour after neighbour: gossipsub would run any number of validators at once. */
export class JudgingQueue {
  private readonly init: JudgingQueueInit
  private readonly waiting = new Map<string, Turn[]>()
  private size = 0
  private isWorking = false

  constructor (init: JudgingQueueInit) {
    this.init = init
  }

  /** Never rejects. `OWN_FAULT` when there is no room, no verdict in time, or `judge` throws. */
  async judge (peer: string, judge: () => Promise<Verdict>): Promise<Verdict> {
    const { maxOrders } = this.init
    const turns = this.waiting.get(peer) ?? []
    if (this.size >= maxOrders || turns.length >= Math.ceil(maxOrders / PEER_SHARE)) {
      return ignore('OWN_FAULT')
    }
    return new Promise((resolve) => {
      turns.push({ judge, resolve })
      this.waiting.set(peer, turns)
      this.size++
      if (!this.isWorking) {
        this.isWorking = true
        void this.work()
      }
    })
  }

  private async work (): Promise<void> {
    let began = performance.now()
    for (let turn = this.next(); turn != null; turn = this.next()) {
      turn.resolve(await this.inTime(turn))
      this.size--
      if (performance.now() - began > SLICE_MS) {
        await new Promise((resolve) => { setImmediate(resolve) })
        began = performance.now()
      }
    }
    this.isWorking = false
  }

  /** Takes the oldest order of the neighbour whose turn it is and sends the neighbour to the end of the line. */
  private next (): Turn | undefined {
    const [first] = this.waiting
    if (first == null) {
      return undefined
    }
    const [peer, turns] = first
    const turn = turns.shift()
    this.waiting.delete(peer)
    if (turns.length > 0) {
      this.waiting.set(peer, turns)
    }
    return turn
  }

  private async inTime ({ judge }: Turn): Promise<Verdict> {
    return new Promise((resolve) => {
      const fail = (): void => { resolve(ignore('OWN_FAULT')) }
      const timer = setTimeout(fail, this.init.timeoutMs)
      judge().then(resolve, fail).finally(() => { clearTimeout(timer) })
    })
  }
}
