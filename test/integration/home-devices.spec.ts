import { join } from 'node:path'
import { expect } from 'aegir/chai'
import { startPracticeChain } from '../../src/chain/practice-chain.ts'
import { loadConfig } from '../../src/config/load.ts'
import { defineDriver } from '../../src/drivers/driver.ts'
import { createEnergyNode } from '../../src/node/components.ts'
import { meterTag } from '../../src/signing/digests.ts'
import { removeTemporaryDirectories, temporaryDirectory } from '../helpers/directory.ts'
import { scriptedDevice } from '../helpers/scripted-device.ts'
import { stopAll } from '../helpers/stop-all.ts'
import { silentLogger } from '../helpers/street.ts'
import { until } from '../helpers/until.ts'
import type { PracticeChain } from '../../src/chain/practice-chain.ts'
import type { NodeEvent } from '../../src/node/events.ts'
import type { EnergyNode } from '../../src/node/node.ts'
import type { Sample } from '../../src/ports/device.ts'

const SPEED = 200

/** A driver whose device shows registers that move as long as the test runs. */
function aDriver (type: string, show: (hours: number) => Omit<Sample, 'ageMs'>): ReturnType<typeof defineDriver> {
  return defineDriver({
    type,
    title: type,
    testedWith: 'own data',
    params: [{ name: 'host', type: 'text', isRequired: true, description: 'Unused here.' }],
    connect: async (params) => scriptedDevice(() => ({ ageMs: 0, ...show(performance.now() * SPEED / 3_600_000) }), { serial: String(params.host), ratedWatts: 11_000 })
  })
}

describe('a home of several devices', () => {
  let chain: PracticeChain
  let node: EnergyNode | undefined

  before(async () => { chain = await startPracticeChain() })

  after(async () => {
    await stopAll(async () => node?.stop(), async () => chain?.stop(), removeTemporaryDirectories)
  })

  it('should be metered, forecast and told about as one', async () => {
    const config = loadConfig({
      flags: {
        owner: `0x${'aa'.repeat(20)}`,
        'market.area': 'devices',
        'market.chainId': chain.chainId,
        'market.escrow': chain.escrow,
        'chain.rpc': chain.rpcUrl,
        'chain.maxHeadAgeSec': 0,
        'tariff.retail': '0.30',
        'tariff.feedIn': '0.08',
        'network.listen': ['/ip4/127.0.0.1/tcp/0'],
        'network.mdns': false,
        'clock.speed': SPEED,
        'meter.driver': 'a-meter',
        'meter.params': { host: 'meter 7' },
        'inverter.driver': 'an-inverter',
        'inverter.params': { host: 'inverter 3' },
        'battery.driver': 'a-battery',
        'battery.params': { host: 'battery 1' }
      }
    })
    // 3000 W from the roof, 1000 W into the battery, 500 W for the house: 1500 W go out
    const drivers = [
      aDriver('a-meter', (hours) => ({ importMilliWh: 7_000_123, exportMilliWh: 9_000_321 + Math.floor(1_500_000 * hours), gridWatts: -1500 })),
      aDriver('an-inverter', (hours) => ({ pvMilliWh: 4_000_007 + Math.floor(3_000_000 * hours), pvWatts: 3000, exportMilliWh: 4_000_007 })),
      aDriver('a-battery', () => ({ batteryWatts: -1000, batteryPercent: 60, batteryCapacityWh: 10_000 }))
    ]
    node = await createEnergyNode({ config, databasePath: join(temporaryDirectory(), 'db'), privateKey: `0x${'21'.repeat(32)}`, meterKey: `0x${'22'.repeat(32)}`, logger: silentLogger(), drivers })
    const metered: Array<NodeEvent & { type: 'period:metered' }> = []
    node.on((event) => { event.type === 'period:metered' && metered.push(event) })
    await node.start()
    await until(() => metered.length >= 2, 30_000)
    for (const { reading } of metered) {
      expect(reading.importWh).to.equal(0)
      expect(reading.exportWh).to.be.closeTo(375, 25)
      expect(reading.pvWh).to.be.closeTo(750, 50)
      expect(reading.loadWh).to.be.closeTo(125, 40)
      expect(reading.battery).to.deep.equal({ storedWh: 6000, capacityWh: 10_000 })
    }
    const { meter, cannotSell, peerId } = node.status()
    expect(meter.traits.serial).to.equal('meter 7')
    expect(meter.problem).to.equal(undefined)
    expect(cannotSell).to.equal(undefined)
    expect(meterTag('meter 7', peerId)).to.have.length(34)
  })

  const refusal = async (changes: Record<string, unknown>): Promise<Error & { code?: string } | undefined> => {
    const flags = { owner: `0x${'aa'.repeat(20)}`, 'market.area': 'devices', 'market.chainId': chain.chainId, 'market.escrow': chain.escrow, 'chain.rpc': chain.rpcUrl, 'tariff.retail': '0.30', 'tariff.feedIn': '0.08', 'meter.driver': 'a-meter', ...changes }
    const drivers = [aDriver('a-meter', () => ({ importMilliWh: 1 }))]
    return createEnergyNode({ config: loadConfig({ flags }), databasePath: join(temporaryDirectory(), 'db'), privateKey: `0x${'23'.repeat(32)}`, logger: silentLogger(), drivers }).then(() => undefined, (error: Error) => error)
  }

  it('E55 should refuse a second node for one meter on one computer', async () => {
    const refused = await refusal({ 'meter.params': { host: 'meter 7' } })
    expect(refused).to.have.property('code', 'DEVICE_IN_USE')
    expect(refused?.message).to.include('meter 7')
  })

  it('should refuse a market that runs away from its meter', async () => {
    const refused = await refusal({ 'meter.params': { host: 'meter 8' }, 'clock.speed': 201 })
    expect(refused).to.have.property('code', 'CONFIG_INVALID')
    expect(refused?.message).to.match(/clock\.speed is 201.*200 at most/)
  })

  it('should refuse a driver nobody knows before it dials any device', async () => {
    const flags = { owner: `0x${'aa'.repeat(20)}`, 'market.area': 'devices', 'market.chainId': chain.chainId, 'market.escrow': chain.escrow, 'chain.rpc': chain.rpcUrl, 'tariff.retail': '0.30', 'tariff.feedIn': '0.08', 'meter.driver': 'demo', 'inverter.driver': 'no-such' }
    const refused = await createEnergyNode({ config: loadConfig({ flags }), databasePath: join(temporaryDirectory(), 'db'), privateKey: `0x${'21'.repeat(32)}`, logger: silentLogger() }).then(() => undefined, (error: Error) => error)
    expect(refused).to.have.property('code', 'CONFIG_INVALID')
    expect(refused?.message).to.include('inverter.driver')
  })
})
