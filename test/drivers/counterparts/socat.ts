import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { tied } from '../../helpers/child.ts'
import { temporaryDirectory } from '../../helpers/directory.ts'
import { stopAll } from '../../helpers/stop-all.ts'
import { until } from '../../helpers/until.ts'

const running = new Set<() => Promise<void>>()

/** A serial cable: the paths of its two ends. */
export async function serialCable (): Promise<readonly [string, string]> {
  const folder = temporaryDirectory()
  const ends = [join(folder, 'a'), join(folder, 'b')] as const
  start([`pty,raw,echo=0,link=${ends[0]}`, `pty,raw,echo=0,link=${ends[1]}`])
  await until(() => ends.every((end) => existsSync(end)))
  return ends
}

/** A gateway that carries bytes between a TCP port and a serial line. Resolves when it listens. */
export async function serialGateway (port: number, path: string): Promise<void> {
  const said = start(['-d', '-d', `TCP-LISTEN:${port},bind=127.0.0.1,fork,reuseaddr`, `${path},raw,echo=0`])
  await until(() => said().includes('listening on'))
}

function start (args: readonly string[]): () => string {
  const child = tied(spawn('socat', args, { stdio: ['ignore', 'ignore', 'pipe'] }))
  const exited = once(child, 'exit')
  let said = ''
  child.stderr.on('data', (chunk) => { said += String(chunk) })
  running.add(async () => {
    child.kill('SIGKILL')
    await exited
  })
  return () => said
}

export async function stopSocat (): Promise<void> {
  const stops = [...running]
  running.clear()
  await stopAll(...stops)
}
