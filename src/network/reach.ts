/**
 * How homes that do not share a local network reach each other: a distributed hash table to find them, port mapping and relays to
 * get through routers, hole punching to leave the relay again. Each part has a switch; none of them ever sees an order.
 */
import { circuitRelayServer, circuitRelayTransport } from '@libp2p/circuit-relay-v2'
import { dcutr } from '@libp2p/dcutr'
import { identifyPush } from '@libp2p/identify'
import { kadDHT, passthroughMapper } from '@libp2p/kad-dht'
import { uPnPNAT } from '@libp2p/upnp-nat'
import { DHT_PROTOCOL_ID } from '../../protocols/constants.ts'
import { dialBack } from './dial-back.ts'
import { createPortMapping } from './port-mapping.ts'
import type { Libp2pOptions } from 'libp2p'

export interface Reach {
  /** Find neighbours beyond the local network through the distributed hash table of all markets. */
  readonly dht: boolean
  /** Ask the router to forward the port. */
  readonly portMapping: boolean
  /** Let others check whether this node can be reached, and check it for them. */
  readonly reachability: boolean
  /** Be reachable through a neighbour's node when the router lets nobody in. */
  readonly relay: boolean
  /** Pass on the first words of homes that nobody can reach directly. */
  readonly relayForOthers: boolean
  /** Replace a connection through a relay by a direct one. */
  readonly holePunching: boolean
}

export const NO_REACH: Reach = { dht: false, portMapping: false, reachability: false, relay: false, relayForOthers: false, holePunching: false }

/** A relay is for finding a direct way: it passes on little, for a short time, for a few homes. */
const MAX_RELAY_RESERVATIONS = 16
const MAX_RELAY_BYTES = 128n * 1024n
const MAX_RELAY_MS = 120_000

/** The services of libp2p that the switches ask for. */
export function reachServices (reach: Reach): NonNullable<Libp2pOptions['services']> {
  const services = {
    identifyPush: identifyPush(),
    // Homes of one street see each other's private addresses, so none are left out of the table.
    ...reach.dht ? { dht: kadDHT({ protocol: DHT_PROTOCOL_ID, clientMode: false, peerInfoMapper: passthroughMapper }) } : {},
    // without neighbours that call back, the router's word has to do
    ...reach.portMapping ? { upnp: uPnPNAT({ portMappingClient: createPortMapping(), autoConfirmAddress: !reach.reachability }) } : {},
    ...reach.reachability ? { autonat: dialBack() } : {},
    ...reach.holePunching ? { dcutr: dcutr() } : {},
    ...reach.relayForOthers
      ? { relay: circuitRelayServer({ reservations: { maxReservations: MAX_RELAY_RESERVATIONS, defaultDataLimit: MAX_RELAY_BYTES, defaultDurationLimit: MAX_RELAY_MS } }) }
      : {}
  }
  // The table needs ping and identify, which the caller adds.
  return services as unknown as NonNullable<Libp2pOptions['services']>
}

export function reachTransports (reach: Reach): NonNullable<Libp2pOptions['transports']> {
  return reach.relay || reach.holePunching ? [circuitRelayTransport()] : []
}

/** Listening on this address makes libp2p look for a relay that takes the node in. */
export function reachListen (reach: Reach): string[] {
  return reach.relay ? ['/p2p-circuit'] : []
}
