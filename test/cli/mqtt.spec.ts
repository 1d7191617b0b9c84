import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'aegir/chai'
import { startPracticeChain } from '../../src/chain/practice-chain.ts'
import { addressOf, publicKeyOf } from '../../src/signing/keys.ts'
import { inBackground } from '../helpers/background.ts'
import { callCli, killAllCli, startCli } from '../helpers/cli.ts'
import { needs } from '../helpers/debian.ts'
import { removeTemporaryDirectories, temporaryDirectory } from '../helpers/directory.ts'
import { BROKER_PASSWORD, BROKER_USER, listen, mosquitto } from '../helpers/mosquitto.ts'
import { stopAll } from '../helpers/stop-all.ts'
import { until } from '../helpers/until.ts'
import type { PracticeChain } from '../../src/chain/practice-chain.ts'
import type { Background } from '../helpers/background.ts'
import type { Mosquitto } from '../helpers/mosquitto.ts'

const OWNER = addressOf(publicKeyOf(`0x${'4e'.repeat(32)}`))

describe('a running home in Home Assistant', function () {
  this.timeout(60_000)

  let chain: PracticeChain
  let broker: Mosquitto
  let mining: Background
  let listener: ReturnType<typeof listen>
  let data: string

  before(needs('/usr/sbin/mosquitto', 'mosquitto'))
  before(needs('mosquitto_sub', 'mosquitto-clients'))

  before(async () => {
    chain = await startPracticeChain()
    mining = inBackground(async () => chain.mine(Math.floor(Date.now() / 1000)), 100)
    broker = await mosquitto()
    listener = listen(broker.port)
    const folder = temporaryDirectory()
    data = join(folder, 'data')
    const init = await callCli('init', '--data', data, '--owner', OWNER, '--area', 'elm street', '--chain', String(chain.chainId), '--escrow', chain.escrow, '--rpc', chain.rpcUrl)
    expect(init.code, init.stderr).to.equal(0)
    const password = join(folder, 'password')
    writeFileSync(password, `${BROKER_PASSWORD}\n`)
    const file = join(data, 'config.yaml')
    const config = readFileSync(file, 'utf8').replace(/^mqtt:$/m, `mqtt:\n  url: ${broker.url}\n  username: ${BROKER_USER}\n  passwordFile: ${password}`)
    writeFileSync(file, config)
  })

  after(async () => {
    await stopAll(killAllCli, async () => mining?.stop(), () => listener?.stop(), async () => broker?.stop(), async () => chain?.stop(), removeTemporaryDirectories)
  })

  /** The node's key is a new one each time. */
  const heard = (topic: string): string | undefined => [...listener.heard].find(([name]) => name.replace(/wattmesh_[0-9a-f]{12}/, 'id') === topic)?.[1]

  const ends = [['is stopped', 'SIGTERM'], ['dies', 'SIGKILL']] as const
  ends.forEach(([how, signal]) => {
    it(`should be there while the node runs, and offline when it ${how}`, async () => {
      const node = startCli('start', '--data', data)
      await until(() => heard('wattmesh/id/availability') === 'online', 30_000)
      const config = JSON.parse(heard('homeassistant/device/id/config') ?? '') as { components: object }
      expect(config.components).to.include.all.keys('sold', 'bought', 'earned', 'spent', 'status')
      const state = JSON.parse(heard('wattmesh/id/state') ?? '') as Record<string, unknown>
      expect(state).to.deep.include({ sold: '0.000', bought: '0.000', earned: '0.000000', spent: '0.000000', deposit: '0.000000' })
      node.child.kill(signal)
      await until(() => heard('wattmesh/id/availability') === 'offline', 20_000)
      await node.finished
    })
  })
})
