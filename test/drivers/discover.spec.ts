import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'aegir/chai'
import { discoverDevices } from '../../src/drivers/discover.ts'
import { tied } from '../helpers/child.ts'
import { needs } from '../helpers/debian.ts'
import { removeTemporaryDirectories, temporaryDirectory } from '../helpers/directory.ts'
import type { ChildProcess } from 'node:child_process'

const ANNOUNCED = [
  ['shellypro3em-1a2b3c', '_shelly._tcp', '80', 'gen=2', 'app=Pro3EM'],
  ['p1meter-AABBCC', '_hwenergy._tcp', '80', 'api_enabled=1', 'product_type=HWE-P1', 'path=/api/v1'],
  ['Home', '_home-assistant._tcp', '8123', 'base_url=http://192.168.1.5:8123', 'version=2026.11.0'],
  ['mosquitto', '_mqtt._tcp', '1883'],
  ['envoy', '_enphase-envoy._tcp', '80', 'serialnum=122238082763', 'protovers=7.6.175'],
  ['Fronius Symo GEN24', '_http._tcp', '80'],
  ['tasmota-1A2B3C', '_http._tcp', '80'],
  ['evcc', '_http._tcp', '7070'],
  ['Some printer', '_http._tcp', '80'],
  ['A television', '_airplay._tcp', '7000']
] as const

describe('discovery, with avahi', () => {
  const running: ChildProcess[] = []

  before(needs('avahi-publish-service', 'avahi-utils'))
  before(needs('/usr/sbin/avahi-daemon', 'avahi-daemon'))
  before(needs('dbus-daemon', 'dbus'))

  /** Resolves when the program has said `sign`. */
  async function run (program: string, args: readonly string[], sign: string): Promise<void> {
    const env = { ...process.env, DBUS_SYSTEM_BUS_ADDRESS: bus, PATH: `${process.env.PATH ?? ''}:/usr/sbin` }
    const child = tied(spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] }))
    running.push(child)
    await new Promise<void>((resolve, reject) => {
      let said = ''
      const listen = (chunk: Buffer): void => {
        said += chunk.toString()
        said.includes(sign) && resolve()
      }
      child.stdout.on('data', listen)
      child.stderr.on('data', listen)
      child.once('exit', () => { reject(new Error(`${program} ended: ${said}`)) })
    })
  }

  let bus = ''

  before(async () => {
    const directory = temporaryDirectory()
    bus = `unix:path=${join(directory, 'bus')}`
    const config = join(directory, 'avahi.conf')
    writeFileSync(config, '[server]\nuse-ipv4=yes\nuse-ipv6=no\n[publish]\npublish-workstation=no\n')
    await run('dbus-daemon', ['--session', '--nofork', '--print-address', `--address=${bus}`], 'unix:path')
    await run('avahi-daemon', ['-f', config, '--no-drop-root', '--no-chroot', '--no-rlimits'], 'Server startup complete')
    await Promise.all(ANNOUNCED.map(async (service) => run('avahi-publish-service', service, 'Established')))
  })

  after(async () => {
    for (const child of running.reverse()) {
      await new Promise((resolve) => {
        child.once('exit', resolve)
        child.exitCode == null && child.signalCode == null ? child.kill() : resolve(undefined)
      })
    }
    removeTemporaryDirectories()
  })

  it('should find what announces itself, and name the driver that reads it', async () => {
    const found = await discoverDevices({ waitMs: 2000 })
    const drivers = Object.fromEntries(found.map(({ name, driver }) => [name, driver]))
    expect(drivers).to.deep.equal({
      'shellypro3em-1a2b3c': 'shelly',
      'p1meter-AABBCC': 'homewizard',
      Home: 'home-assistant',
      mosquitto: 'mqtt',
      envoy: 'enphase',
      'Fronius Symo GEN24': 'fronius',
      'tasmota-1A2B3C': 'tasmota',
      evcc: 'evcc',
      'Some printer': undefined
    })
    const shelly = found.find(({ driver }) => driver === 'shelly')
    expect(shelly).to.deep.include({ service: '_shelly._tcp', port: 80, text: { gen: '2', app: 'Pro3EM' } })
    expect(shelly?.host).to.match(/\.local$/)
    expect(shelly?.addresses.some((address) => /^\d+\.\d+\.\d+\.\d+$/.test(address))).to.equal(true)
    expect(found.find(({ driver }) => driver === 'enphase')?.text).to.deep.equal({ serialnum: '122238082763', protovers: '7.6.175' })
  })
})
