import type { PortMapping } from './port-mapping.ts'
import type { Reachability } from '../ports/network.ts'
import type { NodeAddress } from '@libp2p/interface-internal'
import type { Multiaddr } from '@multiformats/multiaddr'

/** What libp2p knows of its own addresses beyond those it tells others. */
export interface AddressBook {
  all(): NodeAddress[]
}

/** A service for libp2p, which alone hands out its parts. */
export function addressBook ({ addressManager }: { readonly addressManager: { getAddressesWithMetadata(): NodeAddress[] } }): AddressBook {
  return { all: () => addressManager.getAddressesWithMetadata() }
}

interface Reachable {
  readonly peerId: { toString(): string }
  getMultiaddrs(): Multiaddr[]
  readonly services: {
    readonly addressBook: AddressBook
    readonly dht?: { readonly routingTable: { readonly size: number } }
    readonly upnp?: { readonly portMappingClient: Pick<PortMapping, 'answer'> }
  }
}

export function reachability (node: Reachable): Reachability {
  const { addressBook, dht, upnp } = node.services
  const all = node.getMultiaddrs().map(String)
  const direct = all.filter((address) => !isRelayed(address))
  const router = upnp?.portMappingClient.answer()
  // what the router has forgotten is not open
  const known = addressBook.all().filter(({ type, multiaddr }) => !isRelayed(multiaddr.toString()) && (type === 'transport' || (type === 'ip-mapping' && router === 'opened')))
  return {
    open: direct.filter((address) => !isLocalAddress(address)),
    local: direct.filter(isLocalAddress),
    unconfirmed: [...new Set(known.filter(({ verified }) => !verified).map(({ multiaddr }) => `${multiaddr.toString()}/p2p/${node.peerId.toString()}`))],
    relayed: all.filter((address) => isRelayed(address) && !isLocalAddress(address)),
    mapped: [...new Set(known.filter(({ type }) => type === 'ip-mapping').map(({ multiaddr }) => multiaddr.toString()))],
    ...router == null ? {} : { router },
    ...dht == null ? {} : { tableSize: dht.routingTable.size }
  }
}

export function isRelayed (address: string): boolean {
  return address.includes('/p2p-circuit')
}

/** Addresses that mean something in one network only: RFC 1918, 3927, 4193, 5737, 6598, link-local and this computer. */
export function isLocalAddress (address: string): boolean {
  return /^\/ip4\/(10|127|169\.254|192\.168|172\.(1[6-9]|2\d|3[01])|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])|192\.0\.2|198\.51\.100|203\.0\.113)\./.test(address) ||
    /^\/ip6\/(::1\/|f[cd][0-9a-f]{2}:|fe[89ab][0-9a-f]:)/.test(address) || /^\/dns[46]?\/([^/]+\.local|localhost)\//.test(address)
}
