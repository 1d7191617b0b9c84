import { Command } from 'commander'
import { formatEnergy, formatMoney } from '../../domain/units.ts'
import { dataOption, jsonOption, runningNode } from '../options.ts'
import { print, printJson, table, time } from '../output.ts'

export function bookCommand (): Command {
  return new Command('book')
    .description('offers the node has heard of, best price first')
    .addOption(dataOption())
    .addOption(jsonOption())
    .action(book)
}

async function book (options: { data?: string, json?: boolean }): Promise<void> {
  const node = await runningNode(options)
  const periods = await node.book()
  if (options.json === true) {
    printJson(periods)
    return
  }
  const { token, owner } = await node.wallet()
  const rows = periods.flatMap(({ periodStart, offers }) => offers.map(({ entry, price }) => [
    time(periodStart),
    formatEnergy(entry.remaining),
    `${formatMoney(BigInt(price), token.decimals, 4)} ${token.symbol}`,
    entry.order.order.maker === owner ? 'this home' : entry.order.order.maker
  ]))
  if (rows.length === 0) {
    print('Nobody offers anything for the periods that are open now.')
    return
  }
  table(['period (UTC)', 'left', 'price per kWh', 'seller'], rows, [1, 2]).forEach((line) => { print(line) })
}
