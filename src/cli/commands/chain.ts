import { Command } from 'commander'
import { readNamedKeyFile } from '../../config/key-file.ts'
import { account, jsonOption, whole } from '../options.ts'
import { print, printJson } from '../output.ts'

const POLL_MS = 500

export function chainCommand (): Command {
  const command = new Command('chain')
    .enablePositionalOptions()
    .description('the escrow of a street: where it is, and how it comes to be')
  command.command('deploy').description('deploy the escrow of a token, or verify the one that is there')
    .requiredOption('--rpc <url>', 'where to reach the chain')
    .requiredOption('--token <address>', 'token the escrow holds, for ever')
    .requiredOption('--key <file>', 'file with the private key that pays for the transaction, readable by you only; it has no rights afterwards')
    .option('--chain <id>', 'refuse any chain but this', whole(1, Number.MAX_SAFE_INTEGER))
    .addOption(jsonOption())
    .action(deploy)
  command.command('address').description('where the escrow of a token is on every chain, and on which it is known to be, without asking one')
    .requiredOption('--token <address>', 'token the escrow holds')
    .action(address)
  return command
}

interface DeployOptions {
  readonly rpc: string
  readonly token: string
  readonly key: string
  readonly chain?: number
  readonly json?: boolean
}

async function deploy (options: DeployOptions): Promise<void> {
  const { deployEscrow } = await import('../../chain/deploy.ts')
  const { chainId, escrow, token, created, deployBlock } = await deployEscrow({
    rpcUrl: options.rpc, token: account('--token', options.token), privateKey: readNamedKeyFile(options.key), chainId: options.chain, pollMs: POLL_MS
  })
  if (options.json === true) {
    printJson({ chainId, escrow, token, created: created ?? null, deployBlock: deployBlock ?? null })
    return
  }
  print(`The escrow of ${token.symbol} is at ${escrow} on chain ${chainId}, and its code is right.`)
  if (created == null) {
    print('It was there already: nothing was sent.')
  } else {
    print(`  transaction   ${created.tx}`)
    print(`  block         ${created.block}`)
    print(`  gas           ${created.gasUsed}`)
  }
  print()
  print('Every home of the street sets up with it:')
  print(`  wattmesh init --chain ${chainId} --escrow ${escrow} --owner ADDRESS --area NAME --rpc URL`)
  print('or has in its config.yaml:')
  print('  market:')
  print(`    chainId: ${chainId}`)
  print(`    escrow: "${escrow}"`)
  if (deployBlock != null) {
    print('  chain:')
    print(`    deployBlock: ${deployBlock}`)
    print()
    print('An escrow for everybody belongs into contracts/deployments.ts, so that `wattmesh chain address` tells of it:')
    print(`  { chainId: ${chainId}, escrow: '${escrow}', token: '${token.address}', deployBlock: ${deployBlock}n }`)
  }
}

async function address (options: { token: string }): Promise<void> {
  const { escrowAddress } = await import('../../chain/deploy.ts')
  const { deploymentsOf } = await import('../../chain/deployments.ts')
  const token = account('--token', options.token)
  print(escrowAddress(token))
  for (const { chainId, deployBlock } of deploymentsOf(token)) {
    print(`  on chain ${chainId} since block ${deployBlock}`)
  }
}
