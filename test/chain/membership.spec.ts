import { expect } from 'aegir/chai'
import { createMembership } from '../../src/chain/membership.ts'
import { hasCode } from '../../src/domain/errors.ts'
import { startCommunity } from '../helpers/community.ts'
import { stopAll } from '../helpers/stop-all.ts'
import { until } from '../helpers/until.ts'
import { startProxy } from './proxy.ts'
import type { Proxy } from './proxy.ts'
import type { MembershipInit } from '../../src/chain/membership.ts'
import type { Membership } from '../../src/ports/membership.ts'
import type { TestCommunity } from '../helpers/community.ts'

describe('membership as the chain tells it', () => {
  let community: TestCommunity
  let proxy: Proxy
  let membership: Membership
  let now = 1000

  beforeEach(async () => {
    community = await startCommunity(1)
    await community.join(0)
    proxy = await startProxy(community.url)
    membership = follow()
  })
  afterEach(async () => {
    await stopAll(async () => membership?.stop(), () => { proxy?.close() }, async () => community?.stop())
  })

  const follow = (changes: Partial<MembershipInit> = {}): Membership => createMembership({
    rpcUrl: proxy.url, chainId: community.chainId, book: community.book, confirmations: 1, pollMs: 5, now: () => now, ...changes
  })
  const seats = (): number => membership.state().seats

  async function letIn (number: number): Promise<void> {
    await community.join(number)
    await community.moves(0).vouch(community.home(number).owner, community.home(number).meter)
  }

  it('should know every seat from the start, in lower case, and founders without a meter too', async () => {
    await membership.start()
    const { owner, meter } = community.home(0)
    expect(membership.seat(owner)).to.include({ home: owner, meter })
    expect(membership.seat(community.home(1).owner)).to.be.undefined()
    expect(membership.state()).to.deep.equal({ book: community.book, seats: 1, asOf: 1000 })
  })

  it('should learn of who enters and who goes', async () => {
    await membership.start()
    await letIn(1)
    await until(() => seats() === 2)
    expect(membership.seat(community.home(1).owner)?.meter).to.equal(community.home(1).meter)
    await community.moves(1).quit()
    await until(() => seats() === 1)
  })

  it('should keep the last copy while the chain is away, say so, and catch up afterwards', async () => {
    await membership.start()
    proxy.isShut = true
    await until(() => membership.state().problem != null)
    now = 5000
    await letIn(1)
    expect(membership.seat(community.home(0).owner)?.meter).to.equal(community.home(0).meter)
    expect(membership.seat(community.home(1).owner)).to.be.undefined()
    expect(membership.state()).to.include({ seats: 1, asOf: 1000 })
    proxy.isShut = false
    await until(() => membership.state().problem == null)
    expect(membership.state()).to.include({ seats: 2, asOf: 5000 })
  })

  it('should not fall back to what a service that lags behind still shows', async () => {
    await letIn(1)
    await membership.start()
    proxy.answers.eth_blockNumber = async () => '0x1'
    await until(() => membership.state().problem != null)
    expect(membership.state().problem).to.match(/went back/)
    expect(seats()).to.equal(2)
  })

  it('should believe a seat only under as many blocks as it was told', async () => {
    const careful = follow({ confirmations: 3 })
    await community.client.mine({ blocks: 2 })
    await careful.start()
    await letIn(1)
    await membership.start()
    expect(seats()).to.equal(2)
    expect(careful.seat(community.home(1).owner)).to.be.undefined()
    await community.client.mine({ blocks: 2 })
    await until(() => careful.seat(community.home(1).owner) != null)
    await careful.stop()
  })

  it('should refuse to start without a book, on another chain and while the chain is away', async () => {
    const codeOf = async (each: Membership): Promise<string> => each.start().then(() => 'started', (error: unknown) =>
      ['CHAIN_NO_CONTRACT', 'CHAIN_WRONG_NETWORK', 'CHAIN_UNREACHABLE'].find((code) => hasCode(error, code)) ?? String(error))
    expect(await codeOf(follow({ book: '0x00000000000000000000000000000000000000bb' }))).to.equal('CHAIN_NO_CONTRACT')
    expect(await codeOf(follow({ chainId: 5 }))).to.equal('CHAIN_WRONG_NETWORK')
    proxy.isShut = true
    expect(await codeOf(follow())).to.equal('CHAIN_UNREACHABLE')
  })
})
