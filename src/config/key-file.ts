import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs'
import { CodedError } from '../domain/errors.ts'
import { isHex } from '../domain/units.ts'
import { writeOwnedFile } from './owned-file.ts'
import type { ConfigErrorCode } from './errors.ts'
import type { Hex } from '../domain/units.ts'

/** Private keys are below the order of secp256k1 (SEC 2, section 2.4.1). */
const CURVE_ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n

/**
 * The private key in the file: 32 bytes. Throws `KEY_MISSING`, `KEY_EXPOSED` when others than its owner may read the file, or
 * `KEY_INVALID`. No message ever shows what is in it.
 */
export function readKeyFile (path: string): Hex {
  return readKey(path, 'put your backup of it there, or run `wattmesh init` where there is no home yet')
}

/** The same of a file that somebody named on the command line. */
export function readNamedKeyFile (path: string): Hex {
  return readKey(path, 'give the path of a file that holds 0x and 64 hexadecimal digits')
}

function readKey (path: string, advice: string): Hex {
  const { mode, content } = readFile(path, advice)
  if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
    throw keyError('KEY_EXPOSED', `Others on this computer can read the key in ${path}: run \`chmod 600 ${path}\`, and use a new key if they may have done so.`)
  }
  const key = content.trim()
  if (!isKey(key)) {
    throw keyError('KEY_INVALID', `What is in ${path} is no private key: ${advice}.`)
  }
  return key
}

/** Writes a new key for its owner only. Throws `KEY_EXISTS`, `KEY_INVALID` or `CONFIG_UNWRITABLE`. */
export function writeKeyFile (path: string, key: Hex): void {
  if (!isKey(key)) {
    throw keyError('KEY_INVALID', 'That is not a private key: it must be 0x and 64 hexadecimal digits, and below the order of the curve.')
  }
  writeOwnedFile(path, `${key}\n`, keyError('KEY_EXISTS', `There is a key at ${path} already and it is not overwritten: move it away first if you want a new one.`))
}

function isKey (text: string): text is Hex {
  return isHex(text, 32) && BigInt(text) > 0n && BigInt(text) < CURVE_ORDER
}

function readFile (path: string, advice: string): { mode: number, content: string } {
  let file: number | undefined
  try {
    file = openSync(path, 'r')
    return { mode: fstatSync(file).mode, content: readFileSync(file, 'utf8') }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      throw keyError('KEY_MISSING', `There is no file at ${path}: ${advice}.`, error)
    }
    throw keyError('KEY_INVALID', `The key at ${path} cannot be read: check that it is a file and that you may read it.`, error)
  } finally {
    if (file != null) {
      closeSync(file)
    }
  }
}

function keyError (code: ConfigErrorCode, message: string, cause?: unknown): CodedError<ConfigErrorCode> {
  return new CodedError(code, message, { cause })
}
