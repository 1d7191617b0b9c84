import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'aegir/chai'
import { startPracticeChain } from '../../src/chain/practice-chain.ts'
import { writeKeyFile } from '../../src/config/key-file.ts'
import { createDataDirectory, dataPaths } from '../../src/config/paths.ts'
import { renderConfigFile } from '../../src/config/template.ts'
import { toCsv } from '../../src/drivers/profile-csv.ts'
import { startHomeProcess } from '../../src/practice/home-process.ts'
import { clientOf } from '../chain/rig.ts'
import { callCli, killAllCli, runCli } from '../helpers/cli.ts'
import { testHome } from '../helpers/community.ts'
import { CLI_COMMAND } from '../helpers/practice.ts'
import { stopAll } from '../helpers/stop-all.ts'
import type { PracticeChain } from '../../src/chain/practice-chain.ts'
import type { HomeProcess } from '../../src/practice/home-process.ts'
import type { Finished } from '../helpers/cli.ts'

/** Half a minute after midnight UTC of 15 January 2027, so that the day before is just over. */
const NOW = 1_799_971_200 + 30
const YESTERDAY = '2027-01-14'
const DAY_BEFORE = '2027-01-13'

describe('energy certificates from the command line', function () {
  this.timeout(120_000)

  let folder: string
  let chain: PracticeChain
  let node: HomeProcess
  const { owner, ownerKey, meterKey } = testHome(0)

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'wattmesh-certificates-'))
    chain = await startPracticeChain({ timestamp: NOW })
    await clientOf(chain).setAutomine(true)
    await chain.fund(owner, { gas: 10n ** 20n, money: 0n })
    const paths = dataPaths({ option: folder })
    createDataDirectory(paths)
    writeKeyFile(paths.key, meterKey)
    writeKeyFile(join(folder, 'owner.key'), ownerKey)
    // exactly one day and a bit: 500 Wh of sun and 200 Wh of load in every quarter hour
    const steps = Array.from({ length: 100 }, () => 0)
    await writeFile(join(folder, 'profile.csv'), toCsv({ start: NOW - 30 - 86_400, stepSec: 900, loadMilliWh: steps.map(() => 200_000), pvMilliWh: steps.map(() => 500_000) }))
    await writeConfig(false)
    node = await startHomeProcess({ name: 'home', command: [...CLI_COMMAND, 'start'], folder, apiFile: paths.api, logFile: join(folder, 'node.log') })
    const api = await node.ready()
    const deadline = Date.now() + 20_000
    while ((await api.readings()).length < 96 && Date.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  })

  after(async () => {
    await stopAll(killAllCli, async () => node?.stop(), async () => chain?.stop(), async () => rm(folder, { recursive: true, force: true }))
  })

  /** The running node has read its settings; the command line reads them anew each time. */
  async function writeConfig (enabled: boolean, capacityW = 3000): Promise<void> {
    await writeFile(dataPaths({ option: folder }).config, renderConfigFile({
      owner,
      market: { area: 'elm-street', chainId: chain.chainId, escrow: chain.escrow },
      chain: { rpc: chain.rpcUrl, pollMs: 50, confirmations: 1 },
      tariff: { retail: '0.30', feedIn: '0.08' },
      network: { listen: ['/ip4/127.0.0.1/tcp/0'], mdns: false },
      meter: { driver: 'csv-replay', params: { file: join(folder, 'profile.csv') } },
      clock: { speed: 1, realStartMs: Date.now(), marketStart: NOW },
      certificates: { enabled, capacityW }
    }))
  }

  const certificates = async (name: string, ...more: string[]): Promise<Finished> => callCli('certificates', name, ...more, '--data', folder, ...(name === 'list' ? [] : ['--owner-key', join(folder, 'owner.key')]))

  it('should be off until the home says otherwise', async () => {
    for (const args of [['mint', YESTERDAY], ['retire', YESTERDAY], ['list']]) {
      const off = await certificates(args[0], ...args.slice(1))
      expect(off.code).to.equal(3)
      expect(off.stderr).to.match(/set certificates\.enabled to true/)
    }
    await writeConfig(true)
  })

  it('should say that nobody has deployed them, and deploy them', async () => {
    expect((await certificates('list')).stderr).to.match(/certificates deploy/)
    const deployed = await runCli('certificates', 'deploy', '--rpc', chain.rpcUrl, '--key', join(folder, 'owner.key'))
    expect(deployed.code, deployed.stderr).to.equal(0)
    expect(deployed.stdout).to.match(/gas +\d{6,}/)
    expect((await certificates('list')).stdout).to.match(/No certificate/)
  })

  it('should refuse days that are none, days without readings and more than the device can give', async () => {
    expect((await certificates('mint', '2027-02-30')).stderr).to.match(/is not a day/)
    expect((await certificates('mint', DAY_BEFORE)).stderr).to.match(/Readings for 24 h .* are missing/)
    await writeConfig(true, 1000)
    expect((await certificates('mint', YESTERDAY)).stderr).to.match(/check certificates\.capacityW/)
    await writeConfig(true)
  })

  it('should mint what the meter exported in the whole day, once', async () => {
    const minted = await runCli('certificates', 'mint', YESTERDAY, '--json', '--data', folder, '--owner-key', join(folder, 'owner.key'))
    expect(minted.code, minted.stderr).to.equal(0)
    expect(JSON.parse(minted.stdout)).to.include({ day: YESTERDAY, wh: 96 * 300, missingSec: 0 })
    const again = await certificates('mint', YESTERDAY)
    expect(again.code).to.equal(6)
    expect(again.stderr).to.match(/minted before/)
  })

  it('should retire a part, then the rest, and show both', async () => {
    expect((await certificates('retire', DAY_BEFORE)).stderr).to.match(/holds no certificate/)
    expect((await certificates('retire', YESTERDAY, '800')).code).to.equal(0)
    const [row] = JSON.parse((await certificates('list', '--json')).stdout) as Array<Record<string, string>>
    expect(row).to.include({ day: YESTERDAY, mintedWh: '28800', retiredWh: '800', heldWh: '28000' })
    expect((await certificates('retire', YESTERDAY, '28001')).stderr).to.match(/holds less/)
    expect((await certificates('retire', YESTERDAY)).stdout).to.include('28.000 kWh of 2027-01-14 are retired')
    expect((await certificates('list')).stdout).to.match(/2027-01-14 +28\.800 kWh +28\.800 kWh +0\.000 kWh/)
    expect((await certificates('retire', YESTERDAY)).stderr).to.match(/holds no certificate/)
  })
})
