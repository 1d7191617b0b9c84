import { bad, ok, unknown, warn } from '../checks.ts'
import { multicastProblem } from '../multicast.ts'
import { portOf, portProblem } from '../ports.ts'
import { beyond, switchedOff } from './reach.ts'
import type { Json } from '../../api/client.ts'
import type { Config } from '../../config/schema.ts'
import type { NodeStatus } from '../../node/node.ts'
import type { Check } from '../checks.ts'
import type { Port } from '../ports.ts'
import type { Patient } from './patient.ts'

export async function checkNetwork ({ config: { value: config }, status }: Patient): Promise<Check[]> {
  if (config == null) {
    return [await localNetwork(true), unknown('network.listen', 'The rest of the network cannot be looked at without settings.')]
  }
  return [
    ...status == null ? await Promise.all(fixedPorts(config).map(canListen)) : [listening(status)],
    await localNetwork(config.network.mdns),
    ...status == null ? [stopped(config), ...switchedOff(config.network)] : [peers(status, config), ...community(status), ...beyond(status, config.network)]
  ]
}

/** Ports that are set; port 0 takes any free one. */
function fixedPorts ({ network }: Config): Port[] {
  return network.listen.flatMap((address) => {
    const port = portOf(address)
    return port != null && port.port > 0 ? [port] : []
  })
}

async function canListen (wanted: Port): Promise<Check> {
  const problem = await portProblem(wanted)
  const name = `${wanted.kind} port ${wanted.port}`
  if (problem == null) {
    return ok('network.listen', `${name} is free to listen on.`)
  }
  return problem.code === 'EADDRINUSE'
    ? bad('network.listen', `Another program listens on ${name} already.`, 'Stop it, or take another port in network.listen.')
    : bad('network.listen', `This user may not listen on ${name} (${problem.code ?? problem.message}).`, 'Take a port above 1023 in network.listen.')
}

function listening ({ reach }: Json<NodeStatus>): Check {
  const all = [...reach.open, ...reach.local, ...reach.unconfirmed]
  return all.length === 0
    ? bad('network.listen', 'The running node listens nowhere: no neighbour can call it.', 'Check network.listen.')
    : ok('network.listen', `The node listens for neighbours, at ${all.length === 1 ? 'one address' : `${all.length} addresses`}.`)
}

async function localNetwork (isOn: boolean): Promise<Check> {
  if (!isOn) {
    return warn('network.mdns', 'Looking for neighbours in the local network is switched off.', 'Set network.mdns to true, unless that is meant so.')
  }
  const problem = await multicastProblem()
  return problem == null
    ? ok('network.mdns', 'Neighbours in the same local network can be found (mDNS).')
    : warn('network.mdns', `Neighbours in the same local network cannot be found: this computer has no way to send to all of them (${problem}).`, 'Usually a default route is missing: connect it to the router, or add one with `ip route add 224.0.0.0/4 dev NAME`.')
}

function stopped ({ network }: Config): Check {
  return unknown('network.peers', `Who can reach this home is known only while the node runs.${network.bootstrap.length === 0 ? ' No neighbour outside the local network is named in network.bootstrap.' : ''}`, 'Start it with `wattmesh start`, wait a minute, and run this again.')
}

function peers ({ peers }: Json<NodeStatus>, { network }: Config): Check {
  return peers.length > 0
    ? ok('network.peers', `Connected to ${peers.length === 1 ? 'one neighbour' : `${peers.length} neighbours`}.`)
    : warn('network.peers', 'Connected to no neighbour: nothing can be traded.', network.bootstrap.length === 0
      ? 'Put the address of a neighbour (from its `wattmesh status`) into network.bootstrap, or join by an invite.'
      : 'Check that the neighbours in network.bootstrap are running, and that both homes have the same market rules (`wattmesh status`).')
}

/** Where the rules name a meter book, only its members trade. */
function community ({ community }: Json<NodeStatus>): Check[] {
  if (community == null) {
    return []
  }
  const { standing, seats, problem } = community
  return [
    standing === 'member'
      ? ok('network.community', `This home is a member of its community, one of ${seats}.`)
      : bad('network.community', standing === 'outsider' ? 'This home is no member of its community and cannot trade.' : 'This home is a member, but with another meter key, so neighbours will not buy from it.', 'Run `wattmesh community join`.'),
    ...problem == null ? [] : [warn('network.community-book', `The list of members cannot be read just now: ${problem}. The members known so far stay.`, 'It comes back with the chain service.')]
  ]
}
