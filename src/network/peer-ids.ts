import { publicKeyFromRaw } from '@libp2p/crypto/keys'
import { peerIdFromPublicKey } from '@libp2p/peer-id'
import { fromString } from 'uint8arrays/from-string'
import { toString } from 'uint8arrays/to-string'
import type { PublicKey } from '../domain/units.ts'
import type { Connection, PeerId } from '@libp2p/interface'

/** The peer id of a hot key. Throws when the 33 bytes are not a point of the curve. */
export function peerIdOf (key: PublicKey): PeerId {
  return peerIdFromPublicKey(publicKeyFromRaw(fromString(key.slice(2), 'base16')))
}

/** The hot key of a peer; undefined when its identity is of another kind, so that it cannot trade. */
export function keyOf (peer: PeerId): PublicKey | undefined {
  return peer.type === 'secp256k1' ? `0x${toString(peer.publicKey.raw, 'base16')}` : undefined
}

/** The peers we are connected to, each once. libp2p's own list computes every identity anew from its text, which is slow. */
export function connectedPeers (node: { getConnections(): Connection[] }): PeerId[] {
  return [...new Map(node.getConnections().map(({ remotePeer }) => [remotePeer.toString(), remotePeer])).values()]
}
