import { expect } from 'aegir/chai'
import { loop } from '../../src/node/supervise.ts'
import { createVirtualClock } from '../../src/simulator/virtual-clock.ts'
import { silentLogger } from '../helpers/street.ts'
import type { Loop } from '../../src/node/supervise.ts'
import type { Logger } from '../../src/ports/telemetry.ts'
import type { VirtualClock } from '../../src/simulator/virtual-clock.ts'

const START = 1000

interface Rig {
  readonly clock: VirtualClock
  readonly runs: number[]
  readonly warnings: unknown[]
  readonly loop: Loop
}

/** A loop whose task notes the time of each run. */
function aRig (task: (run: number) => Promise<number>): Rig {
  const clock = createVirtualClock(START)
  const runs: number[] = []
  const warnings: unknown[] = []
  const logger: Logger = { ...silentLogger(), warn: (_message, fields) => warnings.push(fields) }
  const running = loop('testing', async () => {
    runs.push(clock.now())
    return task(runs.length)
  }, { clock, logger })
  return { clock, runs, warnings, loop: running }
}

describe('a background loop', () => {
  it('should run at once and again after the pause its task asks for', async () => {
    const { clock, runs } = aRig(async (run) => run === 1 ? 10 : 30)
    await clock.advanceTo(START + 100)
    expect(runs).to.deep.equal([START, START + 10, START + 40, START + 70, START + 100])
  })

  it('should pause longer after each failure, up to five minutes, and say so', async () => {
    const { clock, runs, warnings } = aRig(async (run) => {
      if (run !== 9) {
        throw new Error('no')
      }
      return 60
    })
    await clock.advanceTo(START + 1600)
    const pauses = runs.slice(1).map((time, place) => time - runs[place])
    expect(pauses).to.deep.equal([5, 10, 20, 40, 80, 160, 300, 300, 60, 5, 10, 20, 40, 80, 160, 300].slice(0, pauses.length))
    expect(pauses.length).to.be.above(12)
    expect(warnings[0]).to.include({ inSec: 5 })
  })

  it('should run now when it is woken, and keep one rhythm', async () => {
    const { clock, runs, loop } = aRig(async () => 50)
    await clock.advanceTo(START + 20)
    loop.wake()
    await clock.advanceTo(START + 100)
    expect(runs).to.deep.equal([START, START + 20, START + 70])
    expect(clock.pending).to.equal(1)
  })

  it('should run once more, and never twice at a time, when it is woken in the middle of a run', async () => {
    let active = 0
    let most = 0
    const { clock, runs, loop } = aRig(async () => {
      most = Math.max(most, ++active)
      await new Promise<void>((resolve) => { clock.after(5, resolve) })
      active--
      return 50
    })
    await clock.advanceTo(START + 2)
    loop.wake()
    loop.wake()
    await clock.advanceTo(START + 20)
    expect(runs).to.deep.equal([START, START + 5])
    expect(most).to.equal(1)
  })

  it('should be woken out of the pause after a failure', async () => {
    const { clock, runs, loop } = aRig(async (run) => {
      if (run === 1) {
        throw new Error('no')
      }
      return 50
    })
    await clock.advanceTo(START + 1)
    loop.wake()
    await clock.advanceTo(START + 40)
    expect(runs).to.deep.equal([START, START + 1])
  })

  it('should stop after the run under way, for good', async () => {
    const { clock, runs, loop } = aRig(async () => {
      await new Promise<void>((resolve) => { clock.after(5, resolve) })
      return 1
    })
    await clock.advanceTo(START + 2)
    let isStopped = false
    const stopping = loop.stop().then(() => { isStopped = true })
    await clock.advanceTo(START + 4)
    expect(isStopped).to.equal(false)
    await clock.advanceTo(START + 5)
    await stopping
    loop.wake()
    await clock.advanceTo(START + 100)
    expect(runs).to.deep.equal([START])
    expect(clock.pending).to.equal(0)
  })

  it('should not complain of a failure that stopping caused', async () => {
    const { clock, warnings, loop } = aRig(async () => {
      await new Promise<void>((resolve) => { clock.after(5, resolve) })
      throw new Error('closed')
    })
    await clock.advanceTo(START + 2)
    const stopping = loop.stop()
    await clock.advanceTo(START + 6)
    await stopping
    expect(warnings).to.deep.equal([])
  })

  it('should stop before it ever ran', async () => {
    const { clock, runs, loop } = aRig(async () => 1)
    await loop.stop()
    await clock.advanceTo(START + 10)
    expect(runs).to.deep.equal([])
  })
})
