import { createSocket } from 'node:dgram'
import { networkInterfaces } from 'node:os'
import type { NetworkInterfaceInfo } from 'node:os'

const GROUP = '239.255.255.250'
const SSDP_PORT = 1900
/** A search is for the router and not for whatever is behind it. */
const MAX_SEARCH_HOPS = 2
/** Devices answer within MX seconds; the rest is for slow ones. */
const MX_SEC = 1
const WAIT_MS = 2000
/** One home has one router, seldom two; a computer that pretends to be many is not listened to. */
const MAX_ROUTERS = 8
/** Both generations: routers of the second answer to the first as well, but not all of them. */
const KINDS = ['urn:schemas-upnp-org:device:InternetGatewayDevice:2', 'urn:schemas-upnp-org:device:InternetGatewayDevice:1']

/** Asks the local networks for routers (SSDP), and resolves with where those that answered describe themselves. Never throws. */
export async function findRouters (signal: AbortSignal): Promise<URL[]> {
  const found = new Map<string, URL>()
  const own = interfaces().filter(({ internal, address }) => !internal && !address.startsWith('169.254.'))
  await Promise.all(own.map(async ({ address }) => search(address, signal, (location) => {
    if (found.size < MAX_ROUTERS) {
      found.set(location.href, location)
    }
  })))
  return [...found.values()]
}

/** What an answer names, where it is one. A device speaks for itself alone: whoever answers for another host is ignored. */
export function locationOf (answer: string, host: string): URL | undefined {
  const location = /^HTTP\/1\.[01] 200\b/i.test(answer) ? /^location:[ \t]*(\S+)/im.exec(answer)?.[1] : undefined
  const url = location == null ? null : URL.parse(location)
  return url?.protocol === 'http:' && url.hostname === host ? url : undefined
}

/** A router passes on to its own network only; a computer with containers or a VPN has others as well. */
export function isOnNetworkOf (router: string, own: string): boolean {
  const found = interfaces().find(({ address }) => address === own)
  return found != null && (bits(own) & bits(found.netmask)) === (bits(router) & bits(found.netmask))
}

function interfaces (): NetworkInterfaceInfo[] {
  return Object.values(networkInterfaces()).flatMap((all) => all ?? []).filter(({ family }) => family === 'IPv4')
}

function bits (address: string): number {
  return address.split('.').reduce((all, part) => all << 8 | Number(part), 0)
}

/** On a port of its own: port 1900 may belong to another program, and answers come to whoever asked. */
async function search (address: string, signal: AbortSignal, onFound: (location: URL) => void): Promise<void> {
  await new Promise<void>((resolve) => {
    const socket = createSocket('udp4')
    const end = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
      socket.removeAllListeners().on('error', () => {})
      try {
        socket.close()
      } catch {
        // it never opened
      }
      resolve()
    }
    const timer = setTimeout(end, WAIT_MS)
    signal.addEventListener('abort', end)
    socket.on('error', end)
    socket.on('message', (answer, { address: host }) => {
      const location = locationOf(answer.toString('latin1'), host)
      location != null && onFound(location)
    })
    socket.bind(0, address, () => {
      try {
        socket.setMulticastInterface(address)
        socket.setMulticastTTL(MAX_SEARCH_HOPS)
        KINDS.forEach((kind) => { socket.send(question(kind), SSDP_PORT, GROUP) })
      } catch {
        end()
      }
    })
  })
}

function question (kind: string): string {
  return ['M-SEARCH * HTTP/1.1', `HOST: ${GROUP}:${SSDP_PORT}`, 'MAN: "ssdp:discover"', `MX: ${MX_SEC}`, `ST: ${kind}`, '', ''].join('\r\n')
}
