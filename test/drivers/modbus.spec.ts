import { once } from 'node:events'
import { readFileSync, readdirSync } from 'node:fs'
import { connect as dial } from 'node:net'
import { join } from 'node:path'
import { expect } from 'aegir/chai'
import { drivers } from '../../src/drivers/index.ts'
import { scanModbus } from '../../src/drivers/scan-modbus.ts'
import { PERIOD } from '../helpers/builders.ts'
import { needs } from '../helpers/debian.ts'
import { freePort } from '../helpers/free-port.ts'
import { stopAll } from '../helpers/stop-all.ts'
import { silentLogger } from '../helpers/street.ts'
import { until } from '../helpers/until.ts'
import { PYMODBUS, serve, stopModbusServers } from './counterparts/modbus-server.ts'
import type { Question, ServedValue } from './counterparts/modbus-server.ts'
import type { Device } from '../../src/ports/device.ts'

const devices: Device[] = []

async function connect (type: string, params: object): Promise<Device> {
  const driver = drivers.find((each) => each.type === type)
  if (driver == null) {
    throw new Error(`there is no driver ${type}`)
  }
  const device = await driver.connect({ host: '127.0.0.1', timeoutMs: 2000, connectDelayMs: 0, gapMs: 0, ...params }, { now: () => PERIOD, periodSec: 900, logger: silentLogger() })
  devices.push(device)
  return device
}

const failure = async (promise: Promise<unknown>): Promise<Error & { code?: string }> =>
  promise.then(() => { throw new Error('it should have failed') }, (error: unknown) => error as Error)

/** A meter at unit 1: import, export and power. */
const meter = (importKwh: number, exportKwh = 50, watts = 700): ServedValue[] => [
  { table: 'input', address: 0x48, type: 'float32', value: importKwh },
  { table: 'input', address: 0x4a, type: 'float32', value: exportKwh },
  { table: 'input', address: 0x34, type: 'float32', value: watts },
  { address: 0xfc00, type: 'uint32', value: 12_345_678 }
]

const generic = (registers: object, rest: object = {}): object => ({ profile: { registers, ...rest } })

describe('Modbus devices, beside pymodbus', () => {
  before(needs(PYMODBUS, 'python3-pymodbus'))

  afterEach(async () => {
    let questions: readonly Question[] = []
    await stopAll(...devices.splice(0).map((device) => async () => device.close()), async () => { questions = await stopModbusServers() })
    // E49: whatever the test was about, nothing was written
    expect(questions.filter(({ fc }) => fc !== 3 && fc !== 4)).to.deep.equal([])
  })

  for (const [type, values, sample, traits] of [
    ['eastron-sdm', meter(1234.5, 77.25, -512.5), { importMilliWh: 1_234_500_000, exportMilliWh: 77_250_000, gridWatts: -512.5 }, { serial: '12345678', resolutionMilliWh: undefined }],
    ['abb-b', [
      { address: 0x5000, type: 'uint64', value: 9_876_543 }, { address: 0x5004, type: 'uint64', value: 1 }, { address: 0x5b14, type: 'int32', value: -123_456 },
      { address: 0x8900, type: 'uint32', value: 4711 }
    ], { importMilliWh: 98_765_430_000, exportMilliWh: 10_000, gridWatts: -1234.56 }, { serial: '4711', resolutionMilliWh: 10_000 }],
    ['carlo-gavazzi', [
      { table: 'input', address: 0x34, type: 'int32', order: 'CDAB', value: 123_457 }, { table: 'input', address: 0x4e, type: 'int32', order: 'CDAB', value: 70_000 },
      { table: 'input', address: 0x28, type: 'int32', order: 'CDAB', value: -35_005 }, { table: 'input', address: 0x0b, type: 'uint16', value: 341 },
      { table: 'input', address: 0x5000, type: 'string', size: 7, value: 'KE1234567890' }
    ], { importMilliWh: 12_345_700_000, exportMilliWh: 7_000_000_000, gridWatts: -3500.5 }, { serial: 'KE1234567890', resolutionMilliWh: 100_000 }],
    ['janitza-umg', [
      { address: 19_068, type: 'float32', value: 4_194_304.5 }, { address: 19_076, type: 'float32', value: 12.25 }, { address: 19_026, type: 'float32', value: 250.5 }
    ], { importMilliWh: 4_194_304_500, exportMilliWh: 12_250, gridWatts: 250.5 }, { serial: undefined }],
    ['sungrow-sh', [
      { table: 'input', address: 13_036, type: 'uint32', order: 'CDAB', value: 100_001 }, { table: 'input', address: 13_045, type: 'uint32', order: 'CDAB', value: 200_002 },
      { table: 'input', address: 13_009, type: 'int32', order: 'CDAB', value: 1500 }, { table: 'input', address: 13_002, type: 'uint32', order: 'CDAB', value: 300_003 },
      { table: 'input', address: 5016, type: 'uint32', order: 'CDAB', value: 4000 }, { table: 'input', address: 13_007, type: 'int32', order: 'CDAB', value: 2500 },
      { table: 'input', address: 13_021, type: 'uint16', value: 900 }, { table: 'input', address: 13_000, type: 'uint16', value: 0b10 }, { table: 'input', address: 13_022, type: 'uint16', value: 555 },
      { table: 'input', address: 4989, type: 'string', size: 10, value: 'A2290000001' }
    ], {
      importMilliWh: 10_000_100_000, exportMilliWh: 20_000_200_000, gridWatts: -1500, pvMilliWh: 30_000_300_000, pvWatts: 4000, loadWatts: 2500, batteryWatts: -900, batteryPercent: 55.5
    }, { serial: 'A2290000001', resolutionMilliWh: 100_000 }],
    ['sungrow-sg', [
      { table: 'input', address: 5098, type: 'uint32', order: 'CDAB', value: 11 }, { table: 'input', address: 5094, type: 'uint32', order: 'CDAB', value: 22 },
      { table: 'input', address: 5082, type: 'int32', order: 'CDAB', value: -333 }, { table: 'input', address: 5003, type: 'uint32', order: 'CDAB', value: 44 },
      { table: 'input', address: 5030, type: 'uint32', order: 'CDAB', value: 5500 }
    ], { importMilliWh: 1_100_000, exportMilliWh: 2_200_000, gridWatts: -333, pvMilliWh: 44_000_000, pvWatts: 5500 }, { serial: undefined }],
    ['huawei-sun2000', [
      { address: 37_121, type: 'int32', value: 12_345 }, { address: 37_119, type: 'int32', value: 54_321 }, { address: 37_113, type: 'int32', value: 2000 },
      { address: 32_106, type: 'uint32', value: 777_777 }, { address: 32_064, type: 'int32', value: 3210 }, { address: 37_001, type: 'int32', value: 1000 }, { address: 37_004, type: 'uint16', value: 805 },
      { address: 30_015, type: 'string', size: 10, value: 'HV2100000000' }
    ], { importMilliWh: 123_450_000, exportMilliWh: 543_210_000, gridWatts: -2000, pvMilliWh: 7_777_770_000, pvWatts: 3210, batteryWatts: -1000, batteryPercent: 80.5 }, { serial: 'HV2100000000' }],
    ['sma-inverter', [
      { unit: 3, address: 30_581, type: 'uint32', value: 1_000_001 }, { unit: 3, address: 30_583, type: 'uint32', value: 2_000_002 },
      { unit: 3, address: 30_865, type: 'int32', value: 0 }, { unit: 3, address: 30_867, type: 'int32', value: 4321 },
      { unit: 3, address: 30_513, type: 'uint64', value: 99_000_000 }, { unit: 3, address: 30_773, type: 'int32', value: 2100 }, { unit: 3, address: 30_961, type: 'int32', value: 1900 },
      { unit: 3, address: 31_395, type: 'uint32', value: 0 }, { unit: 3, address: 31_393, type: 'uint32', value: 600 }, { unit: 3, address: 30_845, type: 'uint32', value: 66 },
      { unit: 3, address: 30_057, type: 'uint32', value: 3_000_123_456 }
    ], {
      importMilliWh: 1_000_001_000, exportMilliWh: 2_000_002_000, gridWatts: -4321, pvMilliWh: 99_000_000_000, pvWatts: 4000, batteryWatts: -600, batteryPercent: 66
    }, { serial: '3000123456', resolutionMilliWh: 1000 }]
  ] as ReadonlyArray<[string, ServedValue[], object, object]>) {
    it(`should read ${type}`, async () => {
      const { port } = await serve(values)
      const device = await connect(type, { port })
      expect(device.traits).to.include(traits)
      const { ageMs, ...rest } = await device.sample()
      expect(ageMs).to.be.within(0, 1000)
      expect(Object.fromEntries(Object.entries(rest).filter(([, value]) => value != null))).to.deep.equal(sample)
    })
  }

  it('should take the power of a single-phase meter from its own place', async () => {
    const values = meter(1, 2).map((value) => value.address === 0x34 ? { ...value, address: 0x0c } : value)
    const { port } = await serve(values)
    expect((await (await connect('eastron-sdm', { port })).sample()).gridWatts).to.equal(700)
  })

  it('should refuse a meter that only looks alike', async () => {
    const { port } = await serve([{ table: 'input', address: 0x0b, type: 'uint16', value: 47 }, { table: 'input', address: 0x28, type: 'int32', value: 0 }])
    const refused = await failure(connect('carlo-gavazzi', { port }))
    expect(refused).to.have.property('code', 'DEVICE_BAD_ANSWER')
    expect(refused.message).to.include('generic-modbus')
  })

  it('E1 should show nothing where the device has its code for nothing', async () => {
    const { port, command } = await serve([
      { address: 37_121, type: 'int32', value: 0x7fffffff }, { address: 37_119, type: 'int32', value: 100 }, { address: 37_113, type: 'int32', value: 0x7fffffff },
      { address: 32_106, type: 'uint32', value: 0xffffffff }, { address: 37_760, type: 'uint16', value: 0xffff }, { address: 30_015, type: 'string', size: 10, value: 'HV1' }
    ])
    const device = await connect('huawei-sun2000', { port })
    expect(await device.sample()).to.include({ importMilliWh: undefined, exportMilliWh: 1_000_000, gridWatts: undefined, pvMilliWh: undefined, batteryPercent: undefined })
    await command({ set: [{ address: 37_121, type: 'int32', value: 5 }] })
    expect((await device.sample()).importMilliWh).to.equal(50_000)
  })

  it('E5 should ask for both halves of a number in one question, and once more after a torn answer', async () => {
    const { port, questions, command } = await serve(meter(100))
    const device = await connect('eastron-sdm', { port })
    await device.sample()
    questions.splice(0)
    // the device has written half of the new number, and writes the other half after our first question
    await command({ set: [{ table: 'input', address: 0x48, type: 'words', value: [0x47c8] }] })
    await command({ set: [{ table: 'input', address: 0x48, type: 'float32', value: 100.5 }], after: 0x48 })
    expect((await device.sample()).importMilliWh).to.equal(100_500_000)
    expect(questions.filter(({ address, count }) => address <= 0x48 && address + count >= 0x4a)).to.have.lengthOf(2)
    expect(questions.filter(({ address, count }) => address === 0x49 || (address === 0x48 && count === 1))).to.deep.equal([])
  })

  for (const order of ['ABCD', 'CDAB', 'BADC', 'DCBA']) {
    it(`E6 should read a device that sends ${order}`, async () => {
      const { port } = await serve([{ address: 10, type: 'uint64', order, value: 123_456_789_012 }, { address: 20, type: 'float32', order, value: -1234.5 }])
      const profile = generic({ importMilliWh: { address: 10, type: 'uint64', unit: 'Wh' }, gridWatts: { address: 20, type: 'float32', unit: 'W' } }, { order })
      expect(await (await connect('generic-modbus', { port, ...profile })).sample()).to.include({ importMilliWh: 123_456_789_012_000, gridWatts: -1234.5 })
    })
  }

  it('E8 should keep holding and input registers, units and ways of counting apart', async () => {
    const { port } = await serve([1, 126, 247].flatMap((unit) => [
      { unit, table: 'holding' as const, address: 52, type: 'int16', value: unit }, { unit, table: 'input' as const, address: 52, type: 'int16', value: -unit }, { unit, address: 51, type: 'int16', value: 9999 }
    ]))
    for (const unit of [1, 126, 247]) {
      const watts = async (address: number, numbering: string, table?: string): Promise<number | undefined> =>
        (await (await connect('generic-modbus', { port, unit, ...generic({ gridWatts: { address, table, type: 'int16', unit: 'W' } }, { numbering }) })).sample()).gridWatts
      expect(await watts(52, 'wire')).to.equal(unit)
      expect(await watts(52, 'wire', 'input')).to.equal(-unit)
      expect(await watts(53, 'one')).to.equal(unit)
      expect(await watts(40_053, 'reference')).to.equal(unit)
      expect(await watts(30_053, 'reference')).to.equal(-unit)
    }
  })

  it('E55 should take the serial number its owner read on a meter that tells none', async () => {
    const { port } = await serve([{ address: 19_068, type: 'float32', value: 1000 }])
    const device = await connect('janitza-umg', { port, serial: '4711' })
    expect(device.traits.serial).to.equal('4711')
    expect(await device.sample()).to.include({ importMilliWh: 1_000_000 })
  })

  it('should say so when a device has none of the registers', async () => {
    const { port } = await serve([{ address: 1, type: 'int16', value: 1 }])
    const refused = await failure(connect('janitza-umg', { port }))
    expect(refused).to.have.property('code', 'DEVICE_BAD_ANSWER')
    expect(refused.message).to.include('check the unit and the model')
  })

  it('should never ask for more than 125 registers, nor for those between', async () => {
    const far = Array.from({ length: 4 }, (_, index) => ({ address: 1000 + 50 * index, type: 'int32', value: index }))
    const { port, questions } = await serve([...far, ...Array.from({ length: 160 }, (_, index) => ({ address: 1000 + index, type: 'uint16', value: 0 }))])
    const names = ['importMilliWh', 'exportMilliWh', 'pvMilliWh', 'loadMilliWh']
    const registers = Object.fromEntries(far.map(({ address, type }, index) => [names[index], { address, type, unit: 'Wh' }]))
    const near = await connect('generic-modbus', { port, ...generic(registers, { maxGap: 124 }) })
    questions.splice(0)
    await near.sample()
    expect(questions.map(({ address, count }) => [address, count])).to.deep.equal([[1000, 102], [1150, 2]])
    const exact = await connect('generic-modbus', { port, ...generic(registers) })
    questions.splice(0)
    await exact.sample()
    expect(questions.map(({ count }) => count)).to.deep.equal([2, 2, 2, 2])
  })

  describe('talking to them', () => {
    it('E42 should keep one connection for all units and devices of an address', async () => {
      const { port, connections, turnedAway } = await serve([1, 2].flatMap((unit) => meter(unit * 100).map((value) => ({ ...value, unit }))), { maxConnections: 1 })
      const [first, second, again] = [await connect('eastron-sdm', { port }), await connect('eastron-sdm', { port, unit: 2 }), await connect('eastron-sdm', { port })]
      const samples = await Promise.all([first, second, again, first, second].map(async (device) => device.sample()))
      expect(samples.map(({ importMilliWh }) => importMilliWh)).to.deep.equal([100, 200, 100, 100, 200].map((kwh) => kwh * 1_000_000))
      await first.close()
      expect((await second.sample()).importMilliWh).to.equal(200_000_000)
      expect([connections(), turnedAway()]).to.deep.equal([1, 0])
      expect(await failure(first.sample())).to.have.property('code', 'DEVICE_UNREACHABLE')
    })

    it('E42 should refuse two sets of settings for one connection', async () => {
      const { port } = await serve(meter(1))
      await connect('eastron-sdm', { port })
      expect(await failure(connect('eastron-sdm', { port, unit: 2, gapMs: 77 }))).to.have.property('code', 'DEVICE_BAD_PARAMS')
    })

    it('E42 should say who may hold the one connection of a device that hangs up or refuses', async () => {
      const { port, connections } = await serve(meter(1), { maxConnections: 1 })
      const evcc = dial(port, '127.0.0.1')
      await once(evcc, 'connect')
      const hungUp = await failure(connect('eastron-sdm', { port }))
      expect(hungUp).to.have.property('code', 'DEVICE_UNREACHABLE')
      expect(hungUp.message).to.include('Home Assistant or evcc may hold it')
      expect(connections()).to.equal(1)
      evcc.destroy()
      const refused = await failure(connect('eastron-sdm', { port: await freePort() }))
      expect(refused).to.have.property('code', 'DEVICE_UNREACHABLE')
      expect(refused.message).to.include('refuses the connection').and.to.include('Home Assistant or evcc may hold it')
    })

    it('E43 should leave the pauses a device asks for', async () => {
      const { port } = await serve(meter(1))
      const begun = performance.now()
      const device = await connect('eastron-sdm', { port, connectDelayMs: 200, gapMs: 60 })
      // a serial number twice and three registers: four pauses after the first
      expect(performance.now() - begun).to.be.at.least(200 + 4 * 60)
      const before = performance.now()
      await device.sample()
      await device.sample()
      expect(performance.now() - before).to.be.at.least(3 * 60)
    })

    it('E43 should not take a late answer for the answer to another question', async () => {
      const { port, command, connections, questions } = await serve(meter(100, 50, 700))
      const device = await connect('eastron-sdm', { port, timeoutMs: 300 })
      questions.splice(0)
      await command({ mode: 'late', delayMs: 500 })
      expect(await failure(device.sample())).to.have.property('code', 'DEVICE_UNREACHABLE')
      expect(await device.sample()).to.include({ importMilliWh: 100_000_000, exportMilliWh: 50_000_000, gridWatts: 700 })
      expect(connections()).to.equal(2)
    })

    for (const [mode, code] of [['silent', 'DEVICE_UNREACHABLE'], ['drop', 'DEVICE_UNREACHABLE'], ['wrongId', 'DEVICE_UNREACHABLE'], ['wrongUnit', 'DEVICE_BAD_ANSWER']]) {
      it(`E43 should connect anew after an answer that is ${mode}`, async () => {
        const { port, command, connections } = await serve(meter(100))
        const device = await connect('eastron-sdm', { port, timeoutMs: 300 })
        await command({ mode })
        expect(await failure(device.sample())).to.have.property('code', code)
        expect((await device.sample()).importMilliWh).to.equal(100_000_000)
        expect(connections()).to.equal(2)
      })
    }

    it('E43 should keep the connection when the device is merely busy', async () => {
      const { port, command, connections } = await serve(meter(100))
      const device = await connect('eastron-sdm', { port })
      await command({ mode: 'busy' })
      const busy = await failure(device.sample())
      expect(busy).to.have.property('code', 'DEVICE_UNREACHABLE')
      expect(busy.message).to.include('is busy')
      await device.sample()
      expect(connections()).to.equal(1)
    })

    it('E43 should get over an answer that never ends', async () => {
      const { port, command, connections } = await serve(meter(100))
      const device = await connect('eastron-sdm', { port, timeoutMs: 5000 })
      await command({ mode: 'flood' })
      const begun = performance.now()
      expect(await failure(device.sample())).to.have.property('code', 'DEVICE_BAD_ANSWER')
      expect(performance.now() - begun).to.be.below(4000)
      await device.sample()
      expect(connections()).to.equal(2)
    })

    it('E44 should be back when a device that was away for the night is', async () => {
      const { port, stop } = await serve(meter(100))
      const device = await connect('eastron-sdm', { port })
      await stop()
      expect(await failure(device.sample())).to.have.property('code', 'DEVICE_UNREACHABLE')
      // the first failure may be the end of the old connection, which is no reason to wait
      await until(async () => /next attempt is in \d+ s/.test((await failure(device.sample())).message))
      await serve(meter(101), { port })
      await until(async () => device.sample().then(() => true, () => false))
      expect((await device.sample()).importMilliWh).to.equal(101_000_000)
    })

    it('E45 should read nothing from another device behind the same address', async () => {
      const { port, command } = await serve(meter(100))
      const device = await connect('eastron-sdm', { port })
      await device.sample()
      await command({ set: [{ address: 0xfc00, type: 'uint32', value: 99 }, ...meter(5).slice(0, 3)] })
      await command({ cut: true })
      await until(async () => (await failure(device.sample())).code === 'DEVICE_WRONG_SERIAL')
      const stopped = await failure(device.sample())
      expect(stopped).to.have.property('code', 'DEVICE_WRONG_SERIAL')
      expect(stopped.message).to.include('12345678').and.to.include('99')
      await command({ set: meter(100) })
      expect((await device.sample()).importMilliWh).to.equal(100_000_000)
    })

    it('E45 should insist on the serial number in the settings', async () => {
      const { port } = await serve(meter(100))
      expect(await failure(connect('eastron-sdm', { port, serial: '87654321' }))).to.have.property('code', 'DEVICE_WRONG_SERIAL')
      expect((await connect('eastron-sdm', { port, serial: '12345678' })).traits.serial).to.equal('12345678')
    })
  })

  it('E49 should have no word for writing, and see a write where there is one', async () => {
    const files = readdirSync('src/drivers', { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts')).map((file) => join('src/drivers', file))
    const importing = files.filter((file) => readFileSync(file, 'utf8').includes('\'modbus-serial\''))
    expect(importing).to.deep.equal(['src/drivers/transports/modbus.ts'])
    expect(importing.map((file) => readFileSync(file, 'utf8').match(/write(FC|Coil|Register)|maskWrite|customFunction|writeCustom/g))).to.deep.equal([null])
    const { port, questions } = await serve(meter(1))
    const { default: { default: Client } } = await import('modbus-serial')
    const client = new Client()
    await client.connectTCP('127.0.0.1', { port })
    await client.writeRegister(0xfc00, 1).catch(() => {})
    client.destroy(() => {})
    expect(questions.map(({ fc }) => fc)).to.deep.equal([6])
    await stopModbusServers()
  })

  it('should find what there is, gently', async () => {
    const common = (unit: number, address: number, sn: string): ServedValue[] => [
      { unit, address, type: 'string', size: 2, value: 'SunS' }, { unit, address: address + 2, type: 'words', value: [1, 65] },
      { unit, address: address + 4, type: 'string', size: 65, value: 'Fronius' }, { unit, address: address + 20, type: 'string', size: 16, value: 'Smart Meter' },
      { unit, address: address + 52, type: 'string', size: 16, value: sn }, { unit, address: address + 69, type: 'words', value: [203, 105] }, { unit, address: address + 176, type: 'words', value: [0xffff, 0] }
    ]
    const { port, questions } = await serve([
      ...common(240, 40_000, 'SN7'), { unit: 2, address: 7, type: 'int16', value: 1 }, { unit: 3, address: 30_051, type: 'uint32', value: 8001 },
      { unit: 126, address: 30_000, type: 'string', size: 15, value: 'SUN2000-8KTL-M1' }
    ])
    const found = []
    for await (const finding of scanModbus({ targets: [{ host: '127.0.0.1', port: await freePort() }, { host: '127.0.0.1', port }], units: [1, 2, 3, 126, 240], timeoutMs: 400 })) {
      found.push(finding)
    }
    expect(found).to.deep.equal([
      { host: '127.0.0.1', port, unit: 2, speaks: 'modbus', driver: undefined },
      { host: '127.0.0.1', port, unit: 3, speaks: 'modbus', driver: 'sma-inverter' },
      { host: '127.0.0.1', port, unit: 126, speaks: 'modbus', driver: 'huawei-sun2000' },
      { host: '127.0.0.1', port, unit: 240, speaks: 'sunspec', driver: 'sunspec', maker: 'Fronius', model: 'Smart Meter', serial: 'SN7', models: [1, 203] }
    ])
    expect(questions.length).to.be.below(30)
  })
})
