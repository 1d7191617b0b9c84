import { closeSync, fsyncSync, openSync, writeFileSync } from 'node:fs'
import { CodedError } from '../domain/errors.ts'
import type { ConfigErrorCode } from './errors.ts'

/**
 * Writes a new file that only its owner can read, on disk when it returns. Throws `exists` when there is a file already: it
 * is never overwritten. Throws `CONFIG_UNWRITABLE` when the place cannot be written to.
 */
export function writeOwnedFile (path: string, content: string, exists: CodedError<ConfigErrorCode>): void {
  try {
    const file = openSync(path, 'wx', 0o600)
    try {
      writeFileSync(file, content)
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') {
      throw exists
    }
    throw new CodedError<ConfigErrorCode>('CONFIG_UNWRITABLE', `${path} cannot be written: check free space and that you may write there.`, { details: { path }, cause: error })
  }
}
