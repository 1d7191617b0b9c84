import { persistence } from '../../src/agent/forecast.ts'
import { fairTrader } from '../../src/agent/strategies/fair-trader.ts'
import { draw } from '../../src/agent/draws.ts'
import { DEFAULT_MARKET_RULES } from '../../src/domain/market-rules.ts'
import { profileMeter } from '../../src/drivers/profile.ts'
import { continuous } from '../../src/market/mechanisms/continuous.ts'
import { OrderBook } from '../../src/market/order-book.ts'
import { Ledger } from '../../src/node/ledger.ts'
import { createNode } from '../../src/node/node.ts'
import { createLocalSigner } from '../../src/signing/local-signer.ts'
import { rulesDigest } from '../../src/signing/digests.ts'
import { createMemoryEscrow } from '../../src/simulator/memory-settlement.ts'
import { createMemoryStore } from '../../src/simulator/memory-store.ts'
import { createMemoryStreet } from '../../src/simulator/memory-network.ts'
import { createVirtualClock } from '../../src/simulator/virtual-clock.ts'
import type { MarketRules } from '../../src/domain/market-rules.ts'
import type { Account, Hex } from '../../src/domain/units.ts'
import type { EnergyProfile } from '../../src/drivers/profile.ts'
import type { Home } from '../../src/node/context.ts'
import type { EnergyNode } from '../../src/node/node.ts'
import type { Settlement } from '../../src/ports/settlement.ts'
import type { Signer } from '../../src/ports/signer.ts'
import type { Store } from '../../src/ports/store.ts'
import type { Logger } from '../../src/ports/telemetry.ts'
import type { MemoryEscrow } from '../../src/simulator/memory-settlement.ts'
import type { MemoryStreetInit } from '../../src/simulator/memory-network.ts'
import type { VirtualClock } from '../../src/simulator/virtual-clock.ts'

export const ESCROW: Account = `0x${'e5'.repeat(20)}`
export const STREET_START = 1_700_006_400 // a quarter hour
export const CENT = 10_000n

export const TEST_RULES: MarketRules = { ...DEFAULT_MARKET_RULES, area: 'test street', chainId: 31_337, escrow: ESCROW }

export function silentLogger (): Logger {
  const nothing = (): void => {}
  const logger: Logger = { error: nothing, warn: nothing, info: nothing, debug: nothing, trace: nothing, scope: () => logger }
  return logger
}

/** A profile of constant load and generation per quarter hour, in Wh. */
export function flatProfile (loadWh: number, pvWh: number, periods = 400): EnergyProfile {
  return {
    start: STREET_START,
    stepSec: 900,
    loadMilliWh: Array.from({ length: periods }, () => loadWh * 1000),
    pvMilliWh: Array.from({ length: periods }, () => pvWh * 1000)
  }
}

export interface MemoryHome {
  readonly node: EnergyNode
  readonly owner: Account
  readonly store: Store
  readonly signer: Signer
  readonly settlement: Settlement
}

export interface MemoryStreetHomes {
  readonly clock: VirtualClock
  readonly escrow: MemoryEscrow
  readonly homes: MemoryHome[]
  /** A home's node built again over the same store and keys, as after a crash. */
  restart(index: number): Promise<EnergyNode>
  stop(): Promise<void>
}

export function testHome (index: number, changes: Partial<Home> = {}): Home {
  return {
    name: `home ${index}`,
    owner: `0x${(0xa0 + index).toString(16).repeat(20)}`,
    tariff: { retail: 30n * CENT, feedIn: 8n * CENT },
    tick: CENT,
    nearPrice: CENT / 2n,
    patience: 0.5,
    lookMinSec: 15,
    lookMaxSec: 30,
    tradeFrom: 0,
    tradeUntil: Number.MAX_SAFE_INTEGER,
    ceiling: 5_000_000n,
    unsecuredCredit: 0n,
    maxOpenTabs: 12,
    settleEverySec: 4 * 3600,
    tabLifeSec: 4 * 86_400,
    claimAfterSec: 36 * 3600,
    meterDeadlineSec: 86_400,
    ...changes
  }
}

/** Homes over in-memory network, escrow and store, on one virtual clock; funded, registered and started. */
export async function startMemoryHomes (profiles: EnergyProfile[], options: { network?: MemoryStreetInit, home?: Partial<Home>, funds?: bigint, logger?: Logger, rules?: MarketRules } = {}): Promise<MemoryStreetHomes> {
  const rules = options.rules ?? TEST_RULES
  const clock = createVirtualClock(STREET_START)
  const at = { chainId: rules.chainId, escrow: rules.escrow }
  const escrow = createMemoryEscrow({ now: () => clock.now(), at })
  const street = createMemoryStreet(options.network)

  const build = async (index: number, store: Store): Promise<MemoryHome> => {
    const home = testHome(index, options.home)
    const signer = createLocalSigner(`0x${(0x11 + index).toString(16).repeat(32)}`, at)
    const settlement = escrow.settlement(signer.address)
    let draws = 0
    let trades = 0
    const node = createNode({
      home,
      rules,
      rulesDigest: rulesDigest(rules),
      at,
      clock,
      random: () => draw(7, index, draws++),
      logger: options.logger ?? silentLogger(),
      store,
      network: street.join(signer.key),
      settlement,
      signer,
      meter: profileMeter(profiles[index], () => clock.now()),
      book: new OrderBook({ rules, maxOrders: 20_000, maxPerSigner: 256 }),
      mechanism: continuous,
      strategy: fairTrader,
      forecaster: persistence,
      createLedger: (onChange) => new Ledger(store, onChange),
      newTradeId: () => `0x${(index + 1).toString(16).padStart(32, '0')}${(clock.now() * 1000 + trades++).toString(16).padStart(32, '0')}` as Hex
    })
    return { node, owner: home.owner, store, signer, settlement }
  }

  const homes = await Promise.all(profiles.map(async (_, index) => build(index, createMemoryStore())))
  for (const { owner, signer } of homes) {
    const money = options.funds ?? 100_000_000n
    escrow.mint(owner, money)
    await escrow.owner(owner).deposit(money)
    await escrow.owner(owner).setKey(signer.address, STREET_START + 365 * 86_400, 1_000_000_000n)
  }
  for (const { node } of homes) {
    await node.start()
  }
  return {
    clock,
    escrow,
    homes,
    async restart (index) {
      homes[index] = await build(index, homes[index].store)
      await homes[index].node.start()
      return homes[index].node
    },
    stop: async () => {
      for (const { node } of homes) {
        await node.stop()
      }
    }
  }
}
