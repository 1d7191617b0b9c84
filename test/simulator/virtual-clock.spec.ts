import { expect } from 'aegir/chai'
import { createVirtualClock } from '../../src/simulator/virtual-clock.ts'
import { clockCompliance } from '../compliance/clock.ts'
import type { VirtualClock } from '../../src/simulator/virtual-clock.ts'

const START = 1_700_000_000

describe('virtual clock', () => {
  let clock: VirtualClock
  let ran: string[]

  beforeEach(() => {
    clock = createVirtualClock(START)
    ran = []
  })

  clockCompliance(() => {
    const clock = createVirtualClock(START)
    return {
      clock,
      async passUntil (condition) {
        for (const end = clock.now() + 100; !condition();) {
          expect(clock.now(), 'market time').to.be.below(end)
          await clock.advanceTo(clock.now() + 1)
        }
      }
    }
  })

  const mark = (name: string) => (): void => { ran.push(name) }

  it('should stand still until it is told to move', async () => {
    clock.after(0, mark('task'))
    await new Promise(resolve => setImmediate(resolve))
    expect(clock.now()).to.equal(START)
    expect(ran).to.deep.equal([])
  })

  it('should run every task at its own instant and end at the time asked for', async () => {
    const seen: number[] = []
    clock.at(START + 900, () => { seen.push(clock.now()) })
    clock.after(12.5, () => { seen.push(clock.now()) })
    await clock.advanceTo(START + 1000)
    expect(seen).to.deep.equal([START + 12, START + 900])
    expect(clock.now()).to.equal(START + 1000)
  })

  it('should run tasks of one instant in the order in which they were set', async () => {
    clock.at(START + 5, mark('a'))
    clock.after(5, mark('b'))
    clock.at(START + 4, () => { clock.after(1, mark('d')) })
    clock.at(START + 5, mark('c'))
    await clock.advanceTo(START + 5)
    expect(ran).to.deep.equal(['a', 'b', 'c', 'd'])
  })

  it('should run a task of the past after those that are due already', async () => {
    clock.at(START, mark('due'))
    clock.at(START - 100, mark('past'))
    await clock.advanceTo(START)
    expect(ran).to.deep.equal(['due', 'past'])
  })

  it('should let the promises of a task go on before the next one runs', async () => {
    clock.at(START + 1, () => {
      void (async () => {
        for (let i = 0; i < 50; i++) {
          await Promise.resolve()
        }
        ran.push('promises')
        clock.after(1, mark('set by promises'))
      })()
    })
    clock.at(START + 2, mark('next'))
    await clock.advanceTo(START + 2)
    expect(ran).to.deep.equal(['promises', 'next', 'set by promises'])
  })

  it('should see timers of promises that were under way when it was told to move', async () => {
    void (async () => {
      await Promise.resolve()
      clock.after(1, mark('task'))
    })()
    await clock.advanceTo(START + 1)
    expect(ran).to.deep.equal(['task'])
  })

  it('should never go back', async () => {
    clock.at(START + 10, mark('task'))
    await clock.advanceTo(START + 5)
    await clock.advanceTo(START)
    expect(clock.now()).to.equal(START + 5)
    expect(ran).to.deep.equal([])
  })

  it('should count the tasks that wait', async () => {
    clock.after(1, mark('one'))
    const cancel = clock.after(2, mark('two'))
    clock.after(3, mark('three'))
    expect(clock.pending).to.equal(3)
    cancel()
    expect(clock.pending).to.equal(2)
    await clock.advanceTo(START + 1)
    expect(clock.pending).to.equal(1)
  })
})
