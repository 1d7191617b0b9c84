import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'aegir/chai'
import { readKeyFile, writeKeyFile } from '../../src/config/key-file.ts'
import { createDataDirectory, dataPaths } from '../../src/config/paths.ts'
import { CodedError } from '../../src/domain/errors.ts'
import { removeTemporaryDirectories, temporaryDirectory } from '../helpers/directory.ts'
import type { Hex } from '../../src/domain/units.ts'

const KEY: Hex = '0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d'

function modeOf (path: string): number {
  return statSync(path).mode & 0o777
}

describe('the data directory', () => {
  after(removeTemporaryDirectories)

  it('should be the one of the option, of the environment, or in the home directory', () => {
    expect(dataPaths({ option: '/a/b', env: { WATTMESH_DATA: '/c' } }).directory).to.equal('/a/b')
    expect(dataPaths({ env: { WATTMESH_DATA: '/c' } }).directory).to.equal('/c')
    expect(dataPaths({ env: { WATTMESH_DATA: '' } }).directory).to.equal(join(homedir(), '.wattmesh'))
    expect(dataPaths({ option: 'relative' }).directory).to.equal(join(process.cwd(), 'relative'))
  })

  it('should hold everything a node keeps', () => {
    expect(dataPaths({ option: '/a' })).to.deep.equal({
      directory: '/a',
      config: '/a/config.yaml',
      key: '/a/node.key',
      meterKey: '/a/meter.key',
      database: '/a/db',
      peers: '/a/peers',
      api: '/a/api.json',
      totals: '/a/totals.json'
    })
  })

  it('should be created for its owner only', () => {
    const paths = dataPaths({ option: join(temporaryDirectory(), 'deep', 'home') })
    createDataDirectory(paths)
    createDataDirectory(paths)
    expect(modeOf(paths.directory)).to.equal(0o700)
    expect(modeOf(paths.database)).to.equal(0o700)
  })

  it('should say with CONFIG_UNWRITABLE that it cannot be created', () => {
    const file = join(temporaryDirectory(), 'file')
    writeFileSync(file, '')
    expect(() => { createDataDirectory(dataPaths({ option: join(file, 'home') })) })
      .to.throw(CodedError, 'cannot be created').with.property('code', 'CONFIG_UNWRITABLE')
  })
})

describe('the key file', () => {
  let path: string

  beforeEach(() => {
    path = join(temporaryDirectory(), 'node.key')
  })

  after(removeTemporaryDirectories)

  function refusal (content: string): CodedError {
    writeFileSync(path, content, { mode: 0o600 })
    try {
      readKeyFile(path)
    } catch (error) {
      return error as CodedError
    }
    throw new Error('the key was accepted')
  }

  it('should give back the key that was written, and be readable by its owner only', () => {
    writeKeyFile(path, KEY)
    expect(readKeyFile(path)).to.equal(KEY)
    expect(modeOf(path)).to.equal(0o600)
  })

  it('should never overwrite a key: KEY_EXISTS', () => {
    writeKeyFile(path, KEY)
    expect(() => { writeKeyFile(path, KEY.replace('59', '60') as Hex) }).to.throw(CodedError).with.property('code', 'KEY_EXISTS')
    expect(readKeyFile(path)).to.equal(KEY)
  })

  it('should ask with KEY_MISSING to run init when there is none', () => {
    expect(() => readKeyFile(path)).to.throw(CodedError, 'wattmesh init').with.property('code', 'KEY_MISSING')
  })

  it('should refuse with KEY_INVALID what is not a key, without showing it', () => {
    const order = '0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141'
    for (const content of ['', KEY.slice(2), `${KEY}00`, KEY.replace('59', 'zz'), `0x${'0'.repeat(64)}`, order]) {
      const error = refusal(content)
      expect(error.code).to.equal('KEY_INVALID')
      expect(error.message).to.not.contain(content === '' ? KEY : content)
    }
    expect(() => { writeKeyFile(join(temporaryDirectory(), 'new'), order as Hex) }).to.throw(CodedError).with.property('code', 'KEY_INVALID')
  })

  it('should refuse with KEY_EXPOSED a key that others can read, and say how to mend it', () => {
    writeKeyFile(path, KEY)
    const reading = (): Hex => readKeyFile(path)
    for (const mode of [0o640, 0o604, 0o660, 0o644]) {
      chmodSync(path, mode)
      expect(reading).to.throw(CodedError, `chmod 600 ${path}`).with.property('code', 'KEY_EXPOSED')
    }
    chmodSync(path, 0o400)
    expect(readKeyFile(path)).to.equal(KEY)
  })

  it('should leave nothing behind when it cannot be written', () => {
    const nowhere = join(path, 'node.key')
    expect(() => { writeKeyFile(nowhere, KEY) }).to.throw(CodedError).with.property('code', 'CONFIG_UNWRITABLE')
    expect(existsSync(path)).to.equal(false)
  })

  it('should accept a line break behind the key', () => {
    writeFileSync(path, `${KEY}\r\n`, { mode: 0o600 })
    expect(readKeyFile(path)).to.equal(KEY)
    expect(readFileSync(path, 'utf8')).to.equal(`${KEY}\r\n`)
  })
})
