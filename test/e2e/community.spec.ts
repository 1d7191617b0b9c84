import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'aegir/chai'
import { foundMeterBook } from '../../src/chain/meter-book.ts'
import { createOwnerSettlement } from '../../src/chain/owner.ts'
import { startPracticeChain } from '../../src/chain/practice-chain.ts'
import { writeKeyFile } from '../../src/config/key-file.ts'
import { createDataDirectory, dataPaths } from '../../src/config/paths.ts'
import { renderConfigFile } from '../../src/config/template.ts'
import { DEFAULT_MARKET_RULES } from '../../src/domain/market-rules.ts'
import { toCsv } from '../../src/drivers/profile-csv.ts'
import { createNetwork } from '../../src/network/network.ts'
import { startHomeProcess } from '../../src/practice/home-process.ts'
import { rulesDigest } from '../../src/signing/digests.ts'
import { createLocalSigner } from '../../src/signing/local-signer.ts'
import { killAllCli, runCli } from '../helpers/cli.ts'
import { testHome } from '../helpers/community.ts'
import { CLI_COMMAND } from '../helpers/practice.ts'
import { stopAll } from '../helpers/stop-all.ts'
import { until } from '../helpers/until.ts'
import type { ApiClient } from '../../src/api/client.ts'
import type { PracticeChain } from '../../src/chain/practice-chain.ts'
import type { MarketRules } from '../../src/domain/market-rules.ts'
import type { SignedOrder } from '../../src/domain/order.ts'
import type { UnixSeconds } from '../../src/domain/units.ts'
import type { Libp2pNetwork } from '../../src/network/network.ts'
import type { HomeProcess } from '../../src/practice/home-process.ts'

const SPEED = 60
const DAY_SEC = 86_400
/** A quarter hour, in the middle of the profiles. */
const START = 1_800_000_000
const BLOCK_MS = 200

/** Home 0 needs power, home 1 has it and is no member yet, home 2 is a founder without a node. */
describe('two homes and a meter book on a real chain', function () {
  this.timeout(180_000)

  const [buyer, seller, founder] = [0, 1, 2].map(testHome)
  const cleanups: Array<() => Promise<unknown>> = []
  let folder: string
  let chain: PracticeChain
  let rules: MarketRules
  let realStartMs: number
  let api: ApiClient
  let client: Libp2pNetwork
  let revision = 1

  const now = (): UnixSeconds => START + Math.floor((Date.now() - realStartMs) / 1000 * SPEED)
  const home = (number: number): string => join(folder, String(number))
  const log = async (number: number): Promise<string> => readFile(join(home(number), 'node.log'), 'utf8')

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'wattmesh-e2e-community-'))
    cleanups.push(async () => rm(folder, { recursive: true, force: true }))
    chain = await startPracticeChain({ timestamp: START - DAY_SEC })
    cleanups.push(async () => chain.stop())
    realStartMs = Date.now()
    cleanups.push(keepMining())
    for (const { owner, ownerKey, meter } of [buyer, seller, founder]) {
      await chain.fund(owner, { gas: 10n ** 20n, money: 200_000_000n })
      await chain.fund(meter, { gas: 10n ** 20n, money: 0n })
      const moves = createOwnerSettlement({ ...chain, pollMs: 50, ownerPrivateKey: ownerKey })
      await moves.deposit(100_000_000n)
      await moves.setKey(meter, START + 60 * DAY_SEC, 100_000_000n)
    }
    const { book } = await foundMeterBook({ founders: [buyer.owner, founder.owner], quorum: 50 }, { rpcUrl: chain.rpcUrl, privateKey: founder.ownerKey, pollMs: 50 })
    rules = { ...DEFAULT_MARKET_RULES, area: 'elm-street', chainId: chain.chainId, escrow: chain.escrow, confirmSec: SPEED, meterBook: book }
    for (const number of [0, 1, 2]) {
      await setUp(number)
    }
    await community(0, 'join')
    await community(2, 'join')
    api = await start(0)
    client = createNetwork({ privateKey: seller.meterKey, rules: rulesDigest(rules), listen: ['/ip4/127.0.0.1/tcp/0'], bootstrap: [], mdns: false })
    await client.start({ onOrder: async () => ({ result: 'accept' }), onTrade: async () => ({ kind: 'decline', code: 'BUSY', remaining: 0 }) })
    cleanups.push(async () => client.stop())
    await client.dial((await api.status()).addresses[0])
  })

  after(async () => {
    await stopAll(killAllCli, ...cleanups.reverse())
  })

  /** A block now and then, so that the chain's clock follows the market's. */
  function keepMining (): () => Promise<void> {
    const stopped = new AbortController()
    const mine = async (): Promise<void> => {
      while (!stopped.signal.aborted) {
        await chain.mine(now()).catch(() => {})
        await new Promise((resolve) => setTimeout(resolve, BLOCK_MS))
      }
    }
    const mining = mine()
    return async () => {
      stopped.abort()
      await mining
    }
  }

  async function setUp (number: number): Promise<void> {
    const { owner, ownerKey, meterKey } = testHome(number)
    const paths = dataPaths({ option: home(number) })
    createDataDirectory(paths)
    writeKeyFile(paths.key, meterKey)
    writeKeyFile(paths.meterKey, meterKey)
    writeKeyFile(join(home(number), 'owner.key'), ownerKey)
    const steps = Array.from({ length: 4 * 96 }, () => 0)
    const file = join(home(number), 'profile.csv')
    await writeFile(file, toCsv({ start: START - DAY_SEC, stepSec: 900, loadMilliWh: steps.map(() => number === 0 ? 300_000 : 0), pvMilliWh: steps.map(() => number === 1 ? 400_000 : 0) }))
    await writeFile(paths.config, renderConfigFile({
      name: `home ${number}`,
      owner,
      market: { ...rules },
      chain: { rpc: chain.rpcUrl, confirmations: 2, pollMs: BLOCK_MS, deployBlock: Number(chain.deployBlock) },
      tariff: { retail: '0.30', feedIn: '0.08' },
      network: { listen: ['/ip4/127.0.0.1/tcp/0'], mdns: false },
      meter: { driver: 'csv-replay', params: { file } },
      trading: { lookMinSec: 15, lookMaxSec: 30 },
      clock: { speed: SPEED, realStartMs, marketStart: START },
      log: { level: 'debug' }
    }))
  }

  async function start (number: number): Promise<ApiClient> {
    const paths = dataPaths({ option: home(number) })
    const process: HomeProcess = await startHomeProcess({ name: `home ${number}`, command: [...CLI_COMMAND, 'start'], folder: home(number), apiFile: paths.api, logFile: join(home(number), 'node.log') })
    cleanups.push(async () => process.stop())
    return process.ready()
  }

  async function community (number: number, ...args: string[]): Promise<string> {
    const done = await runCli('community', ...args, '--data', home(number), '--owner-key', join(home(number), 'owner.key'))
    expect(done.code, done.stderr).to.equal(0)
    return done.stdout
  }

  /** What another program with the seller's key would say. */
  function offer (revision: number): SignedOrder {
    const order = {
      side: 'offer' as const,
      rules: rulesDigest(rules),
      maker: seller.owner,
      signer: seller.meter,
      periodStart: (Math.floor(now() / 900) + 2) * 900,
      quantity: 500,
      minFill: 10,
      revision,
      schedule: [{ at: 0, price: 250_000n }]
    }
    return { order, signature: createLocalSigner(seller.meterKey, rules).signOrder(order) }
  }

  /** Says it again and again, as what was said before the mesh stood is lost, but not as often as a flood. */
  async function publishUntil (condition: () => Promise<boolean>): Promise<void> {
    await until(async () => {
      await client.publish(offer(revision++))
      await new Promise((resolve) => setTimeout(resolve, BLOCK_MS))
      return condition()
    }, 20_000)
  }

  const makers = async (): Promise<string[]> => (await api.book()).flatMap(({ offers }) => offers.map(({ entry }) => entry.order.order.maker))

  it('should ignore the order of an outsider', async () => {
    await publishUntil(async () => /NOT_MEMBER/.test(await log(0)))
    expect(await makers()).to.not.include(seller.owner)
    expect((await api.status()).community).to.include({ standing: 'member', seats: 2 })
  })

  it('should accept its orders once two members have vouched for it', async () => {
    expect(await community(1, 'join')).to.include('It takes 2 votes')
    expect(await community(0, 'vouch', seller.owner, '--meter', seller.meter)).to.include('1 of 2 votes')
    await client.publish(offer(revision++))
    expect(await makers()).to.not.include(seller.owner)
    expect(await community(2, 'vouch', seller.owner)).to.include('is a member')
    await until(async () => (await api.status()).community?.seats === 3)
    await publishUntil(async () => (await makers()).includes(seller.owner))
  })

  it('should trade with it, attested by the meter key in the book', async () => {
    await client.stop()
    const sellerApi = await start(1)
    await sellerApi.dial((await api.status()).addresses[0])
    await until(async () => (await api.trades()).some(({ state }) => state === 'agreed' || state === 'delivered'), 90_000)
    const trade = (await api.trades()).find(({ state }) => state === 'agreed' || state === 'delivered')
    expect(trade?.terms).to.include({ seller: seller.owner, buyer: buyer.owner, attester: seller.meter })
    const { stdout } = await runCli('status', '--data', home(1))
    expect(stdout).to.include('this home is a member; 3 seats')
  })
})
