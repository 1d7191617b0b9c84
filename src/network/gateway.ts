import { describeRouter, forget, forward, outsideAddress, RouterRefusal } from './router.ts'
import { findRouters, isOnNetworkOf } from './routers.ts'
import type { Forwarding, Router } from './router.ts'
import type { RouterAnswer } from '../ports/network.ts'
import type { UPnPNATClient } from '@libp2p/upnp-nat'

/** A router as libp2p wants to have it. */
export type Gateway = Awaited<ReturnType<UPnPNATClient['getGateway']>>

export interface GatewayInit {
  readonly renewMs: number
  /** Takes what the router says, each time it is asked. */
  note(heard: RouterAnswer): void
}

const TAKEN = 718
/** A neighbour behind the same router may have the port; then others are tried. */
const MAX_PORT_TRIES = 4
const [FIRST_FREE_PORT, FREE_PORTS] = [49_152, 16_384]

/** Keeps the ports open that libp2p asks for, until it stops. */
export function gatewayOf (found: Router, { renewMs, note }: GatewayInit): Gateway {
  let router = found
  /** By the port of this computer. */
  const forwardings = new Map<number, Forwarding>()
  const open = new Set<number>()
  const stopped = new AbortController()
  let timer: ReturnType<typeof setInterval> | undefined

  /** Resolves with what was asked for, or with another port of the router where that one is taken. */
  async function openPort (wanted: Forwarding, signal: AbortSignal | undefined, tries = 1): Promise<Forwarding> {
    try {
      await forward(router, wanted, signal)
      open.add(wanted.internalPort)
      note('opened')
      return wanted
    } catch (error) {
      if (error instanceof RouterRefusal && error.reason === TAKEN && tries > 1) {
        return openPort({ ...wanted, externalPort: FIRST_FREE_PORT + Math.floor(Math.random() * FREE_PORTS) }, signal, tries - 1)
      }
      open.delete(wanted.internalPort)
      open.size === 0 && note(error instanceof RouterRefusal ? 'refused' : 'none')
      throw error
    }
  }

  async function renew (): Promise<void> {
    const { signal } = stopped
    for (const forwarding of forwardings.values()) {
      try {
        await openPort(forwarding, signal)
      } catch (error) {
        if (!(error instanceof RouterRefusal) && await meetAgain(signal)) {
          await openPort(forwarding, signal).catch(() => {})
        }
      }
    }
  }

  /** After a restart it may take orders elsewhere. */
  async function meetAgain (signal: AbortSignal): Promise<boolean> {
    const all = await Promise.all((await findRouters(signal)).map(async (location) => describeRouter(location, signal).catch(() => {})))
    const again = all.find((each) => each?.id === router.id)
    router = again ?? router
    return again != null
  }

  async function close (internalPort: number, signal?: AbortSignal): Promise<void> {
    const forwarding = forwardings.get(internalPort)
    forwardings.delete(internalPort)
    open.delete(internalPort)
    // a router that is gone has nothing to forget
    forwarding != null && await forget(router, forwarding.externalPort, signal).catch(() => {})
  }

  async function externalIp ({ signal }: { signal?: AbortSignal } = {}): Promise<string> {
    const address = await outsideAddress(router, signal)
    if (address == null) {
      throw new Error('the router is not connected to the internet')
    }
    return address
  }

  return {
    id: router.id,
    host: router.location.hostname,
    port: Number(router.location.port) || 80,
    family: 'IPv4',
    externalIp,
    async map (internalPort, internalHost, { externalPort = internalPort, signal } = {}) {
      if (!isOnNetworkOf(router.location.hostname, internalHost)) {
        throw new Error(`${internalHost} is not in the network of the router`)
      }
      const externalHost = await externalIp({ signal })
      const forwarding = await openPort({ externalPort, internalHost, internalPort }, signal, MAX_PORT_TRIES)
      forwardings.set(internalPort, forwarding)
      timer ??= setInterval(() => { void renew() }, renewMs).unref()
      return { externalHost, externalPort: forwarding.externalPort, internalHost, internalPort, protocol: 'TCP' }
    },
    async * mapAll () {
      // libp2p maps each of its addresses by itself
    },
    unmap: async (internalPort, { signal } = {}) => close(internalPort, signal),
    async stop ({ signal } = {}) {
      clearInterval(timer)
      stopped.abort()
      await Promise.all([...forwardings.keys()].map(async (port) => close(port, signal)))
    }
  }
}
