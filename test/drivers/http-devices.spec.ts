import { readdirSync } from 'node:fs'
import { expect } from 'aegir/chai'
import { drivers } from '../../src/drivers/index.ts'
import { driverComponents, recorded, replayServer } from '../helpers/replay.ts'
import { until } from '../helpers/until.ts'
import type { DriverComponents, DriverParams } from '../../src/drivers/driver.ts'
import type { Device, Sample } from '../../src/ports/device.ts'
import type { Logger } from '../../src/ports/telemetry.ts'
import type { Answerer, ReplayServer } from '../helpers/replay.ts'

const NOW = 1_700_006_400
const DAY = 86_400
const HAS_RECORDED = recorded('README.md') != null

describe('devices over HTTP', () => {
  const open: Array<{ close(): Promise<void> }> = []
  let server: ReplayServer

  afterEach(async () => {
    for (const each of open.splice(0)) {
      await each.close()
    }
  })

  async function connect (type: string, answer: Answerer, options: { params?: DriverParams, components?: Partial<DriverComponents> } = {}): Promise<Device> {
    const driver = drivers.find((one) => one.type === type)
    server = await replayServer(answer)
    open.push(server)
    const device = await driver?.connect({ url: server.url, ...options.params }, driverComponents(NOW, options.components))
    if (device == null) {
      throw new Error(`there is no driver ${type}`)
    }
    open.push(device)
    return device
  }

  /** Answers by path. */
  const pages = (answers: Record<string, unknown>): Answerer => (path) => path in answers ? { body: answers[path] } : undefined

  async function sampled (type: string, answer: Answerer, params?: DriverParams): Promise<Omit<Sample, 'ageMs'>> {
    const { ageMs, ...values } = await (await connect(type, answer, { params })).sample()
    expect(ageMs).to.be.within(0, 5000)
    return values
  }

  describe('fronius', () => {
    const METER = '/solar_api/v1/GetMeterRealtimeData.cgi?Scope=System'
    const FLOW = '/solar_api/v1/GetPowerFlowRealtimeData.fcgi'
    const meter = (fields: object): object => ({ Head: { Timestamp: '2023-11-15T01:00:00+01:00' }, Body: { Data: { 0: { Details: { Serial: '18412345', Model: 'Smart Meter 63A' }, TimeStamp: NOW - 2, ...fields } } } })
    const flow = (site: object, inverters = {}): object => ({ Head: { Timestamp: '2023-11-15T01:00:00+01:00' }, Body: { Data: { Site: site, Inverters: inverters } } })

    it('E60 should hear that the grid is away', async () => {
      const answer = (site: object): Answerer => pages({ [METER]: meter({ Meter_Location_Current: 0, PowerReal_P_Sum: 1 }), [FLOW]: flow(site) })
      expect(await sampled('fronius', answer({ P_Grid: 0, BackupMode: true }))).to.include({ isOffGrid: true })
      expect(await sampled('fronius', answer({ P_Grid: 0, BackupMode: false }))).to.not.have.property('isOffGrid')
    })

    it('should read a recorded installation: power at night, and no register of a meter that counts the load', async function () {
      if (!HAS_RECORDED) {
        this.skip()
      }
      const answer: Answerer = (path) => {
        const body = recorded(`fronius${path.replace('?', '___').replaceAll('&', '_')}`)
        return body == null ? { status: 404, body: recorded('fronius/.error.html') } : { body }
      }
      // P_PV is null because the inverter sleeps, and the meter stands behind the house (location 1)
      expect(await sampled('fronius', answer)).to.deep.equal({
        gridWatts: 367.722145, loadWatts: 367.722145, pvMilliWh: 26_213_502_000, batteryPercent: 7.9000000000000004, batteryCapacityWh: 11_520, deviceTime: 1_547_159_592
      })
    })

    it('should read registers of the meter at the grid only, among several', async () => {
      const body = meter({ Meter_Location_Current: 256, EnergyReal_WAC_Sum_Consumed: 1, EnergyReal_WAC_Sum_Produced: 2 }) as { Body: { Data: Record<string, object> } }
      body.Body.Data[1] = { Details: { Serial: 'GRID', Model: 'Smart Meter TS 65A-3' }, TimeStamp: NOW, Meter_Location_Current: 0, EnergyReal_WAC_Sum_Consumed: 3_000_123, EnergyReal_WAC_Sum_Produced: 4_000_456, PowerReal_P_Sum: -12.5 }
      const device = await connect('fronius', pages({ [METER]: body, [FLOW]: flow({ P_Grid: -12.5, P_PV: 2000, P_Load: -500, P_Akku: -1487.5, E_Total: null }, { 1: { SOC: 55 } }) }))
      expect(device.traits).to.deep.equal({ maker: 'Fronius', serial: 'GRID', model: 'Smart Meter TS 65A-3' })
      expect(await device.sample()).to.deep.include({
        importMilliWh: 3_000_123_000, exportMilliWh: 4_000_456_000, gridWatts: -12.5, pvWatts: 2000, loadWatts: 500, batteryWatts: -1487.5, batteryPercent: 55, deviceTime: NOW
      })
    })

    it('should know the names that GEN24 has, and those of older meters', async () => {
      const gen24 = meter({ SMARTMETER_VALUE_LOCATION_U16: 0, SMARTMETER_ENERGYACTIVE_CONSUMED_SUM_F64: 711_890.5, SMARTMETER_ENERGYACTIVE_PRODUCED_SUM_F64: 3_247_390, SMARTMETER_POWERACTIVE_MEAN_SUM_F64: 77.25 })
      expect(await sampled('fronius', pages({ [METER]: gen24 }))).to.deep.include({ importMilliWh: 711_890_500, exportMilliWh: 3_247_390_000, gridWatts: 77.25 })
      const old = meter({ Meter_Location_Current: 0, EnergyReal_WAC_Plus_Absolute: 5, EnergyReal_WAC_Minus_Absolute: 6 })
      expect(await sampled('fronius', pages({ [METER]: old }))).to.deep.include({ importMilliWh: 5_000, exportMilliWh: 6_000 })
    })

    it('should say that the solar interface is switched off, rather than zero', async () => {
      const device = await connect('fronius', () => undefined)
      await expect(device.sample()).to.eventually.be.rejected.with.property('code', 'DEVICE_BAD_ANSWER')
    })

    it('E13 should grow old with a meter whose time stands still', async () => {
      const device = await connect('fronius', pages({ [METER]: meter({ Meter_Location_Current: 0, EnergyReal_WAC_Sum_Consumed: 3 }) }))
      const first = await device.sample()
      await until(async () => (await device.sample()).ageMs >= first.ageMs + 15)
    })
  })

  describe('shelly', () => {
    const INFO = { name: null, id: 'shellypro3em-ece334ffffff', mac: 'ECE334FFFFFF', model: 'SPEM-003CEBEU', gen: 2, app: 'Pro3EM', auth_en: false }
    const shelly = (status: object): Answerer => pages({ '/rpc/Shelly.GetStatus': { sys: { unixtime: NOW, uptime: 9 }, ...status }, '/rpc/Shelly.GetDeviceInfo': INFO })
    const phases = { a_total_act_energy: 100.5, b_total_act_energy: 200, c_total_act_energy: 300, a_total_act_ret_energy: 10, b_total_act_ret_energy: 0, c_total_act_ret_energy: 5.25 }

    it('should read three phases, in one request', async () => {
      const device = await connect('shelly', shelly({ 'em:0': { total_act_power: -1230.5 }, 'emdata:0': { ...phases, total_act: 600.5, total_act_ret: 15.25 } }))
      expect(await device.sample()).to.deep.include({ importMilliWh: 600_500, exportMilliWh: 15_250, gridWatts: -1230.5, deviceTime: NOW })
      expect(server.asked.filter((path) => path.includes('GetStatus'))).to.have.lengthOf(1)
    })

    it('E20 should say that three phases are added up one by one, and that one is not', async () => {
      const three = await connect('shelly', shelly({ 'em:0': { total_act_power: 0 }, 'emdata:0': {} }))
      expect(three.traits).to.deep.equal({ maker: 'Shelly', serial: 'ECE334FFFFFF', model: 'SPEM-003CEBEU', addsPhasesSeparately: true })
      const one = await connect('shelly', shelly({ 'em1:0': { act_power: 0 }, 'em1data:0': {} }))
      expect(one.traits).to.have.property('addsPhasesSeparately', false)
    })

    it('should read the clamp it is told to, for what it is told it measures', async () => {
      const status = { 'em1:0': { act_power: 1 }, 'em1data:0': { total_act_energy: 1, total_act_ret_energy: 1 }, 'em1:1': { act_power: 850 }, 'em1data:1': { total_act_energy: 5000.1, total_act_ret_energy: 3 } }
      expect(await sampled('shelly', shelly(status), { channel: 1 })).to.deep.equal({ importMilliWh: 5_000_100, exportMilliWh: 3_000, gridWatts: 850, deviceTime: NOW })
      expect(await sampled('shelly', shelly(status), { channel: 1, role: 'pv' })).to.deep.equal({ pvMilliWh: 5_000_100, pvWatts: 850, deviceTime: NOW })
    })

    it('E21 should take what came back off the counter of a switch, where there is one', async () => {
      const plug = (counters: object): Answerer => shelly({ 'switch:0': { apower: -20, ...counters } })
      expect(await sampled('shelly', plug({ aenergy: { total: 1500.25 }, ret_aenergy: { total: 500 } }))).to.deep.include({ importMilliWh: 1_000_250, exportMilliWh: 500_000, gridWatts: -20 })
      expect(await sampled('shelly', plug({ aenergy: { total: 1500.25 } }))).to.deep.include({ importMilliWh: 1_500_250 }).and.to.not.have.property('exportMilliWh')
      expect(await sampled('shelly', plug({ aenergy: { total: 1500.25 }, ret_aenergy: { total: null } }))).to.not.have.property('importMilliWh')
      expect(await sampled('shelly', plug({ aenergy: { total: 100 }, ret_aenergy: { total: 500 } }))).to.not.have.property('importMilliWh')
    })

    it('E22 should not believe a total returned that follows only one phase', async () => {
      const total = (ret: number): Answerer => shelly({ 'em:0': { total_act_power: 1 }, 'emdata:0': { ...phases, a_total_act_ret_energy: 90_000, b_total_act_ret_energy: 90_000, total_act: 600.5, total_act_ret: ret } })
      expect(await sampled('shelly', total(90_000))).to.deep.include({ importMilliWh: 600_500 }).and.to.not.have.property('exportMilliWh')
      expect(await sampled('shelly', total(180_005.25))).to.deep.include({ exportMilliWh: 180_005_250 })
    })

    it('should refuse a channel on which nothing is measured', async () => {
      await expect(connect('shelly', shelly({ 'em:0': {} }), { params: { channel: 1 } })).to.eventually.be.rejected.with.property('code', 'DEVICE_BAD_PARAMS')
    })
  })

  describe('homewizard', () => {
    it('should read the first version of the interface', async () => {
      const answer = pages({
        '/api': { product_type: 'HWE-P1', product_name: 'P1 meter', serial: '3c39e7aabbcc', api_version: 'v1' },
        '/api/v1/data': { smr_version: 50, meter_model: 'ISKRA  2M550T-101', total_power_import_kwh: 13_779.338, total_power_export_kwh: 0.5, active_power_w: -543 }
      })
      const device = await connect('homewizard', answer)
      expect(device.traits).to.deep.equal({ maker: 'HomeWizard', serial: '3c39e7aabbcc', model: 'HWE-P1', addsPhasesSeparately: false })
      expect(await device.sample()).to.deep.include({ importMilliWh: 13_779_338_000, exportMilliWh: 500_000, gridWatts: -543 })
    })

    it('should read the second version with a token, and E20 know the meters that add phases', async () => {
      const answer: Answerer = (path, { headers }) => headers.authorization === 'Bearer T' && headers['x-api-version'] === '2'
        ? pages({ '/api': { product_type: 'HWE-KWH3', serial: '5c2fafaabbcc' }, '/api/measurement': { energy_import_kwh: 30.511, energy_export_kwh: 85.951, power_w: 7.513 } })(path, {} as never)
        : { status: 401 }
      const device = await connect('homewizard', answer, { params: { token: 'T' } })
      expect(device.traits).to.deep.include({ serial: '5c2fafaabbcc', addsPhasesSeparately: true })
      expect(await device.sample()).to.deep.include({ importMilliWh: 30_511_000, exportMilliWh: 85_951_000, gridWatts: 7.513 })
      await expect(connect('homewizard', answer, { params: { token: 'wrong' } })).to.eventually.be.rejected.with.property('code', 'DEVICE_DENIED')
    })
  })

  it('should read OpenEMS: all channels in one request, null while a component starts', async () => {
    const channel = (name: string, unit: string, value: unknown): object => ({ address: `_sum/${name}`, type: 'INTEGER', accessMode: 'RO', text: '', unit, value })
    const answer: Answerer = (path, { headers }) => path.startsWith('/rest/channel/_sum/(') && headers.authorization === `Basic ${Buffer.from('x:user').toString('base64')}`
      ? {
          body: [
            channel('GridBuyActiveEnergy', 'Wh_Σ', 1_820_300), channel('GridSellActiveEnergy', 'Wh_Σ', 2_500_100), channel('GridActivePower', 'W', -1500),
            channel('ProductionActivePower', 'W', 4000), channel('EssDischargePower', 'W', -1000), channel('EssSoc', '%', 73), channel('ConsumptionActivePower', 'W', null)
          ]
        }
      : { status: 401 }
    expect(await sampled('openems', answer)).to.deep.equal({ importMilliWh: 1_820_300_000, exportMilliWh: 2_500_100_000, gridWatts: -1500, pvWatts: 4000, batteryWatts: -1000, batteryPercent: 73 })
    expect(server.asked).to.have.lengthOf(1)
  })

  it('E55 should take the serial number its owner read on the meter, where the device tells none', async () => {
    const answer: Answerer = () => ({ body: [{ address: '_sum/GridActivePower', value: 0 }] })
    expect((await connect('openems', answer, { params: { serial: '1EMH-7' } })).traits.serial).to.equal('1EMH-7')
    expect((await connect('evcc', pages({ '/api/state': { gridPower: 0 } }), { params: { serial: '1EMH-7' } })).traits.serial).to.equal('1EMH-7')
  })

  it('E60 should hear from OpenEMS that the grid is away', async () => {
    const answer = (mode: number): Answerer => () => ({ body: [{ address: '_sum/GridActivePower', value: 0 }, { address: '_sum/GridMode', value: mode }] })
    expect(await sampled('openems', answer(1))).to.deep.equal({ gridWatts: 0 })
    expect(await sampled('openems', answer(-1))).to.deep.equal({ gridWatts: 0 })
    expect(await sampled('openems', answer(2))).to.deep.equal({ gridWatts: 0, isOffGrid: true })
  })

  it('should say of a HomeWizard whose local interface is off that it has to be switched on', async () => {
    const device = await connect('homewizard', (path) => path === '/api' ? { body: { serial: 'a', product_type: 'HWE-P1' } } : { status: 403, body: { error: { id: 202, description: 'API not enabled' } } })
    const refused = await device.sample().then(() => undefined, (error: Error) => error)
    expect(refused).to.have.property('code', 'DEVICE_DENIED')
    expect(refused?.message).to.include('switch its local interface on')
  })

  describe('evcc', () => {
    const old = { batteryPower: 583, batterySoc: 72, batteryCapacity: 7.5, battery: [{ power: 583, soc: 72 }], gridPower: 251.25, gridEnergy: 3932.728, homePower: 1819, pvPower: 1215, pvEnergy: 40_477.616 }
    const expected = { importMilliWh: 3_932_728_000, gridWatts: 251.25, pvMilliWh: 40_477_616_000, pvWatts: 1215, loadWatts: 1819, batteryWatts: 583, batteryPercent: 72, batteryCapacityWh: 7500 }

    it('should read the state of old releases, wrapped and flat', async () => {
      expect(await sampled('evcc', pages({ '/api/state': { result: old } }))).to.deep.equal(expected)
    })

    it('should read the state of new releases, with and without the wrapper', async () => {
      const state = { grid: { power: -300, energy: 10.5, returnEnergy: 20.25 }, battery: { power: -100, soc: 40, capacity: 10, devices: [] }, pvPower: 900, homePower: 500 }
      const values = { importMilliWh: 10_500_000, exportMilliWh: 20_250_000, gridWatts: -300, pvWatts: 900, loadWatts: 500, batteryWatts: -100, batteryPercent: 40, batteryCapacityWh: 10_000 }
      expect(await sampled('evcc', pages({ '/api/state': state }))).to.deep.equal(values)
      expect(await sampled('evcc', pages({ '/api/state': { result: state } }))).to.deep.equal(values)
    })

    it('should not take the zero of a meter that does not count for a register', async () => {
      expect(await sampled('evcc', pages({ '/api/state': { grid: { power: 5, energy: 0 } } }))).to.deep.equal({ gridWatts: 5 })
    })

    it('should want an address', async () => {
      await expect(drivers.find(({ type }) => type === 'evcc')?.connect({}, driverComponents())).to.eventually.be.rejected.with.property('code', 'DEVICE_BAD_PARAMS')
    })
  })

  describe('tasmota', () => {
    const sns = (more: object): object => ({ StatusSNS: { Time: '2023-11-15T01:00:00', ...more } })
    const net = { StatusNET: { Hostname: 'tasmota', Mac: 'AA:BB:CC:DD:EE:FF' } }

    it('should find the only meter of a script', async () => {
      const device = await connect('tasmota', pages({ '/cm?cmnd=Status 10': sns({ LK13BE: { Total_in: 12_345.6789, Total_out: 0.0001, Power_curr: -250 } }), '/cm?cmnd=Status 5': net }))
      expect(device.traits).to.deep.equal({ maker: 'Tasmota', serial: 'AA:BB:CC:DD:EE:FF' })
      expect(await device.sample()).to.deep.include({ importMilliWh: 12_345_678_900, exportMilliWh: 100, gridWatts: -250 })
    })

    it('should take the names of the script, with points and all, and ask which of two meters is meant', async () => {
      const answers = { '/cm?cmnd=Status 10': sns({ 'Haus.1': { E_in: 5, E_out: 6, Power: 7 }, WP: { E_in: 1 } }) }
      const names = { importName: 'E_in', exportName: 'E_out', powerName: 'Power' }
      expect(await sampled('tasmota', pages(answers), { ...names, meter: 'Haus.1' })).to.deep.equal({ importMilliWh: 5_000_000, exportMilliWh: 6_000_000, gridWatts: 7 })
      await expect(connect('tasmota', pages(answers), { params: names })).to.eventually.be.rejectedWith('Haus.1, WP')
    })

    it('should read a plug, of one phase or three', async () => {
      expect(await sampled('tasmota', pages({ '/cm?cmnd=Status 10': sns({ ENERGY: { Total: 3.185, ExportActive: 0.5, Power: 84, Today: 1 } }) }))).to.deep.equal({ importMilliWh: 3_185_000, exportMilliWh: 500_000, gridWatts: 84 })
      expect(await sampled('tasmota', pages({ '/cm?cmnd=Status 10': sns({ ENERGY: { Total: [1, 2, 3.5], Power: [10, -20, 30] } }) }))).to.deep.equal({ importMilliWh: 6_500_000, gridWatts: 20 })
    })

    it('should log in as Tasmota wants it, and never show the password', async () => {
      const answer: Answerer = (path) => path.startsWith('/cm?user=admin&password=a b&') ? { body: sns({ ENERGY: { Power: 1 } }) } : { status: 500, body: { WARNING: 'Need user and password' } }
      expect(await sampled('tasmota', answer, { password: 'a b' })).to.deep.equal({ gridWatts: 1 })
      const refused = await connect('tasmota', answer, { params: { password: 'hidden' } }).then(() => '', (error: Error) => error.message)
      expect(refused).to.not.equal('').and.to.not.include('hidden')
    })
  })

  describe('enphase', () => {
    const token = (exp: number): string => ['{"alg":"ES256"}', JSON.stringify({ exp, username: 'a' }), 'x'].map((part) => Buffer.from(part).toString('base64url')).join('.')
    const gateway = (folder: string): Answerer => (path) => {
      const file = { '/ivp/meters': 'ivp_meters.txt', '/ivp/meters/readings': 'ivp_meters_readings.txt', '/api/v1/production': 'api_v1_production.txt' }[path]
      const body = file == null ? undefined : recorded(`enphase/${folder}/${file}`)
      return body == null ? undefined : { body }
    }
    const params = { token: token(NOW + 300 * DAY), serial: '122238082763' }

    function warnings (): { logger: Logger, messages: string[] } {
      const messages: string[] = []
      const nothing = (): void => {}
      const logger: Logger = { error: nothing, warn: (message) => { messages.push(message) }, info: nothing, debug: nothing, trace: nothing, scope: () => logger }
      return { logger, messages }
    }

    describe('recorded installations', () => {
      before(function () {
        if (!HAS_RECORDED) {
          this.skip()
        }
      })

      it('should read a gateway with transformers of three phases', async () => {
        const device = await connect('enphase', gateway('7.6.175_with_cts_3phase'), { params })
        expect(device.traits).to.deep.equal({ maker: 'Enphase', serial: '122238082763' })
        expect(await device.sample()).to.deep.include({ importMilliWh: 3_738_205_282, exportMilliWh: 1_776_768_769, gridWatts: -36.162, pvMilliWh: 3_183_793_885, pvWatts: 488.925, deviceTime: 1_693_745_133 })
      })

      it('should read a battery: negative while it charges', async () => {
        expect(await sampled('enphase', gateway('8.2.4286_with_3cts_and_battery_split'), params)).to.deep.include({ gridWatts: 1749.504, pvWatts: 7131.017, batteryWatts: -7083.656 })
      })

      it('should give no grid register where the transformer measures the whole load, and say that it cannot sell', async () => {
        const { logger, messages } = warnings()
        const device = await connect('enphase', gateway('8.3.5433_tot_is_net_cons'), { params, components: { logger } })
        expect(await device.sample()).to.deep.include({ pvMilliWh: 14_405_465_570, pvWatts: 352.751, loadMilliWh: 20_055_053_325 }).and.to.not.have.any.keys('importMilliWh', 'exportMilliWh', 'gridWatts')
        expect(messages).to.have.lengthOf(1).and.to.match(/cannot sell/)
      })

      it('E18 should read only the power of a gateway without transformers, whose counter falls back near 1.2 MWh', async () => {
        expect(await sampled('enphase', gateway('7.6.114_without_cts'), params)).to.deep.equal({ pvWatts: 586 })
      })

      it('should never throw anything but its own errors, whatever firmware answers, and never invent an export', async () => {
        const folders = readdirSync('../shared/data/devices/enphase', { withFileTypes: true }).filter((entry) => entry.isDirectory()).map(({ name }) => name)
        expect(folders.length).to.be.above(20)
        let selling = 0
        for (const folder of folders) {
          const device = await connect('enphase', gateway(folder), { params })
          const sample = await device.sample().catch((error: { code: string }) => error.code)
          if (typeof sample === 'string') {
            expect(sample, folder).to.equal('DEVICE_BAD_ANSWER')
          } else {
            const isAtGrid = (recorded(`enphase/${folder}/ivp_meters.txt`) ?? '').replaceAll(/\s/g, '').includes('"state":"enabled","measurementType":"net-consumption"')
            expect(sample.exportMilliWh != null, folder).to.equal(isAtGrid)
            selling += isAtGrid ? 1 : 0
          }
        }
        expect(selling).to.be.above(8)
      })
    })

    it('E46 should warn thirty days before the token ends, and refuse one that has ended', async () => {
      const answer = pages({ '/ivp/meters': [{ eid: 1, state: 'enabled', measurementType: 'net-consumption' }], '/ivp/meters/readings': [{ eid: 1, actEnergyDlvd: 1, actEnergyRcvd: 2, activePower: 3 }] })
      for (const [days, warned] of [[31, 0], [29, 1]]) {
        const { logger, messages } = warnings()
        await connect('enphase', answer, { params: { token: token(NOW + days * DAY) }, components: { logger } })
        expect(messages, `${days} days`).to.have.lengthOf(warned)
      }
      await expect(connect('enphase', answer, { params: { token: token(NOW - 1) } })).to.eventually.be.rejected.with.property('code', 'DEVICE_DENIED')
    })

    it('E46 should notice while it runs, once a day, and stop when the token ends', async () => {
      const { logger, messages } = warnings()
      let time = NOW
      const answer = pages({ '/ivp/meters': [{ eid: 1, state: 'enabled', measurementType: 'net-consumption' }], '/ivp/meters/readings': [{ eid: 1, actEnergyDlvd: 1, actEnergyRcvd: 2, activePower: 3 }] })
      const device = await connect('enphase', answer, { params: { token: token(NOW + 31 * DAY) }, components: { logger, now: () => time } })
      for (time of [NOW + DAY - 1, NOW + 2 * DAY, NOW + 2 * DAY + 60, NOW + 3 * DAY]) {
        await device.sample()
      }
      expect(messages).to.have.lengthOf(2)
      time = NOW + 32 * DAY
      await expect(device.sample()).to.eventually.be.rejected.with.property('code', 'DEVICE_DENIED')
    })
  })
})
