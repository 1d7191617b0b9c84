import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'aegir/chai'
import { loadConfig } from '../../src/config/load.ts'
import { FIELDS } from '../../src/config/schema.ts'
import { renderConfigFile, writeConfigFile } from '../../src/config/template.ts'
import { CodedError } from '../../src/domain/errors.ts'
import { removeTemporaryDirectories, temporaryDirectory } from '../helpers/directory.ts'
import type { PartialConfig } from '../../src/config/schema.ts'

const VALUES: PartialConfig = {
  name: 'No. 12: "the #1" \\ house',
  owner: '0x00000000000000000000000000000000000000aa',
  market: { area: 'elm-street', chainId: 31337, escrow: '0x5fbdb2315678afecb367f032d93f642f64180aa3' },
  chain: { rpc: 'http://127.0.0.1:8545', deployBlock: 7 },
  tariff: { retail: '0.30', feedIn: '0.08' },
  meter: { driver: 'demo', params: { host: '10.0.0.2', nested: { list: [1, 'two'] } } },
  network: { mdns: false, bootstrap: ['/ip4/10.0.0.1/tcp/4001'] }
}

describe('a new configuration file', () => {
  after(removeTemporaryDirectories)

  it('should load to the values it was written with', () => {
    const file = join(temporaryDirectory(), 'config.yaml')
    writeConfigFile(file, VALUES)
    const config = loadConfig({ file })
    for (const [name, value] of Object.entries(VALUES)) {
      const loaded = (config as unknown as Record<string, unknown>)[name]
      expect(loaded).to.deep.equal(typeof value === 'object' ? { ...loaded as object, ...value } : value)
    }
    expect(config.market.windowSec).to.equal(1800)
  })

  it('should be readable by its owner only', () => {
    const file = join(temporaryDirectory(), 'config.yaml')
    writeConfigFile(file, VALUES)
    expect(statSync(file).mode & 0o777).to.equal(0o600)
  })

  it('should show every setting, and load when all comments with settings are taken away', () => {
    const text = renderConfigFile({})
    for (const { path, schema } of FIELDS) {
      expect(text).to.contain(`# ${path.split('.').at(-1)}: `).and.to.contain(`# ${schema.description}`)
    }
    const file = join(temporaryDirectory(), 'config.yaml')
    const names = FIELDS.map(({ path }) => path.split('.').at(-1)).join('|')
    writeFileSync(file, text.replace(new RegExp(`^( *)# (${names}): `, 'gm'), '$1$2: '))
    const config = loadConfig({ file })
    expect(config.trading.patience).to.equal(0.5)
    expect(config.tabs.ceiling).to.equal('5.00')
  })

  it('should not overwrite a file that is there: CONFIG_EXISTS', () => {
    const file = join(temporaryDirectory(), 'config.yaml')
    writeFileSync(file, 'name: mine\n')
    expect(() => { writeConfigFile(file, VALUES) }).to.throw(CodedError, 'already').with.property('code', 'CONFIG_EXISTS')
    expect(readFileSync(file, 'utf8')).to.equal('name: mine\n')
  })

  it('should say with CONFIG_UNWRITABLE that it cannot be written', () => {
    const directory = join(temporaryDirectory(), 'file')
    writeFileSync(directory, '')
    expect(() => { writeConfigFile(join(directory, 'config.yaml'), VALUES) }).to.throw(CodedError, 'cannot be written').with.property('code', 'CONFIG_UNWRITABLE')
  })
})
