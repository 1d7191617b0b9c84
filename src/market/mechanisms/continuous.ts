import { defineMechanism } from '../mechanism.ts'
import type { Choice, Match, Want } from '../mechanism.ts'
import type { PricedOffer } from '../order-book.ts'

/**
 * One-sided continuous market: sellers post, each buyer looks at its own times and proposes to one offer. Choosing at
 * random among nearly equal prices keeps buyers who look at the same moment from all running to the same offer.
 */
export const continuous = defineMechanism({
  name: 'continuous',
  title: 'One-sided continuous market',
  match (offers, want, choice) {
    const near = nearBest(offers, want, choice)
    const preferred = near.filter(({ entry }) => choice.isPreferred?.(entry) === true)
    return pick(preferred.length > 0 ? preferred : near, choice)
  }
})

/** What would be bought of each offer that is within the limit and near the best one, where that is enough for a trade. */
function nearBest (offers: readonly PricedOffer[], want: Want, choice: Choice): Match[] {
  const near: Match[] = []
  for (const { entry, price } of offers) {
    if (price > want.limit || (near.length > 0 && price > near[0].price + choice.tolerance)) {
      break
    }
    const wh = Math.min(want.wh, entry.remaining, choice.affordableWh?.(entry, price) ?? want.wh)
    if (wh >= Math.max(entry.order.order.minFill, choice.minTradeWh)) {
      near.push({ entry, wh, price })
    }
  }
  return near
}

/** One of the matches, each as likely as its offer's share of the energy that is left. */
function pick (matches: readonly Match[], choice: Choice): Match | undefined {
  if (matches.length < 2) {
    return matches[0]
  }
  let mark = Math.floor(choice.random() * matches.reduce((sum, { entry }) => sum + entry.remaining, 0))
  return matches.find(({ entry }) => {
    mark -= entry.remaining
    return mark < 0
  })
}
