import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Command } from 'commander'
import { tabId } from '../../domain/tab.ts'
import { formatEnergy, formatMoney } from '../../domain/units.ts'
import { decimal, jsonOption, whole } from '../options.ts'
import { bold, dim, note, printJson, table } from '../output.ts'
import type { Hex, Money } from '../../domain/units.ts'
import type { RunListener, RunResult } from '../../practice/run.ts'
import type { Street } from '../../practice/street.ts'

const PERIOD_SEC = 900
const SYMBOL = 'pEUR'

interface DemoOptions {
  readonly homes: number
  readonly periods: number
  readonly seed: number
  readonly speed?: number
  readonly profiles?: string
  readonly chainPort?: number
  readonly keep?: boolean
  readonly mdns: boolean
  readonly json?: boolean
}

export function demoCommand (): Command {
  return new Command('demo')
    .description('a street of real nodes on this machine trades for a day, delivers and settles on an embedded chain')
    .option('--homes <n>', 'how many homes, one process each', whole(2, 50), 5)
    .option('--periods <n>', 'how many quarter hours', whole(1, 2880), 56)
    .option('--seed <n>', 'chooses weather, homes and accounts', whole(0, 0xffffffff), 1)
    .option('--speed <x>', 'market seconds per real second (default: as fast as this many homes can follow)', decimal(1, 3000))
    .option('--profiles <folder>', 'replay CSV profiles: period_start,load_kwh,pv_kwh, hourly or quarter-hourly')
    .option('--chain-port <port>', 'port of the embedded chain (default: any free one)', whole(1, 65_535))
    .option('--no-mdns', 'introduce the homes by their addresses instead of letting them find each other')
    .option('--keep', 'leave the nodes running afterwards, until Ctrl-C')
    .addOption(jsonOption())
    .action(demo)
}

/** A quarter hour takes 1.3 s of real time, and longer where more homes share the processor. */
export function defaultSpeed (homes: number): number {
  return Math.floor(PERIOD_SEC / Math.max(1.3, 0.26 * homes))
}

async function demo (options: DemoOptions): Promise<void> {
  const startedAt = performance.now()
  const { homes, periods, seed } = options
  const [{ profileStreet, syntheticStreet }, { runStreet }, { startStreet }] = await Promise.all([
    import('../../practice/profiles.ts'), import('../../practice/run.ts'), import('../../practice/street.ts')
  ])
  const profiles = options.profiles == null
    ? syntheticStreet({ seed, homes, periods })
    : await profileStreet({ folder: options.profiles, homes, periods, periodSec: PERIOD_SEC })
  const speed = options.speed ?? defaultSpeed(homes)
  const folder = await mkdtemp(join(tmpdir(), 'wattmesh-demo-'))
  const interrupted = new AbortController()
  const onSignal = (): void => { interrupted.abort(new Error('interrupted')) }
  process.once('SIGINT', onSignal).once('SIGTERM', onSignal)

  note(bold(`${homes} homes, ${periods} quarter hours, ${Math.round(speed)} times as fast as the sun`))
  let street: Street | undefined
  try {
    street = await startStreet({
      profiles, seed, periods, speed, folder, periodSec: PERIOD_SEC, command: startCommandLine(), chainPort: options.chainPort, mdns: options.mdns, signal: interrupted.signal, onProgress: step
    })
    const result = await runStreet(street, story(street, profiles.utcOffsetSec), interrupted.signal)
    report(options, street, result, startedAt)
    if (options.keep === true) {
      await keep(street, interrupted.signal)
    }
  } catch (error) {
    if (!interrupted.signal.aborted) {
      throw error
    }
    note('stopped')
    process.exitCode = 130
  } finally {
    await street?.stop()
    if (process.exitCode == null || process.exitCode === 0 || process.exitCode === 130) {
      await rm(folder, { recursive: true, force: true })
    } else {
      note(`The logs of the nodes are in ${folder}.`)
    }
  }
}

/** Starts the program this one is, in the same way, from source or built. */
function startCommandLine (): string[] {
  const entry = fileURLToPath(new URL(`../index${extname(import.meta.url)}`, import.meta.url))
  return [process.execPath, ...process.execArgv, entry, 'start']
}

function step (line: string): void {
  note(dim(`· ${line}`))
}

/** Tells what happens: a line for each delivered trade, each transaction and each payment on the chain. */
function story (street: Street, utcOffsetSec: number): RunListener {
  const nameOf = new Map(street.homes.map(({ owner, name }) => [owner, name]))
  const told = new Set<Hex>()
  const paid = new Map<string, Money>()
  const width = Math.max(...street.homes.map(({ name }) => name.length))
  const clock = (time: number): string => new Date((time + utcOffsetSec) * 1000).toISOString().slice(11, 16)
  return {
    onProgress: step,
    onEvent (event, home) {
      if (event.type === 'trade:changed' && event.trade.role === 'buyer' && event.trade.state === 'delivered' && !told.has(event.trade.id)) {
        const { trade } = event
        told.add(trade.id)
        const pair = `${(nameOf.get(trade.partner) ?? trade.partner).padEnd(width)} → ${home.name.padEnd(width)}`
        const after = trade.isResidual === true ? dim('  after metering') : ''
        note((trade.deliveredWh ?? 0) === 0
          ? dim(`${clock(trade.periodStart)}  ${pair}  ${formatEnergy(trade.terms?.wh ?? 0)} agreed, nothing delivered, nothing paid`)
          : `${clock(trade.periodStart)}  ${pair}  ${formatEnergy(trade.deliveredWh ?? 0)} at ${formatMoney(BigInt(trade.pricePerKwh), street.decimals, 3)}  ` +
            `${formatMoney(BigInt(trade.amount ?? 0), street.decimals, 4)} ${SYMBOL}${after}`)
      }
      if (event.type === 'tab:changed' && event.tab.role === 'seller') {
        const { buyer, chain } = event.tab
        const amount = BigInt(chain.paid) - (paid.get(tabId(buyer, home.owner)) ?? 0n)
        paid.set(tabId(buyer, home.owner), BigInt(chain.paid))
        if (amount > 0n) {
          note(`${clock(street.now())}  chain: ${nameOf.get(buyer) ?? buyer} paid ${home.name} ${formatMoney(amount, street.decimals, 4)} ${SYMBOL}`)
        }
      }
      if (event.type === 'receipts:submitted' && event.count > 0) {
        note(dim(`${clock(street.now())}  chain: ${home.name} put ${event.count} receipt${event.count === 1 ? '' : 's'} on the chain, ${event.submitted.gasUsed} gas, transaction ${event.submitted.tx.slice(0, 10)}…`))
      }
    }
  }
}

function report (options: DemoOptions, street: Street, { statement, audit, isFinished }: RunResult, startedAt: number): void {
  const { trades, money, energy, homes, isConserved, isNobodyWorseOff } = statement
  const ok = isConserved && isNobodyWorseOff && isFinished
  const wallMs = Math.round(performance.now() - startedAt)
  const amount = (value: Money): string => formatMoney(value, street.decimals)
  const kwh = (wh: number): string => (wh / 1000).toFixed(2)
  note()
  table(
    ['home', 'load kWh', 'PV kWh', 'bought', 'after', 'sold', 'after', 'paid', 'received', 'bill', 'without neighbours', 'better by'],
    homes.map((home) => [
      home.name, kwh(home.loadWh), kwh(home.pvWh), kwh(home.boughtWh), kwh(home.boughtAfterWh), kwh(home.soldWh), kwh(home.soldAfterWh), amount(home.paid), amount(home.received),
      amount(home.bill), amount(home.billWithoutNeighbours), amount(home.billWithoutNeighbours - home.bill)
    ]),
    [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]
  ).forEach((line) => { note(line) })
  note()
  note(`${trades.agreed} trades agreed, ${trades.delivered} delivered, ${trades.settled} settled; ${formatEnergy(energy.deliveredWh)} shared of ${formatEnergy(energy.potentialWh)} that could have been`)
  note(`${formatEnergy(energy.aheadWh)} of it agreed ahead, ${formatEnergy(energy.residualWh)} after metering ("after") in ${trades.residual} trades of the residual round`)
  note(`settled in ${audit.transactions} transactions, ${audit.gas} gas, ${trades.settled === 0 ? 0n : audit.gas / BigInt(trades.settled)} per trade`)
  note(`${isConserved ? 'conserved' : bold('NOT CONSERVED')}: buyers paid ${amount6(money.paid, street)} = sellers got ${amount6(money.received, street)} = moved in the contract ${amount6(money.moved, street)}`)
  note(isNobodyWorseOff ? 'no home is worse off than without neighbours' : bold('SOME HOME IS WORSE OFF than without neighbours'))
  if (!isFinished) {
    note(bold('some trades did not come to an end in time'))
  }
  if (options.json === true) {
    printJson({
      ok,
      seed: options.seed,
      periods: options.periods,
      discovery: street.discovery,
      escrow: street.chain.escrow,
      chainId: street.chain.chainId,
      trades,
      energy,
      money,
      homes,
      gas: { total: Number(audit.gas), perTrade: trades.settled === 0 ? 0 : Math.round(Number(audit.gas) / trades.settled), transactions: audit.transactions },
      wallMs
    })
  }
  process.exitCode = ok ? 0 : 1
}

function amount6 (value: Money, street: Street): string {
  return `${formatMoney(value, street.decimals, street.decimals)} ${SYMBOL}`
}

async function keep (street: Street, signal: AbortSignal): Promise<void> {
  note()
  note('The nodes keep running until Ctrl-C. Look at one with:')
  note(`  npm run wattmesh -- status --data ${street.homes[0].folder}`)
  await new Promise<void>((resolve) => { signal.addEventListener('abort', () => { resolve() }, { once: true }) })
}
