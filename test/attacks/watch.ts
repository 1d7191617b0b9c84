/** What a street of real processes does while it is attacked: trades, times, memory, and at the end every unit of money and energy. */
import { readFileSync } from 'node:fs'
import { expect } from 'aegir/chai'
import { runStreet } from '../../src/practice/run.ts'
import type { Json } from '../../src/api/client.ts'
import type { Trade } from '../../src/domain/trade.ts'
import type { NodeEvent } from '../../src/node/events.ts'
import type { RunResult } from '../../src/practice/run.ts'
import type { Street, StreetHome } from '../../src/practice/street.ts'

const MIB = 1024 * 1024
const PAGE_BYTES = 4096
/** A home begins with 150 to 280 MiB, and its runtime is slow to give back what it does not use. */
const MAX_HOME_MIB = 512
/** States of a trade that binds nobody. */
export const UNBOUND: ReadonlyArray<Json<Trade>['state']> = ['proposed', 'declined', 'expired']

/** What happened between two moments, printed for people; only the counts are asserted. */
export interface Phase {
  readonly name: string
  /** Trades that buyers agreed, and offers that were heard. */
  agreed: number
  offers: number
  /** From the proposal to the agreement as its buyer saw it, in real ms. */
  readonly handshakes: number[]
  readonly startedAt: number
  seconds: number
  /** Of the home that grew most: resident memory before, and how much came to it. */
  memory: string
  /** Of the home that held most when the phase was over. */
  mostMib: number
}

export interface Watch {
  readonly phases: Phase[]
  /** Sold Wh of an order by its id, as its seller has it, and what the order offered. */
  readonly quantities: Map<string, number>
  /** Ends the phase before and begins the next. */
  begin(name: string): Phase
  end(): void
  /** The street's run; every home's events go through here. */
  run(init?: { onDeath?(home: StreetHome): Promise<void>, onAgreed?(trade: Json<Trade>, buyer: StreetHome): void, isOver?(): boolean, timeoutMs?: number }): Promise<RunResult>
}

/** Resident memory of a process in bytes. */
export function residentBytes (pid: number): number {
  return Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]) * PAGE_BYTES
}

export function watch (street: Street): Watch {
  const phases: Phase[] = []
  const quantities = new Map<string, number>()
  const proposedAt = new Map<string, number>()
  const agreed = new Set<string>()
  let before = new Map<string, number>()

  const memory = (): Map<string, number> => new Map(street.homes.filter(({ process }) => process.isRunning()).map(({ name, process }) => [name, residentBytes(process.pid)]))

  const end = (): void => {
    const phase = phases.at(-1)
    if (phase == null || phase.seconds > 0) {
      return
    }
    phase.seconds = (performance.now() - phase.startedAt) / 1000
    const held = memory()
    phase.mostMib = Math.round(Math.max(0, ...held.values()) / MIB)
    const grown = [...held].map(([name, bytes]) => ({ before: before.get(name) ?? bytes, by: bytes - (before.get(name) ?? bytes) })).sort((a, b) => b.by - a.by)[0]
    if (grown != null) {
      phase.memory = `${Math.round(grown.before / MIB)} MiB ${grown.by < 0 ? '-' : '+'} ${Math.round(Math.abs(grown.by) / MIB)}`
    }
  }

  /** The trade, when its buyer has just agreed it. */
  const note = (event: Json<NodeEvent>): Json<Trade> | undefined => {
    const phase = phases.at(-1)
    if (event.type === 'order:accepted') {
      quantities.set(event.order.id, event.order.order.quantity)
      phase != null && event.isOwn && phase.offers++
    }
    if (event.type === 'trade:changed' && event.trade.role === 'buyer') {
      const { id, state } = event.trade
      if (state === 'proposed') {
        proposedAt.set(id, performance.now())
      }
      const since = proposedAt.get(id)
      if (state === 'agreed' && !agreed.has(id)) {
        agreed.add(id)
        if (phase != null) {
          phase.agreed++
          since != null && phase.handshakes.push(performance.now() - since)
        }
        return event.trade
      }
    }
  }

  return {
    phases,
    quantities,
    end,
    begin (name) {
      end()
      before = memory()
      const phase: Phase = { name, agreed: 0, offers: 0, handshakes: [], startedAt: performance.now(), seconds: 0, memory: '', mostMib: 0 }
      phases.push(phase)
      return phase
    },
    run: async ({ onDeath, onAgreed, isOver, timeoutMs = 280_000 } = {}) => runStreet(street, {
      onProgress: () => {},
      onDeath,
      isOver,
      onEvent (event, home) {
        const trade = note(event)
        trade != null && onAgreed?.(trade, home)
      }
    }, AbortSignal.timeout(timeoutMs))
  }
}

/** One line for each phase, as `docs/reference/attacks.md` shows them. */
export function describePhases (phases: readonly Phase[]): string {
  const lines = phases.map(({ name, agreed, offers, handshakes, seconds, memory }) => {
    const median = [...handshakes].sort((a, b) => a - b)[Math.floor(handshakes.length / 2)]
    return [name, `${seconds.toFixed(0)} s`, String(offers), String(agreed), median == null ? '-' : `${median.toFixed(0)} ms`, memory]
  })
  return [['', 'time', 'offers', 'trades', 'handshake', 'memory'], ...lines].map((line) => line.map((cell, column) => column === 0 ? cell.padEnd(46) : cell.padStart(14)).join('')).join('\n')
}

/** What buyers paid, sellers got and the escrow moved is one sum, home by home; everything ended; nobody sold more than it offered. */
export async function expectWhole (street: Street, { quantities }: Watch, { statement, isFinished }: RunResult): Promise<void> {
  expect(isFinished, 'every trade reached an end').to.equal(true)
  expect(statement.money.paid).to.equal(statement.money.received)
  expect(statement.money.paid).to.equal(statement.money.moved)
  expect(statement.isConserved, 'money adds up for every home').to.equal(true)
  await expectNothingOversold(street, quantities)
}

/** No home held more at the end of any phase than one that keeps nothing for ever needs. */
export function expectBoundedMemory (phases: readonly Phase[]): void {
  expect(Math.max(...phases.map((phase) => phase.mostMib))).to.be.within(1, MAX_HOME_MIB)
}

/** For streets with strangers, whose trades nobody's statement has. */
export async function expectNothingOversold (street: Street, quantities: ReadonlyMap<string, number>): Promise<void> {
  const sold = new Map<string, number>()
  for (const { api } of street.homes) {
    for (const { role, state, orderId, terms } of await api.trades()) {
      if (role === 'seller' && terms != null && !UNBOUND.includes(state)) {
        sold.set(orderId, (sold.get(orderId) ?? 0) + terms.wh)
      }
    }
  }
  expect(sold.size).to.be.greaterThan(0)
  for (const [orderId, wh] of sold) {
    // an order nobody heard of cannot be proposed for; only a listener that was away can have missed it
    const quantity = quantities.get(orderId)
    quantity != null && expect(wh, `sold of order ${orderId}`).to.be.at.most(quantity)
  }
  expect([...sold.keys()].filter((id) => quantities.has(id)).length).to.be.at.least(sold.size * 0.5)
}

/** Figures go to whoever runs the test; none of them is judged. */
export function show (text: string): void {
  process.stdout.write(`${text}\n`)
}
