/**
 * JSON over HTTP and HTTPS from a device in the house that may be slow, broken or hostile: an answer has a longest time, size and
 * depth, redirects are not followed, and a certificate nobody vouches for is pinned when it is first seen.
 */
import { request as httpRequest } from 'node:http'
import { connect as tlsConnect } from 'node:tls'
import { CodedError } from '../../domain/errors.ts'
import { digestChallenge, digestHeader } from './digest-auth.ts'
import { badAnswer, denied, elapsedMs, forbidden, MAX_ANSWER_BYTES, parseAnswer, unreachable } from './json-source.ts'
import { devicePins } from './pins.ts'
import type { DigestChallenge, Login } from './digest-auth.ts'
import type { Elapsed, JsonSource } from './json-source.ts'
import type { Pins } from './pins.ts'
import type { IncomingMessage } from 'node:http'
import type { TLSSocket } from 'node:tls'

/** From the first packet to the last. */
const MAX_HTTP_ANSWER_MS = 5000

/** Several values of one request are one request; also the least time between two of them. */
const CACHE_MS = 1000

export interface HttpJsonInit {
  /** `http://` or `https://`, a host, perhaps a port. */
  readonly url: string
  readonly auth?: { readonly basic: Login } | { readonly digest: Login } | { readonly bearer: string }
  readonly headers?: Readonly<Record<string, string>>
  /** SHA-256 of the only certificate to accept, in hexadecimal. */
  readonly fingerprint?: string
  readonly pins?: Pins
  readonly maxMs?: number
  readonly cacheMs?: number
  readonly elapsed?: Elapsed
}

interface Response {
  readonly status: number
  readonly challenge: string
  readonly text: string
}

export function httpJson (init: HttpJsonInit): JsonSource {
  const { auth, cacheMs = CACHE_MS, elapsed = elapsedMs } = init
  const base = baseUrl(init.url)
  const client = { ...init, base, pins: init.pins ?? devicePins() }
  const known = new Map<string, { readonly at: number, readonly value: Promise<unknown> }>()
  let challenge: DigestChallenge | undefined
  let count = 0

  const authorization = (uri: string): Record<string, string> => {
    if (auth == null) {
      return {}
    }
    if ('bearer' in auth) {
      return { authorization: `Bearer ${auth.bearer}` }
    }
    if ('basic' in auth) {
      return { authorization: `Basic ${Buffer.from(`${auth.basic.user}:${auth.basic.password}`).toString('base64')}` }
    }
    return challenge == null ? {} : { authorization: digestHeader(challenge, auth.digest, { method: 'GET', uri, count: ++count }) }
  }

  const ask = async (uri: string): Promise<unknown> => {
    let response = await send(client, uri, authorization(uri))
    const asked = response.status === 401 && auth != null && 'digest' in auth ? digestChallenge(response.challenge) : undefined
    if (asked != null) {
      [challenge, count] = [asked, 0]
      response = await send(client, uri, authorization(uri))
    }
    if (response.status === 401 || response.status === 403) {
      throw response.status === 401 ? denied(base.host) : forbidden(base.host)
    }
    if (response.status !== 200) {
      throw badAnswer(base.host, `status ${response.status} for ${uri.split('?')[0]}`)
    }
    return parseAnswer(response.text, base.host)
  }

  return {
    async get (uri) {
      let entry = known.get(uri)
      if (entry == null || elapsed() - entry.at >= cacheMs) {
        entry = { at: elapsed(), value: ask(uri) }
        known.set(uri, entry)
        entry.value.catch(() => { known.delete(uri) })
      }
      const value = await entry.value
      return { value, ageMs: elapsed() - entry.at }
    },
    close: async () => { known.clear() }
  }
}

/** Throws `DEVICE_BAD_PARAMS` for what is no address of a device. */
function baseUrl (text: string): URL {
  const url = URL.parse(/^https?:\/\//.test(text) ? text : `http://${text}`)
  if (url == null || url.username !== '' || url.password !== '') {
    throw new CodedError('DEVICE_BAD_PARAMS', 'Setting "url" must be an address such as http://192.168.1.20, without a user name and password in it.')
  }
  return url
}

type Client = Pick<HttpJsonInit, 'headers' | 'fingerprint' | 'maxMs'> & { readonly base: URL, readonly pins: Pins }

async function send (client: Client, uri: string, authorization: Record<string, string>): Promise<Response> {
  const { base, headers, maxMs = MAX_HTTP_ANSWER_MS } = client
  const signal = AbortSignal.timeout(maxMs)
  try {
    const socket = base.protocol === 'https:' ? await trustedSocket(client, signal) : undefined
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const request = httpRequest({
        host: hostOf(base),
        port: base.port === '' ? 80 : base.port,
        path: base.pathname.replace(/\/$/, '') + uri,
        headers: { host: base.host, accept: 'application/json', connection: 'close', ...headers, ...authorization },
        ...socket == null ? { agent: false } : { createConnection: () => socket },
        signal
      }, resolve)
      request.on('error', reject).end()
    })
    const { statusCode = 0 } = response
    const text = statusCode === 200 ? await read(response, base.host) : ''
    response.destroy()
    signal.throwIfAborted() // an answer without a length seems complete when the time cuts it off
    return { status: statusCode, challenge: response.headers['www-authenticate'] ?? '', text }
  } catch (error) {
    throw error instanceof CodedError ? error : unreachable(base.host, error)
  }
}

async function read (response: IncomingMessage, from: string): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > MAX_ANSWER_BYTES) {
      throw badAnswer(from, `an answer of more than ${MAX_ANSWER_BYTES} bytes`)
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** Nothing of ours, and no token, goes to the device before its certificate is known to be the right one. */
async function trustedSocket ({ base, fingerprint, pins }: Client, signal: AbortSignal): Promise<TLSSocket> {
  const host = hostOf(base)
  const socket = tlsConnect({ host, port: base.port === '' ? 443 : Number(base.port), rejectUnauthorized: false, ...isAddress(host) ? {} : { servername: host } })
  const abort = (): void => { socket.destroy(new Error('The time for an answer is over.')) }
  signal.addEventListener('abort', abort, { once: true })
  try {
    await new Promise<void>((resolve, reject) => { socket.once('secureConnect', resolve).once('error', reject) })
    socket.on('error', () => {})
    const shown = plain(socket.getPeerX509Certificate()?.fingerprint256 ?? '')
    const expected = fingerprint == null ? await pins.get(base.host) : plain(fingerprint)
    if (expected == null && !socket.authorized) {
      await pins.set(base.host, shown)
    } else if (expected != null && expected !== shown) {
      throw new CodedError('DEVICE_WRONG_CERTIFICATE', `${base.host} shows another certificate than when it was first met: if the device was exchanged or reset, set "fingerprint" to ${shown}; if not, somebody else answers in its place.`, { details: { host: base.host, shown } })
    }
    return socket
  } catch (error) {
    socket.destroy()
    throw error
  }
}

const plain = (fingerprint: string): string => fingerprint.replaceAll(':', '').toLowerCase()

const hostOf = ({ hostname }: URL): string => hostname.replace(/^\[(.*)\]$/, '$1')

const isAddress = (host: string): boolean => /^[\d.]+$|:/.test(host)
