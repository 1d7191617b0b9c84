import { execFileSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'aegir/chai'
import { callCli, killAllCli, runCli, startCli } from '../helpers/cli.ts'
import { stopAll } from '../helpers/stop-all.ts'
import type { AddressInfo } from 'node:net'

const HEADER = 'period_start,load_kwh,pv_kwh'

/** Hourly rows of one day. */
function day (rowOf: (hour: number) => string): string {
  return [HEADER, ...Array.from({ length: 24 }, (_, hour) => `2026-06-15T${String(hour).padStart(2, '0')}:00:00Z,${rowOf(hour)}`)].join('\n')
}

/** Every process of this machine, with its parents, as `ps` has it. */
function processesOfGroup (group: number): string[] {
  return execFileSync('ps', ['-eo', 'pgid=,pid=,args=']).toString().split('\n').filter((line) => line.trim().startsWith(`${group} `))
}

describe('wattmesh demo', function () {
  this.timeout(120_000)

  let folder: string

  beforeEach(async () => { folder = await mkdtemp(join(tmpdir(), 'wattmesh-profiles-')) })
  afterEach(async () => {
    await stopAll(killAllCli, async () => rm(folder, { recursive: true, force: true }))
  })

  const wrong: Array<[string, string[], RegExp]> = [
    ['an unknown flag', ['--house', '3'], /unknown option '--house'/],
    ['a number of homes that makes no street', ['--homes', '1'], /--homes.*whole number from 2 to 50/],
    ['a number of periods that is no number', ['--periods', 'ten'], /--periods.*whole number/],
    ['a speed out of range', ['--speed', '0'], /--speed.*number from 1 to 3000/],
    ['a seed below zero', ['--seed', '-1'], /--seed/],
    ['a word too many', ['now'], /too many arguments/]
  ]
  for (const [what, args, sentence] of wrong) {
    it(`should refuse ${what} with exit code 2`, async () => {
      const { code, stdout, stderr } = await callCli('demo', ...args)
      expect(code).to.equal(2)
      expect(stderr).to.match(sentence)
      expect(stdout).to.equal('')
    })
  }

  it('should say that a folder of profiles is missing', async () => {
    const { code, stderr } = await callCli('demo', '--profiles', join(folder, 'nowhere'))
    expect(code).to.equal(2)
    expect(stderr).to.match(/There is no folder .*nowhere/)
  })

  it('should say that there are too few profiles', async () => {
    await writeFile(join(folder, 'a.csv'), day(() => '0.5,0.1'))
    const { code, stderr } = await callCli('demo', '--profiles', folder, '--homes', '2')
    expect(code).to.equal(2)
    expect(stderr).to.match(/has 1 CSV profiles but the street has 2 homes/)
  })

  it('should say that profiles are too short for the run', async () => {
    await writeFile(join(folder, 'a.csv'), day(() => '0.5,0.1'))
    await writeFile(join(folder, 'b.csv'), day(() => '0.5,0.1'))
    const { code, stderr } = await callCli('demo', '--profiles', folder, '--homes', '2', '--periods', '97')
    expect(code).to.equal(2)
    expect(stderr).to.match(/cover 96 periods together but the run needs 97/)
  })

  it('should name file and line of a malformed row', async () => {
    await writeFile(join(folder, 'a.csv'), day(() => '0.5,0.1'))
    await writeFile(join(folder, 'b.csv'), day((hour) => hour === 4 ? '0.5,much' : '0.5,0.1'))
    const { code, stderr } = await callCli('demo', '--profiles', folder, '--homes', '2')
    expect(code).to.equal(4)
    expect(stderr).to.match(/b\.csv line 6: pv_kwh/)
    expect(stderr.trim().split('\n').at(-1)).to.match(/^wattmesh: /)
  })

  it('should say that the port of the chain is taken', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    const { port } = server.address() as AddressInfo
    const { code, stderr } = await runCli('demo', '--chain-port', String(port))
    server.close()
    expect(code).to.equal(6)
    expect(stderr).to.include(`Port ${port} is taken`)
  })

  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    it(`should stop everything on ${signal} and leave no process behind`, async () => {
      const demo = startCli('demo', '--no-mdns', '--homes', '3', '--periods', '40')
      await demo.said(/found each other|introduced/)
      const group = demo.child.pid ?? 0
      expect(processesOfGroup(group).length).to.be.greaterThan(4)
      demo.child.kill(signal)
      const { code, stdout } = await demo.finished
      expect(code).to.equal(130)
      expect(stdout).to.equal('')
      expect(processesOfGroup(group)).to.deep.equal([])
    })
  }

  it('should stop at once while it is still starting', async () => {
    const demo = startCli('demo', '--no-mdns', '--homes', '4')
    await demo.said(/starting 4 nodes/)
    const group = demo.child.pid ?? 0
    demo.child.kill('SIGINT')
    expect((await demo.finished).code).to.equal(130)
    expect(processesOfGroup(group)).to.deep.equal([])
  })

  it('should take everything along when it is killed', async () => {
    const demo = startCli('demo', '--no-mdns', '--homes', '2', '--periods', '40')
    await demo.said(/found each other|introduced/)
    const group = demo.child.pid ?? 0
    demo.child.kill('SIGKILL')
    await demo.finished
    const deadline = Date.now() + 30_000
    while (processesOfGroup(group).length > 0 && Date.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    expect(processesOfGroup(group)).to.deep.equal([])
  })

  it('should replay profiles and print one JSON object with the documented fields', async () => {
    await writeFile(join(folder, 'my-home.csv'), day(() => '0.4,2.4'))
    await writeFile(join(folder, 'my home.csv'), day(() => '1.2,0'))
    const { code, stdout, stderr } = await runCli('demo', '--profiles', folder, '--homes', '2', '--periods', '6', '--seed', '9', '--json')
    expect(code, stderr).to.equal(0)
    expect(stdout.trim().split('\n')).to.have.lengthOf(1)
    const result = JSON.parse(stdout)
    expect(result).to.include({ ok: true, seed: 9, periods: 6, chainId: 31337 })
    expect(result.discovery).to.be.oneOf(['mdns', 'bootstrap'])
    expect(result.escrow).to.match(/^0x[0-9a-f]{40}$/)
    expect(result.trades).to.have.all.keys('agreed', 'delivered', 'settled', 'residual')
    expect(result.trades.settled).to.be.greaterThan(3)
    expect(result.energy).to.have.all.keys('tradedWh', 'deliveredWh', 'aheadWh', 'residualWh', 'potentialWh')
    expect(result.energy.aheadWh + result.energy.residualWh).to.equal(result.energy.deliveredWh)
    expect(result.energy.potentialWh).to.equal(6 * 300)
    expect(result.energy.deliveredWh).to.be.within(300, 6 * 300)
    expect(result.money.paid).to.match(/^\d+$/)
    expect(result.money).to.deep.equal({ paid: result.money.paid, received: result.money.paid, moved: result.money.paid })
    expect(result.gas).to.have.all.keys('total', 'perTrade', 'transactions')
    expect(result.wallMs).to.be.a('number')
    const [shady, sunny] = result.homes
    expect(shady).to.include({ name: 'my home', loadWh: 1800, pvWh: 0, soldWh: 0, boughtWh: result.energy.deliveredWh, received: '0' })
    expect(sunny).to.include({ name: 'my-home', loadWh: 600, pvWh: 3600, boughtWh: 0, soldWh: result.energy.deliveredWh, paid: '0' })
    expect(shady.billWithoutNeighbours).to.equal('540000')
    expect(sunny.billWithoutNeighbours).to.equal(String(-3000 * 80))
    expect(BigInt(shady.bill) < 540_000n).to.equal(true)
    expect(shady.peerId).to.match(/^16Uiu2/)
    expect(shady.owner).to.match(/^0x[0-9a-f]{40}$/)
  })

  it('should trade where homes cannot find each other by multicast', async () => {
    const { code, stdout, stderr } = await runCli('demo', '--no-mdns', '--homes', '3', '--periods', '6', '--json')
    expect(code, stderr).to.equal(0)
    expect(JSON.parse(stdout)).to.include({ ok: true, discovery: 'bootstrap' })
    expect(JSON.parse(stdout).trades.settled).to.be.greaterThan(2)
  })

  it('should make the same profiles from the same seed', async () => {
    const { syntheticStreet } = await import('../../src/practice/profiles.ts')
    const street = syntheticStreet({ seed: 5, homes: 4, periods: 20 })
    expect(syntheticStreet({ seed: 5, homes: 4, periods: 20 })).to.deep.equal(street)
    expect(syntheticStreet({ seed: 6, homes: 4, periods: 20 })).to.not.deep.equal(street)
  })
})
