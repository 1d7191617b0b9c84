import { Command } from 'commander'
import { decodeInvite } from '../../config/invite.ts'
import { CodedError } from '../../domain/errors.ts'
import { account, dataOption, feedInOption, jsonOption, nameOption, ownerOption, retailOption } from '../options.ts'
import { note } from '../output.ts'

interface JoinOptions {
  readonly data?: string
  readonly json?: boolean
  readonly name: string
  readonly owner: string
  readonly rpc?: string
  readonly retail: string
  readonly feedIn: string
}

export function joinCommand (): Command {
  return new Command('join')
    .description('set up a home in the market of an invite')
    .argument('<invite>', 'the text that a neighbour\'s `wattmesh invite` printed')
    .addOption(dataOption())
    .addOption(nameOption())
    .addOption(ownerOption())
    .option('--rpc <url>', 'where the node reaches the chain, unless the invite recommends a service')
    .addOption(retailOption())
    .addOption(feedInOption())
    .addOption(jsonOption())
    .action(join)
}

async function join (text: string, options: JoinOptions): Promise<void> {
  const owner = account('--owner', options.owner)
  const { market, digestStart, rpc, deployBlock, bootstrap } = decodeInvite(text)
  const [{ setUpHome }, { rulesDigest }] = await Promise.all([import('../set-up-home.ts'), import('../../signing/digests.ts')])
  if (!rulesDigest(market).startsWith(`0x${digestStart}`)) {
    throw new CodedError('INVITE_VERSION', 'This version of wattmesh understands the invite\'s market rules otherwise: bring both homes to the newest one.')
  }
  const chainRpc = options.rpc ?? rpc
  if (chainRpc == null) {
    throw new CodedError('INVITE_NO_RPC', `The invite recommends no service for chain ${market.chainId}: say with --rpc where the node reaches it.`)
  }
  await setUpHome(options, owner, {
    name: options.name,
    market,
    chain: { rpc: chainRpc, ...deployBlock == null ? {} : { deployBlock } },
    tariff: { retail: options.retail, feedIn: options.feedIn },
    network: { bootstrap }
  })
  if (options.json !== true) {
    note(`\nMarket area "${market.area}", settled on chain ${market.chainId} by the escrow ${market.escrow}.`)
  }
}
