import { spawn } from 'node:child_process'
import { expect } from 'aegir/chai'
import { tied } from '../helpers/child.ts'
import { callCli } from '../helpers/cli.ts'
import { freePort } from '../helpers/free-port.ts'
import { startTestStreet } from '../helpers/practice.ts'
import { until } from '../helpers/until.ts'
import { needsRouters, startRouters } from './nat.ts'
import { expectWhole, show, watch } from './watch.ts'
import type { Routers } from './nat.ts'
import type { Watch } from './watch.ts'
import type { Json } from '../../src/api/client.ts'
import type { Check } from '../../src/cli/checks.ts'
import type { NodeStatus } from '../../src/node/node.ts'
import type { RunResult } from '../../src/practice/run.ts'
import type { HomeChanges, Street } from '../../src/practice/street.ts'
import type { ChildProcess } from 'node:child_process'

const SPEED = 450
const PERIODS = 40
const ENOUGH = 3
/** Places in the street: the neighbour outside, and the home whose router opens ports on request. */
const [OUTSIDE, INSIDE] = [0, 1]
/** As `wattmesh start` has it. */
const EVERYTHING = { mdns: true, dht: true, portMapping: true, reachability: true, relay: true, relayForOthers: true, holePunching: true }

describe('a home behind a router that opens ports on request', function () {
  this.timeout(120_000)

  let routers: Routers
  let otherProgram: ChildProcess | undefined
  let street: Street
  let seen: Watch
  let result: RunResult
  /** The port on the router, and how long it took. */
  let mapped: string
  let confirmed: Json<NodeStatus>
  let words: { status: string, doctor: readonly Check[] }
  let portsBefore: string[]
  let portsAfterRestart: string[]
  let firstWay: string | undefined
  const ways: string[] = []

  const reach = async (): Promise<Json<NodeStatus>['reach']> => (await street.homes[INSIDE].api.status()).reach
  const wayIn = async (): Promise<string | undefined> => (await street.homes[OUTSIDE].api.status()).peers.find(({ peerId }) => peerId === street.homes[INSIDE].peerId)?.address

  function homeOf (index: number): HomeChanges {
    const { wrapper, config } = routers.homeOf(index)
    // nobody is introduced to anybody
    const network = index === OUTSIDE ? { ...config?.network, ...EVERYTHING, bootstrap: [] } : { ...EVERYTHING, bootstrap: [] }
    return { wrapper, config: { ...config, network } }
  }

  before(async function () {
    needsRouters(this, { upnp: true })
    const chainPort = await freePort()
    routers = await startRouters({ homes: 2, chainPort, upnp: true })
    // as programs for music and films do
    const [program, ...args] = [...routers.homeOf(INSIDE).wrapper ?? [], process.execPath, '-e', 'require("node:dgram").createSocket("udp4").bind(1900)']
    otherProgram = tied(spawn(program, args, { stdio: 'ignore' }))
    street = await startTestStreet({ homes: 2, periods: PERIODS, speed: SPEED, chainPort, mdns: false, homeOf })
    const { [OUTSIDE]: outside, [INSIDE]: inside } = street.homes
    seen = watch(street)
    const running = seen.run({
      isOver: () => ways.length >= ENOUGH && portsAfterRestart != null,
      onAgreed () { void wayIn().then((way) => { way != null && ways.push(way) }) }
    })
    running.catch(() => {})
    await until(async () => (await reach()).mapped.length > 0, 30_000)
    mapped = (await reach()).mapped[0]
    portsBefore = routers.upnp(INSIDE).ports()
    await outside.api.dial(`${mapped}/p2p/${inside.peerId}`)
    firstWay = await wayIn()
    await until(async () => (await reach()).open.length > 0, 30_000)
    confirmed = await inside.api.status()
    words = {
      status: (await callCli('status', '--data', inside.folder)).stdout,
      doctor: (JSON.parse((await callCli('doctor', '--data', inside.folder, '--json')).stdout) as { checks: Check[] }).checks
    }
    await routers.upnp(INSIDE).restart()
    const restartedAt = performance.now()
    await until(() => routers.upnp(INSIDE).ports().length > 0, 40_000)
    portsAfterRestart = routers.upnp(INSIDE).ports()
    show(`the port was open again ${Math.round((performance.now() - restartedAt) / 1000)} s after the router had restarted; ${ways.length} trades until then`)
    result = await running
  })

  after(async () => {
    await street?.stop()
    otherProgram?.kill()
    await routers?.close()
  })

  it('should have the port opened that it listens on, and no other, although another program takes the port of the search', () => {
    expect(mapped).to.match(/^\/ip4\/44\.128\.1\.2\/tcp\/\d+$/)
    const port = mapped.split('/').at(-1)
    expect(portsBefore).to.deep.equal([`${port} 192.168.1.2:${port}`])
    expect(confirmed.addresses.filter((address) => address.includes(`/192.168.1.2/tcp/${port}/`))).to.have.lengthOf(1)
  })

  it('should be called back by the first neighbour, and tell others the address then', () => {
    expect(confirmed.reach.open).to.deep.equal([`${mapped}/p2p/${street.homes[INSIDE].peerId}`])
    expect(confirmed.addresses).to.include(confirmed.reach.open[0])
    expect(confirmed.reach.router).to.equal('opened')
  })

  it('should say so to its owner', () => {
    const says = (id: string): string | undefined => words.doctor.find((check) => check.id === id)?.says
    expect(says('network.port')).to.equal('The router opened a port for this home (UPnP).')
    expect(says('network.reach')).to.equal('Who can reach this home: everybody, through the port that the router opened.')
    expect(words.status).to.match(/^ {2}reachable +by everybody, through the port that the router opened$/m)
  })

  it('should trade directly with a neighbour that knows nothing but that address', () => {
    expect(ways.length).to.be.at.least(ENOUGH)
    expect(firstWay).to.equal(`${mapped}/p2p/${street.homes[INSIDE].peerId}`)
    expect(ways.filter((way) => way.includes('/p2p-circuit'))).to.deep.equal([])
  })

  it('should have the port opened again after the router restarted', () => {
    expect(portsAfterRestart).to.deep.equal(portsBefore)
  })

  it('should account for every unit of money, and close the port at the end', async () => {
    await expectWhole(street, seen, result)
    await street.homes[INSIDE].process.stop()
    expect(routers.upnp(INSIDE).ports()).to.deep.equal([])
  })
})
