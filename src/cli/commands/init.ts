import { Command } from 'commander'
import { account, dataOption, feedInOption, jsonOption, nameOption, ownerOption, retailOption, whole } from '../options.ts'

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
    .addOption(nameOption())
    .addOption(ownerOption())
    .requiredOption('--area <name>', 'market area: ask a neighbour who takes part already')
    .requiredOption('--chain <id>', 'number of the chain that settles the market', whole(1, Number.MAX_SAFE_INTEGER))
    .requiredOption('--escrow <address>', 'address of the escrow contract')
    .option('--meter-book <address>', 'address of the community\'s meter book, where it has one')
    .requiredOption('--rpc <url>', 'where the node reaches the chain')
    .addOption(retailOption())
    .addOption(feedInOption())
    .addOption(jsonOption())
    .action(init)
}

async function init (options: InitOptions): Promise<void> {
  const owner = account('--owner', options.owner)
  const escrow = account('--escrow', options.escrow)
  const meterBook = options.meterBook == null ? undefined : account('--meter-book', options.meterBook)
  const { setUpHome } = await import('../set-up-home.ts')
  await setUpHome(options, owner, {
    name: options.name,
    market: { area: options.area, chainId: options.chain, escrow, ...(meterBook == null ? {} : { meterBook }) },
    chain: { rpc: options.rpc },
    tariff: { retail: options.retail, feedIn: options.feedIn }
  })
}
