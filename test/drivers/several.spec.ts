import { expect } from 'aegir/chai'
import { drivers } from '../../src/drivers/index.ts'
import { HA_TOKEN, homeAssistantStub } from '../helpers/home-assistant.ts'
import { driverComponents, replayServer } from '../helpers/replay.ts'
import { until } from '../helpers/until.ts'
import type { Device } from '../../src/ports/device.ts'
import type { EntityState } from '../helpers/home-assistant.ts'
import type { ReplayServer } from '../helpers/replay.ts'

const NOW = 1_700_006_400
const METER = '/solar_api/v1/GetMeterRealtimeData.cgi?Scope=System'
const FLOW = '/solar_api/v1/GetPowerFlowRealtimeData.fcgi'

describe('several devices as one', () => {
  const open: Array<{ close(): Promise<void> }> = []
  let isAsleep = false
  let clamp: ReplayServer
  let inverter: ReplayServer

  beforeEach(async () => {
    isAsleep = false
    clamp = await replayServer((path) => path.startsWith('/rpc/')
      ? { body: { mac: 'AA', sys: { unixtime: NOW }, 'em1:0': { act_power: -800 }, 'em1data:0': { total_act_energy: 100, total_act_ret_energy: 200 } } }
      : undefined)
    inverter = await replayServer((path) => {
      const meter = { 0: { Meter_Location_Current: 0, TimeStamp: NOW, EnergyReal_WAC_Sum_Consumed: 7, EnergyReal_WAC_Sum_Produced: 8 } }
      const data = { [METER]: meter, [FLOW]: { Site: { P_Grid: -790, P_PV: 1500, P_Load: -700, P_Akku: null, E_Total: 5000 } } }[path]
      return isAsleep || data == null ? { status: 503, body: '' } : { body: { Head: { Timestamp: NOW }, Body: { Data: data } } }
    })
    open.push(clamp, inverter)
  })

  afterEach(async () => {
    for (const each of open.splice(0).reverse()) {
      await each.close()
    }
  })

  async function connect (devices: unknown, now = NOW): Promise<Device> {
    const device = await drivers.find(({ type }) => type === 'several')?.connect({ devices }, driverComponents(now))
    if (device == null) {
      throw new Error('there is no such driver')
    }
    open.push(device)
    return device
  }

  it('E25 should take each value from one device only, though the inverter knows a grid meter too', async () => {
    const device = await connect([
      { driver: 'fronius', params: { url: inverter.url }, for: ['pv', 'load'] },
      { driver: 'shelly', params: { url: clamp.url }, for: ['grid'] }
    ])
    const { ageMs, ...sample } = await device.sample()
    expect(sample).to.deep.equal({ importMilliWh: 100_000, exportMilliWh: 200_000, gridWatts: -800, pvWatts: 1500, pvMilliWh: 5_000_000, loadWatts: 700, deviceTime: NOW })
    expect(ageMs).to.be.below(1000)
    expect(device.traits).to.deep.include({ serial: 'AA', maker: 'Shelly' })
  })

  for (const [what, devices, message] of [
    ['two devices for one thing (E25)', [{ driver: 'shelly', for: ['grid'] }, { driver: 'fronius', for: ['pv', 'grid'] }], 'reads grid from two devices'],
    ['no grid meter', [{ driver: 'fronius', for: ['pv'] }], 'has none for grid'],
    ['nothing', {}, 'has none for grid'],
    ['itself', [{ driver: 'several', for: ['grid'] }], 'none for a single device'],
    ['an unknown use', [{ driver: 'shelly', for: ['water'] }], 'one or more of grid, pv, load, battery'],
    ['no use', [{ driver: 'shelly' }], 'must say what "shelly" is for']
  ] as const) {
    it(`should refuse ${what}`, async () => {
      await expect(connect(devices)).to.eventually.be.rejectedWith(message)
    })
  }

  it('should take nothing that is old from what stands behind the grid', async () => {
    const old = Math.floor(Date.now() / 1000) - 600
    const pv = (reported: number): Record<string, EntityState> => ({ 'sensor.pv': { state: '5', updated: old, reported, attributes: { unit_of_measurement: 'W' } } })
    for (const [reported, expected] of [[old, undefined], [old + 599, 5]] as const) {
      const home = await homeAssistantStub({ energy_sources: [{ type: 'grid', stat_rate: 'sensor.pv' }, { type: 'solar', stat_rate: 'sensor.pv' }] }, pv(reported))
      open.push(home)
      const device = await connect([
        { driver: 'shelly', params: { url: clamp.url }, for: ['grid'] },
        { driver: 'home-assistant', params: { url: home.url, token: HA_TOKEN }, for: ['pv'] }
      ], old + 600)
      const sample = await device.sample()
      expect(sample).to.have.property('gridWatts', -800)
      expect(sample.pvWatts).to.equal(expected)
      expect(sample.ageMs).to.be.below(10_000)
    }
  })

  it('should keep the grid while the inverter sleeps, and lose everything without the grid', async () => {
    isAsleep = true
    const device = await connect([{ driver: 'shelly', params: { url: clamp.url }, for: ['grid'] }, { driver: 'fronius', params: { url: inverter.url }, for: ['pv'] }])
    expect(await device.sample()).to.have.property('gridWatts', -800)
    expect(await device.sample()).to.not.have.any.keys('pvWatts', 'pvMilliWh')
    isAsleep = false
    expect(await device.sample()).to.have.property('pvWatts', 1500)
    await clamp.close()
    await until(async () => device.sample().then(() => false, (error: { code: string }) => error.code === 'DEVICE_UNREACHABLE'))
  })
})
