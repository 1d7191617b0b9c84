import { expect } from 'aegir/chai'
import { fromAnnouncement, fromModbus, withoutRepeats } from '../../src/cli/devices/found.ts'
import { judgeLoad, stepSeen } from '../../src/cli/devices/observe.ts'
import { canSell, judgeDevice } from '../../src/cli/devices/selling.ts'
import { configLines, readParam } from '../../src/cli/devices/settings.ts'
import { ownSubnets } from '../../src/cli/devices/subnets.ts'
import { byChain, chronyCheck, timedateCheck } from '../../src/cli/doctor/clock.ts'
import { diskCheck, nodeVersion } from '../../src/cli/doctor/computer.ts'
import { drivers } from '../../src/drivers/index.ts'
import type { Check } from '../../src/cli/checks.ts'
import type { Look } from '../../src/cli/devices/observe.ts'
import type { DeviceTraits, Sample } from '../../src/ports/device.ts'

const NOW_MS = 1_780_000_000_000

const looksAt = (...samples: Array<Partial<Sample>>): Look[] => samples.map((sample, index) => ({ atMs: NOW_MS + index * 1000, sample: { ageMs: 0, ...sample } }))
const GOOD: Partial<Sample> = { importMilliWh: 1_234_567_000, exportMilliWh: 50_251_000, gridWatts: 700 }
const judge = (traits: DeviceTraits, ...samples: Array<Partial<Sample>>): Check[] => judgeDevice({ traits, looks: looksAt(...samples) })
const level = (checks: readonly Check[], id: string): string | undefined => checks.find((check) => check.id === id)?.level

describe('whether a house can sell by a device', () => {
  it('should be sure of a meter that counts finely both ways', () => {
    const checks = judge({ serial: '1' }, GOOD, GOOD)
    expect(canSell(checks)).to.equal(true)
    expect(checks.filter((check) => check.level === 'warn' || check.level === 'bad')).to.deep.equal([])
  })

  it('should say no without an export register, and without any register', () => {
    const { exportMilliWh, ...oneWay } = GOOD
    expect(exportMilliWh).to.be.a('number')
    const buyer = judge({ serial: '1' }, oneWay)
    expect([level(buyer, 'device.export'), canSell(buyer)]).to.deep.equal(['warn', false])
    const inverter = judge({ serial: '1' }, { pvWatts: 3000 })
    expect([level(inverter, 'device.import'), canSell(inverter)]).to.deep.equal(['bad', false])
    expect(canSell(judgeDevice({ traits: {}, looks: [{ atMs: NOW_MS, failure: 'it hung up' }] }))).to.equal(false)
  })

  it('should tell coarse steps by paper and by sight, and wait where nothing moved', () => {
    const coarse = { importMilliWh: 25_688_000_000, exportMilliWh: 7_000_000 }
    const still = judge({}, coarse, coarse)
    expect([level(still, 'device.resolution'), canSell(still)]).to.deep.equal(['unknown', undefined])
    const moved = judge({}, coarse, { ...coarse, importMilliWh: 25_689_000_000 })
    expect([level(moved, 'device.resolution'), canSell(moved)]).to.deep.equal(['warn', false])
    expect(canSell(judge({ resolutionMilliWh: 100_000 }, GOOD))).to.equal(false)
    expect(canSell(judge({ resolutionMilliWh: 10_000 }, coarse))).to.equal(true)
    expect(stepSeen([{ ageMs: 0, importMilliWh: 2_375_582_000, exportMilliWh: 0 }]), '2375.582 kWh').to.equal(2000)
    expect(stepSeen([{ ageMs: 0, importMilliWh: 7_000_000 }])).to.equal(1_000_000)
    expect(stepSeen([{ ageMs: 0, importMilliWh: 0 }])).to.equal(undefined)
    expect(stepSeen([])).to.equal(undefined)
  })

  it('should see power and registers contradict each other', () => {
    const swapped = judge({}, { ...GOOD, gridWatts: 2000 }, { ...GOOD, gridWatts: 2000, exportMilliWh: 50_252_000 })
    expect([level(swapped, 'device.direction'), canSell(swapped)]).to.deep.equal(['bad', false])
    const right = judge({}, { ...GOOD, gridWatts: -2000 }, { ...GOOD, gridWatts: -2000, exportMilliWh: 50_252_000 })
    expect(level(right, 'device.direction')).to.equal(undefined)
  })

  it('should warn of old values, phases, missing numbers and a clock that is off', () => {
    const checks = judge({ addsPhasesSeparately: true }, { ...GOOD, ageMs: 120_000, deviceTime: NOW_MS / 1000 - 7400 })
    const warned = checks.filter((check) => check.level === 'warn').map(({ id }) => id)
    expect(warned).to.deep.equal(['device.age', 'device.serial', 'device.phases', 'device.clock'])
    expect(checks.find(({ id }) => id === 'device.clock')?.says).to.match(/2 hours behind/)
  })

  it('should judge the kettle by what the grid did', () => {
    const at = (...watts: number[]): Sample[] => watts.map((gridWatts) => ({ ageMs: 0, gridWatts }))
    const verdict = (before: Sample[], after: Sample[]): string => judgeLoad({ expectedWatts: 2000, before, after }).verdict
    expect(verdict(at(500, 520, 480), at(500, 2400, 2450))).to.equal('right')
    expect(verdict(at(-3000), at(-1100))).to.equal('right')
    expect(verdict(at(-3000), at(-4900))).to.equal('reversed')
    expect(verdict(at(500), at(1400))).to.equal('unmoved')
    expect(verdict(at(500), [{ ageMs: 0 }])).to.equal('unknown')
    expect(verdict([], at(500))).to.equal('unknown')
  })
})

describe('what is found in a house', () => {
  const announced = { name: 'x', service: '_shelly._tcp', host: 'x.local', port: 80, addresses: ['fe80::1', '192.168.1.20'], text: {} }

  it('should come with lines that can be pasted', () => {
    expect(configLines('sunspec', { host: '192.168.1.40', unit: 1 })).to.deep.equal(['meter:', '  driver: sunspec', '  params:', '    host: 192.168.1.40', '    unit: 1'])
    expect(configLines('mqtt', { broker: 'mqtt://10.0.0.2:1883', brokerUser: 'a "b": #' })).to.include('    broker: mqtt://10.0.0.2:1883').and.include('    brokerUser: "a \\"b\\": #"')
    expect(fromAnnouncement({ ...announced, driver: 'shelly' }).meter).to.deep.equal({ driver: 'shelly', params: { url: 'http://192.168.1.20' } })
    expect(fromAnnouncement({ ...announced, driver: 'enphase' }).meter?.params.url).to.equal('https://192.168.1.20')
    expect(fromAnnouncement({ ...announced, port: 1883, driver: 'mqtt' }).meter?.params.broker).to.equal('mqtt://192.168.1.20:1883')
    const home = { ...announced, port: 8123, driver: 'home-assistant' }
    expect(fromAnnouncement(home).meter?.params.url).to.equal('http://192.168.1.20:8123')
    expect(fromAnnouncement({ ...home, text: { base_url: 'https://ha.example:8123' } }).meter?.params.url).to.equal('https://ha.example:8123')
    expect(fromAnnouncement({ ...home, text: { base_url: 'https://ha.example"\n:8123' } }).meter?.params.url).to.equal('http://192.168.1.20:8123')
    expect(fromAnnouncement(announced).meter).to.equal(undefined)
  })

  it('should use only settings that its driver has', () => {
    for (const driver of ['shelly', 'homewizard', 'fronius', 'tasmota', 'evcc', 'enphase', 'home-assistant', 'mqtt']) {
      const { meter } = fromAnnouncement({ ...announced, driver })
      const known = drivers.find(({ type }) => type === driver)?.params.map(({ name }) => name)
      expect(known, driver).to.include.members(Object.keys(meter?.params ?? { none: 1 }))
    }
  })

  it('should say whether an inverter has a grid meter', () => {
    const found = { host: '10.0.0.5', port: 502, unit: 1, speaks: 'sunspec', driver: 'sunspec', maker: 'Fronius' } as const
    expect(fromModbus({ ...found, models: [1, 103, 160] }).note).to.match(/cannot sell by that/)
    expect(fromModbus({ ...found, models: [1, 203] }).note).to.equal('It has a grid meter.')
    expect(fromModbus({ ...found, models: [1] }).meter?.params).to.deep.equal({ host: '10.0.0.5', unit: 1 })
  })

  it('should count once', () => {
    const one = fromAnnouncement({ ...announced, driver: 'evcc', port: 7070 })
    expect(withoutRepeats([one, { ...one, how: 'asked' }])).to.deep.equal([one])
  })

  it('should search the 254 addresses around ours, and no network of containers or tunnels', () => {
    const address = (address: string, internal = false): NonNullable<ReturnType<typeof import('node:os').networkInterfaces>['x']> =>
      [{ address, netmask: '255.255.0.0', family: 'IPv4', mac: '', internal, cidr: null }]
    const subnets = ownSubnets({ lo: address('127.0.0.1', true), eth0: address('192.168.1.7'), wlan0: address('192.168.1.8'), docker0: address('172.17.0.1'), wg0: address('10.8.0.2'), eth1: address('203.0.113.5'), eth2: address('10.20.30.40') })
    expect(subnets.map(({ name }) => name)).to.deep.equal(['192.168.1.0/24', '10.20.30.0/24'])
    expect(subnets[1].hosts).to.have.length(254).and.include('10.20.30.1').and.include('10.20.30.254').and.not.include('10.20.30.255')
  })

  it('should read settings from the command line as their driver wants them', () => {
    const driver = drivers.find(({ type }) => type === 'sunspec') ?? drivers[0]
    expect(readParam(driver, 'unit=3')).to.deep.equal(['unit', 3])
    expect(readParam(driver, 'host=a=b')).to.deep.equal(['host', 'a=b'])
    expect(() => readParam(driver, 'host')).to.throw('name=value').with.property('code', 'USAGE_BAD_PARAM')
    const mqtt = drivers.find(({ type }) => type === 'mqtt') ?? drivers[0]
    expect(readParam(mqtt, 'values={"gridPower":{"topic":"a","unit":"W"}}')).to.deep.equal(['values', { gridPower: { topic: 'a', unit: 'W' } }])
    expect(() => readParam(mqtt, 'values={')).to.throw('JSON')
    expect(readParam(mqtt, 'addsPhases=yes')).to.deep.equal(['addsPhases', true])
  })
})

describe('what the doctor thinks of numbers', () => {
  it('should read chrony', () => {
    const line = (offset: string, leap = 'Normal'): string => `C0A80101,192.168.1.1,3,1780000000.1,${offset},0.00001,0.00002,-1.5,0.01,0.2,0.001,0.0005,64.2,${leap}\n`
    expect(chronyCheck(line('-0.000012'))).to.include({ level: 'ok', says: 'The clock is right to 1 ms, by the time service (chrony).' })
    expect(chronyCheck(line('0.250'))).to.include({ level: 'ok' })
    expect(chronyCheck(line('1.5'))).to.include({ level: 'warn' })
    expect(chronyCheck(line('-7'))).to.include({ level: 'bad' })
    expect(chronyCheck(line('0.0', 'Not synchronised'))).to.include({ level: 'bad' })
    expect(chronyCheck('506 Cannot talk to daemon')).to.equal(undefined)
  })

  it('should read timedatectl', () => {
    expect(timedateCheck('NTP=yes\nNTPSynchronized=yes\n')).to.include({ level: 'ok' })
    expect(timedateCheck('NTP=yes\nNTPSynchronized=no\n')).to.include({ level: 'warn' })
    expect(timedateCheck('NTP=no\nNTPSynchronized=no\n')).to.include({ level: 'bad' })
    expect(timedateCheck('')).to.equal(undefined)
  })

  it('should take a block from the future for a clock that is behind, and an old one for nothing', () => {
    expect(byChain(1000, 1000)).to.deep.equal([])
    expect(byChain(10, 1000)).to.deep.equal([])
    expect(byChain(undefined, 1000)).to.deep.equal([])
    expect(byChain(1003, 1000)[0]).to.include({ level: 'warn' })
    expect(byChain(1090, 1000)[0]).to.include({ level: 'bad' })
  })

  it('should want Node.js 24 and room on the disk', () => {
    expect([nodeVersion('24.0.0').level, nodeVersion('26.1.0').level, nodeVersion('22.9.0').level]).to.deep.equal(['ok', 'ok', 'bad'])
    expect([diskCheck(5e9).level, diskCheck(5e8).level, diskCheck(5e6).level]).to.deep.equal(['ok', 'warn', 'bad'])
  })
})
