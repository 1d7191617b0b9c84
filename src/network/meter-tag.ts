import type { Libp2pNode } from './libp2p.ts'
import type { Hex } from '../domain/units.ts'

/** A protocol nobody speaks: its name alone says, hashed, by which meter a node sells. Identify carries it to every neighbour. */
const METER_PROTOCOL = /^\/wattmesh\/meter\/([0-9a-f]{32})$/

export interface MeterTags {
  /** What a connected neighbour shows of its meter. */
  of(peerId: string): Hex | undefined
}

/** Shows our own tag and reads those of our neighbours. */
export async function exchangeMeterTags (node: Libp2pNode, own: Hex | undefined): Promise<MeterTags> {
  const tags = new Map<string, Hex>()
  const note = (peerId: string, protocols: readonly string[]): void => {
    const shown = protocols.map((protocol) => METER_PROTOCOL.exec(protocol)).find((match) => match != null)
    if (shown == null) {
      tags.delete(peerId)
    } else {
      tags.set(peerId, `0x${shown[1]}`)
    }
  }
  if (own != null) {
    await node.handle(`/wattmesh/meter/${own.slice(2)}`, (stream) => { stream.abort(new Error('this protocol is only a name')) })
  }
  node.addEventListener('peer:identify', ({ detail }) => { note(detail.peerId.toString(), detail.protocols) })
  node.addEventListener('peer:disconnect', ({ detail }) => { tags.delete(detail.toString()) })
  return { of: (peerId) => tags.get(peerId) }
}
