/**
 * An invite: one short text with everything a home needs to join a market. It holds no secret and no promise: whoever has it can
 * follow the market, and whoever shows it to others gives away the addresses in it.
 */
import { createHash } from 'node:crypto'
import { deflateRawSync, inflateRawSync } from 'node:zlib'
import { CodedError } from '../domain/errors.ts'
import { checkMarketRules, DEFAULT_MARKET_RULES } from '../domain/market-rules.ts'
import { configSchema } from './schema.ts'
import type { ConfigErrorCode } from './errors.ts'
import type { MarketRules } from '../domain/market-rules.ts'
import type { Hex } from '../domain/units.ts'

export interface Invite {
  readonly market: MarketRules
  /** Digest of those rules, so that a program that understands them otherwise notices. */
  readonly digest: Hex
  /** Where the chain can be reached, if anyone may use it. */
  readonly rpc?: string
  /** Block in which the escrow was created. */
  readonly deployBlock?: number
  /** Full multiaddresses of homes that take part. */
  readonly bootstrap: readonly string[]
}

const PREFIX = 'wattmesh-invite-1.'
const CHECKSUM_BYTES = 4
const MAX_INVITE_BYTES = 8192
export const MAX_INVITE_ADDRESSES = 8
/** The settings of a market are its rules. */
const RULE_NAMES = Object.keys(configSchema.properties.market.properties)

/** The invite as text. Rules that have their default value are left out, so that the usual invite fits a small QR code. */
export function encodeInvite ({ market, digest, rpc, deployBlock, bootstrap }: Invite): string {
  const defaults: Record<string, unknown> = DEFAULT_MARKET_RULES
  const rules = Object.fromEntries(Object.entries(market).filter(([name, value]) => defaults[name] !== value))
  const json = JSON.stringify({ rules, digest: digest.slice(2, 10), rpc, deployBlock, bootstrap })
  return PREFIX + Buffer.concat([checksum(json), deflateRawSync(json, { level: 9 })]).toString('base64url')
}

/**
 * Reads such a text; blanks and line breaks within it do not matter. Throws `INVITE_FOREIGN` when it is something else,
 * `INVITE_DAMAGED` when it was cut or mistyped, `INVITE_VERSION` when it was made by a program with other rules.
 */
export function decodeInvite (text: string): Omit<Invite, 'digest'> & { readonly digestStart: string } {
  const compact = text.replace(/\s+/g, '')
  if (!compact.startsWith(PREFIX)) {
    throw /^wattmesh-invite-\d+\./.test(compact)
      ? invalid('INVITE_VERSION', 'The invite was made by another version of wattmesh: bring both homes to the newest one and ask for a new invite.')
      : invalid('INVITE_FOREIGN', `This is no invite: an invite begins with ${PREFIX} and is printed by \`wattmesh invite\`.`)
  }
  const json = unpack(Buffer.from(compact.slice(PREFIX.length), 'base64url'))
  const { rules, digest, rpc, deployBlock, bootstrap } = parse(json)
  if (typeof digest !== 'string' || !/^[0-9a-f]{8}$/.test(digest)) {
    throw damaged()
  }
  return {
    market: knownRules(rules),
    digestStart: digest,
    rpc: typeof rpc === 'string' ? rpc : undefined,
    deployBlock: typeof deployBlock === 'number' ? deployBlock : undefined,
    bootstrap: Array.isArray(bootstrap) ? bootstrap.map(String).slice(0, MAX_INVITE_ADDRESSES) : []
  }
}

function unpack (bytes: Buffer): string {
  let json = ''
  try {
    json = inflateRawSync(bytes.subarray(CHECKSUM_BYTES), { maxOutputLength: MAX_INVITE_BYTES }).toString()
  } catch {
    // what does not unfold was damaged, as what unfolds to something else
  }
  if (json === '' || !checksum(json).equals(bytes.subarray(0, CHECKSUM_BYTES))) {
    throw damaged()
  }
  return json
}

function parse (json: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(json)
    if (typeof value === 'object' && value != null) {
      return value as Record<string, unknown>
    }
  } catch {
    // the same sentence for everything that cannot have come from an invite
  }
  throw damaged()
}

function damaged (): CodedError<ConfigErrorCode> {
  return invalid('INVITE_DAMAGED', 'The invite was cut or mistyped: copy the whole text again, from wattmesh-invite to its end.')
}

/** A rule this version does not know would give another market than the one meant. */
function knownRules (rules: unknown): MarketRules {
  try {
    const unknown = Object.keys(rules as MarketRules).find((name) => !RULE_NAMES.includes(name))
    if (unknown != null) {
      throw new CodedError('RULES_INVALID', `The rule ${unknown} is not known.`)
    }
    return checkMarketRules({ ...DEFAULT_MARKET_RULES, ...rules as MarketRules })
  } catch (cause) {
    throw invalid('INVITE_VERSION', 'The invite has market rules that this version of wattmesh does not know: bring both homes to the newest one.', cause)
  }
}

function checksum (json: string): Buffer {
  return createHash('sha256').update(json).digest().subarray(0, CHECKSUM_BYTES)
}

function invalid (code: ConfigErrorCode, message: string, cause?: unknown): CodedError<ConfigErrorCode> {
  return new CodedError(code, message, { cause })
}
