import { expect } from 'aegir/chai'
import { CodedError } from '../../src/domain/errors.ts'
import { isBinding } from '../../src/domain/trade.ts'
import type { TradeRequest } from '../../src/domain/trade-message.ts'
import type { Trade } from '../../src/domain/trade.ts'
import type { Hex, Money, WattHours } from '../../src/domain/units.ts'
import type { NodeEvent } from '../../src/node/events.ts'
import type { Network } from '../../src/ports/network.ts'
import type { Adapters, MemoryHome, MemoryStreetHomes } from '../helpers/street.ts'

export async function tradesOf ({ store }: MemoryHome): Promise<Trade[]> {
  return store.trades()
}

export function inState (trades: readonly Trade[], ...states: Array<Trade['state']>): Trade[] {
  return trades.filter(({ state }) => states.includes(state))
}

/** How a trade ended, as far as the other side must agree. */
function outcome (trade: Trade | undefined): unknown {
  if (trade == null || ['proposed', 'declined', 'expired', 'lapsed'].includes(trade.state)) {
    return 'nothing'
  }
  const { terms, state, deliveredWh, amount } = trade
  return { terms, state, deliveredWh, amount }
}

/** Every trade has its twin next door: same terms, same state, same amount; or came to nothing for both. */
export async function expectTwins (homes: readonly MemoryHome[]): Promise<void> {
  const all = (await Promise.all(homes.map(tradesOf))).flat()
  for (const id of new Set(all.map(({ id }) => id))) {
    const find = (role: Trade['role']): Trade | undefined => all.find((trade) => trade.id === id && trade.role === role)
    expect(outcome(find('buyer')), `buyer and seller of ${id}`).to.deep.equal(outcome(find('seller')))
  }
}

/** No trade is left half-way. */
export async function expectAllEnded (homes: readonly MemoryHome[]): Promise<void> {
  const open = (await Promise.all(homes.map(tradesOf))).flat().filter(({ state }) => ['proposed', 'agreed', 'delivered', 'receipted'].includes(state))
  expect(open.map(({ id, role, state, ownWh, partnerWh }) => ({ id, role, state, ownWh, partnerWh }))).to.deep.equal([])
}

/** What each home has in the escrow is what it put in and what its own trades say, to the unit; and nothing came or went. */
export async function expectMoneyAddsUp ({ homes }: Pick<MemoryStreetHomes, 'homes'>, deposit: Money = 100_000_000n): Promise<void> {
  let sum = 0n
  for (const home of homes) {
    const { balance, reserved } = await home.settlement.account(home.owner)
    const paid = inState(await tradesOf(home), 'settled', 'claimed')
    const earned = paid.reduce((total, { role, amount }) => total + (role === 'seller' ? 1n : -1n) * (amount ?? 0n), 0n)
    expect(balance, `balance of ${home.owner}`).to.equal(deposit + earned)
    expect(reserved >= 0n && reserved <= balance).to.equal(true)
    sum += balance
  }
  expect(sum).to.equal(deposit * BigInt(homes.length))
}

/** Notes what every home offers and sells. */
export class Sales {
  private readonly quantities = new Map<Hex, WattHours>()
  private readonly trades = new Map<string, Trade>()
  private readonly offered = new Map<string, WattHours>()
  readonly onEvent = (index: number, event: NodeEvent): void => {
    if (event.type === 'trade:changed' && event.trade.role === 'seller') {
      this.trades.set(`${index} ${event.trade.id}`, event.trade)
    }
    if (event.type === 'order:accepted' && event.isOwn) {
      const { id, order } = event.order
      const place = `${index} ${order.periodStart}`
      this.quantities.set(id, order.quantity)
      this.offered.set(place, Math.max(this.offered.get(place) ?? 0, order.quantity + this.sold(place)))
    }
  }

  private sold (place: string): WattHours {
    return [...this.trades].filter(([key, trade]) => `${key.split(' ')[0]} ${trade.periodStart}` === place && isBinding(trade, 0))
      .reduce((sum, [, { terms }]) => sum + (terms?.wh ?? 0), 0)
  }

  /** Nobody sold more of an offer than it said, nor more in a period than it ever offered. */
  expectNoOversell (): void {
    for (const [id, quantity] of this.quantities) {
      const sold = [...this.trades.values()].filter((trade) => trade.orderId === id && trade.state !== 'expired' && trade.state !== 'proposed')
      expect(sold.reduce((sum, { terms }) => sum + (terms?.wh ?? 0), 0), `sold of ${id}`).to.be.at.most(quantity)
    }
    for (const [place, wh] of this.offered) {
      expect(this.sold(place), `sold in ${place}`).to.be.at.most(wh)
    }
  }
}

/** Where a message can get lost: on its way there, or its answer on the way back. */
export type Leg = 'question' | 'answer'

/**
 * The home `index` loses its power with that message on the way, once, and starts again after 20 seconds. `isArmed` tells
 * whether that is still to come; it begins when `arm` is called.
 */
export function powerCut (street: () => MemoryStreetHomes, { kind, leg, index }: { readonly kind: TradeRequest['kind'], readonly leg: Leg, readonly index: number }): {
  arm(): void
  isArmed(): boolean
  adapt(home: number, adapters: Pick<Adapters, 'network'>): Pick<Adapters, 'network'>
} {
  let isArmed = false
  return {
    arm: () => { isArmed = true },
    isArmed: () => isArmed,
    adapt: (_, { network }) => ({
      network: meddledNetwork(network, async (what, where) => {
        if (!isArmed || what !== kind || where !== leg) {
          return false
        }
        isArmed = false
        street().homes[index].kill()
        street().clock.after(20, () => { void street().restart(index) })
        return index === 0 || never()
      })
    })
  }
}

/** What somebody without power waits for. */
export async function never (): Promise<never> {
  return new Promise(() => {})
}

/** A network on which `meddle` decides about every message; true loses it, a promise holds it up. */
export function meddledNetwork (network: Network, meddle: (kind: TradeRequest['kind'], leg: Leg) => boolean | Promise<boolean>): Network {
  const lost = (): CodedError => new CodedError('NETWORK_TIMEOUT', 'The neighbour did not answer in time; ask again in a new conversation.')
  return {
    ...network,
    async converse (key) {
      const conversation = await network.converse(key)
      return {
        async ask (request) {
          if (await meddle(request.kind, 'question')) {
            throw lost()
          }
          const answer = await conversation.ask(request)
          if (await meddle(request.kind, 'answer')) {
            throw lost()
          }
          return answer
        },
        close: async () => conversation.close()
      }
    }
  }
}
