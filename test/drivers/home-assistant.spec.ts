import { expect } from 'aegir/chai'
import { dashboardEntities } from '../../src/drivers/devices/home-assistant.ts'
import { drivers } from '../../src/drivers/index.ts'
import { HA_TOKEN, homeAssistantStub } from '../helpers/home-assistant.ts'
import { driverComponents } from '../helpers/replay.ts'
import { until } from '../helpers/until.ts'
import type { DriverParams } from '../../src/drivers/driver.ts'
import type { Device, Sample } from '../../src/ports/device.ts'
import type { EntityState, HomeAssistantStub } from '../helpers/home-assistant.ts'

/** The dashboard's two shapes of the same house. */
const OLD = {
  energy_sources: [
    {
      type: 'grid',
      flow_from: [{ stat_energy_from: 'sensor.import_t1', stat_cost: null }, { stat_energy_from: 'sensor.import_t2' }],
      flow_to: [{ stat_energy_to: 'sensor.export' }],
      power: [{ stat_rate: 'sensor.grid_power' }],
      cost_adjustment_day: 0
    },
    { type: 'solar', stat_energy_from: 'sensor.pv', stat_rate: 'sensor.pv_power', config_entry_solar_forecast: null },
    { type: 'battery', stat_energy_from: 'sensor.bat_out', stat_energy_to: 'sensor.bat_in', stat_rate: 'sensor.bat_power' },
    { type: 'gas', stat_energy_from: 'sensor.gas' }
  ],
  device_consumption: []
}

const NEW = {
  energy_sources: [
    { type: 'grid', stat_energy_from: 'sensor.import_t1', stat_energy_to: 'sensor.export', stat_rate: 'sensor.grid_power', stat_cost: null, cost_adjustment_day: 0 },
    { type: 'grid', stat_energy_from: 'sensor.import_t2', stat_energy_to: null, cost_adjustment_day: 0 },
    ...OLD.energy_sources.slice(1)
  ]
}

const EXPECTED = {
  importMilliWh: ['sensor.import_t1', 'sensor.import_t2'],
  exportMilliWh: ['sensor.export'],
  gridWatts: ['sensor.grid_power'],
  pvMilliWh: ['sensor.pv'],
  pvWatts: ['sensor.pv_power'],
  batteryWatts: ['sensor.bat_power'],
  batteryPercent: []
}

describe('Home Assistant as a meter', () => {
  const open: Array<{ close(): Promise<void> }> = []
  const seconds = (): number => Math.floor(Date.now() / 1000)

  /** A register or a power, as an integration sets it up. */
  function sensor (state: string, unit: string, more: Partial<EntityState> = {}): EntityState {
    const isPower = unit.endsWith('W')
    return { state, updated: seconds(), ...more, attributes: { unit_of_measurement: unit, device_class: isPower ? 'power' : 'energy', state_class: isPower ? 'measurement' : 'total_increasing', ...more.attributes } }
  }

  const house = (more: Record<string, EntityState> = {}): Record<string, EntityState> => ({
    'sensor.import_t1': sensor('1000.5', 'kWh'),
    'sensor.import_t2': sensor('2.5', 'MWh'),
    'sensor.export': sensor('3000', 'Wh'),
    'sensor.grid_power': sensor('-1.25', 'kW'),
    'sensor.pv': sensor('4.5', 'MWh'),
    'sensor.pv_power': sensor('-3', 'W'),
    'sensor.bat_power': sensor('-500', 'W'),
    ...more
  })

  afterEach(async () => {
    for (const each of open.splice(0).reverse()) {
      await each.close()
    }
  })

  async function serve (preferences: unknown, states: Record<string, EntityState>): Promise<HomeAssistantStub> {
    const stub = await homeAssistantStub(preferences, states)
    open.push(stub)
    return stub
  }

  async function connect (stub: HomeAssistantStub, params: DriverParams = {}): Promise<Device> {
    const device = await drivers.find(({ type }) => type === 'home-assistant')?.connect({ url: stub.url, token: HA_TOKEN, ...params }, driverComponents(0, { now: seconds }))
    if (device == null) {
      throw new Error('there is no such driver')
    }
    open.push(device)
    return device
  }

  async function outcome (device: Device): Promise<Partial<Sample> | string> {
    return device.sample().catch((error: { code: string }) => error.code)
  }

  it('should understand the dashboard\'s preferences in the old and the new shape', () => {
    expect(dashboardEntities(OLD)).to.deep.equal(EXPECTED)
    expect(dashboardEntities(NEW)).to.deep.equal(EXPECTED)
  })

  it('should take the level of a single battery, as the dashboard has it since 2026.11, and of two none', () => {
    const battery = (soc: string): object => ({ type: 'battery', stat_energy_from: 'sensor.out', stat_energy_to: 'sensor.in', stat_soc: soc, capacity: 9.6 })
    expect(dashboardEntities({ energy_sources: [battery('sensor.level')] }).batteryPercent).to.deep.equal(['sensor.level'])
    expect(dashboardEntities({ energy_sources: [battery('sensor.level'), battery('sensor.other')] }).batteryPercent).to.deep.equal([])
  })

  it('should find nothing in preferences that are none', () => {
    for (const nothing of [null, {}, { energy_sources: null }, { energy_sources: [{}] }, 'x']) {
      expect(Object.values(dashboardEntities(nothing)).flat()).to.deep.equal([])
    }
  })

  it('E25 should count a source that is listed twice once', () => {
    const twice = { energy_sources: [...NEW.energy_sources, ...NEW.energy_sources, ...OLD.energy_sources] }
    expect(dashboardEntities(twice)).to.deep.equal(EXPECTED)
  })

  for (const [shape, preferences] of [['old', OLD], ['new', NEW]] as const) {
    it(`should read a house with the ${shape} preferences: units as each entity has them, several registers added`, async () => {
      const sample = await (await connect(await serve(preferences, house()), { serial: 'ABC' })).sample()
      expect(sample).to.deep.include({
        importMilliWh: 3_500_500_000, exportMilliWh: 3_000_000, gridWatts: -1250, pvMilliWh: 4_500_000_000, pvWatts: 0, batteryWatts: -500
      })
      expect(sample.ageMs).to.be.within(0, 3000)
    })
  }

  it('should read entities that are chosen by hand, instead of the dashboard\'s', async () => {
    const stub = await serve({ energy_sources: [] }, { 'sensor.a': sensor('7', 'kWh'), 'sensor.level': { state: '81', updated: seconds(), attributes: { unit_of_measurement: '%' } } })
    expect(await (await connect(stub, { gridImport: 'sensor.a', batteryLevel: 'sensor.level' })).sample()).to.deep.include({ importMilliWh: 7_000_000, batteryPercent: 81 })
  })

  it('should follow changes', async () => {
    const stub = await serve(NEW, house())
    const device = await connect(stub)
    stub.change('sensor.grid_power', '2')
    await until(async () => (await device.sample()).gridWatts === 2000)
  })

  it('should not know what is unknown or unavailable, or a sum of which a part is', async () => {
    for (const state of ['unknown', 'unavailable', 'none', '']) {
      const device = await connect(await serve(NEW, house({ 'sensor.import_t2': sensor(state, 'MWh'), 'sensor.export': sensor(state, 'Wh') })))
      const sample = await device.sample()
      expect(sample, state).to.not.have.any.keys('importMilliWh', 'exportMilliWh')
      expect(sample).to.have.property('gridWatts', -1250)
    }
  })

  it('E11 should not know a value whose unit is of another kind', async () => {
    const sample = await (await connect(await serve(NEW, house({ 'sensor.grid_power': sensor('5', 'kWh'), 'sensor.export': sensor('5', 'm³') })))).sample()
    expect(sample).to.not.have.any.keys('gridWatts', 'exportMilliWh')
  })

  it('E13 should look up when a constant was last reported, and grow old with one that was not', async () => {
    const old = seconds() - 600
    const stub = await serve({ energy_sources: [] }, { 'sensor.night': sensor('7', 'kWh', { updated: old, reported: seconds() - 2 }) })
    const device = await connect(stub, { gridImport: 'sensor.night' })
    expect((await device.sample()).ageMs).to.be.within(0, 6000)
    expect(stub.asked).to.deep.equal(['sensor.night'])
    const dead = await serve({ energy_sources: [] }, { 'sensor.dead': sensor('7', 'kWh', { updated: old, reported: old }) })
    const silent = await connect(dead, { gridImport: 'sensor.dead' })
    expect((await silent.sample()).ageMs).to.be.within(595_000, 620_000)
    dead.states.set('sensor.dead', sensor('7', 'kWh', { updated: old, reported: seconds() }))
    expect((await silent.sample()).ageMs, 'reported again, unchanged').to.be.within(0, 6000)
  })

  it('E13 should take a register that rests for as fresh as what its meter measures beside it', async () => {
    const old = { updated: seconds() - 600, reported: seconds() - 600, device: 'meter' }
    const states = {
      'sensor.in': sensor('7', 'kWh', old),
      'sensor.out': sensor('8', 'kWh', old),
      'sensor.volt': sensor('230', 'V', { updated: seconds() - 3, device: 'meter', attributes: { device_class: 'voltage' } }),
      'sensor.signal': sensor('-60', 'dBm', { device: 'meter', attributes: { device_class: 'signal_strength' } }),
      'sensor.else': sensor('230', 'V', { device: 'another', attributes: { device_class: 'voltage' } })
    }
    const chosen = { gridImport: 'sensor.in', gridExport: 'sensor.out' }
    const stub = await serve({ energy_sources: [] }, states)
    const device = await connect(stub, chosen)
    expect(await device.sample()).to.deep.include({ importMilliWh: 7_000_000, exportMilliWh: 8_000_000 })
    expect((await device.sample()).ageMs).to.be.within(2000, 9000)
    expect(stub.asked).to.deep.equal([])
    for (const silent of [{ ...states['sensor.volt'], state: 'unavailable' }, { ...states['sensor.volt'], device: undefined }]) {
      const alone = await connect(await serve({ energy_sources: [] }, { ...states, 'sensor.volt': silent }), chosen)
      expect((await alone.sample()).ageMs, silent.state).to.be.within(595_000, 620_000)
    }
  })

  it('should not let a roof at night make the grid meter old', async () => {
    const long = { updated: seconds() - 8000, reported: seconds() - 8000 }
    const device = await connect(await serve(NEW, house({ 'sensor.pv': sensor('4.5', 'MWh', long), 'sensor.pv_power': sensor('0', 'W', long) })))
    const sample = await device.sample()
    expect(sample.ageMs).to.be.within(0, 6000)
    expect(sample).to.have.property('pvMilliWh', 4_500_000_000)
    expect(sample).to.not.have.property('pvWatts')
  })

  it('should not take for a meter what a node itself shows in the dashboard', async () => {
    const published = (key: string): EntityState => sensor('5', 'kWh', { uniqueId: `wattmesh_0123456789ab_${key}` })
    const mixed = await connect(await serve(NEW, house({ 'sensor.import_t2': published('bought') })))
    expect(await mixed.sample()).to.deep.include({ importMilliWh: 1_000_500_000, exportMilliWh: 3_000_000 })
    const only = await serve(NEW, house({ 'sensor.import_t1': published('supplier_import'), 'sensor.import_t2': published('bought'), 'sensor.meter': sensor('7', 'kWh', { uniqueId: 'mtr1_imp' }) }))
    await expect(connect(only)).to.eventually.be.rejectedWith('name your meter\'s own entities')
    expect(await (await connect(only, { gridImport: 'sensor.meter' })).sample()).to.have.property('importMilliWh', 7_000_000)
  })

  it('E19 should refuse counters that begin again, and statistics without a live value', async () => {
    for (const [id, entity, message] of [
      ['sensor.meter', sensor('7', 'kWh', { attributes: { last_reset: '2026-11-22T00:00:00+00:00', state_class: 'total' } }), 'begins again'],
      ['sensor.meter', sensor('7', 'kWh', { attributes: { last_period: '3', meter_period: 'daily' } }), 'begins again'],
      ['sensor.energy_today', sensor('7', 'kWh'), 'begins again'],
      ['sensor.meter', sensor('7', 'kWh', { attributes: { state_class: 'measurement' } }), 'begins again'],
      ['utility:imported', sensor('7', 'kWh'), 'live value']
    ] as const) {
      const stub = await serve({ energy_sources: [{ type: 'grid', stat_energy_from: id }] }, { [id]: entity })
      const refused = await connect(stub).then(() => undefined, (error: Error) => error)
      expect(refused, id).to.have.property('code', 'DEVICE_BAD_PARAMS')
      expect(refused?.message).to.include(message)
    }
  })

  it('should say that the dashboard has no grid connection', async () => {
    await expect(connect(await serve({ energy_sources: [] }, {}))).to.eventually.be.rejectedWith('has no grid connection')
  })

  it('should say who is refused, and that nobody is there', async () => {
    const stub = await serve(NEW, house())
    await expect(connect(stub, { token: 'wrong' })).to.eventually.be.rejected.with.property('code', 'DEVICE_DENIED')
    await expect(connect(stub, { url: 'http://127.0.0.1:1' })).to.eventually.be.rejected.with.property('code', 'DEVICE_UNREACHABLE')
  })

  it('should know nothing while Home Assistant restarts, and read on afterwards', async () => {
    const stub = await serve(NEW, house())
    const device = await connect(stub)
    stub.leave()
    await until(async () => await outcome(device) === 'DEVICE_UNREACHABLE')
    stub.comeBack()
    await until(async () => typeof await outcome(device) !== 'string')
    stub.change('sensor.grid_power', '3')
    await until(async () => (await device.sample()).gridWatts === 3000)
  })

  it('E46 should say that its token was taken away, not that nobody is there', async () => {
    const stub = await serve(NEW, house())
    const device = await connect(stub)
    stub.revoke()
    await until(async () => await outcome(device) === 'DEVICE_DENIED')
  })

  it('E48 should survive whatever it is told', async () => {
    const stub = await serve(NEW, house())
    const device = await connect(stub)
    for (const text of ['no json', '', '[null]', 'null', '[[[', '{"type":"event","id":2}', '{"type":"event","id":2,"event":null}', '{"type":"event","id":2,"event":{"a":{"sensor.pv":null}}}', `{"x":${'['.repeat(10_000)}`, `"${'x'.repeat(2_000_000)}"`]) {
      stub.say(text)
    }
    stub.change('sensor.grid_power', '4')
    await until(async () => (await device.sample()).gridWatts === 4000)
  })
})
