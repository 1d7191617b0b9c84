import { expect } from 'aegir/chai'
import { hasCode } from '../../src/domain/errors.ts'
import { ACCEPT } from '../../src/domain/verdict.ts'
import { createMemoryStreet } from '../../src/simulator/memory-network.ts'
import { aDigest, aSignedOrder, aSigner } from '../helpers/orders.ts'
import type { PublicKey } from '../../src/domain/units.ts'
import type { Network } from '../../src/ports/network.ts'
import type { MemoryStreetInit } from '../../src/simulator/memory-network.ts'

const KEYS = [1, 2, 3].map((n) => aSigner(n).key)
const QUERY = { kind: 'status-query', tradeId: aDigest(1) } as const
const STATUS = { kind: 'status', tradeId: aDigest(1), state: 'agreed' } as const

async function aStreet (init: MemoryStreetInit): Promise<{ networks: Network[], heard: PublicKey[], asked: PublicKey[], idle(): Promise<void> }> {
  const street = createMemoryStreet(init)
  const heard: PublicKey[] = []
  const asked: PublicKey[] = []
  const networks = KEYS.map((key) => street.join(key))
  for (const network of networks) {
    await network.start({
      onOrder: async () => { heard.push(network.key); return ACCEPT },
      onTrade: async () => { asked.push(network.key); return STATUS }
    })
  }
  return { networks, heard, asked, idle: async () => street.idle() }
}

async function expectCode (promise: Promise<unknown>, code: string): Promise<void> {
  const error = await promise.then(() => undefined, (error) => error)
  expect(hasCode(error, code), `expected ${code}, got ${String(error)}`).to.equal(true)
}

describe('memory street', () => {
  it('should be idle once everyone has judged the order, exactly once each', async () => {
    const { networks, heard, idle } = await aStreet({})
    expect(await networks[0].publish(aSignedOrder())).to.equal(2)
    await idle()
    expect(heard).to.deep.equal([KEYS[1], KEYS[2]])
  })

  it('should bring a lost order round another way', async () => {
    const { networks, heard, idle } = await aStreet({ isLost: (from, to) => from === KEYS[0] && to === KEYS[2] })
    await networks[0].publish(aSignedOrder())
    await idle()
    expect(heard).to.deep.equal([KEYS[1], KEYS[2]])
  })

  it('should time out when the question is lost, before it is heard, and when the answer is lost, after', async () => {
    let lost: PublicKey | undefined = KEYS[0]
    const { networks, asked } = await aStreet({ isLost: (from) => from === lost })
    const talk = await networks[0].converse(KEYS[1])
    await expectCode(talk.ask(QUERY), 'NETWORK_TIMEOUT')
    expect(asked).to.deep.equal([])
    lost = KEYS[1]
    await expectCode(talk.ask(QUERY), 'NETWORK_TIMEOUT')
    expect(asked).to.deep.equal([KEYS[1]])
    lost = undefined
    expect(await talk.ask(QUERY)).to.deep.equal(STATUS)
  })

  it('should part and heal', async () => {
    let isParted = true
    const { networks, heard, idle } = await aStreet({ isLinked: () => !isParted })
    expect(await networks[0].publish(aSignedOrder())).to.equal(0)
    await expectCode(networks[0].converse(KEYS[1]), 'NETWORK_UNREACHABLE')
    await expectCode(networks[0].dial(`/memory/${KEYS[1]}`), 'NETWORK_UNREACHABLE')
    isParted = false
    const talk = await networks[0].converse(KEYS[1])
    await networks[0].publish(aSignedOrder())
    await idle()
    expect(heard).to.have.lengthOf(2)
    isParted = true
    await expectCode(talk.ask(QUERY), 'NETWORK_CLOSED')
  })

  it('should hand out copies, so that homes share no state', async () => {
    const street = createMemoryStreet()
    const order = aSignedOrder()
    const seen: unknown[] = []
    const [alice, bob] = KEYS.map((key) => street.join(key))
    for (const network of [alice, bob]) {
      await network.start({ onOrder: async (heard) => { seen.push(heard); return ACCEPT }, onTrade: async () => STATUS })
    }
    await alice.publish(order)
    await street.idle()
    expect(seen).to.deep.equal([order])
    expect(seen[0] === order).to.equal(false)
    const answer = await (await alice.converse(KEYS[1])).ask(QUERY)
    expect(answer).to.deep.equal(STATUS)
    expect(answer === STATUS).to.equal(false)
  })
})
