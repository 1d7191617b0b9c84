import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'aegir/chai'
import { freePort } from '../helpers/free-port.ts'
import { startTestStreet } from '../helpers/practice.ts'
import { stopAll } from '../helpers/stop-all.ts'
import { until } from '../helpers/until.ts'
import { missingForNamespaces, needs, startLan } from './lan.ts'
import { describePhases, expectBoundedMemory, expectWhole, show, watch } from './watch.ts'
import type { Lan, WireRules } from './lan.ts'
import type { Phase, Watch } from './watch.ts'
import type { RunResult } from '../../src/practice/run.ts'
import type { Street } from '../../src/practice/street.ts'

const SPEED = 450
const PERIOD_SEC = 900
/** More than the phases need; the day ends with the last of them. */
const PERIODS = 40
const DELAY_MS = 5
const TOGETHER = [0, 0, 0, 0]
const PERIOD_MS = PERIOD_SEC / SPEED * 1000
/** A phase ends when so much was traded, and not before the first or after the second of these times. */
const ENOUGH = 3
const PHASE_MS = [1.5 * PERIOD_MS, 5 * PERIOD_MS] as const
const PARTED_MS = [4 * PERIOD_MS, 6 * PERIOD_MS] as const
const HEAL_MS = [PERIOD_MS, 14_000] as const

describe('a street over hard links, each home in a network namespace of its own', function () {
  this.timeout(300_000)

  let lan: Lan
  let street: Street
  let seen: Watch
  let result: RunResult
  let healedAfterMs: number | undefined
  let acrossWhileParted = 0

  async function phase (name: string, rules: Partial<WireRules>, [leastMs, mostMs]: readonly [number, number] = PHASE_MS, isEnough = (phase: Phase) => phase.agreed >= ENOUGH): Promise<Phase> {
    lan.set(rules)
    const begun = seen.begin(name)
    await sleep(leastMs)
    await until(() => isEnough(begun) || performance.now() - begun.startedAt > mostMs, mostMs + 10_000)
    seen.end()
    return begun
  }

  before(async function () {
    needs(this, missingForNamespaces())
    const chainPort = await freePort()
    lan = await startLan(4, chainPort)
    lan.set({ delayMs: DELAY_MS, loss: 0, groups: TOGETHER })
    street = await startTestStreet({ homes: 4, periods: PERIODS, speed: SPEED, chainPort, homeOf: lan.homeOf })
    seen = watch(street)
    let parted = Number.MAX_SAFE_INTEGER
    let healed = 0
    const half = (owner: string): boolean => street.homes.slice(0, 2).some((home) => home.owner === owner)
    let isOver = false
    const running = seen.run({
      isOver: () => isOver,
      onAgreed ({ partner }, { owner }) {
        if (half(partner) !== half(owner)) {
          acrossWhileParted += Number(performance.now() > parted && healed === 0)
          healedAfterMs ??= healed > 0 ? performance.now() - healed : undefined
        }
      }
    })
    running.catch(() => {})
    while (street.now() < street.from + PERIOD_SEC) {
      await sleep(50)
    }
    await phase(`${DELAY_MS} ms one way, no loss`, {})
    await phase('2 % loss', { loss: 0.02 })
    await phase('20 % loss', { loss: 0.2 })
    await phase(`20 times the latency (${20 * DELAY_MS} ms one way)`, { loss: 0, delayMs: 20 * DELAY_MS })
    lan.set({ delayMs: DELAY_MS })
    // what was on its way arrives
    parted = performance.now() + 1000
    await phase('parted in two halves, 4 periods and more', { groups: [0, 0, 1, 1] }, PARTED_MS)
    healed = performance.now()
    await phase('together again', { groups: TOGETHER }, HEAL_MS, ({ agreed }) => healedAfterMs != null && agreed >= ENOUGH)
    isOver = true
    result = await running
    show(`${describePhases(seen.phases)}\nthe homes met by ${street.discovery}; first trade between the halves ${healedAfterMs?.toFixed(0)} ms after they came together`)
  })

  after(async () => {
    await stopAll(async () => street?.stop(), async () => lan?.close())
  })

  it('should go on trading over links that lose and delay, and within each half of a street that is parted', () => {
    expect(seen.phases.filter(({ agreed }) => agreed === 0).map(({ name }) => name)).to.deep.equal([])
  })

  it('should come together again by itself', () => {
    expect(healedAfterMs).to.be.a('number')
    expect(acrossWhileParted).to.equal(0)
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
