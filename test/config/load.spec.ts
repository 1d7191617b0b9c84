import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'aegir/chai'
import { loadConfig } from '../../src/config/load.ts'
import { FIELDS } from '../../src/config/schema.ts'
import { CodedError } from '../../src/domain/errors.ts'
import { DEFAULT_MARKET_RULES } from '../../src/domain/market-rules.ts'
import { removeTemporaryDirectories, temporaryDirectory } from '../helpers/directory.ts'
import type { ConfigSources } from '../../src/config/load.ts'

const ESCROW = '0x5fbdb2315678afecb367f032d93f642f64180aa3'

/** The settings that have no default, one per line. */
const REQUIRED = `owner: "0x00000000000000000000000000000000000000AA"
market:
  area: elm-street
  chainId: 31337
  escrow: ${ESCROW}
chain: { rpc: "http://127.0.0.1:8545" }
tariff: { retail: 0.30, feedIn: "0.08" }
meter: { driver: demo }
`

function fileOf (yaml: string): string {
  const path = join(temporaryDirectory(), 'config.yaml')
  writeFileSync(path, yaml)
  return path
}

function failure (sources: ConfigSources): CodedError {
  try {
    loadConfig(sources)
  } catch (error) {
    if (error instanceof CodedError) {
      return error
    }
    throw error
  }
  throw new Error('the configuration was accepted')
}

describe('loading the configuration', () => {
  after(removeTemporaryDirectories)

  it('should fill in the defaults', () => {
    const config = loadConfig({ file: fileOf(REQUIRED) })
    expect(config).to.deep.equal({
      name: 'home',
      owner: '0x00000000000000000000000000000000000000aa',
      market: { area: 'elm-street', chainId: 31337, escrow: ESCROW, ...DEFAULT_MARKET_RULES, unknownMakers: 'allow' },
      chain: { rpc: 'http://127.0.0.1:8545', confirmations: 2, pollMs: 4000, maxHeadAgeSec: 900, maxSilenceSec: 30, deployBlock: 0 },
      tariff: { retail: '0.30', feedIn: '0.08', bands: [], table: [] },
      network: { listen: ['/ip4/0.0.0.0/tcp/0'], mdns: true, mdnsTag: '_wattmesh._udp.local', bootstrap: [], announce: [], dht: true, portMapping: true, reachability: true, relay: true, relayForOthers: true, holePunching: true },
      signing: { allowSlow: false },
      meter: { driver: 'demo', params: {}, sampleSec: 10, settleRecovered: false, sellCoarse: false },
      inverter: { params: {} },
      battery: { params: {} },
      secondMeter: { params: {} },
      mqtt: { discoveryPrefix: 'homeassistant', topic: 'wattmesh', pauseSwitch: false },
      trading: {
        paused: false,
        forecast: 'own-history',
        strategy: 'fair-trader',
        reserve: 'automatic',
        neighboursOnly: false,
        neighbours: [],
        sellFromBattery: false,
        buyForBattery: false,
        lookMinSec: 15,
        lookMaxSec: 30,
        nearPrice: '0.005'
      },
      tabs: { ceiling: '5.00', maxOpen: 12, settleEverySec: 86_400, submitForOthers: false, unsecuredCredit: '0', lifeSec: 345_600, claimAfterSec: 129_600, meterDeadlineSec: 86_400 },
      certificates: { enabled: false, capacityW: 10_000 },
      api: { host: '127.0.0.1', port: 0 },
      clock: { speed: 1 },
      log: { level: 'info', format: 'human' }
    })
  })

  it('should let the environment override the file, and flags override both', () => {
    const file = fileOf(`${REQUIRED}log: { level: warn, format: json }\napi: { port: 1, host: example }\n`)
    const env = { WATTMESH_LOG_LEVEL: 'debug', WATTMESH_API_PORT: '2', PATH: '/bin' }
    const config = loadConfig({ file, env, flags: { 'api.port': 3, 'api.host': undefined } })
    expect(config.log).to.deep.equal({ level: 'debug', format: 'json' })
    expect(config.api).to.deep.equal({ port: 3, host: 'example' })
  })

  it('should need no file when everything is said elsewhere', () => {
    const env = {
      WATTMESH_OWNER: ESCROW.toUpperCase().replace('0X', '0x'),
      WATTMESH_MARKET_AREA: '42',
      WATTMESH_MARKET_CHAIN_ID: '1',
      WATTMESH_MARKET_ESCROW: ESCROW,
      WATTMESH_CHAIN_RPC: 'https://example.org/rpc',
      WATTMESH_TARIFF_RETAIL: '0.30',
      WATTMESH_TARIFF_FEED_IN: '0',
      WATTMESH_METER_DRIVER: 'demo'
    }
    const config = loadConfig({ env })
    expect(config.owner).to.equal(ESCROW)
    expect(config.market.area).to.equal('42')
    expect(config.market.chainId).to.equal(1)
    expect(config.tariff).to.deep.equal({ retail: '0.30', feedIn: '0', bands: [], table: [] })
  })

  it('should turn text of the environment and of flags into what the setting holds', () => {
    const env = {
      WATTMESH_NETWORK_MDNS: 'false',
      WATTMESH_NETWORK_BOOTSTRAP: '/ip4/10.0.0.1/tcp/4001, /dns4/example.org/tcp/4001',
      WATTMESH_TRADING_PATIENCE: '0.25',
      WATTMESH_NETWORK_LISTEN: ''
    }
    const config = loadConfig({ file: fileOf(REQUIRED), env, flags: { 'trading.from': '900', 'clock.speed': '60' } })
    expect(config.network.mdns).to.equal(false)
    expect(config.network.bootstrap).to.deep.equal(['/ip4/10.0.0.1/tcp/4001', '/dns4/example.org/tcp/4001'])
    expect(config.network.listen).to.deep.equal(['/ip4/0.0.0.0/tcp/0'])
    expect(config.trading.patience).to.equal(0.25)
    expect(config.trading.from).to.equal(900)
    expect(config.clock.speed).to.equal(60)
  })

  it('should take numbers, addresses and names without quotes as they are written', () => {
    const yaml = REQUIRED
      .replace('"0x00000000000000000000000000000000000000AA"', '0x00000000000000000000000000000000000000AA')
      .replace('elm-street', '007')
    const config = loadConfig({ file: fileOf(`${yaml}name: true\ntabs: { ceiling: 10.10 }\n`) })
    expect(config.owner).to.equal('0x00000000000000000000000000000000000000aa')
    expect(config.market.area).to.equal('007')
    expect(config.name).to.equal('true')
    expect(config.tabs.ceiling).to.equal('10.10')
  })

  it('should hand on the parameters of a meter as they are', () => {
    const yaml = REQUIRED.replace('{ driver: demo }', '{ driver: shelly, params: { host: 10.0.0.2, phases: [1, 2.5], Deep: { a: true, b: null } } }')
    expect(loadConfig({ file: fileOf(yaml) }).meter.params).to.deep.equal({ host: '10.0.0.2', phases: [1, 2.5], Deep: { a: true, b: null } })
  })

  it('should accept groups with nothing in them, comments and anchors', () => {
    const yaml = `# mine\n${REQUIRED}network:\n  # mdns: false\nlog: {}\ntabs: { ceiling: &amount "7.00", unsecuredCredit: *amount }\n`
    const config = loadConfig({ file: fileOf(yaml) })
    expect(config.network.mdns).to.equal(true)
    expect(config.tabs.unsecuredCredit).to.equal('7.00')
  })

  it('should say where a reference leads nowhere', () => {
    const file = fileOf(`${REQUIRED}network:\n  listen: [ *home ]\n`)
    expect(() => loadConfig({ file })).to.throw(/config\.yaml line \d+: "network\.listen" refers with \* to a value that no & before it names/).with.property('code', 'CONFIG_INVALID')
  })

  it('should freeze what it returns, all the way down', () => {
    const config = loadConfig({ file: fileOf(REQUIRED) })
    const isFrozen = (value: unknown): boolean => typeof value !== 'object' || value === null || (Object.isFrozen(value) && Object.values(value).every(isFrozen))
    expect(isFrozen(config)).to.equal(true)
    expect(FIELDS.find(({ path }) => path === 'network.listen')?.schema.default).to.not.equal(config.network.listen)
  })

  it('should ask with CONFIG_MISSING to run init when there is no file', () => {
    const file = join(temporaryDirectory(), 'config.yaml')
    const error = failure({ file })
    expect(error.code).to.equal('CONFIG_MISSING')
    expect(error.message).to.equal(`There is no configuration at ${file}: run \`wattmesh init\` first.`)
  })

  describe('CONFIG_UNKNOWN_KEY', () => {
    const cases: Array<[what: string, yaml: string, message: string]> = [
      ['a group is misspelled', 'traiding:\n  strategy: greedy\n', 'Unknown setting \'traiding.strategy\' in config.yaml line 10: did you mean \'trading.strategy\'?'],
      ['a name is misspelled', 'trading:\n  stratgy: greedy\n', 'Unknown setting \'trading.stratgy\' in config.yaml line 10: did you mean \'trading.strategy\'?'],
      ['a setting stands outside its group', 'strategy: greedy\n', 'Unknown setting \'strategy\' in config.yaml line 9: did you mean \'trading.strategy\'?'],
      ['an empty group is misspelled', 'netwrok:\n', 'Unknown setting \'netwrok\' in config.yaml line 9: did you mean \'network\'?'],
      ['nothing is like it', 'zzzzzzzzzzzz: 1\n', 'Unknown setting \'zzzzzzzzzzzz\' in config.yaml line 9: remove it, or check how it is spelled.'],
      ['a group is empty in braces', 'zzzzzzzzzzzz: {}\n', 'Unknown setting \'zzzzzzzzzzzz\' in config.yaml line 9: remove it, or check how it is spelled.']
    ]
    for (const [what, yaml, message] of cases) {
      it(`should name the line and what was meant when ${what}`, () => {
        const error = failure({ file: fileOf(REQUIRED + yaml) })
        expect(error.message).to.equal(message)
        expect(error.code).to.equal('CONFIG_UNKNOWN_KEY')
      })
    }

    it('should name the variable that was meant', () => {
      const error = failure({ file: fileOf(REQUIRED), env: { WATTMESH_DATA: '/data', WATTMESH_LOGLEVEL: 'debug' } })
      expect(error.code).to.equal('CONFIG_UNKNOWN_KEY')
      expect(error.message).to.equal('Unknown variable \'WATTMESH_LOGLEVEL\' in the environment: did you mean \'WATTMESH_LOG_LEVEL\'?')
    })

    it('should refuse unknown flags', () => {
      const error = failure({ file: fileOf(REQUIRED), flags: { 'log.levle': 'debug' } })
      expect(error.code).to.equal('CONFIG_UNKNOWN_KEY')
      expect(error.message).to.contain('in the command line: did you mean \'log.level\'?')
    })
  })

  describe('CONFIG_INVALID', () => {
    const cases: Array<[what: string, yaml: string, message: string]> = [
      ['a number is text', 'api:\n  port: "80"\n', 'Setting \'api.port\' in config.yaml line 10 must be a whole number from 0 to 65535, not "80".'],
      ['a number is too large', 'api:\n  port: 70000\n', 'Setting \'api.port\' in config.yaml line 10 must be a whole number from 0 to 65535, not 70000.'],
      ['a whole number has a fraction', 'api:\n  port: 1.5\n', 'Setting \'api.port\' in config.yaml line 10 must be a whole number from 0 to 65535, not 1.5.'],
      ['a choice is not offered', 'log:\n  level: loud\n', 'Setting \'log.level\' in config.yaml line 10 must be one of error, warn, info, debug, trace, not "loud".'],
      ['an amount has a comma', 'tabs:\n  ceiling: "5,00"\n', 'Setting \'tabs.ceiling\' in config.yaml line 10 must be a decimal number of tokens such as "0.30", not "5,00".'],
      ['an amount is negative', 'tabs:\n  ceiling: -5\n', 'Setting \'tabs.ceiling\' in config.yaml line 10 must be a decimal number of tokens such as "0.30", not "-5".'],
      ['a list is a text', 'network:\n  listen: /ip4/0.0.0.0/tcp/0\n', 'Setting \'network.listen\' in config.yaml line 10 must be a list of multiaddrs such as /ip4/192.168.1.20/tcp/4001, not "/ip4/0.0.0.0/tcp/0".'],
      ['a part of a list is no multiaddr', 'network:\n  listen: [localhost]\n', 'Setting \'network.listen\' in config.yaml line 10 must be a list of multiaddrs such as /ip4/192.168.1.20/tcp/4001, not ["localhost"].'],
      ['a setting is empty', 'name:\n', 'Setting \'name\' in config.yaml line 9 must be a text of 1 to 64 characters, not empty.'],
      ['a setting is a group', 'name: { first: a }\n', 'Setting \'name\' in config.yaml line 9 must be a text of 1 to 64 characters, not {"first":"a"}.'],
      ['a group is a setting', 'log: debug\n', 'Setting \'log\' in config.yaml line 9 must be a group of settings such as \'log.level\', not "debug".'],
      ['a pause is shorter than its shortest', 'trading: { lookMinSec: 40 }\n', 'Setting \'trading.lookMinSec\' (40) must not be more than \'trading.lookMaxSec\' (30).'],
      ['trading ends before it begins', 'trading: { from: 2000, until: 2000 }\n', 'Setting \'trading.from\' (2000) must be before \'trading.until\' (2000).'],
      ['a claim comes before the meter had its time', 'tabs: { claimAfterSec: 3600 }\n', 'Setting \'tabs.claimAfterSec\' (3600) must be more than \'tabs.meterDeadlineSec\' (86400): a claim passes over every older trade of the neighbour, also one whose reading is still awaited.']
    ]
    for (const [what, yaml, message] of cases) {
      it(`should name the line, the setting and what is expected when ${what}`, () => {
        const error = failure({ file: fileOf(REQUIRED + yaml) })
        expect(error.message).to.equal(message)
        expect(error.code).to.equal('CONFIG_INVALID')
      })
    }

    it('should name an address that is none', () => {
      const error = failure({ file: fileOf(REQUIRED.replace(ESCROW, ESCROW.slice(0, -1))) })
      expect(error.message).to.equal(`Setting 'market.escrow' in config.yaml line 5 must be an address: 0x and 40 hexadecimal digits, not "${ESCROW.slice(0, -1)}".`)
    })

    it('should name what is missing, for every setting without a default', () => {
      const required = FIELDS.filter(({ isRequired }) => isRequired).map(({ path }) => path)
      expect(required).to.deep.equal(['owner', 'market.area', 'market.chainId', 'market.escrow', 'chain.rpc', 'tariff.retail', 'tariff.feedIn', 'meter.driver'])
      for (const path of required) {
        const name = path.split('.').at(-1) ?? ''
        const error = failure({ file: fileOf(REQUIRED.replace(new RegExp(`\\b${name}: ("[^"]*"|[^\\s,]+),?`), '')) })
        expect(error.code).to.equal('CONFIG_INVALID')
        expect(error.message).to.match(new RegExp(`^Setting '${path}' is not set in .*config.yaml: it must be `))
      }
    })

    it('should name the variable and the option with a wrong value', () => {
      const file = fileOf(REQUIRED)
      expect(failure({ file, env: { WATTMESH_NETWORK_MDNS: 'yes' } }).message).to.equal('Setting \'network.mdns\' in the environment variable WATTMESH_NETWORK_MDNS must be true or false, not "yes".')
      expect(failure({ file, flags: { 'api.port': 'any' } }).message).to.equal('Setting \'api.port\' in the option --api-port must be a whole number from 0 to 65535, not "any".')
    })

    it('should refuse market rules that contradict each other', () => {
      const error = failure({ file: fileOf(REQUIRED.replace('  area', '  flatSec: 1801\n  area')) })
      expect(error.code).to.equal('CONFIG_INVALID')
      expect(error.message).to.contain('flatSec must be 0 to windowSec')
    })

    it('should name the line of what is not YAML', () => {
      const error = failure({ file: fileOf(`${REQUIRED}log: { level: info\napi: {}\n`) })
      expect(error.code).to.equal('CONFIG_INVALID')
      expect(error.message).to.match(/^config\.yaml line (9|10) is not YAML: /)
    })

    it('should name a setting that is there twice', () => {
      const error = failure({ file: fileOf(`${REQUIRED}name: a\nname: b\n`) })
      expect(error.code).to.equal('CONFIG_INVALID')
      expect(error.message).to.match(/^config\.yaml line 10 is not YAML: .*unique/)
    })

    it('should refuse a file without settings names', () => {
      expect(failure({ file: fileOf('- a\n- b\n') }).code).to.equal('CONFIG_INVALID')
    })

    it('should refuse a file that cannot be read', () => {
      const directory = join(temporaryDirectory(), 'config.yaml')
      mkdirSync(directory)
      expect(failure({ file: directory }).code).to.equal('CONFIG_INVALID')
    })
  })
})
