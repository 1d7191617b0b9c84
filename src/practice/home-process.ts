import { spawn } from 'node:child_process'
import { open, readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { connectApi } from '../api/client.ts'
import { CodedError } from '../domain/errors.ts'
import type { ApiClient } from '../api/client.ts'

/** How long a node may take to start and to stop, in real milliseconds. */
const START_TIMEOUT_MS = 60_000
const STOP_TIMEOUT_MS = 5_000
const POLL_MS = 50

export interface HomeProcessInit {
  readonly name: string
  /** Program and arguments that start a node over a data directory, which is added as the last argument. */
  readonly command: readonly string[]
  readonly folder: string
  readonly apiFile: string
  /** Takes everything the process writes. */
  readonly logFile: string
}

/** One home as an operating-system process of its own. */
export interface HomeProcess {
  readonly name: string
  readonly pid: number
  isRunning(): boolean
  /** Resolves once the node answers. Throws `HOME_FAILED` with its last words when it stops before that. */
  ready(): Promise<ApiClient>
  /** Asks it to stop, and ends it when it does not. */
  stop(): Promise<void>
  /** Ends it at once, as a power cut would. */
  kill(): Promise<void>
}

export async function startHomeProcess (init: HomeProcessInit): Promise<HomeProcess> {
  const log = await open(init.logFile, 'a')
  const [program, ...args] = [...init.command, init.folder]
  // The channel closes when this process dies, however it dies, and the node then stops by itself.
  const child = spawn(program, args, { stdio: ['ignore', log.fd, log.fd, 'ipc'] })
  const gone = new Promise<void>((resolve) => {
    child.once('close', () => { resolve() })
    child.once('error', () => { resolve() })
  })
  await log.close()

  const isGone = (): boolean => child.exitCode != null || child.signalCode != null || child.pid == null
  const lastWords = async (): Promise<string> => (await readFile(init.logFile, 'utf8')).trimEnd().split('\n').slice(-3).join(' ')

  return {
    name: init.name,
    pid: child.pid ?? 0,
    isRunning: () => !isGone(),
    async ready () {
      const deadline = performance.now() + START_TIMEOUT_MS
      while (!isGone() && performance.now() < deadline) {
        try {
          const api = await connectApi(init.apiFile)
          await api.status()
          return api
        } catch {
          await sleep(POLL_MS)
        }
      }
      throw new CodedError('HOME_FAILED', `The node of ${init.name} did not start: ${await lastWords()}`)
    },
    async stop () {
      child.kill('SIGTERM')
      await Promise.race([gone, sleep(STOP_TIMEOUT_MS, undefined, { ref: false })])
      child.kill('SIGKILL')
      await gone
    },
    async kill () {
      child.kill('SIGKILL')
      await gone
    }
  }
}
