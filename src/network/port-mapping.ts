/**
 * What libp2p asks when it wants a port opened (`portMappingClient`). Its own client ends the process at the first odd datagram on
 * port 1900, and where another program has that port; it knows the second generation of routers only, and a router
 * that restarts has forgotten the port for an hour.
 */
import { gatewayOf } from './gateway.ts'
import { describeRouter, outsideAddress } from './router.ts'
import { findRouters } from './routers.ts'
import type { Gateway } from './gateway.ts'
import type { RouterAnswer } from '../ports/network.ts'
import type { UPnPNATClient } from '@libp2p/upnp-nat'

export interface PortMapping extends UPnPNATClient {
  answer(): RouterAnswer
}

/** Not much more often than libp2p asks for the outside address. */
const RENEW_MS = 20_000
const SEARCH_MS = 1000

/** `renewMs`: how often the router is asked for the same again, because one that restarts forgets. */
export function createPortMapping ({ renewMs = RENEW_MS }: { readonly renewMs?: number } = {}): PortMapping {
  let answer: RouterAnswer = 'none'

  async function open (location: URL, signal?: AbortSignal): Promise<Gateway> {
    const router = await describeRouter(location, signal)
    if (await outsideAddress(router, signal) == null) {
      answer = answer === 'none' ? 'no-outside-address' : answer
      throw new Error(`the router at ${location.host} has no address of its own in the internet`)
    }
    return gatewayOf(router, { renewMs, note (heard) { answer = heard } })
  }

  return {
    answer: () => answer,
    getGateway: async (location, { signal } = {}) => open(location, signal),
    async * findGateways ({ signal = AbortSignal.timeout(SEARCH_MS), searchInterval = SEARCH_MS } = {}) {
      while (!signal.aborted) {
        for (const location of await findRouters(signal)) {
          // one that is not online yet is found again, where libp2p would ask it for a port once and never more
          const gateway = await open(location, signal).catch(() => {})
          if (gateway != null) {
            yield gateway
          }
        }
        await pause(searchInterval, signal)
      }
    }
  }
}

async function pause (ms: number, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const end = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, ms)
    signal.addEventListener('abort', end)
  })
}
