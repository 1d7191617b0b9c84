import type { Json } from '../api/client.ts'
import type { NodeStatus } from '../node/node.ts'

/** Who can call this home, in words that go on from "reachable by". */
export function whoCanReach ({ open, unconfirmed, mapped, relayed, local }: Json<NodeStatus>['reach'], announce: readonly string[] = []): string {
  if (announce.length > 0 && open.length > 0) {
    return 'everybody, at the addresses you announce'
  }
  if (open.length > 0) {
    return isThroughRouter(open, mapped) ? 'everybody, through the port that the router opened' : 'everybody'
  }
  if (relayed.length > 0) {
    return 'the local network directly, everybody else through the node of a neighbour'
  }
  if (unconfirmed.length > 0) {
    return `perhaps everybody${isThroughRouter(unconfirmed, mapped) ? ', through the port that the router opened' : ''}: no neighbour has tried yet`
  }
  return local.length > 0 ? 'only the local network' : 'nobody'
}

function isThroughRouter (open: readonly string[], mapped: readonly string[]): boolean {
  return open.some((address) => mapped.some((each) => address.startsWith(`${each}/`)))
}
