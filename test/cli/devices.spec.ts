import { spawn } from 'node:child_process'
import { expect } from 'aegir/chai'
import { drivers } from '../../src/drivers/index.ts'
import { PYMODBUS, startModbusServer, stopModbusServers } from '../drivers/counterparts/modbus-server.ts'
import { tied } from '../helpers/child.ts'
import { callCli, killAllCli, runCli, startCli } from '../helpers/cli.ts'
import { needs } from '../helpers/debian.ts'
import { freePort } from '../helpers/free-port.ts'
import { CLI_COMMAND } from '../helpers/practice.ts'
import type { ServedValue } from '../drivers/counterparts/modbus-server.ts'

/** What an Eastron SDM630 shows. */
const meter = (importKwh: number, watts: number, exportKwh = 50.25): ServedValue[] => [
  { table: 'input', address: 0x48, type: 'float32', value: importKwh },
  { table: 'input', address: 0x4a, type: 'float32', value: exportKwh },
  { table: 'input', address: 0x34, type: 'float32', value: watts },
  { address: 0xfc00, type: 'uint32', value: 12_345_678 }
]

const eastron = (port: number): string[] => ['--driver', 'eastron-sdm', '--param', 'host=127.0.0.1', `port=${port}`]

/** Switches something on while the command looks, and expects its exit code and what it says of the direction. */
async function kettle (watts: number, expected: number, says: RegExp): Promise<void> {
  const server = await startModbusServer({ values: meter(1234.567, 700) })
  const test = startCli('devices', 'test', ...eastron(server.port), '--expect-load', '2000', '--seconds', '4', '--json')
  await test.said(/Now switch it on/)
  await server.command({ set: meter(1234.567, watts) })
  const { code, stdout, stderr } = await test.finished
  expect(code, stderr).to.equal(expected)
  const { checks, canSell } = JSON.parse(stdout) as { checks: Array<{ id: string, says: string }>, canSell: boolean }
  expect(checks.find(({ id }) => id === 'device.direction')?.says).to.match(says)
  expect(canSell).to.equal(expected === 0)
}

describe('devices from the command line', function () {
  this.timeout(60_000)

  after(killAllCli)
  afterEach(async () => stopModbusServers())

  it('should list every driver with what it was tested with', async () => {
    const { code, stdout } = await runCli('devices', 'list', '--json')
    expect(code).to.equal(0)
    const listed = JSON.parse(stdout) as Array<{ type: string, testedWith: string }>
    expect(listed.map(({ type }) => type)).to.deep.equal(drivers.map(({ type }) => type))
    expect((await callCli('devices', 'list')).stdout).to.match(/^sunspec +SunSpec inverters.* (independent software|written answers)$/m)
  })

  it('should end quietly when nobody reads its result any more', async () => {
    const [program, ...args] = CLI_COMMAND
    const child = spawn(program, [...args, 'devices', 'list'])
    child.stdout.destroy()
    let said = ''
    child.stderr.on('data', (chunk) => { said += String(chunk) })
    await new Promise((resolve) => { child.on('close', resolve) })
    expect(said).to.equal('')
  })

  it('should refuse a driver nobody knows and a setting that is none', async () => {
    const driver = await callCli('devices', 'test', '--driver', 'toaster')
    expect([driver.code, driver.stderr]).to.satisfy(([code, said]: [number, string]) => code === 2 && said.includes('wattmesh devices list'))
    const setting = await callCli('devices', 'test', '--driver', 'eastron-sdm', '--param', 'hots=1')
    expect(setting.code).to.equal(4)
    expect(setting.stderr).to.match(/"hots".*is not one of its settings/)
    const form = await callCli('devices', 'test', '--driver', 'eastron-sdm', '--param', 'host')
    expect(form.code).to.equal(2)
  })

  it('should say that nobody answers', async () => {
    const { code, stderr, stdout } = await callCli('devices', 'test', ...eastron(await freePort()))
    expect(code).to.equal(4)
    expect(stderr).to.match(/wattmesh: .*127\.0\.0\.1/)
    expect(stdout).to.equal('')
  })

  describe('beside pymodbus', () => {
    before(needs(PYMODBUS, 'python3-pymodbus'))

    it('should show what the meter says, and that this house can sell by it', async () => {
      const { port, questions } = await startModbusServer({ values: meter(1234.567, -700) })
      const { code, stdout, stderr } = await runCli('devices', 'test', ...eastron(port))
      expect(code, stderr).to.equal(0)
      expect(stdout).to.match(/Eastron.*number 12345678/)
      expect(stdout).to.match(/grid +-700 W +fed into the grid now/)
      expect(stdout).to.match(/taken so far +1234\.567 kWh/)
      expect(stdout).to.match(/This house can sell by this meter\./)
      expect(questions.filter(({ fc }) => fc !== 3 && fc !== 4)).to.deep.equal([])
    })

    it('should see the kettle: the right way round, the wrong way round, and not at all', async () => {
      const cases: ReadonlyArray<readonly [number, number, RegExp]> = [
        [2700, 0, /direction is right/],
        [-1300, 4, /counts the wrong way round/],
        [720, 4, /moved by 20 W only, and not by about 2000 W/]
      ]
      await Promise.all(cases.map(async (each) => kettle(...each)))
    })

    it('should watch: one line of JSON for each look, and a clean end', async () => {
      const { port } = await startModbusServer({ values: meter(1234.567, 700) })
      const { code, stdout } = await callCli('devices', 'watch', ...eastron(port), '--json', '--every', '1', '--seconds', '2')
      expect(code).to.equal(0)
      const lines = stdout.trim().split('\n').map((line) => JSON.parse(line) as { quality: string, sample: { gridWatts: number } })
      expect(lines.map(({ quality, sample }) => [quality, sample.gridWatts])).to.deep.equal([['fresh', 700], ['fresh', 700], ['fresh', 700]])
      const endless = startCli('devices', 'watch', ...eastron(port), '--every', '1')
      await new Promise<void>((resolve) => endless.child.stdout?.once('data', () => { resolve() }))
      endless.child.kill('SIGINT')
      const ended = await endless.finished
      expect(ended.code, ended.stderr).to.equal(0)
      expect(ended.stdout).to.match(/^20\d\d-.*Z {2}grid \+700 W, taken so far 1234\.567 kWh/)
    })

    it('should find it by a search, and only with consent', async () => {
      const values: ServedValue[] = [...meter(1234.567, 700), { address: 30_000, type: 'string', value: 'SUN2000-10KTL', size: 15 }]
      const [{ port, questions }, unasked] = await Promise.all([startModbusServer({ values, isGateway: true }), startModbusServer({ values })])
      const where = ['--host', '127.0.0.1', '--port', String(port)]
      const [without, found, listed] = await Promise.all([
        runCli('devices', 'scan', '--host', '127.0.0.1', '--port', String(unasked.port)),
        runCli('devices', 'scan', '--modbus', ...where),
        runCli('devices', 'scan', '--modbus', ...where, '--json')
      ])
      expect(without.code, without.stderr).to.equal(0)
      expect(without.stderr).to.match(/Modbus was not searched/)
      expect([unasked.connections(), unasked.questions.length]).to.deep.equal([0, 0])
      expect(found.stderr).to.match(/Searching 127\.0\.0\.1: one address at port \d+, at most 8 at a time, about 1 s and at most 120 s/)
      expect(found.stdout).to.match(new RegExp(`meter:\n +driver: huawei-sun2000\n +params:\n +host: 127\\.0\\.0\\.1\n +port: ${port}\n +unit: 1`))
      expect(questions.filter(({ fc }) => fc !== 3 && fc !== 4)).to.deep.equal([])
      const json = JSON.parse(listed.stdout) as { found: Array<{ how: string, meter?: object }> }
      expect(json.found.filter(({ how }) => how === 'modbus').map((each) => each.meter)).to.deep.include({ driver: 'huawei-sun2000', params: { host: '127.0.0.1', port, unit: 1 } })
    })
  })

  describe('at a terminal', () => {
    before(needs('script', 'bsdutils'))

    before(needs(PYMODBUS, 'python3-pymodbus'))

    /** Runs a command at a terminal of its own; each answer is typed, or done, when the pattern before it is shown. */
    async function atTerminal (args: readonly string[], answers: ReadonlyArray<readonly [RegExp, string | (() => void)]>): Promise<{ code: number | null, shown: string }> {
      const quoted = [...CLI_COMMAND, ...args].map((part) => `'${part}'`).join(' ')
      const child = tied(spawn('script', ['-qefc', quoted, '/dev/null'], { env: { ...process.env, NODE_OPTIONS: '' } }))
      const waiting = [...answers]
      let shown = ''
      child.stdout.on('data', (chunk) => {
        shown += String(chunk)
        if (waiting[0]?.[0].test(shown)) {
          const answer = waiting.shift()?.[1] ?? ''
          typeof answer === 'string' ? child.stdin.write(answer) : answer()
        }
      })
      const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
      return { code, shown }
    }

    it('should ask before it searches, and take no for an answer', async () => {
      const [[no, unasked], [yes, asked]] = await Promise.all(['\n', 'y\n'].map(async (answer) => {
        const { port, connections } = await startModbusServer({ values: meter(1234.567, 700), isGateway: true })
        return [await atTerminal(['devices', 'scan', '--host', '127.0.0.1', '--port', String(port)], [[/Go on\? \[y\/N\]/, answer]]), connections()] as const
      }))
      expect(no.code, no.shown).to.equal(0)
      expect(no.shown).to.match(/Search 127\.0\.0\.1.*It only reads\. Go on\?/)
      expect(unasked).to.equal(0)
      expect(yes.shown).to.match(/speaks Modbus/)
      expect(asked).to.be.greaterThan(0)
    })

    it('should lead through the kettle test', async () => {
      const server = await startModbusServer({ values: meter(1234.567, 700) })
      const { code, shown } = await atTerminal(['devices', 'test', ...eastron(server.port)], [
        [/switching a kettle on\? \[Y\/n\]/, '\n'],
        [/How many watts does it take\? \[2000\]/, '2200\n'],
        [/Now switch it on, about 2200 W/, () => { void server.command({ set: meter(1234.567, 2650) }) }]
      ])
      expect(code, shown).to.equal(0)
      expect(shown).to.match(/went from 700 W taken from the grid to 2650 W taken from the grid .* the direction is right/)
    })
  })
})
