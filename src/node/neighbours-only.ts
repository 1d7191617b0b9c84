import type { NodeContext } from './context.ts'
import type { KnobBoard } from './knobs.ts'
import type { Account, PublicKey } from '../domain/units.ts'

/** Addresses of this computer and of networks that do not reach beyond a house or a street. */
const LOCAL = /^\/(ip4\/(127\.|10\.|192\.168\.|169\.254\.|172\.(1[6-9]|2\d|3[01])\.)|ip6\/(::1\/|f[cd][0-9a-f]{2}:|fe[89ab][0-9a-f]:)|ip6zone\/)/i

/** Whether this home trades with an owner and the key that speaks for it. */
export type IsPartner = (owner: Account, key: PublicKey) => boolean

/**
 * Everyone, unless the owner wants neighbours only: those are the homes it listed, and those it is connected to within the
 * local network right now.
 */
export function partners ({ home, network }: Pick<NodeContext, 'home' | 'network'>, knobs: KnobBoard): IsPartner {
  return (owner, key) => !knobs.current().neighboursOnly ||
    home.neighbours?.includes(owner) === true ||
    network.peers().some((peer) => peer.key === key && isLocal(peer.address))
}

/** True for a multiaddress within the local network; a relay elsewhere makes it a remote one. */
export function isLocal (address: string): boolean {
  return LOCAL.test(address) && !address.includes('/p2p-circuit')
}
