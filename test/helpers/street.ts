import { draw } from '../../src/agent/draws.ts'
import { persistence } from '../../src/agent/forecast.ts'
import { fairTrader } from '../../src/agent/strategies/fair-trader.ts'
import { DEFAULT_MARKET_RULES } from '../../src/domain/market-rules.ts'
import { flatTariff } from '../../src/domain/tariff.ts'
import { ACCEPT } from '../../src/domain/verdict.ts'
import { profileMeter } from '../../src/drivers/profile.ts'
import { continuous } from '../../src/market/mechanisms/continuous.ts'
import { OrderBook } from '../../src/market/order-book.ts'
import { Ledger } from '../../src/node/ledger.ts'
import { createNode } from '../../src/node/node.ts'
import { rulesDigest } from '../../src/signing/digests.ts'
import { createLocalSigner } from '../../src/signing/local-signer.ts'
import { javascript } from '../../src/signing/recovery.ts'
import { createMemoryStreet } from '../../src/simulator/memory-network.ts'
import { createMemoryEscrow } from '../../src/simulator/memory-settlement.ts'
import { createMemoryStore } from '../../src/simulator/memory-store.ts'
import { createVirtualClock } from '../../src/simulator/virtual-clock.ts'
import type { Forecaster } from '../../src/agent/forecast.ts'
import type { MarketRules } from '../../src/domain/market-rules.ts'
import type { SignedOrder } from '../../src/domain/order.ts'
import type { TradeAnswer, TradeRequest } from '../../src/domain/trade-message.ts'
import type { Account, Hex } from '../../src/domain/units.ts'
import type { EnergyProfile } from '../../src/drivers/profile.ts'
import type { Home } from '../../src/node/context.ts'
import type { NodeEvent } from '../../src/node/events.ts'
import type { EnergyNode } from '../../src/node/node.ts'
import type { Membership } from '../../src/ports/membership.ts'
import type { Meter } from '../../src/ports/meter.ts'
import type { Network, NetworkHandlers } from '../../src/ports/network.ts'
import type { ReadingSigner } from '../../src/ports/reading-signer.ts'
import type { Settlement, SettlementEvent } from '../../src/ports/settlement.ts'
import type { Signer } from '../../src/ports/signer.ts'
import type { Store } from '../../src/ports/store.ts'
import type { Logger } from '../../src/ports/telemetry.ts'
import type { SettlementDomain } from '../../src/signing/digests.ts'
import type { LocalSigner } from '../../src/signing/local-signer.ts'
import type { MemoryStreetInit } from '../../src/simulator/memory-network.ts'
import type { MemoryEscrow } from '../../src/simulator/memory-settlement.ts'
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

/** What of a home can be replaced by a faulty one. */
export interface Adapters {
  readonly store: Store
  readonly network: Network
  readonly settlement: Settlement
  readonly meter: Meter
  readonly attester: ReadingSigner
}

export interface MemoryHome {
  readonly node: EnergyNode
  readonly owner: Account
  readonly store: Store
  readonly signer: Signer
  readonly settlement: Settlement
  /** Ends the home as a power cut does: nothing that was under way goes on, nothing is tidied up. */
  kill(): void
}

/** Somebody with a key and no node, who says what he likes. */
export interface Neighbour {
  readonly owner: Account
  readonly signer: Signer
  readonly settlement: Settlement
  /** Every order that reached him. */
  readonly heard: SignedOrder[]
  /** What he answers when he is asked. */
  answer: NetworkHandlers['onTrade']
  ask(home: MemoryHome, request: TradeRequest): Promise<TradeAnswer>
  publish(order: SignedOrder): Promise<number>
}

export interface MemoryStreetHomes {
  readonly clock: VirtualClock
  readonly escrow: MemoryEscrow
  readonly homes: MemoryHome[]
  /** A home's node built again over the same store and keys, as after a crash. */
  restart(index: number): Promise<EnergyNode>
  /** Funded and with a registered key, unless told otherwise. `number` is above that of every home. */
  neighbour(number: number, options?: { funds?: bigint, keyUntil?: number }): Promise<Neighbour>
  stop(): Promise<void>
}

export interface MemoryHomesInit {
  readonly network?: MemoryStreetInit
  readonly home?: Partial<Home>
  /** What is different in one home. */
  homeOf?(index: number): Partial<Home>
  readonly funds?: bigint
  /** When the street begins, `STREET_START` unless told. */
  readonly start?: number
  readonly logger?: Logger
  /** What was is what will be, unless told. */
  readonly forecaster?: Forecaster
  readonly rules?: MarketRules
  /** The community everybody asks; without one the street is open. */
  readonly membership?: Membership
  readonly keyUntil?: number
  /** With more than 1, a block is mined every minute, and a move counts once it is buried under so many. */
  readonly confirmations?: number
  adapt?(index: number, adapters: Adapters, clock: VirtualClock): Partial<Adapters>
  onEvent?(index: number, event: NodeEvent): void
}

export function testHome (index: number, changes: Partial<Home> = {}): Home {
  return {
    name: `home ${index}`,
    owner: `0x${(0xa0 + index).toString(16).repeat(20)}`,
    tariff: flatTariff({ retail: 30n * CENT, feedIn: 8n * CENT }),
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
    submitForOthers: false,
    tabLifeSec: 4 * 86_400,
    claimAfterSec: 36 * 3600,
    meterDeadlineSec: 86_400,
    settleRecovered: false,
    ...changes
  }
}

/** Homes over in-memory network, escrow and store, on one virtual clock; funded, registered and started. */
export async function startMemoryHomes (profiles: EnergyProfile[], options: MemoryHomesInit = {}): Promise<MemoryStreetHomes> {
  const rules = options.rules ?? TEST_RULES
  const start = options.start ?? STREET_START
  const clock = createVirtualClock(start)
  const at = { chainId: rules.chainId, escrow: rules.escrow }
  const escrow = createMemoryEscrow({ now: () => clock.now(), at, confirmations: options.confirmations })
  const street = createMemoryStreet(options.network)
  // a chain tells its whole past to whoever comes (back)
  const past: SettlementEvent[] = []
  escrow.settlement(ESCROW).watch((event) => past.push(event))
  const remembering = (settlement: Settlement): Settlement => ({
    ...settlement,
    watch (listener) {
      past.forEach(listener)
      return settlement.watch(listener)
    }
  })
  // these outlive a restart, as a real home's chance does
  const draws = profiles.map(() => 0)
  const trades = profiles.map(() => 0)

  const build = (index: number, store: Store): MemoryHome => {
    const home = testHome(index, { ...options.home, ...options.homeOf?.(index) })
    const signer = localSigner(index, at)
    const plain = {
      store,
      network: street.join(signer.key),
      settlement: remembering(escrow.settlement(signer.address)),
      meter: profileMeter(profiles[index], () => clock.now()),
      attester: signer
    }
    const adapters = { ...plain, ...options.adapt?.(index, plain, clock) }
    let isOn = true
    let cutOff = (): void => {}
    const cut = new Promise<never>((_resolve, reject) => {
      cutOff = () => { reject(new Error('power cut')) }
    })
    cut.catch(() => {})
    const powered = <T extends object>(part: T): T => withPower(part, () => isOn)
    const node = createNode({
      home,
      rules,
      rulesDigest: rulesDigest(rules),
      at,
      recovery: javascript,
      clock: {
        now: () => clock.now(),
        instant: () => clock.instant(),
        at: (time, task) => clock.at(time, () => { isOn && task() }),
        after: (seconds, task) => clock.after(seconds, () => { isOn && task() })
      },
      random: () => draw(7, index, draws[index]++),
      logger: options.logger ?? silentLogger(),
      store: powered(adapters.store),
      network: powered({
        ...adapters.network,
        start: async (handlers: NetworkHandlers) => adapters.network.start({
          ...handlers,
          onTrade: async (request, from) => Promise.race([handlers.onTrade(request, from), cut])
        })
      }),
      settlement: powered(adapters.settlement),
      membership: options.membership,
      signer,
      attester: adapters.attester,
      meter: powered(adapters.meter),
      book: new OrderBook({ rules, maxOrders: 20_000, maxPerSigner: 256 }),
      mechanism: continuous,
      strategy: fairTrader,
      forecaster: options.forecaster ?? persistence,
      createLedger: (onChange) => new Ledger(powered(adapters.store), onChange),
      newTradeId: () => `0x${(index + 1).toString(16).padStart(32, '0')}${(trades[index]++).toString(16).padStart(32, '0')}` as Hex
    })
    node.on((event) => options.onEvent?.(index, event))
    const kill = (): void => {
      isOn = false
      cutOff()
      void plain.network.stop()
      void plain.settlement.stop()
    }
    return { node, owner: home.owner, store, signer, settlement: plain.settlement, kill }
  }

  const fund = async (owner: Account, key: Account, { funds = 100_000_000n, keyUntil = start + 365 * 86_400 }): Promise<void> => {
    if (funds > 0n) {
      escrow.mint(owner, funds)
      await escrow.owner(owner).deposit(funds)
    }
    if (keyUntil > 0) {
      await escrow.owner(owner).setKey(key, keyUntil, 1_000_000_000n)
    }
  }

  const homes = profiles.map((_, index) => build(index, createMemoryStore()))
  for (const { owner, signer } of homes) {
    await fund(owner, signer.address, options)
  }
  if (options.confirmations != null) {
    const mine = (): void => {
      escrow.mine()
      clock.after(60, mine)
    }
    mine()
    for (let block = 1; block < options.confirmations; block++) {
      escrow.mine()
    }
  }
  for (const { node } of homes) {
    await node.start()
  }
  return {
    clock,
    escrow,
    homes,
    async restart (index) {
      homes[index].kill()
      homes[index] = build(index, homes[index].store)
      await homes[index].node.start()
      return homes[index].node
    },
    async neighbour (number, init = {}) {
      const signer = localSigner(number, at)
      const network = street.join(signer.key)
      const heard: SignedOrder[] = []
      const neighbour: Neighbour = {
        owner: testHome(number).owner,
        signer,
        settlement: escrow.settlement(signer.address),
        heard,
        answer: async () => ({ kind: 'decline', code: 'BUSY', remaining: 0 }),
        ask: async (home, request) => (await network.converse(home.signer.key)).ask(request),
        publish: async (order) => network.publish(order)
      }
      await fund(neighbour.owner, signer.address, init)
      await network.start({
        onOrder: async (order) => {
          heard.push(order)
          return ACCEPT
        },
        onTrade: async (request, from) => neighbour.answer(request, from)
      })
      return neighbour
    },
    stop: async () => {
      for (const { node } of homes) {
        await node.stop()
      }
    }
  }
}

function localSigner (number: number, at: SettlementDomain): LocalSigner {
  return createLocalSigner(`0x${(0x11 + number).toString(16).repeat(32)}`, at)
}

/** The same part as long as there is power; afterwards whoever waits for it waits for ever. */
function withPower<T extends object> (part: T, isOn: () => boolean): T {
  return new Proxy(part, {
    get (target, name) {
      const value: unknown = Reflect.get(target, name)
      return typeof value === 'function'
        ? (...args: unknown[]): unknown => isOn() ? Reflect.apply(value, target, args) : new Promise(() => {})
        : value
    }
  })
}
