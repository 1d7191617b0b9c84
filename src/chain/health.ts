import { brief } from './errors.ts'
import type { ChainReader } from './client.ts'
import type { UnixSeconds } from '../domain/units.ts'
import type { ChainHealth } from '../ports/settlement.ts'

/** A service that answered nothing sensible for so long, in real milliseconds, is away. */
const MAX_SILENCE_MS = 30_000

/** A newest block older than this, in seconds of market time, is not the newest: it is a slot behind. */
const MAX_HEAD_AGE_SEC = 900

/** How far the newest block may go back. A chain that goes back further is believed again once it has grown by as much. */
const MAX_REORG_BLOCKS = 64n

/** Looks per allowed silence. */
const LOOKS = 5

export interface HealthInit {
  readonly reader: ChainReader
  readonly chainId: number
  readonly pollMs: number
  /** Market time. Without it nobody can say that the newest block is old. */
  now?(): UnixSeconds
  /** In place of `MAX_SILENCE_MS`. */
  readonly silenceMs?: number
  /** In place of `MAX_HEAD_AGE_SEC`, for markets of which many seconds pass between two blocks. */
  readonly headAgeSec?: number
}

/** Watches the service we reach the chain by. Nothing here throws. */
export interface HealthWatch {
  start(): void
  stop(): void
  /** Good until the first look, and after the last one as that found it. */
  health(): ChainHealth
}

export function watchHealth (init: HealthInit): HealthWatch {
  const { silenceMs = MAX_SILENCE_MS } = init
  const judge = createJudge(init)
  let timer: NodeJS.Timeout | undefined
  let isRunning = false
  let answeredAt = 0
  let problem: string | undefined
  let failure: unknown

  const look = async (): Promise<void> => {
    try {
      // Not `getChainId`, which waits for one that is under way.
      const [chainId, { number, timestamp }] = await Promise.all([init.reader.request({ method: 'eth_chainId' }), init.reader.getBlock()])
      problem = judge({ chainId: Number(chainId), number, timestamp: Number(timestamp) })
      answeredAt = performance.now()
    } catch (error) {
      failure = error
    }
  }
  const lookAgain = (): void => {
    // A look that hangs must not keep the next one waiting.
    void look()
    timer = setTimeout(lookAgain, Math.max(init.pollMs, silenceMs / LOOKS))
    // Looking alone keeps no program alive.
    timer.unref()
  }

  return {
    start: () => {
      if (!isRunning) {
        isRunning = true
        answeredAt = performance.now()
        lookAgain()
      }
    },
    stop: () => {
      isRunning = false
      clearTimeout(timer)
    },
    health: () => {
      const silentMs = performance.now() - answeredAt
      if (isRunning && silentMs > silenceMs) {
        const cause = failure == null ? '' : ` (${brief(failure)})`
        return { ok: false, reason: `the chain has not answered for ${Math.round(silentMs / 1000)} s${cause}` }
      }
      return problem == null ? { ok: true } : { ok: false, reason: problem }
    }
  }
}

interface Head {
  readonly chainId: number
  readonly number: bigint
  readonly timestamp: UnixSeconds
}

/** What is wrong with an answer, beside the ones before it; undefined when nothing is. */
function createJudge (init: HealthInit): (head: Head) => string | undefined {
  const { headAgeSec = MAX_HEAD_AGE_SEC } = init
  let highest = 0n
  /** Where the chain was when it had gone back too far. */
  let fellTo: bigint | undefined

  return ({ chainId, number, timestamp }) => {
    if (chainId !== init.chainId) {
      return `the service answers for chain ${chainId} instead of ${init.chainId}`
    }
    if (number + MAX_REORG_BLOCKS < highest) {
      fellTo = fellTo == null || number < fellTo ? number : fellTo
      if (number < fellTo + MAX_REORG_BLOCKS) {
        return `the newest block went back from ${highest} to ${number}`
      }
      highest = number
    }
    fellTo = undefined
    highest = number > highest ? number : highest
    const age = init.now == null ? 0 : init.now() - timestamp
    return age > headAgeSec ? `the newest block is ${age} s old: the service lags behind, or the clock of this computer is ahead` : undefined
  }
}
