import { execFile, spawn } from 'node:child_process'
import { createCipheriv } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect } from 'aegir/chai'
import * as fc from 'fast-check'
import { hasCode } from '../../src/domain/errors.ts'
import { dsmr } from '../../src/drivers/devices/dsmr.ts'
import { smaMeter } from '../../src/drivers/devices/sma-meter.ts'
import { sml, smlTelegrams } from '../../src/drivers/devices/sml.ts'
import { obisSample } from '../../src/drivers/obis.ts'
import { crc16, dsmrReader, MAX_TELEGRAM_BYTES } from '../../src/drivers/telegrams/dsmr.ts'
import { smlReader } from '../../src/drivers/telegrams/sml.ts'
import { readSpeedwire } from '../../src/drivers/telegrams/speedwire.ts'
import { openByteStream } from '../../src/drivers/transports/byte-stream.ts'
import { PERIOD } from '../helpers/builders.ts'
import { tied } from '../helpers/child.ts'
import { needs } from '../helpers/debian.ts'
import { removeTemporaryDirectories, temporaryDirectory } from '../helpers/directory.ts'
import { silentLogger } from '../helpers/street.ts'
import { until } from '../helpers/until.ts'
import { smlFrame } from './sml-frames.ts'
import type { FrameEntry } from './sml-frames.ts'
import type { DriverParams, Driver } from '../../src/drivers/driver.ts'
import type { Device, Sample } from '../../src/ports/device.ts'
import type { ChildProcess } from 'node:child_process'
import type { AddressInfo, Server, Socket } from 'node:net'

const RECORDED = join('..', 'shared', 'data', 'devices', 'dsmr')
const components = { now: () => PERIOD, periodSec: 900, logger: silentLogger() }

const LINES = ['/ISK5\\2M550T-1012', '', '1-3:0.2.8(50)', '0-0:1.0.0(261122120000W)', '0-0:96.1.1(4530303434303037333832323436303139)', '1-0:1.8.1(002130.115*kWh)', '1-0:1.8.2(000245.467*kWh)', '1-0:2.8.1(000100.001*kWh)', '1-0:2.8.2(000000.002*kWh)', '1-0:1.7.0(00.111*kW)', '1-0:2.7.0(00.000*kW)', '!']

/** A P1 telegram with the right checksum; its lines are joined as the standard wants. */
function p1 (lines: readonly string[] = LINES): string {
  const body = lines.join('\r\n')
  return `${body}${crc16(body).toString(16).toUpperCase().padStart(4, '0')}\r\n`
}

function samplesOf (text: string | Uint8Array, init: Partial<Parameters<typeof dsmrReader>[0]> = {}): Array<Omit<Sample, 'ageMs'>> {
  return dsmrReader({ hasChecksum: true, ...init }).push(Buffer.from(text)).map(({ values }) => obisSample(values))
}

function refusal (act: () => unknown): string {
  try {
    act()
  } catch (error) {
    if (hasCode(error, 'DEVICE_BAD_ANSWER')) {
      return String(error)
    }
    throw error
  }
  return 'nothing'
}

function open (driver: Driver, params: DriverParams): Promise<Device> {
  return driver.connect(params, components)
}

describe('telegrams of P1 ports', () => {
  it('should read registers and powers of the whole connection', () => {
    expect(samplesOf(p1())).to.deep.equal([{ importMilliWh: 2_375_582_000, exportMilliWh: 100_003_000, gridWatts: 111 }])
  })

  it('E30 should take only telegrams whose CRC16 over "/" to "!" fits', () => {
    expect(refusal(() => samplesOf(p1().replace('00.111', '00.112')))).to.include('damaged')
    expect(refusal(() => samplesOf(p1().replaceAll('\r\n', '\n')))).to.include('damaged')
    expect(refusal(() => samplesOf(`${LINES.join('\r\n')}\r\n`))).to.include('set "version" to "2-3"')
    expect(samplesOf(`${LINES.join('\r\n')}\r\n`, { hasChecksum: false })).to.have.length(1)
    expect(samplesOf(p1().replace(/![0-9A-F]+/, '!0001'), { hasChecksum: false })).to.have.length(1)
  })

  it('E31 should take the total register or the sum of the tariffs, never both', () => {
    const all = LINES.toSpliced(5, 0, '1-0:1.8.0(006545766*Wh)', '1-0:2.8.0(000000058*Wh)')
    expect(samplesOf(p1(all))[0]).to.include({ importMilliWh: 6_545_766_000, exportMilliWh: 58_000 })
    const swapped = LINES.map((line) => line.replace('1.8.1', '1.8.x').replace('1.8.2', '1.8.1').replace('1.8.x', '1.8.2'))
    expect(samplesOf(p1(swapped))).to.deep.equal(samplesOf(p1()))
  })

  it('E32 should report the meter\'s clock and not rely on it', async () => {
    const at = async (time: string): Promise<Sample> => onTcp((socket) => { socket.write(p1(LINES.map((line) => line.replace('261122120000W', time)))) },
      async (port) => sampled(dsmr, { host: '127.0.0.1', port }))
    expect((await at('261122120000W')).deviceTime).to.equal(Date.UTC(2026, 10, 22, 11) / 1000)
    expect((await at('260722120000S')).deviceTime).to.equal(Date.UTC(2026, 6, 22, 10) / 1000)
    expect(await at('000101000000W')).to.include({ importMilliWh: 2_375_582_000, deviceTime: Date.UTC(1999, 11, 31, 23) / 1000 })
    expect(await at('99999')).to.include({ importMilliWh: 2_375_582_000, deviceTime: undefined })
  })

  it('E33 should leave out gas, water and other meters on their channels', () => {
    const others = LINES.toSpliced(9, 0, '0-1:24.2.1(260426223001S)(00246.138*m3)', '0-2:96.1.1(31323334353637)', '1-1:1.8.0(999999.999*kWh)', '0-4:1.8.0(888888.888*kWh)')
    expect(samplesOf(p1(others))).to.deep.equal(samplesOf(p1()))
    expect(dsmrReader({ hasChecksum: true }).push(Buffer.from(p1(others)))[0].serial).to.equal('E0044007382246019')
  })

  describe('that are encrypted', () => {
    const key = '000102030405060708090a0b0c0d0e0f'

    function encrypted (plain: string, counter = 1): Buffer {
      const [title, count] = [Buffer.from('5341475904030201', 'hex'), Buffer.alloc(4)]
      count.writeUInt32BE(counter)
      const cipher = createCipheriv('aes-128-gcm', Buffer.from(key, 'hex'), Buffer.concat([title, count]), { authTagLength: 12 })
      cipher.setAAD(Buffer.from('3000112233445566778899aabbccddeeff', 'hex'))
      const text = Buffer.concat([cipher.update(plain, 'latin1'), cipher.final()])
      const length = Buffer.alloc(2)
      length.writeUInt16BE(17 + text.length)
      return Buffer.concat([Buffer.from([0xdb, 0x08]), title, Buffer.from([0x82]), length, Buffer.from([0x30]), count, text, cipher.getAuthTag()])
    }

    it('E34 should read them with the key of the grid operator', () => {
      const reader = dsmrReader({ hasChecksum: true, key })
      const stream = Buffer.concat([Buffer.from('noise\xdb'), encrypted(p1(), 1), encrypted(p1(), 2)])
      let found = 0
      for (let at = 0; at < stream.length; at += 100) {
        found += reader.push(stream.subarray(at, at + 100)).length
      }
      expect(found).to.equal(2)
    })

    it('E34 should say when the key is wrong or malformed', async () => {
      const reader = dsmrReader({ hasChecksum: true, key: key.replace('0f', '10') })
      expect(refusal(() => reader.push(encrypted(p1())))).to.include('check "key"')
      await expect(open(dsmr, { host: '127.0.0.1', port: 1, key: 'abc' })).to.eventually.be.rejectedWith('must be 32 hexadecimal digits')
    })
  })

  it('E35 should find telegrams in any chunks, after noise, and several in one', () => {
    const stream = Buffer.from(`0.7.0(00.1*kW)\r\n!1234\r\n${p1()}${p1()}\0\xff${p1()}`, 'latin1')
    fc.assert(fc.property(fc.array(fc.integer({ min: 1, max: stream.length }), { maxLength: 12 }), (cuts) => {
      const reader = dsmrReader({ hasChecksum: true })
      const at = [0, ...cuts.sort((a, b) => a - b), stream.length]
      const found = at.slice(1).flatMap((end, index) => reader.push(stream.subarray(at[index], end)))
      return found.length === 3 && found.every(({ serial }) => serial === 'E0044007382246019')
    }))
  })

  it('E36 should read lower-case units, extra digits and unknown lines', () => {
    const odd = LINES.map((line) => line.replace('kWh', 'kwh').replace('(002130.115', '(0000002130.1150000'))
      .toSpliced(9, 0, '0-0:98.1.0(2)(1-0:1.6.0)(1-0:1.6.0)(230801000000S)(632525252525W)(00.000*kW)', 'what is this?', '1-0:1.4.0(00.052*kW)', '1-0:31.7.0(000*A)')
    expect(samplesOf(p1(odd))).to.deep.equal(samplesOf(p1()))
  })

  it('should not know what has no number or no unit, rather than read zero', () => {
    const unknown = LINES.map((line) => line.replace('002130.115*kWh', '').replace('000100.001*kWh', '000100.001').replace('00.111', '--.---'))
    expect(samplesOf(p1(unknown))[0]).to.deep.include({ importMilliWh: undefined, exportMilliWh: undefined, gridWatts: undefined })
  })

  it('should survive anything and keep no more than a telegram', () => {
    const reader = dsmrReader({ hasChecksum: true })
    fc.assert(fc.property(fc.uint8Array({ maxLength: 3000 }), (noise) => {
      expect(refusal(() => reader.push(noise))).to.be.a('string')
    }), { numRuns: 300 })
    refusal(() => reader.push(Buffer.alloc(10 * MAX_TELEGRAM_BYTES, '/')))
    refusal(() => reader.push(Buffer.from('\r\n!0000\r\n')))
    expect(reader.push(Buffer.from(p1()))).to.have.length(1)
  })

  describe('recorded from real meters', () => {
    before(function () {
      if (!existsSync(RECORDED)) {
        process.stderr.write(`      ${RECORDED} is missing: recorded telegrams were not read\n`)
        this.skip()
      }
    })

    for (const [file, version, expected] of [
      ['telegram_v5_two_mbus.txt', '4+', { importMilliWh: 2_375_582_000, exportMilliWh: 0, gridWatts: 111 }],
      ['telegram_v4_2.txt', '4+', { importMilliWh: 3_016_829_000, exportMilliWh: 0 }],
      ['telegram_fluvius_v171_alt.txt', '4+', { importMilliWh: 571_562_000, exportMilliWh: 5000, gridWatts: 338 }],
      ['telegram_iskra_ie.txt', '4+', { importMilliWh: 20_363_000, exportMilliWh: 20_563_000, gridWatts: -100 }],
      ['telegram_sagemcom_t210_d_r.txt', '4+', { importMilliWh: 6_545_766_000, exportMilliWh: 58_000, gridWatts: 286 }],
      ['telegram_unpadded_crc.txt', '4+', { importMilliWh: undefined, exportMilliWh: undefined }],
      ['telegram_v3.txt', '2-3', { importMilliWh: 24_691_356_000, exportMilliWh: 24_691_356_000, gridWatts: 1190 }],
      ['telegram_esy5q3db1024_v304.txt', '2-3', { importMilliWh: 52_185_782_530, exportMilliWh: 19_949_322_149, gridWatts: undefined }]
    ] as const) {
      it(`should read ${file}`, () => {
        expect(samplesOf(readFileSync(join(RECORDED, file)), { hasChecksum: version === '4+' })[0]).to.deep.include(expected)
      })
    }
  })
})

describe('telegrams of optical ports', () => {
  const register = (code: string, value: bigint, scaler = -1): FrameEntry => ({ code, type: 'uint', hex: value.toString(16).padStart(16, '0'), scaler, unit: 30 })
  const power = (hex: string, fields: Partial<FrameEntry> = {}): FrameEntry => ({ code: '16.7.0', type: 'int', hex, scaler: 0, unit: 27, ...fields })
  const sample = (...entries: FrameEntry[]): Omit<Sample, 'ageMs'> => smlReader().push(smlFrame(entries)).map(smlTelegrams())[0].sample

  it('should read registers and power', () => {
    expect(sample(register('1.8.0', 258_927_761n), register('2.8.0', 12_345n), power('0171'))).to.deep.equal({ importMilliWh: 25_892_776_100, exportMilliWh: 1_234_500, gridWatts: 369 })
  })

  it('E37 should drop frames that are damaged, and read doubled escapes and padding', () => {
    const good = smlFrame([register('1.8.0', 0x1b1b1b1bn), power('0171')])
    expect(smlReader().push(good).map(smlTelegrams())[0].sample.importMilliWh).to.equal(0x1b1b1b1b * 100)
    for (let at = 8; at < good.length; at += 7) {
      const bad = Buffer.from(good)
      bad[at] ^= 0x40
      const reader = smlReader()
      refusal(() => reader.push(bad))
      // whatever a damaged frame swallowed, a later whole one is read
      const later = [0, 1].flatMap(() => { try { return reader.push(good) } catch { return [] } })
      expect(later.map(smlTelegrams()).at(-1)?.sample.importMilliWh, String(at)).to.equal(0x1b1b1b1b * 100)
    }
  })

  it('E38 should read the same register with and without the PIN\'s digits', () => {
    expect(sample(register('1.8.0', 25_688_000n, 0)).importMilliWh).to.equal(25_688_000_000)
    expect(sample(register('1.8.0', 258_927_761n)).importMilliWh).to.equal(25_892_776_100)
  })

  it('E39 should believe a negative two-byte power only of a house that exports', () => {
    const read = smlTelegrams()
    const next = (imported: bigint, exported: bigint, hex: string): number | undefined =>
      smlReader().push(smlFrame([register('1.8.0', imported), register('2.8.0', exported), power(hex, { scaler: -1 })])).map(read)[0].sample.gridWatts
    expect(next(100n, 100n, '8235')).to.be.undefined()
    expect(next(110n, 100n, '8235')).to.be.undefined()
    expect(next(120n, 100n, '0171')).to.equal(36.9)
    expect(next(120n, 110n, '8235')).to.equal(-3220.3)
    expect(next(120n, 110n, '8235')).to.equal(-3220.3)
    expect(next(130n, 110n, '8235')).to.be.undefined()
  })

  it('E40 should not know the export of a meter that has no such register', () => {
    expect(sample(register('1.8.0', 5n), power('05')).exportMilliWh).to.be.undefined()
  })

  it('E41 should read values without scaler and unit, and extend the sign of single bytes', () => {
    expect(sample({ code: '1.8.0', type: 'uint', hex: '2710' }, { code: '16.7.0', type: 'int', hex: 'f6' })).to.deep.include({ importMilliWh: 10_000_000, gridWatts: -10 })
    expect(sample(register('2.8.0', 1n), power('ffffffff')).gridWatts).to.equal(-1)
  })

  it('should find frames in any chunks and survive anything', () => {
    const stream = Buffer.concat([Buffer.from('1b1b010101', 'hex'), smlFrame([register('1.8.0', 7n)]), Buffer.from('00ff1b', 'hex'), smlFrame([register('1.8.0', 8n)])])
    fc.assert(fc.property(fc.array(fc.integer({ min: 1, max: stream.length }), { maxLength: 12 }), (cuts) => {
      const reader = smlReader()
      const at = [0, ...cuts.sort((a, b) => a - b), stream.length]
      return at.slice(1).flatMap((end, index) => reader.push(stream.subarray(at[index], end))).length === 2
    }))
    const start = Buffer.from('1b1b1b1b01010101', 'hex')
    fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), (body) => {
      expect(refusal(() => smlReader().push(Buffer.concat([start, body, Buffer.from('1b1b1b1b1a000000', 'hex')])))).to.be.a('string')
    }), { numRuns: 300 })
  })

  describe('as libsml reads them', () => {
    let program: string

    before(needs('cc', 'gcc'))
    before(needs('/usr/include/sml/sml_file.h', 'libsml-dev'))
    before(async () => {
      program = join(temporaryDirectory(), 'sml')
      await promisify(execFile)('cc', ['-o', program, join('test', 'drivers', 'counterparts', 'sml.c'), '-lsml', '-luuid'])
    })

    it('should give the same numbers', async () => {
      const frames = [
        [register('1.8.0', 258_927_761n), register('2.8.0', 12_345n), power('0171')],
        [register('1.8.0', 25_688_000n, 0), power('fff6'), { code: '1.8.1', type: 'uint', hex: '0102030405', scaler: -1, unit: 30 }],
        Array.from({ length: 40 }, (_, index) => register(`${index + 1}.8.0`, BigInt(index) * 1_000_003n, 2))
      ] as const
      const theirs = await linesOf(program, Buffer.concat(frames.map((entries) => smlFrame(entries))), frames.length)
      const ours = smlReader().push(Buffer.concat(frames.map((entries) => smlFrame(entries))))
        .flatMap((entries) => [...entries.map(({ code, value, scaler, unit }) => `${code} ${Number(value)} ${scaler} ${unit ?? 0}`), 'end'])
      expect(ours).to.deep.equal(theirs)
    })
  })
})

/** Feeds a program that never ends until it has answered `ends` times. */
async function linesOf (program: string, input: Buffer, ends: number): Promise<string[]> {
  const child = tied(spawn(program, [], { stdio: ['pipe', 'pipe', 'ignore'] }))
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => { output += text })
  child.stdin.write(input)
  try {
    await until(() => output.split('end\n').length > ends)
  } finally {
    child.kill('SIGKILL')
  }
  return output.trim().split('\n')
}

/** Serves every connection with `serve` while `use` runs. */
async function onTcp<T> (serve: (socket: Socket) => void, use: (port: number, server: Server) => Promise<T>): Promise<T> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    serve(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  try {
    return await use((server.address() as AddressInfo).port, server)
  } finally {
    sockets.forEach((socket) => socket.destroy())
    server.close()
  }
}

async function codeOf (device: Device): Promise<unknown> {
  return device.sample().then(() => undefined, (error: Error & { code?: unknown }) => error.code)
}

async function sampled (driver: Driver, params: DriverParams): Promise<Sample> {
  const device = await open(driver, params)
  try {
    return await device.sample()
  } finally {
    await device.close()
  }
}

describe('telegram devices', () => {
  after(removeTemporaryDirectories)

  it('should want either a serial port or a gateway', async () => {
    for (const params of [{}, { path: '/dev/null', host: 'a', port: 1 }, { host: 'a' }, { port: 1 }]) {
      await expect(open(sml, params)).to.eventually.be.rejected.with.property('code', 'DEVICE_BAD_PARAMS')
    }
  })

  it('should connect again after the gateway went away', async () => {
    let connections = 0
    await onTcp((socket) => {
      connections++
      socket.end(p1())
    }, async (port) => {
      const device = await open(dsmr, { host: '127.0.0.1', port })
      expect(device.traits.serial).to.equal('E0044007382246019')
      await until(() => connections >= 2)
      expect((await device.sample()).ageMs).to.be.below(5000)
      await device.close()
    })
  })

  it('E45 should stop when another meter speaks at the same place', async () => {
    await onTcp((socket) => {
      socket.write(p1())
      socket.write(p1(LINES.map((line) => line.replace('4530303434', '4530303435'))))
    }, async (port) => {
      const device = await open(dsmr, { host: '127.0.0.1', port })
      await until(async () => await codeOf(device) === 'DEVICE_WRONG_SERIAL')
      await device.close()
    })
  })

  it('should not say that there is no connection while a meter is silent', async () => {
    await onTcp(() => {}, async (port) => {
      const stream = openByteStream({ host: '127.0.0.1', port, baudRate: 9600, dataBits: 8, parity: 'none', logger: silentLogger(), onData: () => {} })
      expect(stream.trouble()).to.equal('no connection yet')
      await until(() => stream.trouble() == null)
      await stream.close()
    })
  })

  it('should know a meter by the number that it tells later', async () => {
    const entry: FrameEntry = { code: '1.8.0', type: 'uint', hex: '00000100', scaler: 0, unit: 30 }
    const sockets: Socket[] = []
    await onTcp((socket) => {
      sockets.push(socket)
      socket.write(smlFrame([entry]))
    }, async (port) => {
      const device = await open(sml, { host: '127.0.0.1', port })
      expect(device.traits.serial).to.be.undefined()
      sockets[0].write(smlFrame([entry, { code: '96.1.0', type: 'octets', hex: '0a01454d48' }]))
      await until(() => device.traits.serial === '0a01454d48')
      await device.close()
    })
  })

  describe('on a serial port', () => {
    let pair: ChildProcess
    let folder: string

    before(needs('socat', 'socat'))
    beforeEach(async () => {
      folder = temporaryDirectory()
      pair = tied(spawn('socat', [`pty,raw,echo=0,link=${folder}/meter`, `pty,raw,echo=0,link=${folder}/house`], { stdio: 'ignore' }))
      await until(() => existsSync(`${folder}/meter`) && existsSync(`${folder}/house`))
    })

    afterEach(() => {
      pair.kill('SIGKILL')
    })

    it('should read a P1 port', async () => {
      const opening = open(dsmr, { path: `${folder}/house` })
      const timer = setInterval(() => { writeFileSync(`${folder}/meter`, p1()) }, 50)
      const device = await opening.finally(() => { clearInterval(timer) })
      expect(await device.sample()).to.include({ importMilliWh: 2_375_582_000, exportMilliWh: 100_003_000 })
      await device.close()
    })

    it('should read an optical port', async () => {
      const opening = open(sml, { path: `${folder}/house` })
      const timer = setInterval(() => { writeFileSync(`${folder}/meter`, smlFrame([{ code: '1.8.0', type: 'uint', hex: '00000100', scaler: 0, unit: 30 }])) }, 50)
      const device = await opening.finally(() => { clearInterval(timer) })
      expect(device.traits.serial).to.be.undefined()
      expect((await device.sample()).importMilliWh).to.equal(256_000)
      await device.close()
    })
  })
})

describe('datagrams of energy meters', () => {
  function datagram (serial: number, entries: ReadonlyArray<readonly [index: number, type: 4 | 8, value: bigint]>, channel = 0): Buffer {
    const body = entries.map(([index, type, value]) => {
      const entry = Buffer.alloc(type === 8 ? 12 : 8)
      entry.set([channel, index, type, 0])
      type === 8 ? entry.writeBigUInt64BE(value, 4) : entry.writeUInt32BE(Number(value), 4)
      return entry
    })
    const head = Buffer.from('534d4100000402a000000001000000106069015d000000000000000', 'hex')
    const packet = Buffer.concat([Buffer.concat([head, Buffer.alloc(28)]).subarray(0, 28), ...body, Buffer.from('900000000204 0e52'.replace(' ', ''), 'hex'), Buffer.alloc(4)])
    packet.writeUInt16BE(packet.length - 20, 12)
    packet.writeUInt32BE(serial, 20)
    return packet
  }

  const entries = [[1, 4, 15_000n], [1, 8, 3_600_000_000n], [2, 4, 0n], [2, 8, 7_201n], [21, 4, 1n]] as const

  it('should read watt-seconds and tenths of a watt', () => {
    const read = readSpeedwire(datagram(3_001_234_567, entries))
    expect(read?.serial).to.equal('3001234567')
    expect(obisSample(read?.values ?? new Map())).to.deep.equal({ importMilliWh: 1_000_000_000, exportMilliWh: 2000, gridWatts: 1500 })
  })

  it('should leave other messages alone and survive anything', () => {
    expect(readSpeedwire(Buffer.from('SMA\0something else entirely, and longer'))).to.be.undefined()
    expect(refusal(() => readSpeedwire(datagram(1, entries).subarray(0, 60)))).to.include('cut short')
    fc.assert(fc.property(fc.uint8Array({ maxLength: 700 }), (body) => {
      expect(refusal(() => readSpeedwire(Buffer.concat([datagram(1, []).subarray(0, 28), body])))).to.be.a('string')
    }), { numRuns: 300 })
  })

  it('should listen to the chosen meter only', async () => {
    const port = await freeUdpPort()
    const sender = createSocket('udp4')
    const timer = setInterval(() => {
      sender.send(datagram(1, entries), port, '127.0.0.1')
      sender.send(datagram(2, [[1, 8, 7_200n]]), port, '127.0.0.1')
    }, 20)
    const device = await open(smaMeter, { port, serial: '2' }).finally(() => { clearInterval(timer) })
    expect(device.traits.serial).to.equal('2')
    expect(await device.sample()).to.include({ importMilliWh: 2000, exportMilliWh: undefined })
    await device.close()
    sender.close()
  })

  it('should say which meter is heard, when it is not the chosen one', async () => {
    const port = await freeUdpPort()
    const sender = createSocket('udp4')
    const timer = setInterval(() => { sender.send(datagram(1, entries), port, '127.0.0.1') }, 20)
    await expect(open(smaMeter, { port, serial: '2' })).to.eventually.be.rejectedWith('only the meter with the number 1 is heard')
    clearInterval(timer)
    sender.close()
  }).timeout(20_000)
})

async function freeUdpPort (): Promise<number> {
  const socket = createSocket('udp4')
  await new Promise<void>((resolve) => socket.bind(0, resolve))
  const { port } = socket.address()
  await new Promise<void>((resolve) => { socket.close(resolve) })
  return port
}
