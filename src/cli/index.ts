#!/usr/bin/env node
/** The command line: parses, hands over to one command, and turns what comes back into an exit code. */
import { readFileSync } from 'node:fs'
import { Command, CommanderError } from 'commander'
import { bookCommand } from './commands/book.ts'
import { demoCommand } from './commands/demo.ts'
import { initCommand } from './commands/init.ts'
import { startCommand } from './commands/start.ts'
import { statusCommand } from './commands/status.ts'
import { tradesCommand } from './commands/trades.ts'
import { walletCommand } from './commands/wallet.ts'
import { fail } from './output.ts'

/** Every command, in the order in which people meet them. */
export const COMMANDS: ReadonlyArray<() => Command> = [
  demoCommand, initCommand, startCommand, statusCommand, bookCommand, tradesCommand, walletCommand
]

export function createProgram (): Command {
  const program = new Command('wattmesh')
    .description('Trade surplus power with your neighbours: no central server, settled through an escrow.')
    .version(version())
    .showHelpAfterError('Add --help to see what is possible.')
  for (const command of COMMANDS) {
    program.addCommand(command())
  }
  for (const each of [program, ...program.commands.flatMap((command) => [command, ...command.commands])]) {
    each.exitOverride()
  }
  return program
}

function version (): string {
  for (const place of ['../../package.json', '../../../package.json']) {
    try {
      return (JSON.parse(readFileSync(new URL(place, import.meta.url), 'utf8')) as { version: string }).version
    } catch {}
  }
  return 'unknown'
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
  process.exitCode = await run(process.argv.slice(2))
}
