import { Command } from 'commander'
import { readKeyFile } from '../../config/key-file.ts'
import { loadConfig } from '../../config/load.ts'
import { createLogger } from '../../telemetry/logger.ts'
import { dataOption, pathsOf } from '../options.ts'
import { note } from '../output.ts'

interface StartOptions {
  readonly data?: string
  readonly rpc?: string
  readonly listen?: string
  readonly logLevel?: string
  readonly logFormat?: string
}

export function startCommand (): Command {
  return new Command('start')
    .description('run the node of this home until Ctrl-C')
    .argument('[folder]', 'data directory, same as --data')
    .addOption(dataOption())
    .option('--rpc <url>', 'where the node reaches the chain')
    .option('--listen <addresses>', 'multiaddrs to listen on, separated by commas')
    .option('--log-level <level>', 'error, warn, info, debug or trace')
    .option('--log-format <format>', 'human or json')
    .action(async (folder: string | undefined, options: StartOptions) => start({ ...options, data: options.data ?? folder }))
}

async function start (options: StartOptions): Promise<void> {
  const paths = pathsOf(options)
  const config = loadConfig({
    file: paths.config,
    env: process.env,
    flags: { 'chain.rpc': options.rpc, 'network.listen': options.listen, 'log.level': options.logLevel, 'log.format': options.logFormat }
  })
  const logger = createLogger({ ...config.log, write: note })
  const stopping = signalled()
  const [{ createEnergyNode }, { startApi }] = await Promise.all([import('../../node/components.ts'), import('../../api/server.ts')])
  const node = await createEnergyNode({ config, databasePath: paths.database, privateKey: readKeyFile(paths.key), logger })
  try {
    await node.start()
    const api = await startApi({ ...config.api, file: paths.api }, { node, logger: logger.scope('api') })
    try {
      logger.info('ready', { folder: paths.directory, addresses: node.status().addresses })
      await stopping
    } finally {
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
