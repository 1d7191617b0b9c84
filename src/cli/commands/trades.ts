import { Command } from 'commander'
import { formatEnergy, formatMoney } from '../../domain/units.ts'
import { dataOption, jsonOption, runningNode, whole } from '../options.ts'
import { print, printJson, table, time } from '../output.ts'

export function tradesCommand (): Command {
  return new Command('trades')
    .description('trades of this home, newest last')
    .addOption(dataOption())
    .option('--last <n>', 'only the last n', whole(1, 1_000_000), 40)
    .option('--why', 'say for each why it was made')
    .addOption(jsonOption())
    .action(trades)
}

async function trades (options: { data?: string, json?: boolean, last: number, why?: boolean }): Promise<void> {
  const node = await runningNode(options)
  const all = (await node.trades()).slice(-options.last)
  if (options.json === true) {
    printJson(all)
    return
  }
  const { token } = await node.wallet()
  const rows = all.map((trade) => [
    time(trade.periodStart),
    `${trade.role === 'buyer' ? 'bought' : 'sold'}${trade.isResidual === true ? ' after' : ''}`,
    formatEnergy(trade.terms?.wh ?? trade.askedWh),
    trade.deliveredWh == null ? '–' : formatEnergy(trade.deliveredWh),
    formatMoney(BigInt(trade.pricePerKwh), token.decimals, 4),
    trade.amount == null ? '–' : `${formatMoney(BigInt(trade.amount), token.decimals, 4)} ${token.symbol}`,
    trade.reason == null ? trade.state : `${trade.state}: ${trade.reason}`
  ])
  if (rows.length === 0) {
    print('No trades yet.')
    return
  }
  const lines = table(['period (UTC)', '', 'agreed', 'delivered', 'per kWh', 'amount', 'state'], rows, [2, 3, 4, 5])
  lines.slice(0, 2).forEach((line) => { print(line) })
  all.forEach(({ why }, place) => {
    print(lines[place + 2])
    if (options.why === true && why != null) {
      print(`  ${why}`)
    }
  })
  if (all.some(({ isResidual }) => isResidual === true)) {
    print('after: made after the period, of what its meters had counted beyond the other trades')
  }
}
