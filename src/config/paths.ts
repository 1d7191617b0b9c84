import { mkdirSync } from 'node:fs'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { CodedError } from '../domain/errors.ts'
import type { ConfigErrorCode } from './errors.ts'

/** Names the data directory in the environment. */
export const DATA_DIRECTORY_ENV = 'WATTMESH_DATA'

/** Where a node keeps its things. */
export interface DataPaths {
  readonly directory: string
  readonly config: string
  /** The hot key: readable by the owner of the process only. */
  readonly key: string
  /** The meter's key, which vouches for readings: readable by the owner of the process only. */
  readonly meterKey: string
  readonly database: string
  /** Addresses of other nodes and how they behaved. */
  readonly peers: string
  /** Written by a running node: how programs of the same user reach it. */
  readonly api: string
  /** The highest totals that were published, so that they never fall. */
  readonly totals: string
}

/** The data directory: the option, else `WATTMESH_DATA`, else `.wattmesh` in the home directory. */
export function dataPaths ({ option, env = {} }: { option?: string, env?: Readonly<Record<string, string | undefined>> }): DataPaths {
  const fromEnv = env[DATA_DIRECTORY_ENV]
  const directory = resolve(option ?? (fromEnv == null || fromEnv === '' ? join(homedir(), '.wattmesh') : fromEnv))
  return {
    directory,
    config: join(directory, 'config.yaml'),
    key: join(directory, 'node.key'),
    meterKey: join(directory, 'meter.key'),
    database: join(directory, 'db'),
    peers: join(directory, 'peers'),
    api: join(directory, 'api.json'),
    totals: join(directory, 'totals.json')
  }
}

/** Creates the data directory and the folder of the database for their owner only. Throws `CONFIG_UNWRITABLE`. */
export function createDataDirectory (paths: DataPaths): void {
  try {
    mkdirSync(paths.directory, { recursive: true, mode: 0o700 })
    mkdirSync(paths.database, { recursive: true, mode: 0o700 })
    mkdirSync(paths.peers, { recursive: true, mode: 0o700 })
  } catch (error) {
    throw new CodedError<ConfigErrorCode>('CONFIG_UNWRITABLE', `The data directory ${paths.directory} cannot be created: choose another one, or check that you may write there.`, { details: { path: paths.directory }, cause: error })
  }
}
