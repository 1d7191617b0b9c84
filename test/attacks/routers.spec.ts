import { expect } from 'aegir/chai'
import { peerIdOf } from '../../src/network/peer-ids.ts'
import { practiceKey } from '../../src/practice/street.ts'
import { publicKeyOf } from '../../src/signing/keys.ts'
import { freePort } from '../helpers/free-port.ts'
import { startTestStreet } from '../helpers/practice.ts'
import { until } from '../helpers/until.ts'
import { needsRouters, outsideAddress, startRouters } from './nat.ts'
import { expectWhole, show, watch } from './watch.ts'
import type { Routers } from './nat.ts'
import type { Watch } from './watch.ts'
import type { RunResult } from '../../src/practice/run.ts'
import type { HomeChanges, Street, StreetHome } from '../../src/practice/street.ts'

const SEED = 3
const SPEED = 450
/** The day ends when both have traded enough, each in its way. */
const ENOUGH = 3
const PERIODS = 40
/** Places in the street: the neighbour outside, two homes that nobody can call, and one whose router passes a port on. */
const [RELAY, BUYER, SELLER, FORWARDED] = [0, 1, 2, 3]
const NOBODY = { dht: false, relay: false, relayForOthers: false, holePunching: false }

function describeWays (ways: ReadonlyMap<StreetHome, readonly string[]>): string {
  return [...ways].map(([{ name }, all]) => `${name} agreed ${all.filter((way) => way.includes('/p2p-circuit')).length} trades through the relay and ${all.filter((way) => !way.includes('/p2p-circuit')).length} directly`).join(', ')
}

describe('homes behind routers that let nobody in', function () {
  this.timeout(180_000)

  let routers: Routers
  let street: Street
  let seen: Watch
  let result: RunResult
  /** By which address a buyer was connected to the seller when they agreed. */
  const ways = new Map<StreetHome, string[]>()
  let upgraded: string | undefined

  const wayTo = async (from: StreetHome, to: StreetHome): Promise<string | undefined> =>
    (await from.api.status()).peers.find(({ peerId }) => peerId === to.peerId)?.address

  function homeOf (index: number): HomeChanges {
    const { wrapper, config } = routers.homeOf(index)
    const bootstrap = [`${outsideAddress(RELAY)}/p2p/${peerIdOf(publicKeyOf(practiceKey('node', SEED, RELAY))).toString()}`]
    const announce = [outsideAddress(index)]
    const reach = {
      [RELAY]: { ...NOBODY, announce, dht: true, relayForOthers: true },
      [BUYER]: { ...NOBODY, bootstrap, dht: true, relay: true, holePunching: true },
      [SELLER]: { ...NOBODY, bootstrap, dht: true, relay: true, holePunching: true },
      // it meets nobody by itself, so that the test decides who calls first
      [FORWARDED]: { ...NOBODY, bootstrap, announce, holePunching: true }
    }[index]
    return { wrapper, config: { ...config, network: { ...config?.network, ...reach }, ...index === RELAY ? { trading: { paused: true } } : {} } }
  }

  before(async function () {
    needsRouters(this)
    const chainPort = await freePort()
    routers = await startRouters({ homes: 4, chainPort, forwarded: [FORWARDED] })
    street = await startTestStreet({ homes: 4, periods: PERIODS, speed: SPEED, seed: SEED, chainPort, mdns: false, homeOf })
    const { [BUYER]: buyer, [SELLER]: seller, [FORWARDED]: forwarded } = street.homes
    seen = watch(street)
    const running = seen.run({
      isOver: () => [BUYER, FORWARDED].every((index) => (ways.get(street.homes[index])?.length ?? 0) >= ENOUGH),
      onAgreed (_, home) {
        void wayTo(home, seller).then((way) => { way != null && ways.set(home, [...ways.get(home) ?? [], way]) })
      }
    })
    running.catch(() => {})
    await until(async () => (await wayTo(buyer, seller)) != null, 60_000)
    const metAt = street.now() - street.from
    const [relayed] = (await seller.api.status()).addresses.filter((address) => address.includes('/p2p-circuit'))
    await until(async () => {
      // the relayed connection may be given up for the direct one before the call has returned
      await forwarded.api.dial(relayed).catch((error: unknown) => { show(String(error)) })
      return (await wayTo(seller, forwarded))?.includes('/p2p-circuit') === false
    }, 40_000)
    upgraded = await wayTo(seller, forwarded)
    result = await running
    show(`met ${Math.round(metAt / SPEED)} s after the first period began; ${describeWays(ways)}`)
  })

  after(async () => {
    await street?.stop()
    await routers?.close()
  })

  it('should find each other by the table and trade through a neighbour that is outside', () => {
    const all = ways.get(street.homes[BUYER]) ?? []
    expect(all.length).to.be.greaterThan(0)
    expect(all.filter((way) => !way.includes(`${outsideAddress(RELAY)}/p2p/${street.homes[RELAY].peerId}/p2p-circuit`))).to.deep.equal([])
  })

  it('should leave the neighbour outside as soon as one of two routers passes a port on, and trade directly', () => {
    expect(upgraded).to.contain(outsideAddress(FORWARDED))
    const all = ways.get(street.homes[FORWARDED]) ?? []
    expect(all.length).to.be.greaterThan(0)
    expect(all.filter((way) => way.includes('/p2p-circuit'))).to.deep.equal([])
  })

  it('should oversell nothing and account for every unit of money', async () => {
    await expectWhole(street, seen, result)
  })
})
