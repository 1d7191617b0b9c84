import { randomInt } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { createServer } from 'node:net'

export interface Port {
  readonly kind: 'TCP' | 'UDP'
  readonly port: number
}

/** Above the names of well-known programs, and below what Linux lends to outgoing calls. */
const [FIRST_PORT, LAST_PORT] = [20_000, 32_767]
const TRIES = 20

/** Where a multiaddr to listen on has its port, 0 meaning any free one; undefined where it has none. */
export function portOf (address: string): Port | undefined {
  const [, kind, port] = /\/(tcp|udp)\/(\d+)/.exec(address) ?? []
  return port == null ? undefined : { kind: kind === 'udp' ? 'UDP' : 'TCP', port: Number(port) }
}

/** Why a program of this user cannot listen there; nothing if it can. */
export async function portProblem ({ kind, port }: Port): Promise<NodeJS.ErrnoException | undefined> {
  return new Promise((resolve) => {
    if (kind === 'UDP') {
      const socket = createSocket('udp4').once('error', resolve)
      socket.bind(port, () => { socket.close(() => { resolve(undefined) }) })
    } else {
      const server = createServer().once('error', resolve)
      server.listen(port, () => { server.close(() => { resolve(undefined) }) })
    }
  })
}

/** A TCP port for a home to keep, free now. By chance, so that homes behind one router rarely want the same. */
export async function choosePort (): Promise<number> {
  for (let tries = 0; tries < TRIES; tries++) {
    const port = randomInt(FIRST_PORT, LAST_PORT + 1)
    if (await portProblem({ kind: 'TCP', port }) == null) {
      return port
    }
  }
  // any free one at each start
  return 0
}
