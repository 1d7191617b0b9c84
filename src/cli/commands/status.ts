import { Command } from 'commander'
import { formatEnergy } from '../../domain/units.ts'
import { dataOption, jsonOption, runningNode } from '../options.ts'
import { print, printJson } from '../output.ts'

export function statusCommand (): Command {
  return new Command('status')
    .description('what the running node sees and does')
    .addOption(dataOption())
    .addOption(jsonOption())
    .action(status)
}

async function status (options: { data?: string, json?: boolean }): Promise<void> {
  const status = await (await runningNode(options)).status()
  if (options.json === true) {
    printJson(status)
    return
  }
  const { lastReading } = status
  print(`${status.name} in market area "${status.area}" (rules ${status.rulesDigest.slice(2, 10)})`)
  print(`  time         ${new Date(status.time * 1000).toISOString().replace('.000Z', ' UTC').replace('T', ' ')}`)
  print(`  peer id      ${status.peerId}`)
  print(`  owner        ${status.owner}`)
  print(`  node key     ${status.key}`)
  print(`  chain        ${status.chain.ok ? 'well' : `trading paused, money safe: ${status.chain.reason}`}`)
  print(`  signatures   checked by ${status.recovery === 'javascript' ? 'slow JavaScript: install the optional package secp256k1' : `${status.recovery} code`}`)
  print(`  neighbours   ${status.peers.length} connected`)
  print(`  offers       ${status.openOrders} open in the book`)
  print(`  trades       ${status.openTrades} under way`)
  print(`  last period  ${lastReading == null
    ? 'no meter reading yet'
    : `${formatEnergy(lastReading.importWh)} taken from the grid, ${formatEnergy(lastReading.exportWh)} fed in`}`)
  for (const address of status.addresses) {
    print(`  address      ${address}`)
  }
}
