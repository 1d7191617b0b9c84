import { expect } from 'aegir/chai'
import { ACCEPT, ignore } from '../../src/domain/verdict.ts'
import { JudgingQueue } from '../../src/network/judging-queue.ts'
import { PeerAllowance } from '../../src/network/peer-allowance.ts'
import type { Verdict } from '../../src/domain/verdict.ts'

describe('queue of orders to be judged', () => {
  it('should judge one at a time, neighbour after neighbour', async () => {
    const queue = new JudgingQueue({ maxOrders: 100, timeoutMs: 1000 })
    const judged: string[] = []
    let running = 0
    const judge = (peer: string, name: string): Promise<Verdict> => queue.judge(peer, async () => {
      expect(++running).to.equal(1)
      await Promise.resolve()
      judged.push(name)
      running--
      return ACCEPT
    })
    const verdicts = await Promise.all([judge('a', 'a1'), judge('a', 'a2'), judge('a', 'a3'), judge('b', 'b1'), judge('c', 'c1'), judge('b', 'b2')])
    expect(verdicts).to.deep.equal(Array(6).fill(ACCEPT))
    expect(judged).to.deep.equal(['a1', 'a2', 'b1', 'c1', 'a3', 'b2'])
  })

  it('should ignore what comes when it is full, and what comes from one neighbour that fills a quarter of it', async () => {
    const queue = new JudgingQueue({ maxOrders: 8, timeoutMs: 1000 })
    let open = (): void => {}
    const gate = new Promise<void>((resolve) => { open = resolve })
    const judge = (peer: string): Promise<Verdict> => queue.judge(peer, async () => { await gate; return ACCEPT })
    const flood = Promise.all(Array.from({ length: 20 }, async () => judge('flood')))
    const others = Promise.all(['a', 'b', 'c', 'd', 'e'].map(judge))
    expect(await judge('f')).to.deep.equal(ignore('OWN_FAULT'))
    open()
    // one is being judged, two wait
    expect((await flood).filter((verdict) => verdict === ACCEPT)).to.have.lengthOf(3)
    expect(await others).to.deep.equal(Array(5).fill(ACCEPT))
    expect(await judge('f')).to.equal(ACCEPT)
  })

  it('should ignore what takes too long or fails, and go on', async () => {
    const queue = new JudgingQueue({ maxOrders: 8, timeoutMs: 5 })
    const verdicts = await Promise.all([
      queue.judge('a', async () => new Promise(() => {})),
      queue.judge('a', async () => { throw new Error('disk full') }),
      queue.judge('b', async () => ACCEPT)
    ])
    expect(verdicts).to.deep.equal([ignore('OWN_FAULT'), ignore('OWN_FAULT'), ACCEPT])
  })

  it('should let other work have its turn while a thousand orders wait', async () => {
    const queue = new JudgingQueue({ maxOrders: 4096, timeoutMs: 1000 })
    let judged = 0
    const all = Promise.all(Array.from({ length: 1000 }, async (_, number) => queue.judge(String(number), async () => {
      for (const end = performance.now() + 0.1; performance.now() < end;) {
        // as long as two signatures take
      }
      judged++
      return ACCEPT
    })))
    await new Promise((resolve) => { setImmediate(resolve) })
    expect(judged).to.be.within(1, 900)
    await all
    expect(judged).to.equal(1000)
  })
})

describe('allowance of a neighbour', () => {
  it('should be a burst, then so many a second', () => {
    let now = 0
    const allowance = new PeerAllowance({ perSec: 10, burst: 50, now: () => now })
    const taken = (peer: string, tries: number): number => Array.from({ length: tries }, () => allowance.take(peer)).filter(Boolean).length
    expect(taken('a', 100)).to.equal(50)
    expect(taken('b', 10)).to.equal(10)
    now += 1000
    expect(taken('a', 100)).to.equal(10)
    now += 3_600_000
    expect(taken('a', 100)).to.equal(50)
  })

  it('should forget who was silent longest, so that many names cost no more memory', () => {
    const allowance = new PeerAllowance({ perSec: 1, burst: 1, now: () => 0 })
    expect([allowance.take('first'), allowance.take('first')]).to.deep.equal([true, false])
    for (let number = 0; number < 1000; number++) {
      allowance.take(`peer ${number}`)
    }
    expect(allowance.take('first')).to.equal(true)
    expect(allowance.take('peer 999')).to.equal(false)
  })
})
