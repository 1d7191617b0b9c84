import { createHash, randomBytes } from 'node:crypto'

export interface Login {
  readonly user: string
  readonly password: string
}

/** What a server asked for: RFC 7616, `qop=auth` or none. */
export interface DigestChallenge {
  readonly realm: string
  readonly nonce: string
  readonly opaque?: string
  readonly algorithm: 'MD5' | 'SHA-256'
  readonly hasQop: boolean
}

/** The strongest digest challenge of a `WWW-Authenticate` header, undefined when there is none we can answer. */
export function digestChallenge (header: string): DigestChallenge | undefined {
  const challenges = header.split(/\bDigest\s+/i).slice(1).flatMap((text) => {
    const fields = new Map([...text.matchAll(/\b(\w+)\s*=\s*(?:"((?:\\.|[^"\\])*)"|([^\s,]+))/g)].map(([, name, quoted, plain]) => [name.toLowerCase(), quoted ?? plain]))
    const [realm, nonce, algorithm = 'MD5', qop] = ['realm', 'nonce', 'algorithm', 'qop'].map((name) => fields.get(name))
    const known = algorithm.toUpperCase()
    const isAnswerable = qop == null || qop.split(/[\s,]+/).includes('auth')
    return realm != null && nonce != null && isAnswerable && (known === 'MD5' || known === 'SHA-256')
      ? [{ realm, nonce, opaque: fields.get('opaque'), algorithm: known, hasQop: qop != null } as const]
      : []
  })
  return challenges.find(({ algorithm }) => algorithm === 'SHA-256') ?? challenges[0]
}

export interface DigestRequest {
  readonly method: string
  readonly uri: string
  /** How often this nonce has been used, this time included. */
  readonly count: number
  /** Given by tests; random otherwise. */
  readonly cnonce?: string
}

/** The `Authorization` header that answers `challenge`. */
export function digestHeader (challenge: DigestChallenge, { user, password }: Login, request: DigestRequest): string {
  const { realm, nonce, opaque, algorithm, hasQop } = challenge
  const { method, uri, count, cnonce = randomBytes(16).toString('hex') } = request
  const hash = (text: string): string => createHash(algorithm === 'MD5' ? 'md5' : 'sha256').update(text).digest('hex')
  const nc = count.toString(16).padStart(8, '0')
  const secret = hash(`${user}:${realm}:${password}`)
  const asked = hash(`${method}:${uri}`)
  const response = hash(hasQop ? `${secret}:${nonce}:${nc}:${cnonce}:auth:${asked}` : `${secret}:${nonce}:${asked}`)
  const quoted = { username: user, realm, nonce, uri, response, ...opaque == null ? {} : { opaque }, ...hasQop ? { cnonce } : {} }
  const fields = Object.entries(quoted).map(([name, value]) => `${name}="${value}"`)
  return `Digest ${[...fields, `algorithm=${algorithm}`, ...hasQop ? ['qop=auth', `nc=${nc}`] : []].join(', ')}`
}
