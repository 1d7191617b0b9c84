import { join } from 'node:path'
import { expect } from 'aegir/chai'
import { generatePrivateKey, privateKeyToAddress } from 'viem/accounts'
import { loadConfig } from '../../src/config/load.ts'
import { defineDriver } from '../../src/drivers/driver.ts'
import { profileMeter } from '../../src/drivers/profile.ts'
import { createEnergyNode } from '../../src/node/components.ts'
import { startProxy } from '../chain/proxy.ts'
import { startRig } from '../chain/rig.ts'
import { inBackground } from '../helpers/background.ts'
import { removeTemporaryDirectories, temporaryDirectory } from '../helpers/directory.ts'
import { stopAll } from '../helpers/stop-all.ts'
import { until } from '../helpers/until.ts'
import type { Account } from '../../src/domain/units.ts'
import type { Driver } from '../../src/drivers/driver.ts'
import type { EnergyNode } from '../../src/node/node.ts'
import type { Logger } from '../../src/ports/telemetry.ts'
import type { Proxy } from '../chain/proxy.ts'
import type { Rig } from '../chain/rig.ts'
import type { Background } from '../helpers/background.ts'

const START = 1_800_000_000
const SLOT_SEC = 900
/** A period passes in three seconds. */
const SPEED = 300
const MONEY = 100_000_000n
const PATIENCE_MS = 60_000

interface RealHome {
  readonly node: EnergyNode
  readonly proxy: Proxy
  readonly owner: Account
  readonly lines: string[]
}

/** Uses and makes the same in every period. */
function steady (type: string, { loadWh, pvWh }: { loadWh: number, pvWh: number }): Driver {
  const steps = Array.from({ length: 400 })
  const profile = { start: START, stepSec: SLOT_SEC, loadMilliWh: steps.map(() => loadWh * 1000), pvMilliWh: steps.map(() => pvWh * 1000) }
  return defineDriver({ type, title: type, testedWith: 'own data', params: [], connect: async (_, { now }) => profileMeter(profile, now) })
}

function noting (lines: string[]): Logger {
  const log = (message: string): void => { lines.push(message) }
  return { error: log, warn: log, info: log, debug: log, trace: log, scope: () => noting(lines) }
}

/** What a service can do to two homes; each returns the way to make it well again. */
const illnesses: ReadonlyArray<readonly [name: string, fall: (proxy: Proxy) => Promise<() => Promise<void>>]> = [
  ['answers for another chain', async (proxy) => lie(proxy, 'eth_chainId', async () => '0x1')],
  ['lags years behind', async (proxy) => lie(proxy, 'eth_getBlockByNumber', async (real) => ({ ...await real() as object, timestamp: '0x1' }))],
  ['answers errors', async (proxy) => ail(proxy, 'error')],
  ['answers nonsense', async (proxy) => ail(proxy, 'garbage')],
  ['says nothing', async (proxy) => ail(proxy, 'hang')],
  ['is gone', async (proxy) => {
    const { reopen } = await proxy.closeForNow()
    return reopen
  }]
]

async function lie (proxy: Proxy, method: string, answer: Proxy['answers'][string]): Promise<() => Promise<void>> {
  proxy.answers[method] = answer
  return async () => { delete proxy.answers[method] }
}

async function ail (proxy: Proxy, fault: Proxy['fault']): Promise<() => Promise<void>> {
  proxy.fault = fault
  return async () => { proxy.fault = undefined }
}

describe('two homes on a real chain behind a bad service', () => {
  let rig: Rig
  let homes: RealHome[]
  let mining: Background
  let realStartMs: number
  const now = (): number => Math.floor(START + (Date.now() - realStartMs) / 1000 * SPEED)

  async function startHome (driver: Driver, neighbours: string[]): Promise<RealHome> {
    const [privateKey, ownerKey] = [generatePrivateKey(), generatePrivateKey()]
    const [key, owner] = [privateKey, ownerKey].map((each) => privateKeyToAddress(each).toLowerCase() as Account)
    const proxy = await startProxy(rig.chain.rpcUrl)
    await rig.chain.fund(owner, { gas: 10n ** 18n, money: MONEY })
    await rig.chain.fund(key, { gas: 10n ** 18n, money: 0n })
    await rig.owner(ownerKey).deposit(MONEY)
    await rig.owner(ownerKey).setKey(key, START + 365 * 86_400, MONEY)
    const config = loadConfig({
      flags: {
        owner,
        'market.area': 'test',
        'market.chainId': rig.chain.chainId,
        'market.escrow': rig.chain.escrow,
        'market.windowSec': 3600,
        'market.confirmSec': 300,
        'market.clockToleranceSec': 15,
        'chain.rpc': proxy.url,
        'chain.pollMs': 50,
        'chain.maxSilenceSec': 2,
        'chain.deployBlock': Number(rig.chain.deployBlock),
        'tariff.retail': '0.30',
        'tariff.feedIn': '0.08',
        'network.listen': ['/ip4/127.0.0.1/tcp/0'],
        'network.mdns': false,
        'network.bootstrap': neighbours,
        'meter.driver': driver.type,
        'tabs.settleEverySec': 1800,
        'clock.speed': SPEED,
        'clock.realStartMs': realStartMs,
        'clock.marketStart': START
      }
    })
    const lines: string[] = []
    const node = await createEnergyNode({ config, databasePath: join(temporaryDirectory(), 'db'), privateKey, logger: noting(lines), drivers: [driver] })
    await node.start()
    return { node, proxy, owner, lines }
  }

  before(async function () {
    this.timeout(PATIENCE_MS)
    realStartMs = Date.now()
    rig = await startRig(START)
    mining = inBackground(async () => rig.chain.mine(now()), 50)
    const seller = await startHome(steady('roof', { loadWh: 0, pvWh: 400 }), [])
    const buyer = await startHome(steady('flat', { loadWh: 300, pvWh: 0 }), seller.node.status().addresses)
    homes = [seller, buyer]
  })

  after(async function () {
    this.timeout(PATIENCE_MS)
    await stopAll(
      ...homes.flatMap(({ node, proxy }) => [async () => node.stop(), proxy.close]),
      async () => mining?.stop(),
      async () => rig?.chain.stop(),
      removeTemporaryDirectories
    )
  })

  const agreed = async ({ node }: RealHome): Promise<number> => (await node.trades()).filter(({ terms, state }) => terms != null && state !== 'expired' && state !== 'proposed').length
  const said = ({ lines }: RealHome, line: string): number => lines.filter((each) => each === line).length
  const paid = async (): Promise<bigint> => (await homes[1].node.wallet()).tabs[0]?.chain.paid ?? 0n

  it('should trade and settle while it is well', async function () {
    this.timeout(2 * PATIENCE_MS)
    await until(async () => await agreed(homes[1]) > 2, PATIENCE_MS)
    await until(async () => await paid() > 0n, PATIENCE_MS)
  })

  const fallIllAndRecover = async (fall: (typeof illnesses)[number][1]): Promise<void> => {
    const before = homes.map((home) => [said(home, 'trading paused, money safe'), said(home, 'trading resumes')])
    const heal = await Promise.all(homes.map(async ({ proxy }) => fall(proxy)))
    await until(() => homes.every(({ node }) => !node.status().chain.ok), PATIENCE_MS)
    await until(() => homes.every((home, index) => said(home, 'trading paused, money safe') === before[index][0] + 1), PATIENCE_MS)
    // what was proposed before may still be agreed: wait until that is over, then for a period more
    const settled = now() + 600
    await until(() => now() > settled, PATIENCE_MS)
    const trades = await agreed(homes[1])
    await until(() => now() > settled + SLOT_SEC, PATIENCE_MS)
    expect(await agreed(homes[1])).to.equal(trades)

    await Promise.all(heal.map(async (each) => each()))
    await until(() => homes.every((home, index) => home.node.status().chain.ok && said(home, 'trading resumes') === before[index][1] + 1), PATIENCE_MS)
    await until(async () => await agreed(homes[1]) > trades, PATIENCE_MS)
  }

  for (const [name, fall] of illnesses) {
    it(`should pause and say that money is safe when it ${name}, and go on when it is well`, async function () {
      this.timeout(4 * PATIENCE_MS)
      await fallIllAndRecover(fall)
    })
  }

  it('should have lost no money and forgotten no trade', async function () {
    this.timeout(4 * PATIENCE_MS)
    const sofar = await paid()
    await until(async () => await paid() > sofar, PATIENCE_MS)
    const [seller, buyer] = homes
    const accounts = await Promise.all([seller, buyer].map(async ({ node }) => node.wallet()))
    expect(accounts.reduce((sum, { account }) => sum + account.balance, 0n)).to.equal(2n * MONEY)
    const theirs = new Map((await seller.node.trades()).map((trade) => [trade.id, trade]))
    for (const { id, terms, amount } of (await buyer.node.trades()).filter(({ state }) => state === 'settled')) {
      expect(theirs.get(id)?.terms).to.deep.equal(terms)
      expect(theirs.get(id)?.amount).to.equal(amount)
    }
    expect((await buyer.node.trades()).filter(({ state }) => state === 'lapsed' || state === 'claimed')).to.deep.equal([])
  })
})
