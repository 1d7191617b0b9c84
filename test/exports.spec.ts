import { readFileSync } from 'node:fs'
import { expect } from 'aegir/chai'
import * as wattmesh from '../src/index.ts'

/** What programs may rely on. Taking a name away breaks them; adding one is a promise. */
const VALUES = [
  'CodedError', 'cost', 'createEnergyNode', 'createLogger', 'dataPaths', 'defineDriver', 'defineMechanism', 'defineStrategy', 'explain',
  'formatEnergy', 'formatMoney', 'hasCode', 'loadConfig', 'parseMoney', 'priceAt', 'readKeyFile'
]

const TYPES = [
  'Account', 'AccountBalance', 'Attestation', 'Batch', 'BatteryState', 'BookEntry', 'Cancel', 'ChainHealth', 'ChainTab', 'Choice', 'Claim', 'Clock',
  'CommunityStatus', 'Config', 'ConfigSources', 'Conversation', 'DataPaths', 'Decision', 'DeclineCode', 'Device', 'DeviceTraits', 'Driver',
  'DriverComponents', 'DriverParams', 'EnergyNode', 'EnergyNodeInit', 'Expectation', 'Forecast', 'Forecaster', 'Hex', 'Instant', 'KnobChanges',
  'Knobs', 'Knot', 'Learned', 'Log', 'LogFormat', 'LogLevel', 'Logger', 'LoggerInit', 'MarketRules', 'Match', 'Mechanism', 'MembershipState',
  'Meter', 'MeterMemory', 'MeterStatus', 'MissingPeriod', 'Money', 'Network', 'NetworkHandlers', 'NodeEvent', 'NodeListener', 'NodeStatus', 'Order',
  'OrderRuleCode', 'OwnerSettlement', 'Param', 'Peer', 'PeriodReading', 'PeriodRecord', 'PricePerKwh', 'PricedOffer', 'PublicKey', 'Quality',
  'Reading', 'ReadingSigner', 'Receipt', 'RegisteredKey', 'Reserve', 'Sample', 'Sampler', 'Settled', 'Settlement', 'SettlementEvent', 'Side',
  'SignedOrder', 'SignedReceipt', 'Signer', 'Situation', 'SkipReason', 'Store', 'Strategy', 'Submitted', 'Tab', 'Tariff', 'TestedWith', 'Token',
  'Trade', 'TradeAnswer', 'TradeRequest', 'TradeRole', 'TradeState', 'TradeTerms', 'UnixSeconds', 'Verdict', 'VerifiedOrder', 'Wallet', 'Want',
  'WattHours'
]

function typeNames (text: string): string[] {
  return [...text.matchAll(/^export type \{ ([^}]*) \}/gm)].flatMap(([, names]) => names.split(', ')).sort()
}

describe('public face', () => {
  it('should export exactly these values', () => {
    expect(Object.keys(wattmesh).sort((a, b) => a < b ? -1 : 1)).to.have.members(VALUES)
  })

  it('should export exactly these types', () => {
    expect(typeNames(readFileSync('src/index.ts', 'utf8'))).to.have.members(TYPES)
    expect(typeNames('export type { B, A } from \'./a.ts\'')).to.deep.equal(['A', 'B'])
  })

  it('should have no default export', () => {
    expect(wattmesh).to.not.have.property('default')
  })
})
