/** The other side of `submit-for-others`: a seller gives its receipts to a neighbour that submits for the street, if there is one. */
import { MAX_QUEUE_SEC } from '../../protocols/trade/constants.ts'
import { explain } from '../domain/errors.ts'
import { SLOT_SEC } from '../domain/period.ts'
import { tabId } from '../domain/tab.ts'
import { talk } from './talk.ts'
import type { NodeContext } from './context.ts'
import type { SignedReceipt } from '../domain/receipt.ts'
import type { Tab } from '../domain/tab.ts'
import type { PublicKey, UnixSeconds } from '../domain/units.ts'

/** A neighbour that does not offer it is asked again after so long, one that could not be reached after an hour. */
const ASK_AGAIN_SEC = 6 * 3600
const UNREACHED_SEC = 3600

/** Neighbours asked at a time. */
const MAX_ASKED = 8

export type CountersignedTab = Tab & { readonly signed: SignedReceipt }

/** Gives away what it can; resolves with what is left for us to submit. */
export type HandOver = (tabs: readonly CountersignedTab[]) => Promise<CountersignedTab[]>

export function handOver ({ home, clock, network, logger }: Pick<NodeContext, 'home' | 'clock' | 'network' | 'logger'>): HandOver {
  /** Until when a receipt is somebody else's to submit; past that it is ours. */
  const given = new Map<string, { readonly through: number, readonly until: UnixSeconds }>()
  const notBefore = new Map<PublicKey, UnixSeconds>()

  const isGiven = (tab: CountersignedTab): boolean => given.get(tabId(tab.buyer, tab.seller))?.through === tab.signed.receipt.through
  const isWaiting = (tab: CountersignedTab): boolean => isGiven(tab) && (given.get(tabId(tab.buyer, tab.seller))?.until ?? 0) > clock.now()
  /** What the tab sets aside must still be there when it is our turn after all. */
  const mayWait = (tab: CountersignedTab): boolean => tab.chain.expiry * SLOT_SEC > clock.now() + 2 * MAX_QUEUE_SEC

  const offer = async (key: PublicKey, tabs: readonly CountersignedTab[]): Promise<void> => talk(network, key, async (conversation) => {
    for (const { buyer, seller, signed } of tabs) {
      const answer = await conversation.ask({ kind: 'submit', signed })
      if (answer.kind === 'queued') {
        given.set(tabId(buyer, seller), { through: signed.receipt.through, until: Math.min(answer.by, clock.now() + MAX_QUEUE_SEC) })
      } else if (answer.kind === 'decline' && answer.code === 'NOT_OFFERED') {
        notBefore.set(key, clock.now() + ASK_AGAIN_SEC)
        return
      }
    }
  })

  return async (tabs) => {
    const open = tabs.filter((tab) => !isWaiting(tab))
    if (home.submitForOthers || open.length === 0) {
      return open
    }
    const neighbours = network.peers().map(({ key }) => key).filter((key) => key != null).filter((key) => (notBefore.get(key) ?? 0) <= clock.now())
    for (const key of neighbours.slice(0, MAX_ASKED)) {
      const left = open.filter((tab) => !isGiven(tab) && mayWait(tab))
      if (left.length === 0) {
        break
      }
      await offer(key, left).catch((error) => {
        notBefore.set(key, clock.now() + UNREACHED_SEC)
        logger.debug('a neighbour could not be asked to submit', { error: explain(error) })
      })
    }
    return open.filter((tab) => !isWaiting(tab))
  }
}
