import { expect } from 'aegir/chai'
import { generatePrivateKey, privateKeyToAddress } from 'viem/accounts'
import { createMemoryStore } from '../../src/simulator/memory-store.ts'
import { stopAll } from '../helpers/stop-all.ts'
import { until } from '../helpers/until.ts'
import { startProxy } from './proxy.ts'
import { startRig } from './rig.ts'
import type { Proxy } from './proxy.ts'
import type { Rig } from './rig.ts'
import type { Account, Hex, Money } from '../../src/domain/units.ts'
import type { OwnerSettlement, Settlement, SettlementEvent } from '../../src/ports/settlement.ts'
import type { Logger } from '../../src/ports/telemetry.ts'

describe('escrow events', () => {
  let rig: Rig
  let proxy: Proxy
  let settlement: Settlement
  let owner: OwnerSettlement
  const lines: string[] = []

  beforeEach(async () => {
    rig = await startRig(1_800_000_000)
    proxy = await startProxy(rig.chain.rpcUrl)
    lines.length = 0
    const ownerKey: Hex = generatePrivateKey()
    await rig.chain.fund(privateKeyToAddress(ownerKey).toLowerCase() as Account, { gas: 10n ** 18n, money: 1000n })
    owner = rig.owner(ownerKey)
    settlement = rig.settlement(generatePrivateKey(), { rpcUrl: proxy.url, logger: noting(lines) })
  })

  afterEach(async () => {
    await stopAll(async () => settlement.stop(), proxy.close, rig.chain.stop)
  })

  function amounts (use: Settlement = settlement): Money[] {
    const seen: Money[] = []
    use.watch((event) => {
      if (event.kind === 'deposited') {
        seen.push(event.amount)
      }
    })
    return seen
  }

  it('should begin with the history of the escrow', async () => {
    await owner.deposit(1n)
    await owner.deposit(2n)
    const seen = amounts()
    await until(() => seen.length === 2)
    expect(seen).to.deep.equal([1n, 2n])
  })

  it('should read a long history in ranges', async () => {
    await owner.deposit(1n)
    await rig.client.mine({ blocks: 1100 })
    await owner.deposit(2n)
    const seen = amounts()
    await until(() => seen.length === 2)
    const ranges = proxy.calls.filter(({ method }) => method === 'eth_getLogs')
      .map(({ params }) => params[0] as { fromBlock: Hex, toBlock: Hex })
      .map(({ fromBlock, toBlock }) => [Number(fromBlock), Number(toBlock)])
    expect(ranges.length).to.be.at.least(2)
    ranges.forEach(([from, to], index) => {
      expect(from).to.equal(index === 0 ? Number(rig.chain.deployBlock) : ranges[index - 1][1] + 1)
      expect(to - from).to.be.below(1000)
    })
  })

  it('should tell again what a reorg moved, and tell what it brought', async () => {
    const seen = amounts()
    await owner.deposit(1n)
    await owner.deposit(2n)
    await until(() => seen.length === 2)
    const before = await rig.client.getBlock()
    const snapshot = await rig.client.snapshot()
    await owner.deposit(3n)
    await owner.deposit(4n)
    await until(() => seen.length === 4)

    await rig.client.revert({ id: snapshot })
    expect((await rig.client.getBlock()).hash).to.equal(before.hash)
    await owner.deposit(4n)
    await owner.deposit(5n)
    await owner.deposit(6n)
    await until(() => seen.includes(6n))
    expect(seen).to.deep.equal([1n, 2n, 3n, 4n, 4n, 5n, 6n])
    expect(lines).to.include('warn the chain replaced a block')
  })

  it('should tell nothing that a reorg took away before it was confirmed', async () => {
    const careful = rig.settlement(generatePrivateKey(), { confirmations: 3 })
    const seen = amounts(careful)
    const snapshot = await rig.client.snapshot()
    await owner.deposit(1n)
    await rig.chain.mine(0)
    await rig.client.revert({ id: snapshot })
    await owner.deposit(2n)
    await rig.client.mine({ blocks: 2 })
    await until(() => seen.length > 0)
    await careful.stop()
    expect(seen).to.deep.equal([2n])
  })

  it('should go on after the chain did not answer, and say so', async () => {
    const seen = amounts()
    await owner.deposit(1n)
    await until(() => seen.length === 1)
    proxy.isShut = true
    await owner.deposit(2n)
    await until(() => lines.includes('warn escrow events could not be read'))
    expect(seen).to.deep.equal([1n])
    proxy.isShut = false
    await until(() => seen.length === 2)
    expect(seen).to.deep.equal([1n, 2n])
  })

  it('should not let one listener\'s failure reach the others', async () => {
    settlement.watch(() => { throw new Error('no') })
    const seen = amounts()
    await owner.deposit(1n)
    await until(() => seen.length === 1)
    expect(lines).to.include('error a listener of escrow events failed')
  })

  it('should go on after a restart where it was, and tell the newest range again', async () => {
    const notes = createMemoryStore()
    const run = async (wanted: Money): Promise<Money[]> => {
      const use = rig.settlement(generatePrivateKey(), { rpcUrl: proxy.url, notes })
      await use.start()
      const seen = amounts(use)
      await until(() => seen.includes(wanted))
      await rig.client.mine({ blocks: 1 })
      await until(async () => (await notes.note(`events of ${rig.chain.escrow} on ${rig.chain.chainId}`))?.includes(`"${await rig.client.getBlockNumber() - 1n}n"`) === true)
      await use.stop()
      return seen
    }
    await owner.deposit(1n)
    await owner.deposit(2n)
    expect(await run(2n)).to.deep.equal([1n, 2n])
    proxy.calls.length = 0
    const snapshot = await rig.client.snapshot()
    await owner.deposit(3n)
    expect(await run(3n)).to.deep.equal([3n])
    const [{ params }] = proxy.calls.filter(({ method }) => method === 'eth_getLogs')
    expect(Number((params[0] as { fromBlock: Hex }).fromBlock)).to.be.above(Number(rig.chain.deployBlock) + 2)

    // what a reorganisation changed meanwhile is told anew
    await rig.client.revert({ id: snapshot })
    await owner.deposit(4n)
    await rig.client.mine({ blocks: 3 })
    expect(await run(4n)).to.deep.equal([4n])
  })

  it('should ask once for all listeners and fall silent with the last', async () => {
    const events: SettlementEvent[] = []
    const stops = Array.from({ length: 5 }, () => settlement.watch((event) => { events.push(event) }))
    await owner.deposit(1n)
    await until(() => events.length === 5)
    const asked = proxy.calls.filter(({ method }) => method === 'eth_getLogs').length
    expect(asked).to.be.below(5)
    stops.forEach((stop) => { stop() })
    await settlement.stop()
    await owner.deposit(2n)
    expect(events).to.have.length(5)
  })
})

function noting (lines: string[]): Logger {
  const log = (level: string) => (message: string): void => { lines.push(`${level} ${message}`) }
  return { error: log('error'), warn: log('warn'), info: log('info'), debug: log('debug'), trace: log('trace'), scope: () => noting(lines) }
}
