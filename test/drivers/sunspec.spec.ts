import { execFileSync } from 'node:child_process'
import { expect } from 'aegir/chai'
import { drivers } from '../../src/drivers/index.ts'
import { registerMeter } from '../../src/drivers/registers.ts'
import { MODELS } from '../../src/drivers/sunspec/models.ts'
import { PERIOD } from '../helpers/builders.ts'
import { needs } from '../helpers/debian.ts'
import { stopAll } from '../helpers/stop-all.ts'
import { silentLogger } from '../helpers/street.ts'
import { until } from '../helpers/until.ts'
import { PYMODBUS, serve, stopModbusServers } from './counterparts/modbus-server.ts'
import { haveOfficialModels, officialModel, sunSpecMap } from './counterparts/sunspec-map.ts'
import type { Question } from './counterparts/modbus-server.ts'
import type { PlacedPoint, ServedModel } from './counterparts/sunspec-map.ts'
import type { Points } from '../../src/drivers/sunspec/models.ts'
import type { Device } from '../../src/ports/device.ts'
import type { Context } from 'mocha'

function needsOfficialModels (this: Context): void {
  if (haveOfficialModels()) {
    return
  }
  if (process.env.CI != null) {
    throw new Error('the official SunSpec models are missing from ../shared/data/sunspec')
  }
  process.stderr.write('      skipped, because the official SunSpec models are not in ../shared/data/sunspec\n')
  this.skip()
}

const devices: Device[] = []

async function connect (port: number, params: object = {}): Promise<Device> {
  const driver = drivers.find(({ type }) => type === 'sunspec')
  const device = await driver?.connect({ host: '127.0.0.1', port, timeoutMs: 1000, ...params }, { now: () => PERIOD, periodSec: 900, logger: silentLogger() })
  if (device == null) {
    throw new Error('there is no driver sunspec')
  }
  devices.push(device)
  return device
}

const failure = async (promise: Promise<unknown>): Promise<Error & { code?: string }> =>
  promise.then(() => { throw new Error('it should have failed') }, (error: unknown) => error as Error)

const common = (maker: string, serial: string, options = ''): ServedModel => ({ id: 1, values: { Mn: maker, Md: 'Test', Opt: options, SN: serial } })
const inverter = (values: object = {}): ServedModel => ({ id: 103, values: { W: 3210, W_SF: 0, WH: 1_234_567, WH_SF: 0, ...values } })
const meter = (values: object = {}): ServedModel => ({ id: 203, values: { W: 1500, W_SF: -1, TotWhImp: 1000, TotWhExp: 2000, TotWh_SF: 1, ...values } })
const VENDOR_BLOCK: ServedModel = { id: 64_123 }

describe('SunSpec tables', () => {
  before(needsOfficialModels)

  /** What differs between our points and the official ones. */
  function differences (points: Points, official: readonly PlacedPoint[] = []): string[] {
    return Object.entries(points).flatMap(([name, [offset, type, third]]) => {
      const found = official.find((point) => point.name === name)
      const expected = [found?.offset, found?.type, type === 'string' ? found?.size : found?.sf]
      return JSON.stringify([offset, type, third]) === JSON.stringify(expected) ? [] : [`${name}: ${JSON.stringify([offset, type, third])} instead of ${JSON.stringify(expected)}`]
    })
  }

  for (const [id, model] of Object.entries(MODELS)) {
    it(`should have model ${id} as the official definition has it`, () => {
      const official = officialModel(Number(id))
      expect(differences(model.points, official.points)).to.deep.equal([])
      expect(differences(model.modules?.points ?? {}, official.module?.points)).to.deep.equal([])
      expect([model.modules?.offset ?? official.size, model.modules?.size]).to.deep.equal([official.size, official.module?.size])
      const factors = Object.values({ ...model.points, ...model.modules?.points }).flatMap(([, , third]) => typeof third === 'string' ? [third] : [])
      expect(factors.filter((name) => model.points[name]?.[1] !== 'sunssf')).to.deep.equal([])
    })
  }

  it('should notice a point in the wrong place', () => {
    expect(differences({ W: [15, 'int16', 'W_SF'] }, officialModel(103).points)).to.have.lengthOf(1)
    expect(differences({ W: [14, 'uint16', 'W_SF'] }, officialModel(103).points)).to.have.lengthOf(1)
    expect(differences({ W: [14, 'int16', 'WH_SF'] }, officialModel(103).points)).to.have.lengthOf(1)
  })
})

describe('SunSpec devices, beside pymodbus', () => {
  before(needs(PYMODBUS, 'python3-pymodbus'))
  before(needsOfficialModels)

  afterEach(async () => {
    let questions: readonly Question[] = []
    await stopAll(...devices.splice(0).map((device) => async () => device.close()), async () => { questions = await stopModbusServers() })
    // E49, and the most that one answer can hold
    expect(questions.filter(({ fc, count }) => fc !== 3 || count > 125)).to.deep.equal([])
  })

  it('should walk the chain past models it does not know, and read what it knows', async () => {
    const { values } = sunSpecMap([common('SMA', '4711'), inverter({ W: -12 }), VENDOR_BLOCK, meter(), { id: 802, values: { SoC: 815, SoC_SF: -1, W: -120, W_SF: 1, WHRtg: 100, WHRtg_SF: 2 } }])
    const { port } = await serve(values)
    const device = await connect(port)
    expect(device.traits).to.include({ maker: 'SMA', model: 'Test', serial: '4711', resolutionMilliWh: 10_000 })
    expect(await device.sample()).to.include({
      importMilliWh: 10_000_000, exportMilliWh: 20_000_000, gridWatts: 150, batteryPercent: 81.5, batteryWatts: -1200, batteryCapacityWh: 10_000
    })
  })

  it('should agree with mbpoll on what the registers hold', async function () {
    needs('mbpoll', 'mbpoll').call(this)
    const { values, at } = sunSpecMap([common('SMA', '4711'), inverter(), VENDOR_BLOCK, meter({ TotWhImp: 3_456_789 })])
    const { port } = await serve(values)
    const poll = (address: number, type: string): number => {
      const said = execFileSync('mbpoll', ['-0', '-1', '-m', 'tcp', '-p', String(port), '-a', '1', '-t', type, '-B', '-r', String(address), '-c', '1', '127.0.0.1'], { encoding: 'utf8' })
      return Number(/^\[\d+\]:\s+(-?\d+)/m.exec(said)?.[1])
    }
    const { importMilliWh, pvWatts } = await (await connect(port)).sample()
    expect(importMilliWh).to.equal(poll(at(203, 'TotWhImp'), '4:int') * 10 * 1000)
    expect(pvWatts).to.equal(poll(at(103, 'W'), '4'))
  })

  for (const [what, base, length] of [['at 50000', 50_000, undefined], ['at 0', 0, undefined], ['with a first model of 65 registers', 40_000, 65]] as const) {
    it(`should find a map ${what}`, async () => {
      const { port } = await serve(sunSpecMap([{ ...common('Kostal', '1'), length }, inverter(), meter()], { base }).values)
      expect(await (await connect(port)).sample()).to.include({ importMilliWh: 10_000_000, pvWatts: 3210, pvMilliWh: 1_234_567_000 })
    })
  }

  it('should come to an end where the map has no end mark', async () => {
    const { port } = await serve(sunSpecMap([common('Kostal', '1'), meter()], { hasEnd: false }).values)
    expect((await (await connect(port)).sample()).importMilliWh).to.equal(10_000_000)
  })

  for (const id of [101, 102, 103]) {
    it(`should read an inverter of model ${id}`, async () => {
      const { port } = await serve(sunSpecMap([common('X', '1'), { ...inverter(), id }, { id: 120, values: { WRtg: 50, WRtg_SF: 2 } }]).values)
      const device = await connect(port)
      expect(device.traits.ratedWatts).to.equal(5000)
      expect(await device.sample()).to.include({ pvWatts: 3210, pvMilliWh: 1_234_567_000 })
    })
  }

  for (const id of [111, 112, 113]) {
    it(`should read an inverter of model ${id}`, async () => {
      const { port } = await serve(sunSpecMap([common('X', '1'), { id, values: { W: 1234.5, WH: 7_654_321.5 } }]).values)
      expect(await (await connect(port)).sample()).to.include({ pvWatts: 1234.5, pvMilliWh: 7_654_321_500 })
    })
  }

  for (const id of [201, 202, 203, 204]) {
    it(`should read a meter of model ${id}`, async () => {
      const { port } = await serve(sunSpecMap([common('X', '1'), { ...meter(), id }]).values)
      expect(await (await connect(port)).sample()).to.include({ importMilliWh: 10_000_000, exportMilliWh: 20_000_000, gridWatts: 150 })
    })
  }

  for (const id of [211, 212, 213, 214]) {
    it(`should read a meter of model ${id}`, async () => {
      const { port } = await serve(sunSpecMap([common('X', '1'), { id, values: { W: -250.5, TotWhImp: 1000.5, TotWhExp: 0 } }]).values)
      expect(await (await connect(port)).sample()).to.include({ importMilliWh: 1_000_500, exportMilliWh: 0, gridWatts: -250.5 })
    })
  }

  it('should read the models of newer inverters', async () => {
    const { port } = await serve(sunSpecMap([
      common('X', '1'), { id: 701, values: { W: 400, W_SF: 1, TotWhInj: 123_456_789, TotWh_SF: 0 } }, { id: 702, values: { WMaxRtg: 800, W_SF: 1 } },
      { id: 713, values: { SoC: 55, Pct_SF: 0, WHRtg: 77, WH_SF: 2 } },
      { id: 714, values: { DCW_SF: 0, DCWH_SF: 0 }, modules: [{ PrtTyp: 0, DCW: 2000, DCWhInj: 5000 }, { PrtTyp: 0, DCW: 1500, DCWhInj: 6000 }, { PrtTyp: 1, DCW: -700, DCWhInj: 9 }] }
    ]).values)
    const device = await connect(port)
    expect(device.traits.ratedWatts).to.equal(8000)
    expect(await device.sample()).to.include({ pvWatts: 3500, pvMilliWh: 11_000_000, batteryWatts: -700, batteryPercent: 55, batteryCapacityWh: 7700, importMilliWh: undefined })
  })

  it('E1 should show nothing where a point is not implemented', async () => {
    const nothing = ['importMilliWh', 'exportMilliWh', 'gridWatts', 'pvMilliWh', 'pvWatts', 'batteryWatts', 'batteryPercent', 'batteryCapacityWh']
    const factors = { W_SF: 0, WH_SF: 0, TotWh_SF: 0, SoC_SF: 0, WHRtg_SF: 0 }
    for (const models of [
      [{ id: 103, values: factors }, { id: 203, values: factors }, { id: 802, values: factors }, { id: 124, values: { ChaState_SF: 0 } }],
      [{ id: 113 }, { id: 213 }],
      [{ id: 701, values: { W_SF: 0, TotWh_SF: 0 } }, { id: 204, values: factors }, { id: 713, values: { Pct_SF: 0, WH_SF: 0 } }, { id: 714, values: { DCW_SF: 0, DCWH_SF: 0 }, modules: [{ PrtTyp: 0 }, { PrtTyp: 1 }] }],
      [{ id: 160, values: { DCW_SF: 0, DCWH_SF: 0 }, modules: [{}, {}] }, { id: 101, values: factors }]
    ]) {
      const { port } = await serve(sunSpecMap([common('X', '1'), ...models]).values)
      const sample = await (await connect(port)).sample()
      expect(nothing.filter((name) => sample[name as keyof typeof sample] != null), JSON.stringify(models)).to.deep.equal([])
    }
  })

  it('E2 should go on without a step when the scale factor changes', async () => {
    const { values, at } = sunSpecMap([common('X', '1'), meter({ TotWhImp: 123_450, TotWh_SF: 0 })])
    const { port, command, questions } = await serve(values)
    const device = await connect(port)
    expect((await device.sample()).importMilliWh).to.equal(123_450_000)
    questions.splice(0)
    await command({ set: [{ address: at(203, 'TotWhImp'), type: 'uint32', value: 12_345 }, { address: at(203, 'TotWh_SF'), type: 'int16', value: 1 }] })
    expect((await device.sample()).importMilliWh).to.equal(123_450_000)
    const [value, factor] = [at(203, 'TotWhImp'), at(203, 'TotWh_SF')]
    expect(questions.every(({ address, count }) => address <= value && factor < address + count)).to.equal(true)
  })

  it('E2 should ask again when a register is suddenly ten times as high', async () => {
    const { values, at } = sunSpecMap([common('X', '1'), meter({ TotWhImp: 12_345_000, TotWh_SF: 0 })])
    const { port, command } = await serve(values)
    const device = await connect(port)
    await device.sample()
    // the device changes its factor first and its value a moment later
    await command({ set: [{ address: at(203, 'TotWh_SF'), type: 'int16', value: 1 }] })
    await command({ set: [{ address: at(203, 'TotWhImp'), type: 'uint32', value: 1_234_500 }], after: at(203, 'TotWhImp') })
    expect((await device.sample()).importMilliWh).to.equal(12_345_000_000)
  })

  it('E2 should not use a long model whose scale factor changed between its parts', async () => {
    const modules = Array.from({ length: 8 }, (_, index) => ({ IDStr: `String ${index}`, DCW: 100, DCWH: 1000 + index }))
    const { values, at } = sunSpecMap([common('X', '1'), { id: 124, values: { ChaState: 50, ChaState_SF: 0 } }, { id: 160, values: { DCW_SF: 0, DCWH_SF: 0 }, modules }])
    const { port, command } = await serve(values)
    const device = await connect(port)
    expect(await device.sample()).to.include({ pvWatts: 800, pvMilliWh: 8_028_000 })
    await command({ set: [{ address: at(160, 'DCW_SF'), type: 'int16', value: 1 }], after: at(160, 'DCW', 7) })
    expect(await failure(device.sample())).to.have.property('code', 'DEVICE_BAD_ANSWER')
    expect((await device.sample()).pvWatts).to.equal(8000)
  })

  for (const factor of [-32_768, 11, -11]) {
    it(`E3 should show nothing under a scale factor of ${factor}`, async () => {
      const { port } = await serve(sunSpecMap([common('X', '1'), meter({ TotWh_SF: factor, W_SF: factor })]).values)
      expect(await (await connect(port)).sample()).to.include({ importMilliWh: undefined, exportMilliWh: undefined, gridWatts: undefined })
    })
  }

  it('E3 should take scale factors up to ten', async () => {
    const { port } = await serve(sunSpecMap([common('X', '1'), meter({ TotWh_SF: -10, TotWhImp: 4_000_000_000, W_SF: -10 })]).values)
    const sample = await (await connect(port)).sample()
    expect(sample.importMilliWh).to.equal(400)
    expect(sample.gridWatts).to.be.closeTo(1500e-10, 1e-15)
  })

  it('E4 should count on when a 32-bit register wraps, also over a restart, and take no other fall for a wrap', async () => {
    const { values, at } = sunSpecMap([common('X', '1'), meter({ TotWhImp: 2 ** 32 - 6, TotWhExp: 5, TotWh_SF: -2 })])
    const { port, command } = await serve(values)
    const start = PERIOD * 1000
    let now = { wallMs: start - 5000, elapsedMs: 0 }
    const next = (wallMs: number): void => { now = { wallMs, elapsedMs: now.elapsedMs + wallMs - now.wallMs } }
    const first = registerMeter(await connect(port), { instant: () => now })
    await first.sampler?.sample()
    next(start + 1000)
    await first.sampler?.sample()
    const second = registerMeter(await connect(port), { instant: () => now })
    second.sampler?.restore(first.sampler?.memory() ?? {})
    await command({ set: [{ address: at(203, 'TotWhImp'), type: 'uint32', value: 594 }] })
    next(start + 901_000)
    await second.sampler?.sample()
    const [from, to] = [await second.read(PERIOD), await second.read(PERIOD + 900)]
    expect(to.importMilliWh - from.importMilliWh).to.be.closeTo(600 * 10, 20)
    expect(to.epoch).to.equal(from.epoch)
    await command({ set: [{ address: at(203, 'TotWhImp'), type: 'uint32', value: 6 }] })
    next(start + 911_000)
    await second.sampler?.sample()
    expect(second.status().heldLooks).to.equal(1)
  })

  it('E8 should find the meter of a Fronius under its own unit, though another is silent', async () => {
    const { port, questions } = await serve([
      ...sunSpecMap([common('Fronius', 'INV'), inverter()], { unit: 1 }).values, ...sunSpecMap([common('Fronius', 'METER'), meter({ W: 1500 })], { unit: 240 }).values,
      { unit: 200, address: 0, type: 'int16', value: 0 }
    ], { silentUnits: [200] })
    const device = await connect(port)
    expect(device.traits.serial).to.equal('METER')
    expect(await device.sample()).to.include({ importMilliWh: 10_000_000, gridWatts: 150, pvWatts: 3210 })
    expect(new Set(questions.map(({ unit }) => unit))).to.deep.equal(new Set([1, 200, 240]))
  })

  it('E8 should take the meter from the unit it is told', async () => {
    const { port } = await serve([...sunSpecMap([common('X', 'INV'), inverter(), meter({ TotWhImp: 1 })]).values.filter(({ address }) => address < 40_122),
      ...sunSpecMap([common('X', 'METER'), meter()], { unit: 2 }).values])
    expect((await (await connect(port, { meterUnit: 2 })).sample()).importMilliWh).to.equal(10_000_000)
  })

  it('E8 should not go without the meter it is told of', async () => {
    const { port } = await serve([...sunSpecMap([common('X', 'INV'), inverter()]).values, { unit: 2, address: 0, type: 'int16', value: 0 }])
    expect(await failure(connect(port, { meterUnit: 2 }))).to.have.property('code', 'DEVICE_BAD_ANSWER')
    expect(await failure(connect(port, { meterUnit: 3 }))).to.have.property('code', 'DEVICE_UNREACHABLE')
  })

  it('should find its models again when new firmware has moved them', async () => {
    const { port, command } = await serve(sunSpecMap([common('X', '1'), inverter(), meter()]).values)
    const device = await connect(port)
    await device.sample()
    await command({ set: sunSpecMap([common('X', '1'), VENDOR_BLOCK, inverter({ W: 3333 }), meter({ TotWhImp: 1001 })]).values })
    await command({ cut: true })
    await until(async () => device.sample().then(({ pvWatts }) => pvWatts === 3333, () => false))
    expect(await device.sample()).to.include({ pvWatts: 3333, importMilliWh: 10_010_000 })
  })

  it('E9 should read 64-bit registers beyond 2^53', async () => {
    const { port } = await serve(sunSpecMap([common('X', '1'), { id: 701, values: { W: 1, W_SF: 0, TotWhInj: '0x20000000000001', TotWh_SF: -4 } }]).values)
    expect((await (await connect(port)).sample()).pvMilliWh).to.equal(Number((2n ** 53n + 1n) / 10n))
  })

  it('E23 should read the sign of the grid power as the maker means it, or as it is told', async () => {
    for (const [maker, params, watts] of [['Fronius', {}, 150], ['SolarEdge', {}, -150], ['SolarEdge', { gridSign: 'import' }, 150], ['Kostal', { gridSign: 'export' }, -150]] as const) {
      const { port } = await serve(sunSpecMap([common(maker, '1'), inverter(), common('WattNode', 'M', 'Export+Import'), meter()]).values)
      expect((await (await connect(port, params)).sample()).gridWatts, maker).to.equal(watts)
    }
  })

  it('E24 should not take the roof\'s production for export', async () => {
    const { port } = await serve(sunSpecMap([common('SolarEdge', 'INV'), inverter(), common('WattNode', 'M1', 'Production'), meter()]).values)
    const device = await connect(port)
    expect(await device.sample()).to.include({ pvMilliWh: 1_234_567_000, importMilliWh: undefined, exportMilliWh: undefined, gridWatts: undefined })
    expect(device.traits.serial).to.equal('INV')
  })

  it('E26 should tell sun from battery in a hybrid inverter', async () => {
    const { port } = await serve(sunSpecMap([
      common('Fronius', '1'), inverter({ W: 1500 }), { id: 124, values: { ChaState: 8050, ChaState_SF: -2 } },
      { id: 160, values: { DCW_SF: 0, DCWH_SF: 1 }, modules: [{ IDStr: 'MPPT 1', DCW: 0, DCWH: 100 }, { IDStr: 'MPPT 2', DCW: 0, DCWH: 200 }, { IDStr: 'StCha 3', DCW: 0, DCWH: 7 }, { IDStr: 'StDisCha 4', DCW: 1560, DCWH: 8 }] },
      meter()
    ]).values)
    expect(await (await connect(port)).sample()).to.include({ pvWatts: 0, pvMilliWh: 3_000_000, batteryWatts: 1560, batteryPercent: 80.5 })
  })

  it('should refuse a model that is too short, and a unit that is something else', async () => {
    const short = await serve(sunSpecMap([common('X', '1'), { ...meter(), length: 40 }]).values)
    expect(await failure(connect(short.port))).to.have.property('code', 'DEVICE_BAD_ANSWER')
    const other = await serve([{ address: 40_000, type: 'words', value: [1, 2] }])
    const refused = await failure(connect(other.port))
    expect(refused).to.have.property('code', 'DEVICE_BAD_ANSWER')
    expect(refused.message).to.include('does not speak SunSpec')
  })

  it('should give up on a chain that goes round', async () => {
    const endless = Array.from({ length: 400 }, (_, index) => index % 2 === 0 ? 64_001 : 0)
    const { port } = await serve([{ address: 40_000, type: 'string', size: 2, value: 'SunS' }, { address: 40_002, type: 'words', value: endless }])
    expect(await failure(connect(port))).to.have.property('code', 'DEVICE_BAD_ANSWER')
  })

  it('E45 should ask for the serial number on every new connection, and stop when it is another', async () => {
    const { values, at } = sunSpecMap([common('X', 'MINE'), meter()])
    const { port, command, questions } = await serve(values)
    const device = await connect(port)
    await device.sample()
    questions.splice(0)
    await device.sample()
    expect(questions.some(({ address }) => address < at(203, 'ID'))).to.equal(false)
    await command({ set: [{ address: at(1, 'SN'), type: 'string', size: 16, value: 'THEIRS' }] })
    await command({ cut: true })
    await until(async () => (await failure(device.sample())).code === 'DEVICE_WRONG_SERIAL')
    const stopped = await failure(device.sample())
    expect(stopped.message).to.include('MINE').and.to.include('THEIRS')
    await command({ set: [{ address: at(1, 'SN'), type: 'string', size: 16, value: 'MINE' }] })
    expect((await device.sample()).importMilliWh).to.equal(10_000_000)
  })
})
