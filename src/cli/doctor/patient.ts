import { setTimeout as sleep } from 'node:timers/promises'
import { readKeyFile } from '../../config/key-file.ts'
import { loadConfig } from '../../config/load.ts'
import { hasCode } from '../../domain/errors.ts'
import { addressOf, publicKeyOf } from '../../signing/keys.ts'
import { pathsOf, runningNode } from '../options.ts'
import type { Json } from '../../api/client.ts'
import type { DataPaths } from '../../config/paths.ts'
import type { Config } from '../../config/schema.ts'
import type { Account } from '../../domain/units.ts'
import type { NodeStatus } from '../../node/node.ts'

/** The home that is looked at: what could be read of it, and what kept us from reading the rest. */
export interface Patient {
  readonly paths: DataPaths
  readonly config: Attempt<Config>
  /** Address of the node's key. */
  readonly key: Attempt<Account>
  /** What the running node says; undefined when none runs here, or when it says nothing. */
  readonly status?: Json<NodeStatus>
  /** A node was there and did not answer. */
  readonly isSilent: boolean
}

/** A node that is well answers at once. */
const ANSWER_MS = 5000

export type Attempt<T> = { readonly value: T, readonly error?: undefined } | { readonly value?: undefined, readonly error: unknown }

export async function admit (options: { data?: string }): Promise<Patient> {
  const paths = pathsOf(options)
  return {
    paths,
    config: attempt(() => loadConfig({ file: paths.config, env: process.env })),
    key: attempt(() => addressOf(publicKeyOf(readKeyFile(paths.key)))),
    ...await askNode(options)
  }
}

async function askNode (options: { data?: string }): Promise<Pick<Patient, 'status' | 'isSilent'>> {
  const waiting = new AbortController()
  const late = sleep(ANSWER_MS, { isSilent: true }, { signal: waiting.signal }).catch(() => ({ isSilent: true }))
  const answer = runningNode(options, waiting.signal).then(async (node) => ({ status: await node.status(), isSilent: false }))
    .catch((error: unknown) => ({ isSilent: !hasCode(error, 'NODE_NOT_RUNNING') }))
  return Promise.race([answer, late]).finally(() => { waiting.abort() })
}

function attempt<T> (task: () => T): Attempt<T> {
  try {
    return { value: task() }
  } catch (error) {
    return { error }
  }
}
