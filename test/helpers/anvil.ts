import { spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { createInterface } from 'node:readline'
import { tied } from './child.ts'
import type { ChildProcessByStdio } from 'node:child_process'
import type { Readable } from 'node:stream'

type Child = ChildProcessByStdio<null, Readable, Readable>

export interface Anvil {
  /** JSON-RPC address on the loopback interface. */
  readonly url: string
  stop(): Promise<void>
}

/** Starts a local chain on a free port. Arguments go to anvil as they are, e.g. `--no-mining` or `--timestamp 1800000000`. */
export async function startAnvil (args: readonly string[] = []): Promise<Anvil> {
  const child = tied(spawn(findAnvil(), ['--host', '127.0.0.1', '--port', '0', ...args], { stdio: ['ignore', 'pipe', 'pipe'] }))
  const port = await readPort(child)

  return {
    url: `http://127.0.0.1:${port}`,
    async stop () {
      const gone = new Promise(resolve => child.once('exit', resolve))

      if (child.exitCode == null && child.signalCode == null && child.kill('SIGKILL')) {
        await gone
      }
    }
  }
}

/** The binary from npm for this platform, else the one on the PATH. */
function findAnvil (): string {
  const arch = process.arch === 'x64' ? 'amd64' : process.arch

  try {
    return createRequire(import.meta.url).resolve(`@foundry-rs/anvil-${process.platform}-${arch}/bin/anvil`)
  } catch {
    return 'anvil'
  }
}

async function readPort (child: Child): Promise<string> {
  return new Promise((resolve, reject) => {
    let complaint = ''
    child.stderr.on('data', chunk => { complaint += String(chunk) })
    child.once('error', () => {
      reject(new Error('Found no anvil: run `npm ci --include=optional`, or install Foundry from https://getfoundry.sh so that `anvil` is on the PATH.'))
    })
    child.once('exit', code => {
      reject(new Error(`anvil stopped with code ${code} before it listened: ${complaint.trim()}`))
    })

    // reading on after the port keeps the pipe from filling up
    createInterface({ input: child.stdout }).on('line', line => {
      const port = /^Listening on .*:(\d+)$/.exec(line.trim())?.[1]

      if (port != null) {
        resolve(port)
      }
    })
  })
}
