import { randomBytes } from 'node:crypto'
import { Command } from 'commander'
import { writeKeyFile, readKeyFile } from '../../config/key-file.ts'
import { createDataDirectory } from '../../config/paths.ts'
import { writeConfigFile } from '../../config/template.ts'
import { hasCode } from '../../domain/errors.ts'
import { account, dataOption, jsonOption, pathsOf, whole } from '../options.ts'
import { print, printJson } from '../output.ts'
import type { Hex } from '../../domain/units.ts'

interface InitOptions {
  readonly data?: string
  readonly json?: boolean
  readonly name: string
  readonly owner: string
  readonly area: string
  readonly chain: number
  readonly escrow: string
  readonly meterBook?: string
  readonly rpc: string
  readonly retail: string
  readonly feedIn: string
}

export function initCommand (): Command {
  return new Command('init')
    .description('set up a home: a key, a configuration file, and what to do next')
    .addOption(dataOption())
    .option('--name <name>', 'what this home is called on its own computer', 'home')
    .requiredOption('--owner <address>', 'account that pays and is paid; its key stays with you')
    .requiredOption('--area <name>', 'market area: ask a neighbour who takes part already')
    .requiredOption('--chain <id>', 'number of the chain that settles the market', whole(1, Number.MAX_SAFE_INTEGER))
    .requiredOption('--escrow <address>', 'address of the escrow contract')
    .option('--meter-book <address>', 'address of the community\'s meter book, where it has one')
    .requiredOption('--rpc <url>', 'where the node reaches the chain')
    .option('--retail <price>', 'what your supplier charges, tokens per kWh', '0.30')
    .option('--feed-in <price>', 'what your supplier pays, tokens per kWh', '0.08')
    .addOption(jsonOption())
    .action(init)
}

async function init (options: InitOptions): Promise<void> {
  const { addressOf, publicKeyOf } = await import('../../signing/keys.ts')
  const paths = pathsOf(options)
  const owner = account('--owner', options.owner)
  const escrow = account('--escrow', options.escrow)
  const meterBook = options.meterBook == null ? undefined : account('--meter-book', options.meterBook)
  createDataDirectory(paths)
  writeConfigFile(paths.config, {
    name: options.name,
    owner,
    market: { area: options.area, chainId: options.chain, escrow, ...(meterBook == null ? {} : { meterBook }) },
    chain: { rpc: options.rpc },
    tariff: { retail: options.retail, feedIn: options.feedIn },
    meter: { driver: 'demo' }
  })
  const key = addressOf(publicKeyOf(keepOrCreateKey(paths.key)))
  if (options.json === true) {
    printJson({ config: paths.config, keyFile: paths.key, key, owner })
    return
  }
  print(`Your home is set up in ${paths.directory}.`)
  print(`  settings   ${paths.config}`)
  print(`  node key   ${paths.key} (address ${key}); keep a copy in a safe place`)
  print()
  print('Next:')
  print(`  1. Register the node's key and deposit money from your own account ${owner}:`)
  print('     wattmesh wallet authorize --owner-key FILE --limit 10')
  print('     wattmesh wallet deposit 50 --owner-key FILE')
  print('  2. Look through the settings. The meter is a synthetic one for practice until you choose another.')
  print('  3. wattmesh start')
  if (meterBook != null) {
    print('  4. Ask to enter the meter book: wattmesh community join --owner-key FILE')
  }
}

/** A key that is there already is kept: it may be the only way to money that is on its way. */
function keepOrCreateKey (path: string): Hex {
  try {
    return readKeyFile(path)
  } catch (error) {
    if (!hasCode(error, 'KEY_MISSING')) {
      throw error
    }
  }
  const key: Hex = `0x${randomBytes(32).toString('hex')}`
  writeKeyFile(path, key)
  return key
}
