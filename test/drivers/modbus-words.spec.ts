import { expect } from 'aegir/chai'
import { parseProfile } from '../../src/drivers/modbus/parse-profile.ts'
import { valueOf } from '../../src/drivers/modbus/profile.ts'
import { ORDERS, bitsOf, isOneOf, numberOf, textOf } from '../../src/drivers/modbus/words.ts'
import { steadily } from '../../src/drivers/steady.ts'
import type { Register } from '../../src/drivers/modbus/profile.ts'
import type { NumberType, Order } from '../../src/drivers/modbus/words.ts'
import type { Sample } from '../../src/ports/device.ts'

const bytes = (hex: string): Uint8Array => Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16))
const read = (hex: string, type: NumberType, order: Order = 'ABCD'): bigint | number | undefined => numberOf(bitsOf(bytes(hex), order), type)

describe('Modbus registers', () => {
  it('E6 should read every order of bytes', () => {
    const asSent = { ABCD: '0a0b0c0d', CDAB: '0c0d0a0b', BADC: '0b0a0d0c', DCBA: '0d0c0b0a' }
    for (const order of ORDERS) {
      expect(read(asSent[order], 'uint32', order), order).to.equal(0x0a0b0c0dn)
    }
    const long = { ABCD: '0102030405060708', CDAB: '0708050603040102', BADC: '0201040306050807', DCBA: '0807060504030201' }
    for (const order of ORDERS) {
      expect(read(long[order], 'uint64', order), order).to.equal(0x0102030405060708n)
    }
    expect(read('449a5000', 'float32')).to.equal(1234.5)
    expect(read('5000449a', 'float32', 'CDAB')).to.equal(1234.5)
    // what a library that swaps bytes makes of 1234.5
    expect(read('9a440050', 'float32')).to.be.closeTo(-4.05e-23, 1e-25)
  })

  it('E9 should keep numbers beyond 2^53 exact, up to whole mWh', () => {
    expect(read('ffffffffffffffff', 'uint64')).to.equal(18_446_744_073_709_551_615n)
    expect(read('8000000000000001', 'int64')).to.equal(-9_223_372_036_854_775_807n)
    const register: Register = { address: 0, type: 'uint64', unit: 'mWh' }
    const at = (hex: string): number | undefined => valueOf('importMilliWh', register, { profile: { table: 'holding', registers: {} }, blocks: [{ table: 'holding', address: 0, count: 4, bytes: bytes(hex) }] })
    expect(at('001fffffffffffff')).to.equal(Number.MAX_SAFE_INTEGER)
    expect(at('0020000000000000')).to.equal(undefined)
    const joules: Register = { address: 0, type: 'uint64', unit: 'J', step: 0.001 }
    expect(valueOf('importMilliWh', joules, { profile: { table: 'holding', registers: {} }, blocks: [{ table: 'holding', address: 0, count: 4, bytes: bytes('0020000000000001') }] }))
      .to.equal(Number((2n ** 53n + 1n) * 10n / 36_000n))
  })

  for (const [type, hex, none] of [
    ['int16', '8000', [-32_768]], ['uint16', 'ffff', [65_535]], ['int32', '7fffffff', [0x7fffffff]], ['int32', '80000000', [0x80000000]], ['int32', '80000000', [-2_147_483_648]],
    ['uint32', 'ffffffff', [0xffffffff]], ['uint64', 'ffffffffffffffff', ['0xFFFFFFFFFFFFFFFF']], ['int64', '8000000000000000', ['0x8000000000000000']]
  ] as const) {
    it(`E1 should take the code ${hex} of ${type} for unknown, and its neighbour for a number`, () => {
      const bits = bitsOf(bytes(hex), 'ABCD')
      expect(isOneOf(bits, type, none)).to.equal(true)
      expect(isOneOf(bits ^ 1n, type, none)).to.equal(false)
    })
  }

  it('E1 should take floats that are no numbers for unknown', () => {
    expect(read('7fc00000', 'float32')).to.equal(undefined)
    expect(read('7f800000', 'float32')).to.equal(undefined)
    expect(read('7ff8000000000000', 'float64')).to.equal(undefined)
    expect(read('3ff0000000000000', 'float64')).to.equal(1)
  })

  it('should read texts up to their end', () => {
    expect(textOf(bytes('414230310000ff'))).to.equal('AB01')
    expect(textOf(bytes('20414220'))).to.equal('AB')
    expect(textOf(bytes('0000'))).to.equal(undefined)
  })
})

describe('a profile in the settings', () => {
  const grid = { address: 52, type: 'float32', unit: 'W' }

  it('E8 should count addresses as the paper does', () => {
    const address = (numbering: string, register: object): object | undefined => parseProfile({ numbering, registers: { gridWatts: { ...grid, ...register } } }).registers.gridWatts
    expect(address('wire', {})).to.include({ address: 52, table: undefined })
    expect(address('one', { address: 53 })).to.include({ address: 52 })
    expect(address('reference', { address: 30_053 })).to.include({ address: 52, table: 'input' })
    expect(address('reference', { address: 40_053 })).to.include({ address: 52, table: 'holding' })
    expect(address('reference', { address: 465_536 })).to.include({ address: 65_535, table: 'holding' })
  })

  for (const [what, profile, message] of [
    ['nothing', undefined, 'Setting "profile" must be a group'],
    ['no register', { registers: {} }, 'Setting "profile.registers" names none'],
    ['an unknown quantity', { registers: { gridWats: grid } }, '"profile.registers.gridWats" is not known'],
    ['a misspelt setting', { registers: { gridWatts: { ...grid, adress: 1 } } }, '"profile.registers.gridWatts.adress" is not known'],
    ['no unit', { registers: { gridWatts: { address: 1, type: 'int16' } } }, '"profile.registers.gridWatts.unit" must be a unit of power'],
    ['power for energy', { registers: { importMilliWh: grid } }, '"profile.registers.importMilliWh.unit" must be a unit of energy'],
    ['no type', { registers: { gridWatts: { address: 1, unit: 'W' } } }, '"profile.registers.gridWatts.type" is missing'],
    ['no address', { registers: { gridWatts: { type: 'int16', unit: 'W' } } }, '"profile.registers.gridWatts.address" is missing'],
    ['a number that is no reference', { numbering: 'reference', registers: { gridWatts: grid } }, 'counts like 30001 or 40001'],
    ['a sign in the step', { registers: { gridWatts: { ...grid, step: -0.1 } } }, 'must be a number above 0'],
    ['another sign', { registers: { gridWatts: { ...grid, sign: 0 } } }, 'must be 1 or -1'],
    ['a broken code', { registers: { gridWatts: { ...grid, none: ['ffff'] } } }, 'must be a list of whole numbers'],
    ['a wrong fallback', { registers: { gridWatts: { ...grid, fallback: { address: 1 } } } }, '"profile.registers.gridWatts.fallback.type" is missing']
  ] as const) {
    it(`should refuse ${what}`, () => {
      expect(() => parseProfile(profile)).to.throw(message).with.property('code', 'DEVICE_BAD_PARAMS')
    })
  }
})

describe('steady reading', () => {
  /** A device that gives these samples one after the other. */
  function steady (samples: ReadonlyArray<Partial<Sample>>, init: { ratedWatts?: number, resolutionMilliWh?: number } = {}): () => Promise<Sample> {
    const left = [...samples]
    return steadily({ ...init, read: async () => ({ ageMs: 0, ...left.shift() }) })
  }

  it('E5 should read again when a register jumped or fell, and go by the second answer', async () => {
    const sample = steady([{ importMilliWh: 1000 }, { importMilliWh: 4_294_967_296_000 }, { importMilliWh: 1001 }, { importMilliWh: 3 }, { importMilliWh: 1002 }])
    expect((await sample()).importMilliWh).to.equal(1000)
    expect((await sample()).importMilliWh).to.equal(1001)
    expect((await sample()).importMilliWh).to.equal(1002)
  })

  it('E5 should not read again while all is well, nor more than once', async () => {
    const sample = steady([{ importMilliWh: 1000 }, { importMilliWh: 1000 }, { importMilliWh: 5 }, { importMilliWh: 5 }, { importMilliWh: 6 }])
    const seen = [await sample(), await sample(), await sample(), await sample()]
    expect(seen.map(({ importMilliWh }) => importMilliWh)).to.deep.equal([1000, 1000, 5, 6])
  })

  it('E5 should allow what one step of a coarse register is', async () => {
    const sample = steady([{ importMilliWh: 0 }, { importMilliWh: 1_000_000 }, { importMilliWh: 7 }], { resolutionMilliWh: 1_000_000, ratedWatts: 17_000 })
    await sample()
    expect((await sample()).importMilliWh).to.equal(1_000_000)
  })

  it('E7 should not believe powers beyond what the connection can carry', async () => {
    const sample = steady([{ gridWatts: 2.7e23, pvWatts: 1e6 }, { gridWatts: -1_000_001 }], {})
    expect(await sample()).to.include({ gridWatts: undefined, pvWatts: 1e6 })
    expect((await sample()).gridWatts).to.equal(undefined)
    const rated = steady([{ gridWatts: 25_500 }, { gridWatts: 25_501 }], { ratedWatts: 17_000 })
    expect((await rated()).gridWatts).to.equal(25_500)
    expect((await rated()).gridWatts).to.equal(undefined)
  })

  it('E27 should show no generation below zero, and leave the grid as it is', async () => {
    expect(await steady([{ pvWatts: -12, loadWatts: -1, gridWatts: -12, batteryWatts: -5 }])()).to.include({ pvWatts: 0, loadWatts: 0, gridWatts: -12, batteryWatts: -5 })
  })
})
