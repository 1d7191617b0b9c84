import { Command } from 'commander'
import { formatEnergy } from '../../domain/units.ts'
import { dataOption, jsonOption, runningNode } from '../options.ts'
import { print, printJson, time } from '../output.ts'

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
  const { lastReading, knobs, decisions } = status
  print(`${status.name} in market area "${status.area}" (rules ${status.rulesDigest.slice(2, 10)})`)
  print(`  time         ${new Date(status.time * 1000).toISOString().replace('.000Z', ' UTC').replace('T', ' ')}`)
  print(`  peer id      ${status.peerId}`)
  print(`  owner        ${status.owner}`)
  print(`  node key     ${status.key}`)
  print(`  chain        ${status.chain.ok ? 'well' : `trading paused, money safe: ${status.chain.reason}`}`)
  print(`  trading      ${knobs.paused ? 'paused by you' : 'on'}${knobs.neighboursOnly ? ', neighbours only' : ''}`)
  print(`  neighbours   ${status.peers.length} connected`)
  print(`  offers       ${status.openOrders} open in the book`)
  print(`  trades       ${status.openTrades} under way`)
  const { problem, traits, seenAt } = status.meter
  print(`  meter        ${problem ?? 'well'}${traits.serial == null ? '' : `, number ${traits.serial}`}${seenAt == null ? '' : `, read ${Math.max(0, status.time - seenAt)} s ago`}`)
  print(`  selling      ${status.cannotSell == null ? 'yes, when there is a surplus' : `no: ${status.cannotSell}`}`)
  print(`  last period  ${lastReading == null
    ? 'no meter reading yet'
    : `${formatEnergy(lastReading.importWh)} taken from the grid, ${formatEnergy(lastReading.exportWh)} fed in${lastReading.quality == null || lastReading.quality === 'measured' ? '' : ` (${lastReading.quality})`}`}`)
  for (const { periodStart, why, advice } of decisions) {
    print(`  ${time(periodStart).slice(11)} UTC    ${why}${advice == null ? '' : ` ${advice}`}`)
  }
  for (const address of status.addresses) {
    print(`  address      ${address}`)
  }
}
