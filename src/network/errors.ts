import { CodedError } from '../domain/errors.ts'

/**
 * The codes of this room. MALFORMED: bytes that are not the one canonical form of a message. UNREACHABLE: the neighbour
 * cannot be dialled. CLOSED: the stream ended before the answer. TIMEOUT: the neighbour stayed silent. BAD_ADDRESS: not
 * a full multiaddress. LISTEN: no listening address could be opened. STOPPED: the network is not running.
 */
export type NetworkErrorCode = 'NETWORK_MALFORMED' | 'NETWORK_UNREACHABLE' | 'NETWORK_CLOSED' | 'NETWORK_TIMEOUT' |
  'NETWORK_BAD_ADDRESS' | 'NETWORK_LISTEN' | 'NETWORK_STOPPED'

export function networkError (code: NetworkErrorCode, message: string, cause?: unknown): CodedError<NetworkErrorCode> {
  return new CodedError(code, message, { cause })
}
