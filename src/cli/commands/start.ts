import { Command, Option } from 'commander'
import { readKeyFile } from '../../config/key-file.ts'
import { loadConfig } from '../../config/load.ts'
import { FIELDS } from '../../config/schema.ts'
import { createLogger } from '../../telemetry/logger.ts'
import { keepOrCreateKey } from '../keys.ts'
import { dataOption, pathsOf } from '../options.ts'
import { note } from '../output.ts'

/** Settings that can be given on the command line as well. */
const SETTINGS = FIELDS.flatMap(({ path, schema: { flag, description } }) => flag == null ? [] : [{ path, option: new Option(`${flag} <value>`, asHelp(description)) }])

export function startCommand (): Command {
  const command = new Command('start')
    .description('run the node of this home until Ctrl-C')
    .argument('[folder]', 'data directory, same as --data')
    .addOption(dataOption())
  SETTINGS.forEach(({ option }) => command.addOption(option))
  return command.action(async (folder: string | undefined, options: Record<string, string | undefined>) => {
    const flags = Object.fromEntries(SETTINGS.map(({ path, option }) => [path, options[option.attributeName()]]))
    await start(options.data ?? folder, flags)
  })
}

/** Begins as the help of other options does. */
function asHelp (description: string): string {
  return `${description.slice(0, 1).toLowerCase()}${description.slice(1)}`.replace(/\.$/, '')
}

async function start (data: string | undefined, flags: Record<string, string | undefined>): Promise<void> {
  const paths = pathsOf({ data })
  const config = loadConfig({ file: paths.config, env: process.env, flags })
  const logger = createLogger({ ...config.log, write: note })
  const stopping = signalled()
  const [{ createEnergyNode }, { startApi }, { startMqttPublisher }] = await Promise.all([
    import('../../node/components.ts'), import('../../api/server.ts'), import('../../api/mqtt-publisher.ts')
  ])
  const node = await createEnergyNode({ config, databasePath: paths.database, peersPath: paths.peers, privateKey: readKeyFile(paths.key), meterKey: keepOrCreateKey(paths.meterKey), logger })
  try {
    await node.start()
    const api = await startApi({ ...config.api, file: paths.api }, { node, logger: logger.scope('api') })
    let publisher: { stop(): Promise<void> } | undefined
    try {
      const { url } = config.mqtt
      if (url != null) {
        publisher = await startMqttPublisher({ ...config.mqtt, url, file: paths.totals, periodSec: config.market.periodSec }, { node, logger: logger.scope('mqtt') })
      }
      logger.info('ready', { folder: paths.directory, addresses: node.status().addresses })
      await stopping
    } finally {
      await publisher?.stop()
      await api.stop()
    }
  } finally {
    await node.stop()
  }
}

/** Resolves when the process is asked to stop, or when the process that started it is gone. */
async function signalled (): Promise<void> {
  await new Promise<void>((resolve) => {
    process.once('SIGINT', () => { resolve() })
    process.once('SIGTERM', () => { resolve() })
    process.once('disconnect', () => { resolve() })
  })
  process.channel?.unref()
}
