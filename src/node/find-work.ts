import { MIN_WORK_BITS } from '../../protocols/order-gossip/constants.ts'
import { searchWork } from '../signing/work.ts'
import type { Hex } from '../domain/units.ts'

/** Tries in one go, about a millisecond; the node goes on with other things in between. */
const TRIES = 2000

/** The work that an order of this id must bring to those who do not know its maker. */
export async function findWork (id: Hex): Promise<number> {
  for (let from = 0; ; from += TRIES) {
    const work = searchWork(id, MIN_WORK_BITS, { from, tries: TRIES })
    if (work != null) {
      return work
    }
    await new Promise((resolve) => { setImmediate(resolve) })
  }
}
