/** Ada's roof gives more than she needs, Ben's home needs some of it: two real nodes, one chain, half an hour of sunshine. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { formatEnergy, formatMoney } from '../../src/index.ts'
import { runStreet } from '../../src/practice/run.ts'
import { startStreet } from '../../src/practice/street.ts'
import type { ProfiledHome } from '../../src/practice/profiles.ts'
import type { RunListener } from '../../src/practice/run.ts'
import type { Street } from '../../src/practice/street.ts'

const PERIODS = 2
const PERIOD_SEC = 900
const NOON = Date.UTC(2026, 5, 15, 12) / 1000
/** Nodes look back before they look ahead: their meters begin at eight in the morning. */
const MORNING = NOON - 16 * PERIOD_SEC

/** A home whose load and generation, in Wh per quarter hour, never change. */
function steadyHome (name: string, loadWh: number, pvWh: number): ProfiledHome {
  const steady = (wh: number): number[] => Array.from({ length: 16 + PERIODS + 16 }, () => wh * 1000)
  return { name, profile: { start: MORNING, stepSec: PERIOD_SEC, loadMilliWh: steady(loadWh), pvMilliWh: steady(pvWh) } }
}

function say (line: string): void {
  process.stdout.write(`${line}\n`)
}

/** Tells what becomes of each trade, as its buyer sees it. */
function storyOf (street: Street): RunListener {
  const told = new Set<string>()
  const money = (amount = '0'): string => `${formatMoney(BigInt(amount), street.decimals, 4)} pEUR`
  return {
    onProgress (line) { say(`· ${line}`) },
    onEvent (event, { name }) {
      if (event.type !== 'trade:changed' || event.trade.role !== 'buyer' || told.has(event.trade.id + event.trade.state)) {
        return
      }
      const { id, state, terms, pricePerKwh, deliveredWh, amount } = event.trade
      told.add(id + state)
      switch (state) {
        case 'agreed': return say(`${name} buys ${formatEnergy(terms?.wh ?? 0)} at ${money(pricePerKwh)} per kWh; both have signed`)
        case 'delivered': return say(`both meters have counted ${formatEnergy(deliveredWh ?? 0)}: ${name} owes ${money(amount)}`)
        case 'settled': return say(`the escrow has moved ${money(amount)}`)
        default:
      }
    }
  }
}

const folder = await mkdtemp(join(tmpdir(), 'wattmesh-example-'))
const street = await startStreet({
  profiles: { homes: [steadyHome('Ada', 100, 600), steadyHome('Ben', 300, 0)], from: NOON, utcOffsetSec: 0 },
  seed: 1,
  periods: PERIODS,
  periodSec: PERIOD_SEC,
  speed: 300,
  folder,
  command: [process.execPath, ...process.execArgv, fileURLToPath(new URL('../../src/cli/index.ts', import.meta.url)), 'start'],
  onProgress: (line) => { say(`· ${line}`) }
})
try {
  const { statement: { homes, isConserved } } = await runStreet(street, storyOf(street), new AbortController().signal)
  for (const { name, bill, billWithoutNeighbours } of homes) {
    say(`${name} is better off by ${formatMoney(billWithoutNeighbours - bill, street.decimals, 4)} pEUR than without a neighbour`)
  }
  say(isConserved ? 'what was paid is what was received' : 'MONEY WAS LOST')
  process.exitCode = isConserved ? 0 : 1
} finally {
  await street.stop()
  await rm(folder, { recursive: true, force: true })
}
