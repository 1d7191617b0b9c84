import { randomBytes } from 'node:crypto'
import { dirname } from 'node:path'
import { MAX_BOOK_ORDERS, MAX_OPEN_ORDERS_PER_SIGNER } from '../../protocols/order-gossip/constants.ts'
import { draw } from '../agent/draws.ts'
import { persistence } from '../agent/forecast.ts'
import { ownHistory } from '../agent/own-history.ts'
import { strategies } from '../agent/strategies/index.ts'
import { defineStrategy } from '../agent/strategy.ts'
import { createEscrowSettlement } from '../chain/escrow.ts'
import { createMembership } from '../chain/membership.ts'
import { CodedError } from '../domain/errors.ts'
import { isReserve } from '../domain/knobs.ts'
import { checkMarketRules } from '../domain/market-rules.ts'
import { parseMoney } from '../domain/units.ts'
import { drivers } from '../drivers/index.ts'
import { registerMeter } from '../drivers/registers.ts'
import { mechanisms } from '../market/mechanisms/index.ts'
import { OrderBook } from '../market/order-book.ts'
import { createNetwork } from '../network/network.ts'
import { peerIdOf } from '../network/peer-ids.ts'
import { meterTag, rulesDigest } from '../signing/digests.ts'
import { createLocalSigner } from '../signing/local-signer.ts'
import { chooseRecovery } from '../signing/recovery.ts'
import { openStore } from '../store/store.ts'
import { claimMeter } from './claim-meter.ts'
import { homeDevice, named } from './home-device.ts'
import { Ledger } from './ledger.ts'
import { createNode } from './node.ts'
import { createSystemClock } from './system-clock.ts'
import { tariffPlan } from './tariff-plan.ts'
import type { Home } from './context.ts'
import type { EnergyNode } from './node.ts'
import type { Forecaster } from '../agent/forecast.ts'
import type { Strategy } from '../agent/strategy.ts'
import type { Config } from '../config/schema.ts'
import type { Account, Hex, Money } from '../domain/units.ts'
import type { Driver } from '../drivers/driver.ts'
import type { Mechanism } from '../market/mechanism.ts'
import type { Meter } from '../ports/meter.ts'
import type { ReadingSigner } from '../ports/reading-signer.ts'
import type { Logger } from '../ports/telemetry.ts'

/** In a market that runs fast many of its seconds pass between two blocks; the newest may be this old on the wall clock. */
const HEAD_AGE_REAL_SEC = 30

export interface EnergyNodeInit {
  readonly config: Config
  /** Folder of the node's database. */
  readonly databasePath: string
  /** Folder for what is known of peers; forgotten at each stop unless given. */
  readonly peersPath?: string
  /** The hot key, 32 bytes. */
  readonly privateKey: Hex
  /** The meter's key, 32 bytes; the hot key vouches for readings without it. */
  readonly meterKey?: Hex
  /** Instead of that key: a secure element, say. */
  readonly attester?: ReadingSigner
  readonly logger: Logger
  /** Beside the built-in ones, chosen by their names in the configuration. */
  readonly drivers?: readonly Driver[]
  readonly strategies?: readonly Strategy[]
  readonly mechanisms?: readonly Mechanism[]
  readonly forecasters?: readonly Forecaster[]
}

/** Builds a node from its configuration with the real adapters. The order here is the order in which things can fail. */
export async function createEnergyNode (init: EnergyNodeInit): Promise<EnergyNode> {
  const { config, databasePath, privateKey, logger } = init
  const rules = checkMarketRules(config.market)
  const strategy = named('trading.strategy', [...strategies, ...(init.strategies ?? []).map(defineStrategy)], config.trading.strategy)
  const forecaster = named('trading.forecast', [ownHistory, persistence, ...init.forecasters ?? []], config.trading.forecast)
  const mechanism = named('market.mechanism', [...mechanisms, ...init.mechanisms ?? []], rules.mechanism)
  const connect = homeDevice(config, [...drivers, ...init.drivers ?? []])
  const at = { chainId: rules.chainId, escrow: rules.escrow }
  const digest = rulesDigest(rules)
  const { recovery, passedOver } = await chooseRecovery({ allowSlow: config.signing.allowSlow })
  for (const each of passedOver) {
    logger.scope('signing').warn('a faster way to check signatures does not work here', each)
  }
  logger.scope('signing').info('signatures are checked', { by: recovery.name, package: recovery.title })
  const signer = createLocalSigner(privateKey, at)
  const { speed, realStartMs, marketStart } = config.clock
  const clock = createSystemClock({ speed, realStart: realStartMs, marketStart })

  const store = await openStore(databasePath, { logger: logger.scope('store') })
  const settlement = createEscrowSettlement({
    ...at,
    rpcUrl: config.chain.rpc,
    confirmations: config.chain.confirmations,
    pollMs: config.chain.pollMs,
    deployBlock: config.chain.deployBlock === 0 ? undefined : BigInt(config.chain.deployBlock),
    now: () => clock.now(),
    silenceMs: config.chain.maxSilenceSec * 1000,
    headAgeSec: config.chain.maxHeadAgeSec === 0 ? Number.MAX_SAFE_INTEGER : Math.max(config.chain.maxHeadAgeSec, HEAD_AGE_REAL_SEC * speed),
    privateKey,
    notes: store,
    logger: logger.scope('chain')
  })
  const closing = async (error: unknown): Promise<never> => {
    await settlement.stop()
    await store.close()
    throw error
  }
  await settlement.start().catch(closing)
  const membership = rules.meterBook == null
    ? undefined
    : createMembership({
      rpcUrl: config.chain.rpc,
      chainId: rules.chainId,
      book: rules.meterBook,
      confirmations: config.chain.confirmations,
      pollMs: config.chain.pollMs,
      now: () => clock.now(),
      logger: logger.scope('community')
    })
  const { decimals } = await settlement.token().catch(closing)
  const home = homeOf(config, decimals, draw(0, signer.address, 'patience'))
  const device = await connect({ now: () => clock.now(), periodSec: rules.periodSec, logger: logger.scope('meter'), directory: dirname(databasePath) }).catch(closing)
  const { serial } = device.traits
  const release = await claimMeter(device, config.clock.speed).catch(async (error: unknown) => {
    await device.close()
    return closing(error)
  })
  const sampled = registerMeter(device, { instant: () => clock.instant(), sampleSec: config.meter.sampleSec, speed, maySellCoarse: config.meter.sellCoarse })
  const meter: Meter = {
    ...sampled,
    async close () {
      await sampled.close()
      await release()
    }
  }
  const network = createNetwork({
    privateKey,
    meterTag: serial == null ? undefined : meterTag(serial, peerIdOf(signer.key).toString()),
    rules: digest,
    listen: config.network.listen,
    announce: config.network.announce,
    bootstrap: config.network.bootstrap,
    reach: config.network,
    peersPath: init.peersPath,
    mdns: config.network.mdns ? { serviceTag: config.network.mdnsTag } : false,
    logger: logger.scope('network')
  })

  return createNode({
    home,
    rules,
    rulesDigest: digest,
    at,
    recovery,
    clock,
    random: Math.random,
    logger: logger.scope('node'),
    store,
    network,
    settlement,
    membership,
    signer,
    attester: init.attester ?? createLocalSigner(init.meterKey ?? privateKey, at),
    meter,
    book: new OrderBook({ rules, maxOrders: MAX_BOOK_ORDERS, maxPerSigner: MAX_OPEN_ORDERS_PER_SIGNER }),
    mechanism,
    strategy,
    forecaster,
    createLedger: (onChange) => new Ledger(store, onChange),
    newTradeId: () => `0x${randomBytes(32).toString('hex')}`
  })
}

/** The configuration in base units of the token. Throws `CONFIG_INVALID` for an amount with more digits than the token has. */
function homeOf (config: Config, decimals: number, drawnPatience: number): Home {
  const { trading, tabs } = config
  const money = (path: string, text: string): Money => {
    const amount = parseMoney(text, decimals)
    if (amount == null) {
      throw new CodedError('CONFIG_INVALID', `${path} is "${text}" but the token has only ${decimals} decimal places: shorten it.`)
    }
    return amount
  }
  const optional = (path: string, text: string | undefined): Money | undefined => text == null ? undefined : money(path, text)
  return {
    name: config.name,
    owner: config.owner,
    tariff: tariffPlan(config, money),
    lowestSellingPrice: optional('trading.lowestSellingPrice', trading.lowestSellingPrice),
    highestBuyingPrice: optional('trading.highestBuyingPrice', trading.highestBuyingPrice),
    reserve: isReserve(trading.reserve) ? trading.reserve : 'automatic',
    neighboursOnly: trading.neighboursOnly,
    neighbours: trading.neighbours.map((owner) => owner.toLowerCase() as Account),
    paused: trading.paused,
    sellsStored: trading.sellFromBattery,
    buysForBattery: trading.buyForBattery,
    tick: BigInt('1'.padEnd(decimals - 1, '0')),
    nearPrice: money('trading.nearPrice', trading.nearPrice),
    patience: trading.patience ?? drawnPatience,
    lookMinSec: trading.lookMinSec,
    lookMaxSec: Math.max(trading.lookMinSec, trading.lookMaxSec),
    tradeFrom: trading.from ?? 0,
    tradeUntil: trading.until ?? Number.MAX_SAFE_INTEGER,
    ceiling: money('tabs.ceiling', tabs.ceiling),
    unsecuredCredit: money('tabs.unsecuredCredit', tabs.unsecuredCredit),
    maxOpenTabs: tabs.maxOpen,
    settleEverySec: tabs.settleEverySec,
    submitForOthers: tabs.submitForOthers,
    tabLifeSec: tabs.lifeSec,
    claimAfterSec: tabs.claimAfterSec,
    meterDeadlineSec: tabs.meterDeadlineSec,
    settleRecovered: config.meter.settleRecovered,
    exportLimitWatts: config.meter.exportLimitWatts
  }
}
