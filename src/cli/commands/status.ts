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
  const { lastReading, divergence } = status
  print(`${status.name} in market area "${status.area}" (rules ${status.rulesDigest.slice(2, 10)})`)
  print(`  time         ${clockTime(status.time)}`)
  print(`  peer id      ${status.peerId}`)
  print(`  owner        ${status.owner}`)
  print(`  node key     ${status.key}`)
  print(`  chain        ${status.chain.ok ? 'well' : `trading paused, money safe: ${status.chain.reason}`}`)
  print(`  neighbours   ${status.peers.length} connected`)
  print(`  books        ${divergence.share == null ? 'not compared yet' : `${percent(divergence.share)} of the open offers differed when last compared`}`)
  for (const { peerId, differing, offers, comparedAt } of divergence.neighbours) {
    print(`    ${peerId}  ${differing} of ${offers} differed at ${clockTime(comparedAt)}`)
  }
  print(`  offers       ${status.openOrders} open in the book`)
  print(`  trades       ${status.openTrades} under way`)
  print(`  last period  ${lastReading == null
    ? 'no meter reading yet'
    : `${formatEnergy(lastReading.importWh)} taken from the grid, ${formatEnergy(lastReading.exportWh)} fed in`}`)
  for (const address of status.addresses) {
    print(`  address      ${address}`)
  }
}

function clockTime (time: number): string {
  return new Date(time * 1000).toISOString().replace('.000Z', ' UTC').replace('T', ' ')
}

/** Rounded up, so that what is not nothing never looks like it. */
function percent (share: number): string {
  return `${(Math.ceil(share * 1000) / 10).toFixed(1)} %`
}
