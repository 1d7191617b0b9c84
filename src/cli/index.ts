#!/usr/bin/env node
/**
 * The command line: parses, hands over to one command, and turns what comes back into an exit code. Commands load libp2p and
 * the chain only when they need them, so that asking a running node stays quick.
 */
import { existsSync, readFileSync } from 'node:fs'
import { Command, CommanderError } from 'commander'
import { bookCommand } from './commands/book.ts'
import { certificatesCommand } from './commands/certificates.ts'
import { chainCommand } from './commands/chain.ts'
import { communityCommand } from './commands/community.ts'
import { demoCommand } from './commands/demo.ts'
import { devicesCommand } from './commands/devices.ts'
import { doctorCommand } from './commands/doctor.ts'
import { initCommand } from './commands/init.ts'
import { inviteCommand } from './commands/invite.ts'
import { joinCommand } from './commands/join.ts'
import { startCommand } from './commands/start.ts'
import { statusCommand } from './commands/status.ts'
import { tradesCommand } from './commands/trades.ts'
import { tradingCommand } from './commands/trading.ts'
import { walletCommand } from './commands/wallet.ts'
import { whyCommand } from './commands/why.ts'
import { endWhenUnread, fail } from './output.ts'

/** How long a program that is done may take to end by itself. */
const LINGER_MS = 2000

/** Every command, in the order in which people meet them. */
export const COMMANDS: ReadonlyArray<() => Command> = [
  demoCommand, initCommand, joinCommand, devicesCommand, startCommand, doctorCommand, inviteCommand, statusCommand, bookCommand, tradesCommand, whyCommand,
  tradingCommand, walletCommand, chainCommand, communityCommand, certificatesCommand
]

export function createProgram (): Command {
  const program = new Command('wattmesh')
    .description('Trade surplus power with your neighbours: no central server, settled through an escrow.')
    .version(version())
    .showHelpAfterError('Add --help to see what is possible.')
    .enablePositionalOptions()
  for (const command of COMMANDS) {
    program.addCommand(command())
  }
  for (const each of [program, ...program.commands.flatMap((command) => [command, ...command.commands])]) {
    each.exitOverride()
  }
  return program
}

/** package.json is two folders up from the source and three from the built program. */
function version (): string {
  const places = ['../../package.json', '../../../package.json'].map((place) => new URL(place, import.meta.url))
  const file = places.find((place) => existsSync(place))
  return file == null ? 'unknown' : (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version
}

/** Runs one command line and returns its exit code: 0, 2 for wrong usage, or what `fail` says. */
export async function run (args: readonly string[]): Promise<number> {
  try {
    await createProgram().parseAsync([...args], { from: 'user' })
    return Number(process.exitCode ?? 0)
  } catch (error) {
    if (error instanceof CommanderError) {
      return error.exitCode === 0 ? 0 : 2
    }
    return fail(error)
  }
}

if (import.meta.main) {
  endWhenUnread()
  process.exitCode = await run(process.argv.slice(2))
  // A timer or connection that a library forgot keeps nothing alive that has ended.
  setTimeout(() => { process.exit() }, LINGER_MS).unref()
}
