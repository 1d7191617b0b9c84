import { CID } from 'multiformats/cid'
import { sha256 } from 'multiformats/hashes/sha2'
import { fromString } from 'uint8arrays/from-string'
import { rendezvousName } from '../../protocols/constants.ts'
import { explain } from '../domain/errors.ts'
import { connectedPeers } from './peer-ids.ts'
import type { Libp2pNode } from './libp2p.ts'
import type { Hex } from '../domain/units.ts'
import type { Logger } from '../ports/telemetry.ts'

export interface RendezvousInit {
  /** Digest of the market rules: homes with the same one are looked for. */
  readonly rules: Hex
  /** With this many connections nobody else is looked for. */
  readonly enough: number
  /** First pause between two rounds; it doubles up to the longest while there is nothing to do. */
  readonly everyMs: number
  readonly log?: Logger
}

const LOOKUP_MS = 30_000
const LONGEST_PAUSE_MS = 600_000
/** Records live two days in the table; this home's own is renewed long before. */
const RENEW_MS = 6 * 3_600_000
/** Homes of the market taken from one answer of the table. */
const MAX_FOUND = 64
/** The codec of plain bytes; nothing is ever fetched under the key. */
const RAW = 0x55

/** The key under which the homes of one market find each other: the SHA-256 of the market's rendezvous name, as a CID. */
export async function rendezvousKey (rules: Hex): Promise<CID> {
  return CID.createV1(RAW, await sha256.digest(fromString(rendezvousName(rules))))
}

/** Says in the table that this home takes part in the market, and calls homes that say so too. Returns the way to stop. */
export function keepRendezvous (node: Libp2pNode, { rules, enough, everyMs, log }: RendezvousInit): () => void {
  const stop = new AbortController()
  const key = rendezvousKey(rules)
  let pause = everyMs
  let announcedAt = -Infinity
  let announcedAs = ''
  let timer: ReturnType<typeof setTimeout>

  const limited = (): { signal: AbortSignal } => ({ signal: AbortSignal.any([stop.signal, AbortSignal.timeout(LOOKUP_MS)]) })

  const ownAddresses = (): string => node.getMultiaddrs().map(String).sort().join()

  /** Again when the addresses have changed: a relay is found later than the first neighbour, and a record without it leads nowhere. */
  async function announce (key: CID): Promise<void> {
    const addresses = ownAddresses()
    if (performance.now() - announcedAt > RENEW_MS || addresses !== announcedAs) {
      await node.contentRouting.provide(key, limited())
      announcedAt = performance.now()
      announcedAs = addresses
      pause = everyMs / 2
      log?.debug('market announced in the table')
    }
  }

  async function look (key: CID): Promise<void> {
    let found = 0
    for await (const { id, multiaddrs } of node.contentRouting.findProviders(key, limited())) {
      if (++found > MAX_FOUND || connectedPeers(node).length >= enough) {
        return
      }
      if (!id.equals(node.peerId) && node.getConnections(id).length === 0) {
        await node.peerStore.merge(id, { multiaddrs })
        await node.dial(id, limited()).catch((error: unknown) => { log?.debug('home of this market not reached', { peer: id.toString(), error: explain(error) }) })
      }
    }
  }

  async function round (): Promise<void> {
    // Without a first neighbour there is nobody to ask.
    if (connectedPeers(node).length === 0) {
      return
    }
    try {
      await announce(await key)
      if (connectedPeers(node).length < enough) {
        await look(await key)
      }
      pause = Math.min(2 * pause, LONGEST_PAUSE_MS)
    } catch (error) {
      log?.debug('the table gave no answer', { error: explain(error) })
    }
  }

  const next = (): void => {
    timer = setTimeout(() => {
      void round().finally(() => {
        if (!stop.signal.aborted) {
          next()
        }
      })
    }, pause)
    timer.unref()
  }

  next()
  return () => {
    stop.abort()
    clearTimeout(timer)
  }
}
