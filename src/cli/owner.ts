/** What commands need that move something in the name of a home's owner, straight on the chain. */
import { Option } from 'commander'
import { readKeyFile, readNamedKeyFile } from '../config/key-file.ts'
import { loadConfig } from '../config/load.ts'
import { CodedError } from '../domain/errors.ts'
import { keepOrCreateKey } from './keys.ts'
import { pathsOf } from './options.ts'
import type { Config } from '../config/schema.ts'
import type { Account, Hex } from '../domain/units.ts'

export interface HomeOptions {
  readonly data?: string
}

export interface OwnerOptions extends HomeOptions {
  readonly ownerKey: string
}

/** Where a home settles, for whoever talks to its chain; blocks are awaited at most a second at a time. */
export interface ChainOfHome {
  readonly rpcUrl: string
  readonly chainId: number
  readonly pollMs: number
}

export interface HomeSetup {
  readonly config: Config
  readonly chain: ChainOfHome
}

export interface OwnerSetup extends HomeSetup {
  readonly owner: Account
  readonly ownerPrivateKey: Hex
  /** The node's own key. */
  readonly nodePrivateKey: Hex
  readonly nodeKey: Account
  /** The key of the home's meter. */
  readonly meterPrivateKey: Hex
  readonly meterKey: Account
}

export function ownerKeyOption (): Option {
  return new Option('--owner-key <file>', 'file with the owner\'s private key, readable by you only').makeOptionMandatory()
}

/** The settings of a home. Throws what `loadConfig` throws. */
export function homeSetup (options: HomeOptions): HomeSetup {
  const config = loadConfig({ file: pathsOf(options).config, env: process.env })
  return { config, chain: { rpcUrl: config.chain.rpc, chainId: config.market.chainId, pollMs: Math.min(config.chain.pollMs, 1000) } }
}

/** The settings and both keys of a home. Throws `KEY_INVALID` when the key is not the owner's. */
export async function ownerSetup (options: OwnerOptions): Promise<OwnerSetup> {
  const { addressOf, publicKeyOf } = await import('../signing/keys.ts')
  const setup = homeSetup(options)
  const ownerPrivateKey = readNamedKeyFile(options.ownerKey)
  const owner = addressOf(publicKeyOf(ownerPrivateKey))
  if (owner !== setup.config.owner) {
    throw new CodedError('KEY_INVALID', `The key in ${options.ownerKey} belongs to ${owner}, but the owner of this home is ${setup.config.owner}: give the owner's key.`)
  }
  const nodePrivateKey = readKeyFile(pathsOf(options).key)
  const meterPrivateKey = keepOrCreateKey(pathsOf(options).meterKey)
  return {
    ...setup,
    owner,
    ownerPrivateKey,
    nodePrivateKey,
    nodeKey: addressOf(publicKeyOf(nodePrivateKey)),
    meterPrivateKey,
    meterKey: addressOf(publicKeyOf(meterPrivateKey))
  }
}
