import { expect } from 'aegir/chai'
import type { Clock } from '../../src/ports/clock.ts'

export interface ClockSetup {
  readonly clock: Clock
  /** Lets time pass until the condition holds; fails when it does not within 100 seconds of market time. */
  passUntil(condition: () => boolean): Promise<void>
}

/** What every clock promises. */
export function clockCompliance (setup: () => ClockSetup): void {
  let clock: Clock
  let passUntil: ClockSetup['passUntil']
  let ran: string[]

  beforeEach(() => {
    ({ clock, passUntil } = setup())
    ran = []
  })

  const mark = (name: string) => (): void => { ran.push(name) }

  it('should show whole seconds that never fall', async () => {
    const start = clock.now()
    let last = start
    await passUntil(() => {
      const now = clock.now()
      expect(Number.isInteger(now)).to.equal(true)
      expect(now).to.be.at.least(last)
      last = now
      return now > start + 1
    })
  })

  it('should run a task once, and not before its time', async () => {
    const time = clock.now() + 3
    let ranAt: number | undefined
    clock.at(time, () => {
      ranAt = clock.now()
      ran.push('task')
    })
    clock.at(time + 6, mark('later'))
    await passUntil(() => ran.includes('later'))
    expect(ran).to.deep.equal(['task', 'later'])
    expect(ranAt).to.be.at.least(time)
  })

  it('should run tasks in the order of their times', async () => {
    const now = clock.now()
    clock.at(now + 9, mark('third'))
    clock.at(now + 3, mark('first'))
    clock.at(now + 6, mark('second'))
    await passUntil(() => ran.length === 3)
    expect(ran).to.deep.equal(['first', 'second', 'third'])
  })

  it('should run a task soon, but not at once, when its time has passed', async () => {
    clock.at(clock.now() - 10, mark('past'))
    clock.at(clock.now(), mark('now'))
    clock.after(0, mark('zero'))
    expect(ran).to.deep.equal([])
    await passUntil(() => ran.length === 3)
    expect(ran).to.have.members(['past', 'now', 'zero'])
  })

  it('should run a task after a pause, also of less than a second', async () => {
    const start = clock.now()
    let ranAt = 0
    clock.after(0.5, mark('half'))
    clock.after(4, () => {
      ranAt = clock.now()
      ran.push('four')
    })
    await passUntil(() => ran.length === 2)
    expect(ran).to.deep.equal(['half', 'four'])
    expect(ranAt).to.be.at.least(start + 4)
  })

  it('should not run a task that was cancelled', async () => {
    const now = clock.now()
    const cancelAt = clock.at(now + 3, mark('at'))
    const cancelAfter = clock.after(3, mark('after'))
    cancelAt()
    cancelAfter()
    cancelAt()
    clock.at(now + 6, mark('later'))
    await passUntil(() => ran.includes('later'))
    expect(ran).to.deep.equal(['later'])
  })

  it('should not mind that a task is cancelled after it ran', async () => {
    const cancel = clock.after(1, mark('ran'))
    clock.after(4, mark('other'))
    await passUntil(() => ran.length === 1)
    cancel()
    await passUntil(() => ran.length === 2)
    expect(ran).to.deep.equal(['ran', 'other'])
  })

  it('should let a task set and cancel others', async () => {
    const now = clock.now()
    const cancel = clock.at(now + 8, mark('cancelled'))
    clock.at(now + 2, () => {
      cancel()
      clock.after(3, mark('inner'))
    })
    clock.at(now + 11, mark('later'))
    await passUntil(() => ran.includes('later'))
    expect(ran).to.deep.equal(['inner', 'later'])
  })
}
