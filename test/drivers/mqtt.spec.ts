import { expect } from 'aegir/chai'
import { connect } from 'mqtt'
import { drivers } from '../../src/drivers/index.ts'
import { needs } from '../helpers/debian.ts'
import { removeTemporaryDirectories } from '../helpers/directory.ts'
import { BROKER_PASSWORD, BROKER_USER, mosquitto } from '../helpers/mosquitto.ts'
import { driverComponents } from '../helpers/replay.ts'
import { until } from '../helpers/until.ts'
import type { DriverParams } from '../../src/drivers/driver.ts'
import type { Device, Sample } from '../../src/ports/device.ts'
import type { Mosquitto } from '../helpers/mosquitto.ts'

const NOW = 1_700_006_400

describe('devices over MQTT, with mosquitto', () => {
  let broker: Mosquitto
  const open: Device[] = []

  before(needs('/usr/sbin/mosquitto', 'mosquitto'))

  before(async () => {
    broker = await mosquitto()
  })

  afterEach(async () => {
    for (const device of open.splice(0)) {
      await device.close()
    }
  })

  after(async () => {
    await broker?.stop()
    removeTemporaryDirectories()
  })

  async function begin (type: string, params: DriverParams): Promise<Device> {
    const driver = drivers.find((one) => one.type === type)
    if (driver == null) {
      throw new Error(`there is no driver ${type}`)
    }
    const device = await driver.connect({ broker: broker.url, brokerUser: BROKER_USER, brokerPassword: BROKER_PASSWORD, ...params }, driverComponents(NOW))
    open.push(device)
    return device
  }

  /** The sample, or the code of the error. */
  async function outcome (device: Device): Promise<Partial<Sample> | string> {
    return device.sample().catch((error: { code: string }) => error.code)
  }

  /** The first sample for which `isIt` holds. */
  async function sampleOnce (device: Device, isIt: (sample: Partial<Sample>) => boolean): Promise<Partial<Sample>> {
    let last: Partial<Sample> = {}
    await until(async () => {
      const now = await outcome(device)
      last = typeof now === 'string' ? {} : now
      return typeof now !== 'string' && isIt(now)
    })
    return last
  }

  ['3.1.1', '5'].forEach((brokerVersion) => {
    it(`should read mapped topics with units and signs, over MQTT ${brokerVersion}`, async () => {
      const device = await begin('mqtt', {
        brokerVersion,
        serial: 'ISK00011',
        values: {
          gridImport: { topic: 'house/meter', path: 'import.total', unit: 'kWh' },
          gridExport: { topic: 'house/meter', path: 'export', unit: 'Wh', step: 10 },
          gridPower: { topic: 'house/power', unit: 'kW', sign: -1 }
        }
      })
      expect(device.traits).to.deep.equal({ serial: 'ISK00011', addsPhasesSeparately: false })
      expect(await outcome(device)).to.equal('DEVICE_BAD_ANSWER')
      await broker.publish('house/meter', { import: { total: '12345.678' }, export: 7 })
      await broker.publish('house/power', '1.25 kW')
      const sample = await sampleOnce(device, ({ gridWatts }) => gridWatts != null)
      expect(sample).to.deep.include({ importMilliWh: 12_345_678_000, exportMilliWh: 70_000, gridWatts: -1250 })
      expect(sample.ageMs).to.be.within(0, 5000)
    })
  })

  it('should grow old when nothing more is said', async () => {
    const device = await begin('mqtt', { values: { gridPower: { topic: 'quiet', unit: 'W' } } })
    await broker.publish('quiet', '5')
    const { ageMs: before = 0 } = await sampleOnce(device, () => true)
    await until(async () => ((await device.sample()).ageMs) >= before + 50)
  })

  it('E12 should not use what the broker kept, until it is said again', async () => {
    await broker.publish('kept', { e: 5 }, true)
    const device = await begin('mqtt', { values: { gridImport: { topic: 'kept', path: 'e', unit: 'Wh' }, gridPower: { topic: 'live', unit: 'W' } } })
    await broker.publish('live', '1')
    expect(await sampleOnce(device, () => true)).to.not.have.property('importMilliWh')
    await broker.publish('kept', { e: 6 }, true)
    expect(await sampleOnce(device, ({ importMilliWh }) => importMilliWh != null)).to.have.property('importMilliWh', 6_000)
  })

  it('E12 should use what the broker kept when it has a time of its own', async () => {
    await broker.publish('dated', { e: 5, at: NOW - 3600 }, true)
    const device = await begin('mqtt', { values: { gridImport: { topic: 'dated', path: 'e', unit: 'Wh' } }, time: { topic: 'dated', path: 'at' } })
    expect(await sampleOnce(device, () => true)).to.deep.equal({ importMilliWh: 5_000, deviceTime: NOW - 3600, ageMs: 3_600_000 })
    await broker.publish('dated', { e: 6, at: NOW }, true)
    expect((await sampleOnce(device, ({ importMilliWh }) => importMilliWh === 6_000)).ageMs).to.be.below(5000)
  })

  it('should know nothing while the broker is away, and read on when it is back', async () => {
    const device = await begin('mqtt', { values: { gridPower: { topic: 'before/after', unit: 'W' } } })
    await broker.publish('before/after', '1')
    await sampleOnce(device, () => true)
    await broker.stop()
    await until(async () => await outcome(device) === 'DEVICE_UNREACHABLE')
    await broker.start()
    await until(async () => typeof await outcome(device) !== 'string')
    await until(async () => {
      await broker.publish('before/after', '2')
      return (await sampleOnce(device, () => true)).gridWatts === 2
    })
  })

  it('should say who is refused, and that nobody is there', async () => {
    const values = { gridPower: { topic: 'a', unit: 'W' } }
    await expect(begin('mqtt', { values, brokerPassword: 'wrong' })).to.eventually.be.rejected.with.property('code', 'DEVICE_DENIED')
    await expect(begin('mqtt', { values, brokerPassword: 'wrong', brokerVersion: '5' })).to.eventually.be.rejected.with.property('code', 'DEVICE_DENIED')
    await expect(begin('mqtt', { values, broker: 'mqtt://127.0.0.1:1' })).to.eventually.be.rejected.with.property('code', 'DEVICE_UNREACHABLE')
  })

  it('should believe a meter\'s last will', async () => {
    const meter = connect(broker.url, { username: BROKER_USER, password: BROKER_PASSWORD, will: { topic: 'meter/status', payload: Buffer.from('gone'), retain: true, qos: 1 } })
    await new Promise<void>((resolve) => { meter.once('connect', () => { resolve() }) })
    const device = await begin('mqtt', { values: { gridPower: { topic: 'meter/power', unit: 'W' } }, statusTopic: 'meter/status', offlineMessage: 'gone' })
    await meter.publishAsync('meter/status', 'here', { retain: true })
    await meter.publishAsync('meter/power', '9')
    await sampleOnce(device, () => true)
    meter.stream.destroy()
    await meter.endAsync(true)
    await until(async () => await outcome(device) === 'DEVICE_UNREACHABLE')
  })

  it('E48 should survive messages that make no sense, and keep the last that did', async () => {
    const device = await begin('mqtt', { values: { gridPower: { topic: 'noise', path: 'p', unit: 'W' } } })
    await broker.publish('noise', { p: 3 })
    await sampleOnce(device, () => true)
    for (const payload of ['{"p": ', `{"p": ${'['.repeat(5000)}`, JSON.stringify({ p: 'x'.repeat(1_100_000) })]) {
      await broker.publish('noise', payload)
    }
    await broker.publish('noise', { p: 4 })
    expect(await sampleOnce(device, ({ gridWatts }) => gridWatts === 4)).to.have.property('gridWatts', 4)
  })

  for (const [what, values, message] of [
    ['no unit', { gridImport: { topic: 'a' } }, 'has no unit for gridImport'],
    ['a unit of another kind', { gridImport: { topic: 'a', unit: 'W' } }, 'does not fit gridImport'],
    ['a wildcard', { gridImport: { topic: 'a/#', unit: 'Wh' } }, 'without + and #'],
    ['no topic', { gridImport: 'a' }, 'needs a topic'],
    ['an unknown value', { gridImports: { topic: 'a', unit: 'Wh' } }, 'has "gridImports", but there are only: gridImport'],
    ['an unknown setting', { gridImport: { topic: 'a', unit: 'Wh', factor: 2 } }, 'has "factor" in gridImport'],
    ['a wrong sign', { gridPower: { topic: 'a', unit: 'W', sign: 0 } }, 'sign is 1 or -1'],
    ['nothing', {}, 'is empty'],
    ['a counter of the day (E19)', { gridImport: { topic: 'tele/x/SENSOR', path: 'ENERGY.Today', unit: 'kWh' } }, 'begins again every day']
  ] as const) {
    it(`${what.includes('E19') ? 'E19' : 'E11'} should refuse a mapping with ${what}`, async () => {
      const refused = await begin('mqtt', { values }).then(() => undefined, (error: Error) => error)
      expect(refused).to.have.property('code', 'DEVICE_BAD_PARAMS')
      expect(refused?.message).to.include(message)
    })
  }

  it('should read a Tasmota head with the names of its script, and see that it is off', async () => {
    const device = await begin('tasmota', { topic: 'tasmota_1A', meter: 'Main', importName: 'E_in', exportName: 'E_out', powerName: 'P' })
    await broker.publish('tele/tasmota_1A/LWT', 'Online', true)
    await broker.publish('tele/tasmota_1A/SENSOR', { Time: '2023-11-15T01:00:00', Main: { E_in: 1.5, E_out: 2.5, P: -30 } })
    expect(await sampleOnce(device, () => true)).to.deep.include({ importMilliWh: 1_500_000, exportMilliWh: 2_500_000, gridWatts: -30 })
    await broker.publish('tele/tasmota_1A/LWT', 'Offline', true)
    await until(async () => await outcome(device) === 'DEVICE_UNREACHABLE')
  })

  it('should read evcc, whose topics are only sent when they change', async () => {
    const device = await begin('evcc', {})
    await broker.publish('evcc/status', 'online', true)
    await broker.publish('evcc/site/grid/energy', '10.5')
    await broker.publish('evcc/site/grid/power', '-300')
    await broker.publish('evcc/site/pvPower', '900')
    await broker.publish('evcc/updated', String(NOW))
    const sample = await sampleOnce(device, ({ pvWatts }) => pvWatts != null)
    expect(sample).to.deep.include({ importMilliWh: 10_500_000, gridWatts: -300, pvWatts: 900 })
    await until(async () => (await device.sample()).ageMs > 100)
    await broker.publish('evcc/updated', String(NOW + 10))
    await until(async () => (await device.sample()).ageMs < 100)
  })
})
