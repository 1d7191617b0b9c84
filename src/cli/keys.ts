import { randomBytes } from 'node:crypto'
import { readKeyFile, writeKeyFile } from '../config/key-file.ts'
import { hasCode } from '../domain/errors.ts'
import type { Hex } from '../domain/units.ts'

/** A key that is there already is kept: it may be the only way to money that is on its way. */
export function keepOrCreateKey (path: string): Hex {
  try {
    return readKeyFile(path)
  } catch (error) {
    if (!hasCode(error, 'KEY_MISSING')) {
      throw error
    }
  }
  const key: Hex = `0x${randomBytes(32).toString('hex')}`
  writeKeyFile(path, key)
  return key
}
