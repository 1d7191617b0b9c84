import type { NodeEvent } from './events.ts'
import type { Ledger } from './ledger.ts'
import type { SellingGate } from './selling-gate.ts'
import type { Forecaster } from '../agent/forecast.ts'
import type { Strategy } from '../agent/strategy.ts'
import type { Knobs } from '../domain/knobs.ts'
import type { MarketRules } from '../domain/market-rules.ts'
import type { TariffPlan } from '../domain/tariff.ts'
import type { Account, Hex, Money, PricePerKwh, UnixSeconds } from '../domain/units.ts'
import type { Mechanism } from '../market/mechanism.ts'
import type { OrderBook } from '../market/order-book.ts'
import type { Clock } from '../ports/clock.ts'
import type { Membership } from '../ports/membership.ts'
import type { Meter } from '../ports/meter.ts'
import type { Network } from '../ports/network.ts'
import type { ReadingSigner } from '../ports/reading-signer.ts'
import type { Settlement } from '../ports/settlement.ts'
import type { Signer } from '../ports/signer.ts'
import type { Store } from '../ports/store.ts'
import type { Logger } from '../ports/telemetry.ts'
import type { SettlementDomain } from '../signing/digests.ts'
import type { Recovery } from '../signing/recovery.ts'

/** The configuration in the market's own units: base units of the token, whole seconds. */
export interface Home {
  readonly name: string
  readonly owner: Account
  readonly tariff: TariffPlan
  /** What the owner's knobs are until they are changed while the node runs. */
  readonly lowestSellingPrice?: PricePerKwh
  readonly highestBuyingPrice?: PricePerKwh
  readonly reserve?: Knobs['reserve']
  readonly neighboursOnly?: boolean
  readonly paused?: boolean
  /** Owners that count as neighbours wherever they are. */
  readonly neighbours?: readonly Account[]
  /** The owner empties the battery as advised. */
  readonly sellsStored?: boolean
  /** The owner charges the battery as advised. */
  readonly buysForBattery?: boolean
  /** One hundredth of a token. */
  readonly tick: PricePerKwh
  /** Offers this close to the best one count as equally good. */
  readonly nearPrice: PricePerKwh
  /** 0 gives in early, 1 holds out; drawn once per home unless it is set. */
  readonly patience: number
  readonly lookMinSec: number
  readonly lookMaxSec: number
  /** Trade only periods that start in `[tradeFrom, tradeUntil)`. */
  readonly tradeFrom: UnixSeconds
  readonly tradeUntil: UnixSeconds
  readonly ceiling: Money
  readonly unsecuredCredit: Money
  readonly maxOpenTabs: number
  readonly settleEverySec: number
  /** Settle neighbours' receipts with our own, at our cost. */
  readonly submitForOthers: boolean
  readonly tabLifeSec: number
  readonly claimAfterSec: number
  readonly meterDeadlineSec: number
  /** Whether a period whose energy was shared out over a gap may settle trades. */
  readonly settleRecovered: boolean
  /** The most that may flow out, in watts, where the grid operator sets a limit. */
  readonly exportLimitWatts?: number
}

/** Everything the paths share. Each path takes the part it names. */
export interface NodeContext {
  readonly home: Home
  readonly rules: MarketRules
  readonly rulesDigest: Hex
  readonly at: SettlementDomain
  /** How keys are recovered from signatures. */
  readonly recovery: Recovery
  readonly clock: Clock
  readonly logger: Logger
  readonly store: Store
  readonly network: Network
  readonly settlement: Settlement
  /** Set when the rules name a meter book. */
  readonly membership?: Membership
  readonly signer: Signer
  /** The meter's key. */
  readonly attester: ReadingSigner
  readonly meter: Meter
  readonly selling: SellingGate
  readonly book: OrderBook
  readonly ledger: Ledger
  readonly mechanism: Mechanism
  readonly strategy: Strategy
  readonly forecaster: Forecaster
  /** In [0, 1), a new one at each call. */
  random(): number
  emit(event: NodeEvent): void
}
