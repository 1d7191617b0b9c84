import { Command } from 'commander'
import { formatEnergy } from '../../domain/units.ts'
import { dataOption, jsonOption, runningNode } from '../options.ts'
import { print, printJson, time } from '../output.ts'
import { whoCanReach } from '../reach.ts'
import type { ApiClient } from '../../api/client.ts'
import type { CommunityStatus, NodeStatus } from '../../node/node.ts'

export function statusCommand (): Command {
  return new Command('status')
    .description('what the running node sees and does')
    .addOption(dataOption())
    .addOption(jsonOption())
    .action(status)
}

const STANDING: Readonly<Record<CommunityStatus['standing'], string>> = {
  member: 'this home is a member',
  'other-meter': 'this home is a member with another meter key, so neighbours will not buy from it: run `wattmesh community join`',
  outsider: 'this home is no member and cannot trade: run `wattmesh community join`'
}

const PAUSED: Readonly<Record<NonNullable<NodeStatus['pausedBy']>, string>> = {
  owner: 'by you',
  chain: 'until the chain is well again',
  community: 'until this home is a member'
}

async function status (options: { data?: string, json?: boolean }): Promise<void> {
  const status = await (await runningNode(options)).status()
  if (options.json === true) {
    printJson(status)
    return
  }
  const { community, divergence, lastReading, knobs, decisions } = status
  print(`${status.name} in market area "${status.area}" (rules ${status.rulesDigest.slice(2, 10)})`)
  print(`  time         ${time(status.time)} UTC`)
  print(`  peer id      ${status.peerId}`)
  print(`  owner        ${status.owner}`)
  print(`  node key     ${status.key}`)
  print(`  chain        ${status.chain.ok ? 'well' : `not well, money safe: ${status.chain.reason}`}`)
  print(`  signatures   checked by ${status.recovery === 'javascript' ? 'slow JavaScript: install the optional package secp256k1' : `${status.recovery} code`}`)
  if (community != null) {
    print(`  community    ${STANDING[community.standing]}; ${community.seats} seats in meter book ${community.book}`)
    if (community.problem != null) {
      print(`               the book cannot be read since ${time(community.asOf)} UTC, the members we knew then stay: ${community.problem}`)
    }
  }
  print(`  trading      ${status.pausedBy == null ? 'on' : `paused ${PAUSED[status.pausedBy]}`}${knobs.neighboursOnly ? ', neighbours only' : ''}`)
  print(`  neighbours   ${status.peers.length} connected`)
  print(`  reachable    by ${whoCanReach(status.reach)}`)
  print(`  books        ${divergence.share == null ? 'not compared yet' : `${percent(divergence.share)} of the open offers differed when last compared`}`)
  for (const { peerId, differing, offers, comparedAt } of divergence.neighbours) {
    print(`    ${peerId}  ${differing} of ${offers} differed at ${time(comparedAt)} UTC`)
  }
  print(`  offers       ${status.openOrders} open in the book`)
  print(`  trades       ${status.openTrades} under way`)
  const { problem, traits, seenAt } = status.meter
  print(`  meter        ${problem ?? 'well'}${traits.serial == null ? '' : `, number ${traits.serial}`}${seenAt == null ? '' : `, read ${Math.max(0, status.time - seenAt)} s ago`}`)
  print(`  selling      ${selling(status)}`)
  print(`  last period  ${lastReading == null
    ? 'no meter reading yet'
    : `${formatEnergy(lastReading.importWh)} taken from the grid, ${formatEnergy(lastReading.exportWh)} fed in${lastReading.quality == null || lastReading.quality === 'measured' ? '' : ` (${lastReading.quality})`}`}`)
  for (const { periodStart, why, advice } of decisions) {
    print(`  ${time(periodStart).slice(11)} UTC    ${why}${advice == null ? '' : ` ${advice}`}`)
  }
  for (const address of status.addresses) {
    print(`  address      ${address}`)
  }
  for (const address of status.reach.unconfirmed) {
    print(`  address      ${address} (not tried yet)`)
  }
}

/** Rounded up, so that what is not nothing never looks like it. */
function percent (share: number): string {
  return `${(Math.ceil(share * 1000) / 10).toFixed(1)} %`
}

function selling ({ cannotSell, pausedBy }: Awaited<ReturnType<ApiClient['status']>>): string {
  const obstacle = cannotSell ?? (pausedBy == null ? undefined : 'trading is paused')
  return obstacle == null ? 'yes, when there is a surplus' : `no: ${obstacle}`
}
