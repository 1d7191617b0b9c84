import { loadConfig } from '../config/load.ts'
import { createDataDirectory } from '../config/paths.ts'
import { writeConfigFile } from '../config/template.ts'
import { CodedError } from '../domain/errors.ts'
import { addressOf, publicKeyOf } from '../signing/keys.ts'
import { keepOrCreateKey } from './keys.ts'
import { pathsOf } from './options.ts'
import { print, printJson } from './output.ts'
import { choosePort } from './ports.ts'
import type { PartialConfig } from '../config/schema.ts'
import type { Account } from '../domain/units.ts'

/** Creates data directory, settings and key of a new home, and says what to do next. Throws `CONFIG_INVALID` or `USAGE_BAD_PRICE` before anything is written. */
export async function setUpHome (options: { data?: string, json?: boolean }, owner: Account, config: PartialConfig): Promise<void> {
  const paths = pathsOf(options)
  // invites and forwarded ports outlive a restart only with a port that stays
  const network = { listen: [`/ip4/0.0.0.0/tcp/${await choosePort()}`], ...config.network }
  const settings: PartialConfig = { owner, meter: { driver: 'demo' }, ...config, network }
  check(settings)
  createDataDirectory(paths)
  writeConfigFile(paths.config, settings)
  const key = addressOf(publicKeyOf(keepOrCreateKey(paths.key)))
  const meterKey = addressOf(publicKeyOf(keepOrCreateKey(paths.meterKey)))
  if (options.json === true) {
    printJson({ config: paths.config, keyFile: paths.key, meterKeyFile: paths.meterKey, key, meterKey, owner })
    return
  }
  print(`Your home is set up in ${paths.directory}.`)
  print(`  settings   ${paths.config}`)
  print(`  node key   ${paths.key} (address ${key}); keep a copy in a safe place`)
  print(`  meter key  ${paths.meterKey} (address ${meterKey}); vouches for what the meter counts`)
  print()
  print('Next:')
  print(`  1. Register the node's key and deposit money from your own account ${owner}:`)
  const here = options.data == null ? '' : ` --data ${paths.directory}`
  print(`     wattmesh wallet authorize --owner-key FILE --limit 10${here}`)
  print(`     wattmesh wallet deposit 50 --owner-key FILE${here}`)
  print('  2. Look through the settings. The meter is a synthetic one for practice until you choose another.')
  print(`  3. Run the node: wattmesh start${here}`)
  if (config.market?.meterBook != null) {
    print(`  4. Ask to enter the meter book: wattmesh community join --owner-key FILE${here}`)
  }
}

/** A node would refuse to start with settings that are wrong, and never trade where the supplier pays what it charges. */
function check (settings: PartialConfig): void {
  const flags = Object.entries(settings).flatMap(([name, value]) => typeof value === 'object'
    ? Object.entries(value).map(([key, each]): [string, unknown] => [`${name}.${key}`, each])
    : [[name, value] as [string, unknown]])
  const { tariff: { retail, feedIn } } = loadConfig({ flags: Object.fromEntries(flags) })
  if (Number(retail) <= Number(feedIn)) {
    throw new CodedError('USAGE_BAD_PRICE', `--retail (${retail}) must be above --feed-in (${feedIn}): neighbours trade at prices between what your supplier charges and what it pays.`)
  }
}
