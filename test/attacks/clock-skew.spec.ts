import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'aegir/chai'
import { startTestStreet } from '../helpers/practice.ts'
import { describePhases, expectBoundedMemory, expectWhole, show, watch } from './watch.ts'
import type { Watch } from './watch.ts'
import type { RunResult } from '../../src/practice/run.ts'
import type { Street } from '../../src/practice/street.ts'

const HOUR_SEC = 3600
/** Two homes are right, the third is an hour ahead and the fourth an hour behind. */
const AHEAD_SEC = [0, 0, HOUR_SEC, -HOUR_SEC]
/** Enough of both; the day goes on longer on a busy machine. */
const [LEAST_PERIODS, LEAST_TRADES] = [4, 5]
const PERIODS = 20
const PERIOD_SEC = 900
const SPEED = 450

describe('a street where two clocks are an hour wrong', function () {
  this.timeout(180_000)

  let street: Street
  let seen: Watch
  let result: RunResult
  const partners = new Set<string>()

  before(async () => {
    street = await startTestStreet({ homes: 4, periods: PERIODS, speed: SPEED, mdns: false, homeOf: (index) => ({ aheadSec: AHEAD_SEC[index] }) })
    seen = watch(street)
    const nameOf = new Map(street.homes.map(({ name, owner }) => [owner, name]))
    let agreed = 0
    const running = seen.run({
      isOver: () => partners.size > 0 && agreed >= LEAST_TRADES && street.now() >= street.from + LEAST_PERIODS * PERIOD_SEC,
      onAgreed ({ partner, isResidual }, { name }) {
        agreed++
        // after metering a day is time enough, and an hour's error keeps nobody out
        isResidual !== true && partners.add(`${name} buys from ${nameOf.get(partner) ?? partner}`)
      }
    })
    running.catch(() => {})
    while (street.now() < street.from) {
      await sleep(50)
    }
    seen.begin('one clock an hour ahead, one an hour behind')
    result = await running
    seen.end()
    show(`${describePhases(seen.phases)}\n${[...partners].join(', ')}`)
  })

  after(async () => { await street?.stop() })

  it('should let the homes whose clocks are right trade ahead, and keep the others from what is over', () => {
    expect([...partners]).to.deep.equal([`${street.homes[1].name} buys from ${street.homes[0].name}`])
    expect(result.statement.trades.settled).to.be.greaterThan(2)
  })

  it('should keep every process running', () => {
    expect(street.homes.map(({ process }) => process.isRunning())).to.deep.equal([true, true, true, true])
  })

  it('should need no more memory than is bounded', () => {
    expectBoundedMemory(seen.phases)
  })

  it('should oversell nothing and account for every unit of money', async () => {
    await expectWhole(street, seen, result)
  })
})
