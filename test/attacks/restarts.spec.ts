import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'aegir/chai'
import { startTestStreet } from '../helpers/practice.ts'
import { until } from '../helpers/until.ts'
import { expectWhole, residentBytes, show, UNBOUND, watch } from './watch.ts'
import type { Watch } from './watch.ts'
import type { RunResult } from '../../src/practice/run.ts'
import type { Street } from '../../src/practice/street.ts'

/** `npm run soak` sets both: 50 power cuts, and an hour of them. */
const KILLS = Number(process.env.SOAK_KILLS ?? 8)
const MINUTES = Number(process.env.SOAK_MINUTES ?? 0)
const SPEED = 450
const PERIOD_SEC = 900
/** A home that starts again and reads its disk takes no longer than this, on a busy machine in the short run; the day ends with the last of them. */
const RESTART_MS = MINUTES === 0 ? 12_000 : 3500
const PAUSE_MS = MINUTES === 0 ? 1200 : MINUTES * 60_000 / KILLS
const RUN_MS = Math.max(KILLS * RESTART_MS, MINUTES * 60_000)
/** For the last one to start again, and chance in between. */
const SPARE_PERIODS = 3
const PERIODS = Math.ceil(RUN_MS / 1000 * SPEED / PERIOD_SEC) + 2 * SPARE_PERIODS
/** More than the test asks for, by the home that is never killed. */
const LEAST_SOLD = 8
const MAX_GROWTH_MIB = 120
/** Kills after which the home has done all that it does: one that has just started is smaller. */
const SETTLED_AFTER = Math.ceil(KILLS / 3)
const MIB = 1024 * 1024

describe(`a street whose homes are killed and started again at random, ${KILLS} times`, function () {
  this.timeout(RUN_MS * 2 + 180_000)

  let street: Street
  let seen: Watch
  let result: RunResult
  let kills = 0
  let survivor: { before: number, after: number }

  before(async () => {
    street = await startTestStreet({ homes: 4, periods: PERIODS, speed: SPEED, mdns: true })
    seen = watch(street)
    let isOver = false
    const running = seen.run({ timeoutMs: RUN_MS * 2 + 120_000, isOver: () => isOver, onDeath: async (home) => street.restart(home) })
    running.catch(() => {})
    while (street.now() < street.from + PERIOD_SEC) {
      await sleep(50)
    }
    // the first home is left alone, so that somebody's memory can be watched all the time
    const [witness] = street.homes
    let before = residentBytes(witness.process.pid)
    seen.begin('killed and started again at random')
    const last = street.until - SPARE_PERIODS * PERIOD_SEC
    while (kills < KILLS && street.now() < last) {
      const running = street.homes.slice(1).filter((home) => home.process.isRunning())
      if (running.length > 0) {
        process.kill(running[Math.floor(Math.random() * running.length)].process.pid, 'SIGKILL')
        kills++
        if (kills === SETTLED_AFTER) {
          before = residentBytes(witness.process.pid)
        }
      }
      await sleep(Math.random() * 2 * PAUSE_MS)
    }
    // whoever was killed last comes back before the day ends
    await until(() => street.homes.every(({ process }) => process.isRunning()), 60_000)
    // and trades again
    const sold = async (): Promise<number> => (await witness.api.trades()).filter(({ state, terms }) => terms != null && !UNBOUND.includes(state)).length
    const soldBefore = await sold()
    await until(async () => street.now() >= street.until || await sold() >= Math.max(LEAST_SOLD, soldBefore + 2), 60_000)
    seen.end()
    isOver = true
    survivor = { before, after: residentBytes(witness.process.pid) }
    result = await running
    const { agreed, settled } = result.statement.trades
    show(`${kills} power cuts, ${agreed} trades agreed, ${settled} settled\nthe home that was never killed: ${Math.round(survivor.before / MIB)} MiB, then ${Math.round(survivor.after / MIB)} MiB`)
  })

  after(async () => { await street?.stop() })

  it('should start again every time and go on trading', () => {
    expect(kills).to.equal(KILLS)
    expect(street.homes.map(({ process }) => process.isRunning())).to.deep.equal([true, true, true, true])
    expect(result.statement.trades.settled).to.be.greaterThan(5)
  })

  it('should let no memory grow in a home that sees others come and go', () => {
    expect((survivor.after - survivor.before) / MIB).to.be.below(MAX_GROWTH_MIB)
  })

  it('should oversell nothing and account for every unit of money', async () => {
    await expectWhole(street, seen, result)
  })
})
