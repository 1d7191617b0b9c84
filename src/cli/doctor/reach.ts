import { bad, ok, unknown, warn } from '../checks.ts'
import { whoCanReach } from '../reach.ts'
import type { Json } from '../../api/client.ts'
import type { Config } from '../../config/schema.ts'
import type { NodeStatus } from '../../node/node.ts'
import type { Check } from '../checks.ts'

type Settings = Config['network']
type Status = Json<NodeStatus>
type Look = (status: Status, settings: Settings) => Check

interface Way {
  readonly id: string
  /** What to say where it is switched off. */
  readonly off: string
  readonly look: Look
}

/** What has a switch, each with what came of it on this computer. */
const WAYS: ReadonlyArray<readonly [keyof Settings, Way]> = [
  ['dht', { id: 'network.dht', off: 'Finding homes beyond the local network is switched off (network.dht).', look: table }],
  ['portMapping', { id: 'network.port', off: 'The router is not asked to open a port (network.portMapping is off).', look: portMapping }],
  ['reachability', { id: 'network.call-back', off: 'Neighbours are not asked to call back, to see whether they get through (network.reachability is off).', look: callBack }],
  ['relay', { id: 'network.relay', off: 'Nobody comes to this home through the node of a neighbour (network.relay is off).', look: relay }],
  ['holePunching', { id: 'network.hole-punching', off: 'Connections through others stay as they are (network.holePunching is off).', look: holePunching }]
]

/** The world outside of the local network. */
export function beyond (status: Status, settings: Settings): Check[] {
  return [
    bootstrap(status, settings),
    exchange(status),
    ...WAYS.map(([name, { id, off, look }]) => settings[name] === false ? unknown(id, off) : look(status, settings)),
    reach(status, settings)
  ]
}

/** All that can be said before the node runs. */
export function switchedOff (settings: Settings): Check[] {
  return WAYS.filter(([name]) => settings[name] === false).map(([, { id, off }]) => unknown(id, off))
}

function bootstrap ({ peerId, peers }: Status, { bootstrap }: Settings): Check {
  const named = bootstrap.map((address) => address.split('/').at(-1)).filter((id) => id !== peerId)
  const there = named.filter((id) => peers.some((peer) => peer.peerId === id)).length
  if (named.length === 0) {
    return unknown('network.bootstrap', 'No neighbour is named in network.bootstrap: homes beyond the local network are met only when one of them calls, or by an invite.')
  }
  if (there === 0) {
    return warn('network.bootstrap', `${named.length === 1 ? 'The neighbour' : `None of the ${named.length} neighbours`} named in network.bootstrap is ${named.length === 1 ? 'not ' : ''}connected.`, 'Ask whether that node runs, and for its address today (`wattmesh status`).')
  }
  return ok('network.bootstrap', named.length === 1 ? 'The neighbour named in network.bootstrap is connected.' : `Of the ${named.length} neighbours named in network.bootstrap, ${there === 1 ? 'one is' : `${there === named.length ? 'all' : there} are`} connected.`)
}

/** Gossip tells of further homes; it goes over direct connections only. */
function exchange ({ peers }: Status): Check {
  const direct = peers.filter(({ address }) => !isRelayed(address)).length
  return direct > 0
    ? ok('network.exchange', `${direct === 1 ? 'One neighbour' : `${direct} neighbours`} can tell this home of further ones (peer exchange).`)
    : unknown('network.exchange', 'No neighbour is connected directly, who could tell this home of further ones (peer exchange).')
}

function table ({ reach: { tableSize = 0 }, peers }: Status): Check {
  return tableSize > 0
    ? ok('network.dht', `Homes beyond the local network can be found: ${tableSize} in the shared table (DHT).`)
    : warn('network.dht', 'Homes beyond the local network cannot be found yet: the shared table is empty (DHT).', peers.length === 0 ? 'It fills once one neighbour is connected.' : 'It fills within minutes, when neighbours have it switched on, too.')
}

function portMapping ({ reach: { mapped, open, router } }: Status): Check {
  if (mapped.length > 0) {
    return ok('network.port', 'The router opened a port for this home (UPnP).')
  }
  if (open.length > 0) {
    return ok('network.port', 'The router opened no port (UPnP), and none is needed.')
  }
  if (router === 'refused') {
    return unknown('network.port', 'The router was asked to open a port for this home (UPnP) and refused.', 'Allow this computer to open ports in the router, or forward the port by hand and set network.announce.')
  }
  return router === 'no-outside-address'
    ? unknown('network.port', 'The router has no address of its own in the internet, so a port of it helps nobody (UPnP).', 'If it stays so, ask your internet provider for a public IPv4 address; relays work without.')
    : unknown('network.port', 'No router answered that opens ports on request (UPnP); many do not, and neighbours nearby do not need it.', 'To be reached from outside, switch on UPnP in the router, or forward the port by hand and set network.announce.')
}

function callBack ({ reach: { open }, peers }: Status, { announce }: Settings): Check {
  if (announce.length > 0) {
    return unknown('network.call-back', 'Neighbours are told the addresses in network.announce as they are; whether they get through there is not checked.')
  }
  return open.length > 0
    ? ok('network.call-back', 'A neighbour called this home back from outside and got through (AutoNAT).')
    : unknown('network.call-back', 'No neighbour has called this home back from outside and got through (AutoNAT).', peers.length === 0 ? 'It takes a neighbour to try.' : 'It takes a neighbour outside the local network, and an open port in the router.')
}

function relay ({ reach: { open, relayed } }: Status): Check {
  const through = new Set(relayed.map((address) => /\/p2p\/([^/]+)\/p2p-circuit/.exec(address)?.[1])).size
  if (through > 0) {
    return ok('network.relay', `Homes outside can come through the node${through === 1 ? '' : 's'} of ${through === 1 ? 'a neighbour' : `${through} neighbours`} (relay).`)
  }
  return open.length > 0
    ? ok('network.relay', 'Homes outside need no other node to come through (relay).')
    : unknown('network.relay', 'No neighbour passes calls from outside on to this home yet (relay).', 'It takes one neighbour that everybody can call; it is found by itself.')
}

function holePunching ({ peers }: Status): Check {
  const relayed = peers.filter(({ address }) => isRelayed(address)).length
  if (peers.length === 0) {
    return unknown('network.hole-punching', 'Whether connections through others become direct ones shows with the first of them (hole punching).')
  }
  return relayed === 0
    ? ok('network.hole-punching', 'All neighbours are connected directly; there is nothing left to make direct (hole punching).')
    : unknown('network.hole-punching', `${relayed === 1 ? 'One neighbour is' : `${relayed} neighbours are`} connected through another node, and no direct way was found (hole punching).`, 'Between two routers that let nobody in there is none: one of the two has to open a port.')
}

function reach ({ reach }: Status, { announce }: Settings): Check {
  const says = `Who can reach this home: ${whoCanReach(reach, announce)}.`
  if (reach.open.length > 0 || reach.relayed.length > 0) {
    return ok('network.reach', says)
  }
  return reach.local.length > 0 || reach.unconfirmed.length > 0
    ? unknown('network.reach', `${says} It can still call others, and they it through that connection.`)
    : bad('network.reach', says, 'Check network.listen.')
}

function isRelayed (address: string): boolean {
  return address.includes('/p2p-circuit')
}
