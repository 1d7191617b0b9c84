import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const made: string[] = []

/** A new empty directory. */
export function temporaryDirectory (): string {
  const directory = mkdtempSync(join(tmpdir(), 'wattmesh-test-'))
  made.push(directory)
  return directory
}

/** Removes all of them; for an `after` hook. */
export function removeTemporaryDirectories (): void {
  made.splice(0).forEach(directory => { rmSync(directory, { recursive: true, force: true }) })
}
