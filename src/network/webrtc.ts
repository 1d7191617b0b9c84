/** WebRTC-direct, by which a browser can call a home that has no name and no certificate of an authority. Off unless listened on. */
import { networkError } from './errors.ts'
import { webRtcCertificate } from './webrtc-certificate.ts'
import type { PrivateKey } from '@libp2p/interface'
import type { Libp2pOptions } from 'libp2p'

/** Anyone can begin a connection without saying who he is, and each holds memory until it is made or given up after ten seconds. */
const MAX_WEBRTC_HANDSHAKES = 64
const TEN_SEC_MS = 10_000

export function isWebRtcDirect (address: string): boolean {
  return /\/webrtc-direct(\/|$)/.test(address)
}

export interface WebRtcInit {
  readonly listen: readonly string[]
  /** The hot key. */
  readonly privateKey: PrivateKey
}

/**
 * The transport, if an address to listen on asks for it; nobody else loads the package and its binary. Throws `NETWORK_LISTEN`
 * where they are missing.
 */
export async function webRtcTransports ({ listen, privateKey }: WebRtcInit, load = async () => import('@libp2p/webrtc')): Promise<NonNullable<Libp2pOptions['transports']>> {
  const asked = listen.find(isWebRtcDirect)
  if (asked == null) {
    return []
  }
  const { webRTCDirect } = await load().catch((cause: unknown) => {
    throw networkError('NETWORK_LISTEN', `Listening on ${asked} needs the optional package @libp2p/webrtc, which is not installed or has no binary for this machine: install it, or take the address out of network.listen.`, cause)
  })
  const isAllowed = allowance(MAX_WEBRTC_HANDSHAKES, () => performance.now())
  return [webRTCDirect({
    certificate: webRtcCertificate(privateKey),
    // called for each connection that begins; no servers, because the package's own would be told of each of them
    rtcConfiguration () {
      if (!isAllowed()) {
        throw networkError('NETWORK_UNREACHABLE', 'Too many WebRTC connections begin at once; try again in ten seconds.')
      }
      return { iceServers: [] }
    }
  })]
}

/** True for the first `most` questions of each ten seconds. */
export function allowance (most: number, nowMs: () => number): () => boolean {
  let since = -Infinity
  let count = 0
  return () => {
    if (nowMs() - since >= TEN_SEC_MS) {
      since = nowMs()
      count = 0
    }
    return ++count <= most
  }
}
