import { print, printJson } from './output.ts'

/** `unknown`: it could not be looked at from here, which is neither good nor bad. */
export type Level = 'ok' | 'warn' | 'bad' | 'unknown'

/** One thing that was looked at. */
export interface Check {
  /** Names the check for programs: `chain.key`. */
  readonly id: string
  readonly level: Level
  /** What was found, in one sentence. */
  readonly says: string
  /** What to do about it, in one sentence; always there for `bad`. */
  readonly next?: string
}

/** Builders, so that a check reads as what it says. */
export const ok = (id: string, says: string): Check => ({ id, level: 'ok', says })
export const warn = (id: string, says: string, next?: string): Check => ({ id, level: 'warn', says, next })
export const bad = (id: string, says: string, next: string): Check => ({ id, level: 'bad', says, next })
export const unknown = (id: string, says: string, next?: string): Check => ({ id, level: 'unknown', says, next })

const MARKS: Readonly<Record<Level, string>> = { ok: 'ok  ', warn: 'WARN', bad: 'BAD ', unknown: '?   ' }

export function printChecks (checks: readonly Check[]): void {
  for (const { level, says, next } of checks) {
    print(`  ${MARKS[level]}  ${says}`)
    if (next != null) {
      print(`        -> ${next}`)
    }
  }
}

/** `4` when anything is bad, as everywhere where a home or a device is not well. */
export function exitCode (checks: readonly Check[]): number {
  return checks.some(({ level }) => level === 'bad') ? 4 : 0
}

export function printChecksJson (checks: readonly Check[], more: object = {}): void {
  printJson({ ok: exitCode(checks) === 0, ...more, checks })
}
