import { expect } from 'aegir/chai'
import { ACCEPT } from '../../src/domain/verdict.ts'
import { meterTag } from '../../src/signing/digests.ts'
import { aNetwork } from '../helpers/streets.ts'
import { until } from '../helpers/until.ts'
import type { Libp2pNetwork } from '../../src/network/network.ts'
import type { NetworkHandlers } from '../../src/ports/network.ts'

const HANDLERS: NetworkHandlers = {
  onOrder: async () => ACCEPT,
  onTrade: async () => ({ kind: 'decline', code: 'BUSY', remaining: 0 })
}

describe('meter tags over libp2p', () => {
  const networks: Libp2pNetwork[] = []

  async function aRunning (n: number, serial?: string): Promise<Libp2pNetwork> {
    const network = aNetwork(n, { meterTag: serial == null ? undefined : meterTag(serial, aNetwork(n).peerId) })
    networks.push(network)
    await network.start(HANDLERS)
    return network
  }

  afterEach(async () => {
    await Promise.all(networks.splice(0).map(async (network) => network.stop()))
  })

  it('E55 should show each neighbour a tag only an owner of the same meter can read', async () => {
    const [alice, bob, carol] = [await aRunning(1, 'meter 7'), await aRunning(2, 'meter 7'), await aRunning(3)]
    for (const other of [bob, carol]) {
      await alice.dial(other.addresses()[0])
    }
    const tagAt = (network: Libp2pNetwork, of: Libp2pNetwork): string | undefined => network.peers().find(({ peerId }) => peerId === of.peerId)?.meterTag
    await until(() => tagAt(alice, bob) != null && tagAt(bob, alice) != null)
    expect(tagAt(alice, bob)).to.equal(meterTag('meter 7', bob.peerId))
    expect(tagAt(bob, alice)).to.equal(meterTag('meter 7', alice.peerId))
    expect(tagAt(alice, bob)).to.not.equal(tagAt(bob, alice))
    await until(() => alice.peers().length === 2)
    expect(tagAt(alice, carol)).to.equal(undefined)
  })
})
