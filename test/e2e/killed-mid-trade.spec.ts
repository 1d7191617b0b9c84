import { expect } from 'aegir/chai'
import { runStreet } from '../../src/practice/run.ts'
import { startTestStreet } from '../helpers/practice.ts'
import type { TradeState } from '../../src/domain/trade.ts'
import type { RunResult } from '../../src/practice/run.ts'
import type { Street } from '../../src/practice/street.ts'

/** At which news of its own trades a home loses its power, in this order: as buyer and as seller, before and after signing. */
const POWER_CUTS: ReadonlyArray<readonly ['buyer' | 'seller', TradeState]> = [
  ['buyer', 'proposed'], ['seller', 'proposed'], ['seller', 'agreed'], ['buyer', 'agreed'], ['buyer', 'delivered'], ['seller', 'receipted']
]

describe('a home whose power is cut in the middle of a trade', function () {
  this.timeout(180_000)

  let street: Street
  let result: RunResult
  const cuts = [...POWER_CUTS]
  let restarts = 0

  before(async () => {
    street = await startTestStreet({ homes: 3, periods: 24, speed: 450 })
    result = await runStreet(street, {
      onProgress: () => {},
      onEvent (event, home) {
        const [cut] = cuts
        if (cut != null && event.type === 'trade:changed' && event.trade.role === cut[0] && event.trade.state === cut[1]) {
          cuts.shift()
          process.kill(home.process.pid, 'SIGKILL')
        }
      },
      async onDeath (home) {
        restarts++
        await street.restart(home)
      }
    }, AbortSignal.timeout(170_000))
  })

  after(async () => { await street?.stop() })

  it('should have been cut off more than once', () => {
    expect(restarts).to.be.greaterThan(1)
  })

  it('should resume its trades and go on trading', () => {
    expect(result.isFinished).to.equal(true)
    expect(result.statement.trades.settled).to.be.greaterThan(5)
  })

  it('should still add up to the last unit', () => {
    const { money, isConserved } = result.statement
    expect(money.paid).to.equal(money.received)
    expect(money.paid).to.equal(money.moved)
    expect(isConserved).to.equal(true)
  })
})
