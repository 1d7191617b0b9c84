import { Command } from 'commander'
import { createDataDirectory } from '../../config/paths.ts'
import { writeConfigFile } from '../../config/template.ts'
import { keepOrCreateKey } from '../keys.ts'
import { account, dataOption, jsonOption, pathsOf, whole } from '../options.ts'
import { print, printJson } from '../output.ts'

interface InitOptions {
  readonly data?: string
  readonly json?: boolean
  readonly name: string
  readonly owner: string
  readonly area: string
  readonly chain: number
  readonly escrow: string
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
  createDataDirectory(paths)
  writeConfigFile(paths.config, {
    name: options.name,
    owner,
    market: { area: options.area, chainId: options.chain, escrow },
    chain: { rpc: options.rpc },
    tariff: { retail: options.retail, feedIn: options.feedIn },
    meter: { driver: 'demo' }
  })
  const key = addressOf(publicKeyOf(keepOrCreateKey(paths.key)))
  keepOrCreateKey(paths.meterKey)
  if (options.json === true) {
    printJson({ config: paths.config, keyFile: paths.key, meterKeyFile: paths.meterKey, key, owner })
    return
  }
  print(`Your home is set up in ${paths.directory}.`)
  print(`  settings   ${paths.config}`)
  print(`  node key   ${paths.key} (address ${key}); keep a copy in a safe place`)
  print(`  meter key  ${paths.meterKey}; vouches for what the meter counts`)
  print()
  print('Next:')
  print(`  1. Register the node's key and deposit money from your own account ${owner}:`)
  print('     wattmesh wallet authorize --owner-key FILE --limit 10')
  print('     wattmesh wallet deposit 50 --owner-key FILE')
  print('  2. Look through the settings. The meter is a synthetic one for practice until you choose another.')
  print('  3. wattmesh start')
}
