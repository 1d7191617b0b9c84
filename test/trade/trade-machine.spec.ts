import { expect } from 'aegir/chai'
import * as fc from 'fast-check'
import { cost } from '../../src/domain/units.ts'
import { step, TRANSITIONS } from '../../src/trade/trade-machine.ts'
import { CENT, PERIOD, someTerms } from '../helpers/builders.ts'
import { aStoredTrade, hexOf } from '../helpers/records.ts'
import type { Trade, TradeRole, TradeState } from '../../src/domain/trade.ts'
import type { TradeEvent } from '../../src/trade/trade-machine.ts'

const NOW = PERIOD + 5
const WH = 480
const PRICE = 19n * CENT

const EVENTS: { [Type in TradeEvent['type']]: TradeEvent & { type: Type } } = {
  accepted: { type: 'accepted', terms: someTerms({ wh: WH, pricePerKwh: PRICE }), sellerSignature: hexOf(64, 1), buyerSignature: hexOf(64, 2) },
  confirmed: { type: 'confirmed', buyerSignature: hexOf(64, 2) },
  acknowledged: { type: 'acknowledged' },
  declined: { type: 'declined', reason: 'SOLD_OUT' },
  'timed-out': { type: 'timed-out' },
  disowned: { type: 'disowned' },
  metered: { type: 'metered', wh: 300 },
  stating: { type: 'stating' },
  stated: { type: 'stated', wh: 200 },
  receipted: { type: 'receipted' },
  settled: { type: 'settled' },
  claimed: { type: 'claimed', wh: 250, amount: 47_500n },
  'gave-up': { type: 'gave-up', reason: 'nobody came' }
}

/** As in the protocol: state, event, role that it applies to, next state. Whatever is not here changes nothing. */
const MOVES: ReadonlyArray<readonly [TradeState, TradeEvent['type'], TradeRole | 'both', TradeState]> = [
  ['proposed', 'accepted', 'buyer', 'agreed'],
  ['proposed', 'confirmed', 'seller', 'agreed'],
  ['proposed', 'declined', 'both', 'declined'],
  ['proposed', 'timed-out', 'both', 'expired'],
  ['agreed', 'acknowledged', 'buyer', 'agreed'],
  ['agreed', 'disowned', 'buyer', 'expired'],
  ['agreed', 'metered', 'both', 'agreed'],
  ['agreed', 'stating', 'buyer', 'agreed'],
  ['agreed', 'stated', 'both', 'agreed'],
  ['agreed', 'claimed', 'both', 'claimed'],
  ['agreed', 'gave-up', 'both', 'lapsed'],
  ['delivered', 'receipted', 'both', 'receipted'],
  ['delivered', 'settled', 'both', 'settled'],
  ['delivered', 'claimed', 'both', 'claimed'],
  ['delivered', 'gave-up', 'both', 'lapsed'],
  ['receipted', 'settled', 'both', 'settled'],
  ['settled', 'claimed', 'both', 'claimed'],
  ['expired', 'confirmed', 'seller', 'agreed'],
  ['expired', 'claimed', 'both', 'claimed'],
  ['lapsed', 'claimed', 'both', 'claimed']
]

const STATES = Object.keys(TRANSITIONS) as TradeState[]
const TYPES = Object.keys(EVENTS) as Array<TradeEvent['type']>

/** A trade as it can be met in a state: terms from the seller's ACCEPT on, figures from `delivered` on. */
function aTradeIn (state: TradeState, role: TradeRole, fields: Partial<Trade> = {}): Trade {
  const isSigned = role === 'seller' || !['proposed', 'declined'].includes(state)
  const isPriced = ['delivered', 'receipted', 'settled'].includes(state)
  return aStoredTrade(1, {
    role,
    state,
    ...(isSigned ? { terms: someTerms({ wh: WH, pricePerKwh: PRICE }), sellerSignature: hexOf(64, 1) } : {}),
    ...(isPriced ? { ownWh: 300, partnerWh: 200, deliveredWh: 200, amount: 38_000n } : {}),
    ...fields
  })
}

describe('trade machine', () => {
  for (const state of STATES) {
    for (const type of TYPES) {
      for (const role of ['buyer', 'seller'] as const) {
        const move = MOVES.find(([from, event, who]) => from === state && event === type && (who === 'both' || who === role))
        it(`should ${move == null ? 'stay' : `become ${move[3]}`} when a ${role}'s trade is ${state} and ${type} comes`, () => {
          const before = aTradeIn(state, role)
          const after = step(before, EVENTS[type], NOW)
          if (move == null) {
            expect(after).to.equal(before)
          } else {
            expect(after).to.not.equal(before)
            expect(after).to.include({ state: move[3], changedAt: NOW })
          }
        })

        it(`should take ${type} twice like once in a ${role}'s trade that is ${state}`, () => {
          const once = step(aTradeIn(state, role), EVENTS[type], NOW)
          expect(step(once, EVENTS[type], NOW + 60)).to.equal(once)
        })
      }
    }
  }

  it('should have no move beyond those of the protocol', () => {
    const table = STATES.flatMap((state) => Object.entries(TRANSITIONS[state]).map(([event, next]) => `${state} ${event} ${next}`))
    expect(table.sort()).to.deep.equal(MOVES.map(([state, event, , next]) => `${state} ${event} ${next}`).sort())
  })

  it('should keep the terms and both signatures of an agreement', () => {
    const { terms, sellerSignature, buyerSignature } = EVENTS.accepted
    expect(step(aTradeIn('proposed', 'buyer'), EVENTS.accepted, NOW)).to.deep.include({ terms, sellerSignature, buyerSignature, acknowledged: false })
    expect(step(aTradeIn('proposed', 'seller'), EVENTS.confirmed, NOW)).to.include({ buyerSignature })
    expect(step(aTradeIn('agreed', 'buyer'), EVENTS.acknowledged, NOW).acknowledged).to.equal(true)
  })

  it('should not be confirmed or claimed without terms', () => {
    const bare = aTradeIn('proposed', 'seller', { terms: undefined })
    expect(step(bare, EVENTS.confirmed, NOW)).to.equal(bare)
    const expired = aTradeIn('expired', 'buyer', { terms: undefined })
    expect(step(expired, EVENTS.claimed, NOW)).to.equal(expired)
  })

  it('should say why it ended, and forget that when it goes on', () => {
    expect(step(aTradeIn('proposed', 'buyer'), EVENTS.declined, NOW).reason).to.equal('SOLD_OUT')
    expect(step(aTradeIn('agreed', 'buyer'), EVENTS['gave-up'], NOW).reason).to.equal('nobody came')
    const expired = step(aTradeIn('proposed', 'seller'), EVENTS['timed-out'], NOW)
    expect(expired.reason).to.be.a('string')
    expect(step(expired, EVENTS.confirmed, NOW).reason).to.equal(undefined)
    expect(step(expired, EVENTS.claimed, NOW).reason).to.equal(undefined)
  })

  it('should be settled by a receipt alone when there is nothing to pay', () => {
    expect(step(aTradeIn('delivered', 'seller', { deliveredWh: 0, amount: 0n }), EVENTS.receipted, NOW)).to.include({ state: 'settled', amount: 0n })
  })

  it('should take a claim at the figures of the chain', () => {
    expect(step(aTradeIn('delivered', 'buyer'), EVENTS.claimed, NOW)).to.include({ deliveredWh: 250, amount: 47_500n })
  })

  for (const [ownWh, partnerWh, deliveredWh] of [[300, 200, 200], [200, 300, 200], [0, 300, 0], [WH, WH, WH], [WH + 50, WH + 20, WH]]) {
    it(`should deliver ${deliveredWh} of ${WH} Wh when the meters show ${ownWh} and ${partnerWh}, in either order`, () => {
      const [metered, stated]: TradeEvent[] = [{ type: 'metered', wh: ownWh }, { type: 'stated', wh: partnerWh }]
      for (const events of [[metered, stated], [stated, metered]]) {
        const first = step(aTradeIn('agreed', 'buyer'), events[0], NOW)
        expect(first).to.include({ state: 'agreed' })
        expect(first.amount).to.equal(undefined)
        expect(step(first, events[1], NOW)).to.include({ state: 'delivered', ownWh, partnerWh, deliveredWh, amount: cost(deliveredWh, PRICE) })
      }
    })
  }

  it('should keep to the table whatever happens, never take back a delivery and never price it otherwise', () => {
    const wh = fc.nat({ max: 1000 })
    const event: fc.Arbitrary<TradeEvent> = fc.oneof(
      fc.constantFrom(...TYPES.map((type) => EVENTS[type])),
      wh.map((wh): TradeEvent => ({ type: 'metered', wh })),
      wh.map((wh): TradeEvent => ({ type: 'stated', wh })))
    fc.assert(fc.property(fc.constantFrom('buyer' as const, 'seller' as const), fc.array(event, { maxLength: 40 }), (role, events) => {
      let trade = aTradeIn('proposed', role)
      for (const event of events) {
        const before = trade
        trade = step(before, event, NOW)
        const legal = TRANSITIONS[before.state][event.type]
        const beyond: Partial<Record<TradeState, TradeState>> = { agreed: 'delivered', receipted: 'settled' }
        expect([before.state, legal, legal == null ? legal : beyond[legal]]).to.include(trade.state)
        if (before.deliveredWh != null && event.type !== 'claimed') {
          expect(trade).to.include({ deliveredWh: before.deliveredWh, amount: before.amount })
        }
        if (trade.deliveredWh != null && trade.state !== 'claimed') {
          expect(trade.deliveredWh).to.equal(Math.min(trade.ownWh ?? NaN, trade.partnerWh ?? NaN, WH))
          expect(trade.amount).to.equal(cost(trade.deliveredWh, PRICE))
        }
      }
    }))
  })
})
