import { Command } from 'commander'
import { dataOption, jsonOption, runningNode, whole } from '../options.ts'
import { print, printJson, time } from '../output.ts'

export function whyCommand (): Command {
  return new Command('why')
    .description('what the node made of each period, and why, newest last')
    .addOption(dataOption())
    .option('--last <n>', 'only the last n', whole(1, 1_000_000), 12)
    .addOption(jsonOption())
    .action(why)
}

async function why (options: { data?: string, json?: boolean, last: number }): Promise<void> {
  const decisions = (await (await runningNode(options)).decisions()).slice(-options.last)
  if (options.json === true) {
    printJson(decisions)
    return
  }
  if (decisions.length === 0) {
    print('Nothing was decided yet.')
  }
  for (const { periodStart, why, advice } of decisions) {
    print(`${time(periodStart)} UTC  ${why}`)
    if (advice != null) {
      print(`                      ${advice}`)
    }
  }
}
