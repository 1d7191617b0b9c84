import type { VerifiedOrder } from '../domain/order.ts'
import type { PeriodReading } from '../domain/reading.ts'
import type { Tab } from '../domain/tab.ts'
import type { Trade } from '../domain/trade.ts'
import type { UnixSeconds } from '../domain/units.ts'
import type { MeterStatus } from '../ports/meter.ts'
import type { Peer } from '../ports/network.ts'
import type { Submitted } from '../ports/settlement.ts'

/** What the fronts can listen to. Names are `noun:past-tense`. */
export type NodeEvent =
  | { readonly type: 'order:accepted', readonly order: VerifiedOrder, readonly isOwn: boolean }
  | { readonly type: 'trade:changed', readonly trade: Trade }
  | { readonly type: 'tab:changed', readonly tab: Tab }
  | { readonly type: 'period:metered', readonly reading: PeriodReading }
  | { readonly type: 'period:missed', readonly periodStart: UnixSeconds }
  /** It began to have a problem or has none any more, stopped or resumed selling, or its registers are others than before. */
  | { readonly type: 'meter:changed', readonly meter: MeterStatus }
  | { readonly type: 'peer:changed', readonly peer: Peer, readonly isConnected: boolean }
  | { readonly type: 'receipts:submitted', readonly count: number, readonly submitted: Submitted }

export type NodeListener = (event: NodeEvent) => void
