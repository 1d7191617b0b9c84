import { execFile, spawn } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { expect } from 'aegir/chai'
import { verifyOrder } from '../src/signing/verify.ts'
import { aBookHome, aMarketClock } from './helpers/book-home.ts'
import { tied } from './helpers/child.ts'
import { runCli } from './helpers/cli.ts'
import { aSignedOrder, aSigner, NOON, RULES } from './helpers/orders.ts'
import { startTestStreet } from './helpers/practice.ts'
import { stopAll } from './helpers/stop-all.ts'
import { until } from './helpers/until.ts'
import type { Order, SignedOrder, VerifiedOrder } from '../src/domain/order.ts'

const FLAGS = ['--experimental-transform-types', '--disable-warning=ExperimentalWarning']

async function run (example: string): Promise<string[]> {
  const { stdout } = await promisify(execFile)(process.execPath, [...FLAGS, `examples/${example}/index.ts`], { timeout: 55_000 })
  return stdout.trimEnd().split('\n')
}

/** Example 02 as its own process, and the lines it has printed. */
function listen (...args: string[]): { readonly lines: string[], over(): Promise<string>, stop(): Promise<string> } {
  const child = tied(spawn(process.execPath, [...FLAGS, 'examples/02-listen-to-a-street/index.ts', ...args], { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, NODE_OPTIONS: '' } }))
  const gone = new Promise<void>((resolve) => { child.once('close', () => { resolve() }) })
  const lines: string[] = []
  let errors = ''
  createInterface(child.stdout).on('line', (line) => lines.push(line))
  child.stderr.on('data', (chunk) => { errors += String(chunk) })
  return {
    lines,
    async over () {
      await gone
      return errors
    },
    async stop () {
      child.kill('SIGTERM')
      await gone
      return errors
    }
  }
}

function verified (signed: SignedOrder): VerifiedOrder {
  const order = verifyOrder(signed, RULES)
  expect(order).to.not.equal(undefined)
  return order as VerifiedOrder
}

describe('examples', function () {
  this.timeout(120_000)
  const cleanups: Array<() => Promise<unknown>> = []

  afterEach(async () => {
    await stopAll(...cleanups.splice(0).reverse())
  })

  it('should let two households trade, deliver and settle', async () => {
    const lines = await run('01-two-households')
    const trades = lines.filter((line) => /^Ben buys 0\.\d{3} kWh at 0\.\d{4} pEUR per kWh; both have signed$/.test(line))
    const owed = lines.map((line) => /^both meters have counted 0\.\d{3} kWh: Ben owes (0\.\d{4} pEUR)$/.exec(line)?.[1]).filter((amount) => amount != null)
    const moved = lines.map((line) => /^the escrow has moved (0\.\d{4} pEUR)$/.exec(line)?.[1]).filter((amount) => amount != null)
    expect(trades, lines.join('\n')).to.not.be.empty()
    expect(owed).to.have.lengthOf(trades.length)
    expect(moved).to.have.members(owed)
    for (const name of ['Ada', 'Ben']) {
      expect(lines.find((line) => line.startsWith(`${name} is better off by`))).to.match(/ by 0\.0*[1-9]\d* pEUR /)
    }
    expect(lines.at(-1)).to.equal('what was paid is what was received')
  })

  it('should listen to a street with nothing of the node\'s own code', async () => {
    const source = await readFile('examples/02-listen-to-a-street/index.ts', 'utf8')
    const local = [...source.matchAll(/(?:from|import|import\() ?'(\.[^']*)'/g)].map(([, path]) => path)
    expect(local).to.not.be.empty()
    expect(local.filter((path) => !path.startsWith('../../protocols/'))).to.deep.equal([])
  })

  it('should print the whole book of a home page by page and what is gossiped, and nothing that is forged', async () => {
    const home = await aBookHome(1, aMarketClock(1))
    cleanups.push(async () => home.network.stop(), async () => home.sync.stop())
    const good = Array.from({ length: 300 }, (_, i) => aSignedOrder({ periodStart: NOON + i % 2 * 900, maker: aSigner(100 + i).address }, aSigner(100 + i)))
    home.put(good)
    for (const number of [500, 501]) {
      home.sync.add({ ...verified(aSignedOrder({ quantity: 77 }, aSigner(number))), signature: good[0].signature })
    }
    const folder = await mkdtemp(join(tmpdir(), 'wattmesh-listen-'))
    cleanups.push(async () => rm(folder, { recursive: true, force: true }))
    await writeFile(join(folder, 'rules.json'), JSON.stringify(RULES))

    const listener = listen(home.network.addresses()[0], join(folder, 'rules.json'))
    cleanups.push(listener.stop)
    await until(() => listener.lines.length >= 300, 60_000)
    let revision = 1
    const next = (fields: Partial<Order>): SignedOrder => aSignedOrder({ revision, schedule: [{ at: 0, price: 123_456n }], ...fields }, aSigner(100))
    await until(async () => {
      revision += 1
      await home.network.publish({ ...next({ quantity: 77 }), signature: good[0].signature })
      return await home.network.publish(next({})) > 0
    })
    await until(() => listener.lines.length >= 301, 20_000)

    expect(await listener.stop()).to.equal('')
    expect(listener.lines.filter((line) => line.endsWith('book sync)'))).to.have.lengthOf(300)
    expect(new Set(listener.lines).size).to.equal(301)
    expect(listener.lines.at(-1)).to.match(/^2026-01-01T12:00Z {2}0x[0-9a-f]{40} +\d+ Wh at 123456 after 0 s \(revision \d+, gossip\)$/)
    expect(listener.lines.filter((line) => / 77 Wh/.test(line))).to.deep.equal([])
  })

  it('should follow a running street by its invite, and refuse one that was cut', async () => {
    const street = await startTestStreet({ homes: 2, periods: 40, speed: 120 })
    cleanups.push(street.stop)
    const { stdout } = await runCli('invite', '--data', street.homes[0].folder, '--no-qr')
    const listener = listen(stdout.trim())
    cleanups.push(listener.stop)
    const owners = street.homes.map(({ owner }) => owner)
    await until(() => listener.lines.some((line) => line.endsWith('gossip)')), 90_000)
    expect(await listener.stop()).to.equal('')
    for (const line of listener.lines) {
      expect(line).to.match(/^\d{4}-\d\d-\d\dT\d\d:\d\dZ {2}0x[0-9a-f]{40} .+\(revision \d+, (gossip|book sync)\)$/)
      expect(owners.some((owner) => line.includes(owner)), line).to.equal(true)
    }
    const cut = listen(stdout.trim().slice(0, -9))
    expect(await cut.over()).to.match(/The invite was cut or mistyped/)
  })
})
