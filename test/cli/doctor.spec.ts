import { createSocket } from 'node:dgram'
import { chmod, readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { expect } from 'aegir/chai'
import { startPracticeChain } from '../../src/chain/practice-chain.ts'
import { beyond, switchedOff } from '../../src/cli/doctor/reach.ts'
import { addressOf, publicKeyOf } from '../../src/signing/keys.ts'
import { inBackground } from '../helpers/background.ts'
import { callCli, killAllCli, runCli, startCli } from '../helpers/cli.ts'
import { removeTemporaryDirectories, temporaryDirectory } from '../helpers/directory.ts'
import { freePort } from '../helpers/free-port.ts'
import { stopAll } from '../helpers/stop-all.ts'
import type { PracticeChain } from '../../src/chain/practice-chain.ts'
import type { Check } from '../../src/cli/checks.ts'
import type { Hex } from '../../src/domain/units.ts'
import type { Background } from '../helpers/background.ts'
import type { AddressInfo } from 'node:net'

const OWNER_KEY: Hex = `0x${'5d'.repeat(32)}`
const OWNER = addressOf(publicKeyOf(OWNER_KEY))

interface Report {
  readonly ok: boolean
  readonly checks: readonly Check[]
}

/** What a node says that stands alone, with everything switched on. */
const ALONE = { peerId: 'me', peers: [], reach: { open: [], local: ['/ip4/192.168.1.2/tcp/7690/p2p/me'], unconfirmed: [], relayed: [], mapped: [], router: 'none', tableSize: 0 } }
const ON = { bootstrap: [], announce: [], dht: true, portMapping: true, reachability: true, relay: true, holePunching: true }

describe('the doctor about the ways between homes', () => {
  type Way = 'bootstrap' | 'exchange' | 'dht' | 'port' | 'call-back' | 'relay' | 'hole-punching' | 'reach'

  function says (way: Way, { peers = [], reach = {}, ...settings }: { peers?: ReadonlyArray<readonly [string, string]>, reach?: object } & Record<string, unknown> = {}): string {
    const status = { ...ALONE, peers: peers.map(([peerId, address]) => ({ peerId, address })), reach: { ...ALONE.reach, ...reach } }
    const check = beyond(status as unknown as Parameters<typeof beyond>[0], { ...ON, ...settings } as unknown as Parameters<typeof beyond>[1]).find(({ id }) => id === `network.${way}`)
    return `${check?.level}: ${check?.says}`
  }

  const open = ['/ip4/44.128.1.2/tcp/7690/p2p/me']
  const mapped = ['/ip4/44.128.1.2/tcp/7690']
  const near: [string, string] = ['near', '/ip4/192.168.1.3/tcp/7690/p2p/near']
  const far: [string, string] = ['far', '/ip4/44.128.0.1/tcp/7690/p2p/relay/p2p-circuit/p2p/far']

  it('should tell which of the neighbours of the list are there', () => {
    const bootstrap = [`${near[1]}`, '/ip4/44.128.0.9/tcp/1/p2p/gone']
    expect(says('bootstrap')).to.match(/^unknown: No neighbour is named in network.bootstrap/)
    expect(says('bootstrap', { bootstrap: ['/ip4/44.128.0.9/tcp/1/p2p/me'] })).to.match(/^unknown: No neighbour is named/)
    expect(says('bootstrap', { bootstrap: bootstrap.slice(1) })).to.equal('warn: The neighbour named in network.bootstrap is not connected.')
    expect(says('bootstrap', { bootstrap })).to.equal('warn: None of the 2 neighbours named in network.bootstrap is connected.')
    expect(says('bootstrap', { bootstrap, peers: [near] })).to.equal('ok: Of the 2 neighbours named in network.bootstrap, one is connected.')
    expect(says('bootstrap', { bootstrap: bootstrap.slice(0, 1), peers: [near] })).to.equal('ok: The neighbour named in network.bootstrap is connected.')
  })

  it('should tell whether others can name further homes, and how many the table has', () => {
    expect(says('exchange')).to.match(/^unknown: No neighbour is connected directly/)
    expect(says('exchange', { peers: [far] })).to.match(/^unknown: No neighbour is connected directly/)
    expect(says('exchange', { peers: [near] })).to.equal('ok: One neighbour can tell this home of further ones (peer exchange).')
    expect(says('dht', { peers: [near] })).to.match(/^warn: .*the shared table is empty/)
    expect(says('dht', { reach: { tableSize: 3 } })).to.match(/^ok: .*3 in the shared table \(DHT\)/)
  })

  it('should tell what the router answered', () => {
    expect(says('port')).to.match(/^unknown: No router answered/)
    expect(says('port', { reach: { router: 'refused' } })).to.match(/^unknown: The router was asked .* and refused/)
    expect(says('port', { reach: { router: 'no-outside-address' } })).to.match(/^unknown: The router has no address of its own in the internet/)
    expect(says('port', { reach: { router: 'opened', mapped } })).to.equal('ok: The router opened a port for this home (UPnP).')
    expect(says('port', { reach: { open } })).to.equal('ok: The router opened no port (UPnP), and none is needed.')
  })

  it('should tell who gets through, and by which way', () => {
    expect(says('call-back')).to.match(/^unknown: No neighbour has called this home back/)
    expect(says('call-back', { reach: { open } })).to.match(/^ok: A neighbour called this home back/)
    expect(says('call-back', { reach: { open }, announce: mapped })).to.match(/^unknown: .*network.announce as they are/)
    expect(says('reach')).to.match(/^unknown: Who can reach this home: only the local network\./)
    expect(says('reach', { reach: { router: 'opened', mapped, unconfirmed: open } })).to.match(/^unknown: Who can reach this home: perhaps everybody, through the port that the router opened: no neighbour has tried yet\./)
    expect(says('reach', { reach: { local: [], unconfirmed: open } })).to.match(/^unknown: Who can reach this home: perhaps everybody: no neighbour has tried yet\./)
    expect(says('reach', { reach: { open } })).to.equal('ok: Who can reach this home: everybody.')
    expect(says('reach', { reach: { open, mapped } })).to.equal('ok: Who can reach this home: everybody, through the port that the router opened.')
    expect(says('reach', { reach: { open }, announce: mapped })).to.equal('ok: Who can reach this home: everybody, at the addresses you announce.')
    expect(says('reach', { reach: { local: [] } })).to.equal('bad: Who can reach this home: nobody.')
  })

  it('should tell what goes through others, and what no longer does', () => {
    const relayed = ['/ip4/44.128.0.1/tcp/7690/p2p/relay/p2p-circuit/p2p/me', '/ip6/3fff::1/tcp/7690/p2p/relay/p2p-circuit/p2p/me']
    expect(says('relay')).to.match(/^unknown: No neighbour passes calls from outside on/)
    expect(says('relay', { reach: { relayed } })).to.equal('ok: Homes outside can come through the node of a neighbour (relay).')
    expect(says('relay', { reach: { open } })).to.match(/^ok: .*need no other node/)
    expect(says('hole-punching')).to.match(/^unknown: .*shows with the first of them/)
    expect(says('hole-punching', { peers: [near] })).to.match(/^ok: All neighbours are connected directly/)
    expect(says('hole-punching', { peers: [near, far] })).to.match(/^unknown: One neighbour is connected through another node/)
  })

  it('should tell what is switched off, also before the node runs', () => {
    const off = { dht: false, portMapping: false, reachability: false, relay: false, holePunching: false }
    const settings = { ...ON, ...off } as unknown as Parameters<typeof switchedOff>[0]
    expect(switchedOff(settings).map(({ level, says }) => `${level} ${/network\.\w+/.exec(says)?.[0]}`)).to.deep.equal(Object.keys(off).map((name) => `unknown network.${name}`))
    expect(says('dht', off)).to.match(/switched off/)
    expect(switchedOff(ON as unknown as Parameters<typeof switchedOff>[0])).to.deep.equal([])
  })
})

describe('the doctor', function () {
  this.timeout(90_000)

  let folder: string
  let data: string
  let ownerKey: string
  let chain: PracticeChain
  let mining: Background
  let key: string

  before(async () => {
    folder = temporaryDirectory()
    data = join(folder, 'data')
    ownerKey = join(folder, 'owner.key')
    await writeFile(ownerKey, `${OWNER_KEY}\n`, { mode: 0o600 })
    chain = await startPracticeChain()
    await chain.fund(OWNER, { gas: 10n ** 18n, money: 100_000_000n })
    mining = mine()
    const init = await callCli('init', '--data', data, '--name', 'Elm 4', '--owner', OWNER, '--area', 'elm street', '--chain', String(chain.chainId), '--escrow', chain.escrow, '--rpc', chain.rpcUrl, '--json')
    expect(init.code, init.stderr).to.equal(0)
    key = (JSON.parse(init.stdout) as { key: string }).key
  })

  afterEach(killAllCli)
  after(async () => {
    await stopAll(async () => mining?.stop(), async () => chain?.stop(), removeTemporaryDirectories)
  })

  /** Not faster than the clock, because each block is at least a second later than the one before. */
  function mine (): Background {
    return inBackground(async () => chain.mine(Math.floor(Date.now() / 1000)), 1000)
  }

  async function examine (...more: string[]): Promise<Report & { code: number | null }> {
    const { code, stdout, stderr } = await callCli('doctor', '--data', data, '--json', ...more)
    expect(stdout, stderr).to.match(/^\{.*\}\n$/)
    const report = JSON.parse(stdout) as Report
    // every trouble comes with what to do
    expect(report.checks.filter(({ level, next }) => level === 'bad' && next == null)).to.deep.equal([])
    expect(report.ok).to.equal(code === 0)
    return { ...report, code }
  }

  const find = ({ checks }: Report, id: string): Check | undefined => checks.find((check) => check.id === id)

  /** Examines the home with one text of its settings changed. */
  async function withSettings (change: (text: string) => string, task: () => Promise<void>): Promise<void> {
    const file = join(data, 'config.yaml')
    const text = await readFile(file, 'utf8')
    expect(change(text)).to.not.equal(text)
    await writeFile(file, change(text))
    try {
      await task()
    } finally {
      await writeFile(file, text)
    }
  }

  it('should say how to begin where there is no home', async () => {
    const { code, stdout } = await runCli('doctor', '--data', join(folder, 'nowhere'))
    expect(code).to.equal(4)
    expect(stdout).to.match(/BAD +There is no data directory.*\n +-> Run `wattmesh init`/)
    expect(stdout).to.match(/3 things have to be put right before this home can trade\./)
    expect(stdout).to.not.match(/Error|undefined|\[object|at file:/)
  })

  it('should find a home that was only just set up: no key registered, no money, no coin', async () => {
    const report = await examine()
    expect(report.code).to.equal(4)
    expect(find(report, 'chain.service')).to.include({ level: 'ok' })
    expect(find(report, 'chain.key')).to.include({ level: 'bad' })
    expect(find(report, 'chain.key')?.says).to.include(key)
    expect(find(report, 'chain.key')?.next).to.include('wattmesh wallet authorize')
    expect(find(report, 'chain.deposit')?.says).to.match(/can sell but not buy/)
    expect(find(report, 'chain.gas')).to.include({ level: 'bad', next: `Send some of the chain's own coin to ${key}.` })
    expect(find(report, 'computer.running')).to.include({ level: 'warn' })
    expect(find(report, 'meter.practice')).to.include({ level: 'warn' })
  })

  it('should find little to say about a home that is well', async () => {
    for (const move of [['authorize', '--limit', '20'], ['deposit', '60']]) {
      const { code, stderr } = await callCli('wallet', ...move, '--data', data, '--owner-key', ownerKey)
      expect(code, stderr).to.equal(0)
    }
    await chain.fund(key as Hex, { gas: 10n ** 18n, money: 0n })
    const report = await examine()
    expect(report.checks.filter(({ level }) => level === 'bad')).to.deep.equal([])
    expect(report.code).to.equal(0)
    expect(find(report, 'chain.deposit')?.says).to.include('60.00 pEUR are free')
    expect(find(report, 'chain.key')?.says).to.match(/registered until 20\d\d-/)
    expect(find(report, 'chain.limit')?.says).to.include('20.00 pEUR')
    expect(find(report, 'chain.escrow')?.level).to.be.oneOf(['ok', 'unknown'])
    expect(find(report, 'meter.answers')).to.include({ level: 'ok' })
    expect(find(report, 'computer.config')?.says).to.include('elm street')
  })

  it('should ask the node when it runs: neighbours, reach, table', async () => {
    // another home on this machine would be a neighbour
    await withSettings((text) => text.replace('# mdns: true', 'mdns: false'), async () => {
      const node = startCli('start', '--data', data, '--listen', '/ip4/127.0.0.1/tcp/0')
      await node.said(/ready/)
      const report = await examine()
      expect(find(report, 'computer.running')).to.include({ level: 'ok' })
      expect(find(report, 'network.listen')).to.include({ level: 'ok' })
      expect(find(report, 'network.mdns')?.says).to.match(/switched off/)
      expect(find(report, 'network.peers')).to.include({ level: 'warn' })
      expect(find(report, 'network.dht')?.says).to.match(/shared table is empty/)
      expect(find(report, 'network.reach')?.says).to.match(/only the local network/)
      // a line for each way to find and reach each other
      expect(report.checks.map(({ id }) => id)).to.include.members(['mdns', 'bootstrap', 'exchange', 'dht', 'port', 'call-back', 'relay', 'hole-punching'].map((way) => `network.${way}`))
      expect((await runCli('status', '--data', data)).stdout).to.match(/^ {2}reachable +by only the local network$/m)
      expect(report.checks.map(({ id }) => id)).to.include('meter.fresh').and.not.include('meter.answers')
      const words = (await runCli('doctor', '--data', data)).stdout
      expect(words).to.match(/^This computer\n {2}ok +Node\.js/)
      expect(words).to.match(/The node is running\./)
      node.child.kill('SIGSTOP')
      const silent = await examine().finally(() => node.child.kill('SIGCONT'))
      expect(find(silent, 'computer.running')).to.include({ level: 'bad', says: 'A node is running, but it does not answer.' })
      node.child.kill('SIGTERM')
      expect((await node.finished).code).to.equal(0)
    })
  })

  it('should tell a key that others can read, and one that is gone', async () => {
    const file = join(data, 'node.key')
    await chmod(file, 0o644)
    const exposed = await examine()
    await chmod(file, 0o600)
    expect(find(exposed, 'computer.key')?.says).to.match(/Others on this computer can read the key.*chmod 600/)
    expect(find(exposed, 'chain.key')).to.include({ level: 'unknown' })
    await chmod(data, 0o755)
    const open = await examine()
    await chmod(data, 0o700)
    expect(find(open, 'computer.data')?.next).to.include('chmod 700')
  })

  it('should tell settings that make no sense', async () => {
    await withSettings((text) => text.replace('chainId:', 'chainIdd:'), async () => {
      const report = await examine()
      expect(report.code).to.equal(4)
      expect(find(report, 'computer.config')?.says).to.match(/chainIdd/)
      expect(find(report, 'chain.service')).to.include({ level: 'unknown' })
    })
  })

  it('should tell a chain that is away, another one, and an escrow that is not there', async () => {
    const nobody = `http://127.0.0.1:${await freePort()}`
    await withSettings((text) => text.replace(chain.rpcUrl, nobody), async () => {
      const says = find(await examine(), 'chain.service')
      expect(says).to.include({ level: 'bad' })
      expect(says?.says).to.match(/does not answer/)
    })
    await withSettings((text) => text.replace(`chainId: ${chain.chainId}`, 'chainId: 5'), async () => {
      expect(find(await examine(), 'chain.service')?.says).to.match(/serves chain 31337 but the market settles on chain 5/)
    })
    await withSettings((text) => text.replace(chain.escrow, OWNER), async () => {
      expect(find(await examine(), 'chain.escrow')?.says).to.match(/There is no escrow at/)
    })
  })

  it('should tell a chain that stands still', async () => {
    const hourAhead = (text: string): string => text.replace(/^clock:$/m, `clock:\n  realStartMs: ${Date.now()}\n  marketStart: ${Math.floor(Date.now() / 1000) + 3600}`)
    await withSettings(hourAhead, async () => {
      const head = find(await examine(), 'chain.head')
      expect(head).to.include({ level: 'bad' })
      expect(head?.says).to.match(/The newest block is 3[56]\d\d s old/)
    })
    expect(find(await examine(), 'chain.head')).to.include({ level: 'ok' })
  })

  it('should tell a meter that does not answer and one that nobody knows', async () => {
    const port = await freePort()
    await withSettings((text) => text.replace('driver: "demo"', `driver: eastron-sdm\n  params: { host: 127.0.0.1, port: ${port} }`), async () => {
      const report = await examine()
      const meter = find(report, 'meter.reachable')
      expect(meter).to.include({ level: 'bad', next: 'Then run `wattmesh devices test`.' })
    })
    await withSettings((text) => text.replace('"demo"', 'toaster'), async () => {
      expect(find(await examine(), 'meter.reachable')?.says).to.match(/no driver "toaster"/)
    })
  })

  it('should tell a port that is taken', async () => {
    const other = createServer()
    await new Promise<void>((resolve) => { other.listen(0, resolve) })
    const { port } = other.address() as AddressInfo
    await withSettings((text) => text.replace(/^ {2}listen: .*$/m, `  listen: [/ip4/0.0.0.0/tcp/${port}]`), async () => {
      expect(find(await examine(), 'network.listen')?.says).to.equal(`Another program listens on TCP port ${port} already.`)
    })
    other.close()
  })

  it('should tell a UDP port that is taken from one that is free', async () => {
    const other = createSocket('udp4')
    await new Promise<void>((resolve) => { other.bind(0, resolve) })
    const { port } = other.address()
    const ofPort = async (): Promise<string | undefined> => find(await examine(), 'network.listen')?.says
    await withSettings((text) => text.replace(/^ {2}listen: .*$/m, `  listen: [/ip4/0.0.0.0/udp/${port}/webrtc-direct]`), async () => {
      expect(await ofPort()).to.equal(`Another program listens on UDP port ${port} already.`)
      await new Promise<void>((resolve) => { other.close(resolve) })
      expect(await ofPort()).to.equal(`UDP port ${port} is free to listen on.`)
    })
  })
})
