import { stat, statfs } from 'node:fs/promises'
import { readKeyFile } from '../../config/key-file.ts'
import { CodedError, explain, hasCode } from '../../domain/errors.ts'
import { chooseRecovery } from '../../signing/recovery.ts'
import { bad, ok, unknown, warn } from '../checks.ts'
import type { Recovery } from '../../signing/recovery.ts'
import type { Check } from '../checks.ts'
import type { Patient } from './patient.ts'

const NODE_MAJOR = 24

/** A year of quarter hours and trades of a home, several times over. */
const ENOUGH_BYTES = 1024 ** 3
/** Less, and the database may fail tomorrow. */
const LEAST_BYTES = 100 * 1024 ** 2

export async function checkComputer ({ paths, config, key, status, isSilent }: Patient): Promise<Check[]> {
  return [nodeVersion(process.versions.node), await nativeSignatures(), await directory(paths.directory), await diskSpace(paths.directory), settings(config), keyFile(key, paths.key), ...meterKey(paths.meterKey), running(status, isSilent)]
}

export function nodeVersion (version: string): Check {
  return Number(version.split('.')[0]) >= NODE_MAJOR
    ? ok('computer.node', `Node.js ${version} is new enough.`)
    : bad('computer.node', `Node.js ${version} is too old.`, `Install Node.js ${NODE_MAJOR} or newer.`)
}

async function nativeSignatures (): Promise<Check> {
  const { recovery } = await chooseRecovery({ allowSlow: true })
  return signatures(recovery.name)
}

export function signatures (name: Recovery['name']): Check {
  switch (name) {
    case 'native': return ok('computer.signatures', 'Signatures are checked by fast native code.')
    case 'wasm': return ok('computer.signatures', 'Signatures are checked by WebAssembly: slower than native code, and enough for a street.')
    default: return warn('computer.signatures', 'Signatures can be checked only by slow JavaScript, which a busy market overwhelms.', 'Install wattmesh again with its optional packages; signing.allowSlow lets the node start as it is.')
  }
}

async function directory (path: string): Promise<Check> {
  const found = await stat(path).catch((): undefined => undefined)
  if (found == null || !found.isDirectory()) {
    return bad('computer.data', `There is no data directory at ${path}.`, 'Run `wattmesh init`, or `wattmesh join` with an invite of a neighbour, or name the right folder with --data.')
  }
  if (process.getuid != null && found.uid !== process.getuid()) {
    return bad('computer.data', `The data directory ${path} belongs to another user of this computer.`, 'Run wattmesh as that user, or give the folder to yours with `chown -R`.')
  }
  return process.platform !== 'win32' && (found.mode & 0o077) !== 0
    ? warn('computer.data', `Others on this computer can look into the data directory ${path}.`, `Run \`chmod 700 ${path}\`.`)
    : ok('computer.data', `The data directory ${path} is yours alone.`)
}

async function diskSpace (path: string): Promise<Check> {
  const free = await statfs(path).then(({ bavail, bsize }) => bavail * bsize, (): undefined => undefined)
  if (free == null) {
    return unknown('computer.disk', 'Free space on the disk is not known without a data directory.')
  }
  return diskCheck(free)
}

export function diskCheck (free: number): Check {
  const shown = free >= ENOUGH_BYTES ? `${(free / ENOUGH_BYTES).toFixed(0)} GB` : `${Math.floor(free / 1024 ** 2)} MB`
  if (free < LEAST_BYTES) {
    return bad('computer.disk', `Only ${shown} are free on the disk: trades may be lost when it is full.`, 'Make room on the disk of the data directory now.')
  }
  return free < ENOUGH_BYTES
    ? warn('computer.disk', `Only ${shown} are free on the disk.`, 'Make room before it fills up; 1 GB lasts for years.')
    : ok('computer.disk', `${shown} are free on the disk.`)
}

function settings ({ error, value }: Patient['config']): Check {
  return value == null
    ? bad('computer.config', sentence(error), hasCode(error, 'CONFIG_MISSING')
      ? 'Have it written by `wattmesh init`, or by `wattmesh join` with an invite of a neighbour.'
      : 'Correct config.yaml as it says; docs/reference/configuration.md explains every setting.')
    : ok('computer.config', `The settings are complete and make sense: "${value.name}" in market area "${value.market.area}".`)
}

function keyFile ({ error, value }: Patient['key'], path: string): Check {
  return value == null
    ? bad('computer.key', sentence(error), 'Do that before anything else: without its key the node can sign nothing.')
    : ok('computer.key', `The node's key in ${path} can be read by you only; its address is ${value}.`)
}

/** The node makes one at its first start. */
function meterKey (path: string): Check[] {
  try {
    readKeyFile(path)
    return []
  } catch (error) {
    return hasCode(error, 'KEY_MISSING') ? [] : [bad('computer.meterKey', sentence(error), 'It is the key that vouches for what your meter counts: do that before you start the node.')]
  }
}

function running (status: Patient['status'], isSilent: boolean): Check {
  if (isSilent) {
    return bad('computer.running', 'A node is running, but it does not answer.', 'Look at its log, then stop it and start it again.')
  }
  return status == null
    ? warn('computer.running', 'The node is not running, so nothing is traded and less can be checked.', 'Start it with `wattmesh start`.')
    : ok('computer.running', 'The node is running.')
}

/** The message of an error as a sentence of its own; ours say all there is to know without their causes. */
export function sentence (error: unknown): string {
  const text = error instanceof CodedError ? error.message : explain(error)
  return /[.!?]$/.test(text) ? text : `${text}.`
}
