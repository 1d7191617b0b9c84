/**
 * Homes on machines of their own, as far as the network is concerned: a network namespace each, with its own address, routes and
 * TCP, on one wire whose delay, loss and partition the test decides. The wire is `wire.py` over TAP devices, because kernels
 * without netem are common. Needs Linux, root, `ip` and Python.
 */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createConnection, createServer } from 'node:net'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { tied } from '../helpers/child.ts'
import { show } from './watch.ts'
import type { HomeChanges } from '../../src/practice/street.ts'
import type { Context } from 'mocha'
import type { Socket } from 'node:net'

export interface WireRules {
  readonly delayMs: number
  readonly loss: number
  /** Homes of different groups do not hear each other. */
  readonly groups: readonly number[]
}

export interface Lan {
  /** How a home of the street is put on its machine. */
  homeOf(index: number): HomeChanges
  set(rules: Partial<WireRules>): void
  close(): Promise<void>
}

const WIRE = fileURLToPath(new URL('wire.py', import.meta.url))
const NETWORK = '10.213.77'

/** What is missing for namespaces on this machine; undefined when nothing is. */
export function missingForNamespaces (): string | undefined {
  const name = `wm-probe-${process.pid}`
  const isAble = (program: string, ...args: string[]): boolean => spawnSync(program, args, { stdio: 'ignore' }).status === 0
  if (process.platform !== 'linux' || process.getuid?.() !== 0) {
    return 'network namespaces need Linux and root'
  }
  if (!isAble('ip', 'netns', 'add', name)) {
    return '`ip netns add` does not work here: install iproute2 and allow namespaces'
  }
  isAble('ip', 'netns', 'del', name)
  return isAble('python3', '-c', 'open("/dev/net/tun", "r+b", buffering=0)') ? undefined : 'Python 3 cannot open /dev/net/tun'
}

/** Skips with a sentence where something is missing, except in continuous integration, where that is a failure. */
export function needs (test: Context, missing: string | undefined): void {
  if (missing != null && process.env.CI != null) {
    throw new Error(`This test has to run here and cannot: ${missing}.`)
  }
  if (missing != null) {
    show(`      skipped, because ${missing}`)
    test.skip()
  }
}

export function ip (...args: string[]): void {
  const { status, stderr } = spawnSync('ip', args, { encoding: 'utf8' })
  if (status !== 0) {
    throw new Error(`ip ${args.join(' ')}: ${stderr}`)
  }
}

/** A wire with `homes` machines; the chain at `chainPort` of this one is reached from all of them. */
export async function startLan (homes: number, chainPort: number): Promise<Lan> {
  const prefix = `wm${process.pid % 100_000}p`
  const spaces = Array.from({ length: homes }, (_, n) => `${prefix}${n + 1}`)
  spaces.forEach((space) => { ip('netns', 'add', space) })
  const wire = tied(spawn('python3', [WIRE, prefix, ...spaces], { stdio: ['pipe', 'pipe', 'inherit'] }))
  await once(createInterface({ input: wire.stdout }), 'line')

  ip('addr', 'add', `${NETWORK}.1/24`, 'dev', `${prefix}0`)
  ip('link', 'set', `${prefix}0`, 'up')
  spaces.forEach((space, n) => {
    const inside = (...args: string[]): void => { ip('-n', space, ...args) }
    inside('link', 'set', 'lo', 'up')
    inside('addr', 'add', `${NETWORK}.${n + 2}/24`, 'dev', `${prefix}${n + 1}`)
    inside('link', 'set', `${prefix}${n + 1}`, 'up')
    // multicast, which finds the neighbours, needs a way out
    inside('route', 'add', 'default', 'via', `${NETWORK}.1`)
  })
  const closeDoor = await openDoor(chainPort, `${NETWORK}.1`)

  return {
    homeOf: (index) => ({
      wrapper: ['ip', 'netns', 'exec', spaces[index]],
      config: {
        api: { host: `${NETWORK}.${index + 2}`, port: 0 },
        chain: { rpc: `http://${NETWORK}.1:${chainPort}` },
        network: { listen: [`/ip4/${NETWORK}.${index + 2}/tcp/0`] }
      }
    }),
    set (rules) { wire.stdin.write(`${JSON.stringify(rules)}\n`) },
    async close () {
      wire.stdin.end()
      await once(wire, 'close')
      spaces.forEach((space) => { ip('netns', 'del', space) })
      closeDoor()
    }
  }
}

/** Passes connections on to the chain, which listens on the loopback interface only. Returns the way to close. */
export async function openDoor (chainPort: number, host: string): Promise<() => void> {
  const sockets = new Set<Socket>()
  const door = createServer((from) => {
    const to = createConnection(chainPort, '127.0.0.1')
    for (const [one, other] of [[from, to], [to, from]]) {
      sockets.add(one)
      one.on('error', () => { other.destroy() }).on('close', () => { sockets.delete(one) }).pipe(other)
    }
  })
  door.listen(chainPort, host)
  await once(door, 'listening')
  return () => {
    sockets.forEach((socket) => { socket.destroy() })
    door.close()
  }
}
