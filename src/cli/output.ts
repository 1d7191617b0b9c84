/** The only place that writes to the terminal: results to stdout, everything else to stderr. */
import { styleText } from 'node:util'
import { CodedError, explain } from '../domain/errors.ts'

/** One line of the result. */
export function print (line = ''): void {
  process.stdout.write(`${line}\n`)
}

/** One line about what is going on. */
export function note (line = ''): void {
  process.stderr.write(`${line}\n`)
}

/** When `head` or a pager reads no further: ends as other programs do, a node in its usual way. */
export function endWhenUnread (): void {
  process.stdout.on('error', () => { process.kill(process.pid, 'SIGTERM') })
}

/** A result for machines: one line of JSON, amounts as decimal strings. */
export function printJson (value: unknown): void {
  print(JSON.stringify(value, (_, field: unknown) => typeof field === 'bigint' ? field.toString() : field))
}

/** Whether there is a person at both ends: nothing is ever asked otherwise. */
export function isInteractive (): boolean {
  return process.stdin.isTTY && process.stderr.isTTY
}

/** Whether the result goes to a screen, where it may be painted over. */
export function isScreen (): boolean {
  return process.stdout.isTTY
}

/** Where a question is asked and answered. */
export function dialogue (): { input: NodeJS.ReadableStream, output: NodeJS.WritableStream } {
  return { input: process.stdin, output: process.stderr }
}

/** Starts the screen of a terminal anew. */
export function clearScreen (): void {
  process.stdout.write('\u001b[H\u001b[2J')
}

export function bold (text: string): string {
  return styleText('bold', text, { stream: process.stderr })
}

export function dim (text: string): string {
  return styleText('dim', text, { stream: process.stderr })
}

/** A moment of the market to the minute, in UTC. */
export function time (seconds: number): string {
  return new Date(seconds * 1000).toISOString().slice(0, 16).replace('T', ' ')
}

/** The day (UTC) of a time: `2026-06-21`. */
export function dayOf (seconds: number): string {
  return time(seconds).slice(0, 10)
}

/** Columns as wide as they need to be; those named in `right` are aligned to the right. */
export function table (head: readonly string[], rows: ReadonlyArray<readonly string[]>, right: readonly number[] = []): string[] {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column].length)))
  const line = (cells: readonly string[]): string => cells
    .map((cell, column) => right.includes(column) ? cell.padStart(widths[column]) : cell.padEnd(widths[column]))
    .join('  ').trimEnd()
  return [line(head), widths.map((width) => '─'.repeat(width)).join('  '), ...rows.map(line)]
}

/** Exit codes by what the reader has to look at. */
const EXIT_CODES: ReadonlyArray<readonly [RegExp, number]> = [
  [/^(USAGE|PROFILES)_/, 2],
  [/^(CONFIG|INVITE|KEY|RULES|SIGNING|STORE)_/, 3],
  [/^DEVICE_/, 4],
  [/^(NETWORK|API|NODE|HOME)_/, 5],
  [/^CHAIN_/, 6]
]

/** Says what went wrong in one sentence and returns the exit code. Anything without a code of ours is our own fault. */
export function fail (error: unknown): number {
  if (error instanceof CodedError) {
    note(`wattmesh: ${error.message}`)
    return EXIT_CODES.find(([codes]) => codes.test(error.code))?.[1] ?? 70
  }
  note(`wattmesh: internal error: ${explain(error)}`)
  if (error instanceof Error && error.stack != null) {
    note(dim(error.stack))
  }
  return 70
}
