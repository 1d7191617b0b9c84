import { createDataDirectory } from '../config/paths.ts'
import { writeConfigFile } from '../config/template.ts'
import { addressOf, publicKeyOf } from '../signing/keys.ts'
import { keepOrCreateKey } from './keys.ts'
import { pathsOf } from './options.ts'
import { print, printJson } from './output.ts'
import type { PartialConfig } from '../config/schema.ts'
import type { Account } from '../domain/units.ts'

/** Creates data directory, settings and key of a new home, and says what to do next. */
export function setUpHome (options: { data?: string, json?: boolean }, owner: Account, config: PartialConfig): void {
  const paths = pathsOf(options)
  createDataDirectory(paths)
  writeConfigFile(paths.config, { owner, meter: { driver: 'demo' }, ...config })
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
  print('     wattmesh wallet authorize --owner-key FILE --limit 10')
  print('     wattmesh wallet deposit 50 --owner-key FILE')
  print('  2. Look through the settings. The meter is a synthetic one for practice until you choose another.')
  print('  3. wattmesh start')
  if (config.market?.meterBook != null) {
    print('  4. Ask to enter the meter book: wattmesh community join --owner-key FILE')
  }
}
