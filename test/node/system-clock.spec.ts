import { mock } from 'node:test'
import { expect } from 'aegir/chai'
import { createSystemClock } from '../../src/node/system-clock.ts'
import { clockCompliance } from '../compliance/clock.ts'

const DAY_MS = 86_400_000

describe('system clock', () => {
  clockCompliance(() => {
    const clock = createSystemClock({ speed: 100 })
    const end = clock.now() + 100
    return {
      clock,
      async passUntil (condition) {
        while (!condition()) {
          expect(clock.now(), 'market time').to.be.below(end)
          await new Promise(resolve => setTimeout(resolve, 1))
        }
      }
    }
  })

  it('should show the wall clock by default', () => {
    const before = Math.floor(Date.now() / 1000)
    const now = createSystemClock().now()
    expect(now).to.be.within(before, Math.floor(Date.now() / 1000))
  })

  describe('with a wall clock of our own', () => {
    const start = Date.UTC(2026, 4, 17)

    beforeEach(() => {
      mock.timers.enable({ apis: ['setTimeout', 'Date'], now: start })
    })

    afterEach(() => {
      mock.timers.reset()
    })

    it('should count market time from its start at its speed', () => {
      const clock = createSystemClock({ speed: 60, realStart: start - 2000, marketStart: 1_700_000_000 })
      expect(clock.now()).to.equal(1_700_000_120)
      mock.timers.tick(1500)
      expect(clock.now()).to.equal(1_700_000_210)
    })

    it('should agree with another clock of the same start, whenever that was made', () => {
      const init = { speed: 7, realStart: start, marketStart: 1000 }
      const early = createSystemClock(init)
      mock.timers.tick(12_345)
      const late = createSystemClock(init)
      expect(late.now()).to.equal(early.now()).and.to.equal(1000 + 86)
    })

    it('should start at the time on the wall when only a speed is given', () => {
      const clock = createSystemClock({ speed: 10 })
      expect(clock.now()).to.equal(start / 1000)
      mock.timers.tick(1000)
      expect(clock.now()).to.equal(start / 1000 + 10)
    })

    it('should wait longer than a timer of Node.js can', () => {
      const clock = createSystemClock()
      const ranAt: number[] = []
      clock.at(clock.now() + 40 * 86_400, () => { ranAt.push(Date.now()) })
      mock.timers.tick(40 * DAY_MS - 1)
      expect(ranAt).to.deep.equal([])
      mock.timers.tick(1)
      expect(ranAt).to.deep.equal([start + 40 * DAY_MS])
    })

    it('should look at the wall clock every minute, because it may be put right', () => {
      const sleeps: Array<{ task(): void, ms: number }> = []
      const spy = mock.method(globalThis, 'setTimeout', (task: () => void, ms: number) => { sleeps.push({ task, ms }) })
      try {
        const clock = createSystemClock()
        const ranAt: number[] = []
        clock.at(clock.now() + 30 * 86_400, () => { ranAt.push(Date.now()) })
        expect(sleeps[0].ms).to.equal(60_000)
        sleeps[0].task()
        expect(ranAt).to.deep.equal([])
        mock.timers.setTime(start + 31 * DAY_MS)
        sleeps[1].task()
        expect(ranAt).to.deep.equal([start + 31 * DAY_MS])
        expect(sleeps).to.have.length(2)
      } finally {
        spy.mock.restore()
      }
    })

    it('should no longer wait once it was cancelled in the middle of a long wait', () => {
      const clock = createSystemClock()
      let hasRun = false
      const cancel = clock.at(clock.now() + 600, () => { hasRun = true })
      mock.timers.tick(300_000)
      cancel()
      mock.timers.tick(600_000)
      expect(hasRun).to.equal(false)
    })
  })
})
