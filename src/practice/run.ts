import { setTimeout as sleep } from 'node:timers/promises'
import { auditEscrow } from '../chain/audit.ts'
import { CodedError } from '../domain/errors.ts'
import { periodReading } from '../domain/reading.ts'
import { parseMoney } from '../domain/units.ts'
import { profileMeter } from '../drivers/profile.ts'
import { makeStatement } from './statement.ts'
import { PRACTICE_TARIFF } from './street.ts'
import type { HomeAccount, Statement, TradeLine } from './statement.ts'
import type { Street, StreetHome } from './street.ts'
import type { Json } from '../api/client.ts'
import type { Audit } from '../chain/audit.ts'
import type { PeriodReading } from '../domain/reading.ts'
import type { Trade } from '../domain/trade.ts'
import type { UnixSeconds } from '../domain/units.ts'
import type { NodeEvent } from '../node/events.ts'

/** How long the last trades may take to be delivered and paid after the last period, in real milliseconds. */
const FINISH_TIMEOUT_MS = 60_000
const POLL_MS = 250
/** How long after the last period its meters are read and what it left over is traded, in market seconds. */
const RESIDUAL_SEC = 900
const FINAL = ['settled', 'claimed', 'declined', 'expired', 'lapsed']

export interface RunListener {
  onEvent(event: Json<NodeEvent>, home: StreetHome): void
  onProgress(line: string): void
  /** A home's process ended in the middle of the run. Without this the run ends with `HOME_FAILED`. */
  onDeath?(home: StreetHome): Promise<void>
  /** True ends the day before its last period: the homes trade no more, and what they agreed is delivered and paid. */
  isOver?(): boolean
}

export interface RunResult {
  readonly statement: Statement
  readonly audit: Audit
  /** Every trade reached an end. */
  readonly isFinished: boolean
}

/** Follows the street to the end of the run, has everything settled and draws up the account. Aborts with the signal. */
export async function runStreet (street: Street, listener: RunListener, signal: AbortSignal): Promise<RunResult> {
  const ears = new AbortController()
  const listening = street.homes.map(async (home) => listen(home, listener, AbortSignal.any([signal, ears.signal])))
  try {
    while (street.now() < street.until + RESIDUAL_SEC && listener.isOver?.() !== true) {
      await sleep(POLL_MS, undefined, { signal })
      await checkAlive(street, listener)
    }
    if (street.now() < street.until) {
      await Promise.all(street.homes.map(async ({ api }) => api.changeTrading({ paused: true })))
    }
    listener.onProgress('the day is over: the last receipts are signed and settled')
    const isFinished = await finish(street, signal)
    const audit = await auditEscrow({ ...street.chain, pollMs: POLL_MS, fromBlock: street.chain.deployBlock })
    return { statement: makeStatement(await Promise.all(street.homes.map(async (home) => accountOf(home, street))), audit), audit, isFinished }
  } finally {
    ears.abort()
    await Promise.all(listening)
  }
}

async function listen (home: StreetHome, listener: RunListener, signal: AbortSignal): Promise<void> {
  try {
    for await (const event of home.api.events(signal)) {
      listener.onEvent(event, home)
    }
  } catch {
    // The stream ends when the run does; a node that died is noticed by `checkAlive`.
  }
}

async function checkAlive (street: Street, listener: RunListener): Promise<void> {
  const dead = street.homes.find(({ process }) => !process.isRunning())
  if (dead != null) {
    if (listener.onDeath == null) {
      throw new CodedError('HOME_FAILED', `The node of ${dead.name} stopped in the middle of the run: see ${dead.folder}/node.log.`)
    }
    await listener.onDeath(dead)
  }
}

/** First every delivered trade gets its receipt, then all receipts go to the chain, until nothing is left to do. */
async function finish (street: Street, signal: AbortSignal): Promise<boolean> {
  const deadline = Date.now() + FINISH_TIMEOUT_MS
  while (Date.now() < deadline) {
    const trades = (await Promise.all(street.homes.map(async ({ api }) => api.trades()))).flat()
    const open = trades.filter(({ state }) => !FINAL.includes(state))
    if (open.length === 0) {
      return true
    }
    if (open.every(({ state }) => state === 'receipted')) {
      await Promise.all(street.homes.map(async ({ api }) => api.settle()))
    }
    await sleep(2 * POLL_MS, undefined, { signal })
  }
  return false
}

/** A home's trades from its node, and its energy from its profile, so that the account does not rest on the node alone. */
async function accountOf ({ api, name, peerId, owner, profile }: StreetHome, street: Street): Promise<HomeAccount> {
  const [retail, feedIn] = [PRACTICE_TARIFF.retail, PRACTICE_TARIFF.feedIn].map((price) => parseMoney(price, street.decimals) ?? 0n)
  const meter = profileMeter(profile.profile)
  const readings: PeriodReading[] = []
  for (let start: UnixSeconds = street.from; start < street.until; start += street.periodSec) {
    readings.push(periodReading(start, await meter.read(start), await meter.read(start + street.periodSec)))
  }
  return { name, peerId, owner, tariff: { retail, feedIn }, readings, trades: (await api.trades()).map(tradeLine) }
}

function tradeLine ({ id, role, state, isResidual, periodStart, terms, askedWh, deliveredWh, amount }: Json<Trade>): TradeLine {
  return { id, role, state, isResidual: isResidual === true, periodStart, contractedWh: terms?.wh ?? askedWh, deliveredWh: deliveredWh ?? 0, amount: BigInt(amount ?? 0) }
}
