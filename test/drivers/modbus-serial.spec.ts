import { execFileSync } from 'node:child_process'
import { expect } from 'aegir/chai'
import { drivers } from '../../src/drivers/index.ts'
import { PERIOD } from '../helpers/builders.ts'
import { needs } from '../helpers/debian.ts'
import { removeTemporaryDirectories } from '../helpers/directory.ts'
import { freePort } from '../helpers/free-port.ts'
import { stopAll } from '../helpers/stop-all.ts'
import { silentLogger } from '../helpers/street.ts'
import { PYMODBUS, SERIAL_ASYNCIO, startModbusServer, stopModbusServers } from './counterparts/modbus-server.ts'
import { serialCable, serialGateway, stopSocat } from './counterparts/socat.ts'
import type { ModbusServer, Question, ServedValue } from './counterparts/modbus-server.ts'
import type { Device } from '../../src/ports/device.ts'

const devices: Device[] = []

async function connect (params: object): Promise<Device> {
  const driver = drivers.find(({ type }) => type === 'eastron-sdm')
  const device = await driver?.connect({ timeoutMs: 500, gapMs: 5, ...params }, { now: () => PERIOD, periodSec: 900, logger: silentLogger() })
  if (device == null) {
    throw new Error('there is no driver eastron-sdm')
  }
  devices.push(device)
  return device
}

const meter = (unit: number, importKwh: number): ServedValue[] => [
  { unit, table: 'input', address: 0x48, type: 'float32', value: importKwh }, { unit, table: 'input', address: 0x4a, type: 'float32', value: 0 },
  { unit, table: 'input', address: 0x34, type: 'float32', value: 230.5 }, { unit, address: 0xfc00, type: 'uint32', value: 1000 + unit }
]

const failure = async (promise: Promise<unknown>): Promise<Error & { code?: string }> =>
  promise.then(() => { throw new Error('it should have failed') }, (error: unknown) => error as Error)

describe('Modbus over a serial line, beside pymodbus and socat', () => {
  before(needs(PYMODBUS, 'python3-pymodbus'))
  before(needs(SERIAL_ASYNCIO, 'python3-serial-asyncio'))
  before(needs('socat', 'socat'))
  after(removeTemporaryDirectories)

  /** A bus with the meters 1 and 2; the path at our end. */
  async function bus (): Promise<{ path: string, server: ModbusServer }> {
    const [ours, theirs] = await serialCable()
    const server = await startModbusServer({ serial: theirs, values: [...meter(1, 100.5), ...meter(2, 200.25)] })
    return { path: ours, server }
  }

  afterEach(async () => {
    let questions: readonly Question[] = []
    await stopAll(...devices.splice(0).map((device) => async () => device.close()), async () => { questions = await stopModbusServers() }, stopSocat)
    expect(questions.filter(({ fc }) => fc !== 3 && fc !== 4)).to.deep.equal([])
  })

  it('should read two meters on one line', async () => {
    const { path } = await bus()
    const meters = [await connect({ path }), await connect({ path, unit: 2 })]
    expect(meters.map(({ traits }) => traits.serial)).to.deep.equal(['1001', '1002'])
    const samples = await Promise.all([...meters, ...meters].map(async (device) => device.sample()))
    expect(samples.map(({ importMilliWh }) => importMilliWh)).to.deep.equal([100_500_000, 200_250_000, 100_500_000, 200_250_000])
  })

  it('should read through a gateway that carries serial frames over TCP', async () => {
    const { path } = await bus()
    const port = await freePort()
    await serialGateway(port, path)
    const device = await connect({ transport: 'rtu-over-tcp', host: '127.0.0.1', port, unit: 2 })
    expect(await device.sample()).to.include({ importMilliWh: 200_250_000, exportMilliWh: 0, gridWatts: 230.5 })
  })

  it('should agree with mbpoll on what the line says', async function () {
    needs('mbpoll', 'mbpoll').call(this)
    const { path } = await bus()
    const said = execFileSync('mbpoll', ['-0', '-1', '-m', 'rtu', '-b', '9600', '-P', 'none', '-a', '2', '-t', '3:float', '-B', '-r', '72', '-c', '1', path], { encoding: 'utf8' })
    const device = await connect({ path, unit: 2 })
    expect((await device.sample()).importMilliWh).to.equal(Number(/^\[72\]:\s+([\d.]+)/m.exec(said)?.[1]) * 1_000_000)
  })

  it('E43 should get over silence and noise on the line', async () => {
    const { path, server } = await bus()
    const device = await connect({ path })
    for (const mode of ['silent', 'late', 'wrongUnit']) {
      await server.command({ mode, delayMs: 700 })
      expect(await device.sample().catch((error: Error) => error), mode).to.have.property('code', 'DEVICE_UNREACHABLE')
      expect(await device.sample(), mode).to.include({ importMilliWh: 100_500_000, exportMilliWh: 0, gridWatts: 230.5 })
    }
  })

  it('should say so when there is no such line, or no way at all', async () => {
    const missing = await failure(connect({ path: '/dev/ttyNOWHERE' }))
    expect(missing).to.have.property('code', 'DEVICE_UNREACHABLE')
    expect(missing.message).to.include('/dev/ttyNOWHERE cannot be opened')
    for (const params of [{}, { path: '/dev/ttyUSB0', host: 'meter' }, { transport: 'rtu', host: 'meter' }, { transport: 'tcp', path: '/dev/ttyUSB0' }]) {
      expect(await failure(connect(params)), JSON.stringify(params)).to.have.property('code', 'DEVICE_BAD_PARAMS')
    }
  })
})
