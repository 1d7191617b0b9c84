import { autoNAT } from '@libp2p/autonat'
import { serviceCapabilities, serviceDependencies } from '@libp2p/interface'
import { isRelayed } from './reachability.ts'
import type { AutoNATComponents } from '@libp2p/autonat'
import type { PeerId, Startable, Topology } from '@libp2p/interface'
import type { ConnectionManager, NodeAddress, Registrar } from '@libp2p/interface-internal'

/** How often connected neighbours are asked about a port of the router through which none of them has called yet. */
const ASK_MS = 15_000

/**
 * Neighbours call each other back to see who can be reached from outside (AutoNAT). Three things that libp2p leaves undone are done here:
 * the call is a call of its own, where libp2p would take the connection that is there and close it; addresses through a
 * relay are not asked about, before which no other would have its turn; and neighbours are asked again when the router
 * opens a port after they have connected.
 */
export function dialBack (): (components: AutoNATComponents) => unknown {
  return (components) => {
    const { addressManager, connectionManager, registrar } = components
    const askable = new Map<string, PeerId>()
    let ask: Topology['onConnect']
    let timer: ReturnType<typeof setInterval> | undefined

    const openConnection: ConnectionManager['openConnection'] = async (target, options) =>
      // of the calls it makes, only those to check an address name a single one
      connectionManager.openConnection(target, { ...options, force: !Array.isArray(target) })
    const getAddressesWithMetadata = (): NodeAddress[] => addressManager.getAddressesWithMetadata().filter(({ multiaddr }) => !isRelayed(multiaddr.toString()))
    const register: Registrar['register'] = async (protocol, topology) => {
      ask = topology.onConnect
      return registrar.register(protocol, {
        async onConnect (peer, connection) {
          askable.set(peer.toString(), peer)
          await ask?.(peer, connection)
        },
        onDisconnect (peer) { askable.delete(peer.toString()) }
      })
    }
    const service = autoNAT({ protocolPrefix: 'wattmesh' })(changed(components, {
      addressManager: changed(addressManager, { getAddressesWithMetadata }),
      connectionManager: changed(connectionManager, { openConnection }),
      registrar: changed(registrar, { register })
    })) as Startable

    function askAgain (): void {
      if (addressManager.getAddressesWithMetadata().some(({ type, verified, expires }) => type === 'ip-mapping' && !verified && expires < Date.now())) {
        for (const peer of askable.values()) {
          const connection = connectionManager.getConnections(peer).find(({ status, limits }) => status === 'open' && limits == null)
          if (connection != null) {
            ask?.(peer, connection)
          }
        }
      }
    }

    return {
      [Symbol.toStringTag]: 'dial-back',
      [serviceCapabilities]: ['@libp2p/autonat'],
      [serviceDependencies]: ['@libp2p/identify'],
      async start () {
        await service.start()
        timer = setInterval(askAgain, ASK_MS).unref()
      },
      async stop () {
        clearInterval(timer)
        await service.stop()
      }
    }
  }
}

/** The same part of libp2p with a few of its members replaced. Assigning would reach through to the part itself. */
function changed<Part extends object> (part: Part, members: Partial<Part>): Part {
  return Object.create(part, Object.getOwnPropertyDescriptors(members))
}
