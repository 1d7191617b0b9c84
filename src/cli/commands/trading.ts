import { Command, InvalidArgumentError, Option } from 'commander'
import { CodedError } from '../../domain/errors.ts'
import { isReserve } from '../../domain/knobs.ts'
import { formatMoney, parseMoney } from '../../domain/units.ts'
import { dataOption, jsonOption, runningNode } from '../options.ts'
import { print, printJson } from '../output.ts'
import type { Json } from '../../api/client.ts'
import type { Reserve } from '../../domain/knobs.ts'
import type { KnobChanges } from '../../node/knobs.ts'
import type { Token } from '../../ports/settlement.ts'

interface TradingOptions {
  readonly data?: string
  readonly json?: boolean
  readonly pause?: boolean
  readonly resume?: boolean
  readonly lowestSellingPrice?: string
  readonly highestBuyingPrice?: string
  readonly reserve?: Reserve
  readonly neighboursOnly?: 'yes' | 'no'
  readonly reset?: boolean
}

export function tradingCommand (): Command {
  return new Command('trading')
    .description('what the running node may do on its own; the options change it, now and for later starts')
    .addOption(dataOption())
    .addOption(new Option('--pause', 'make no new offers and trades').conflicts('resume'))
    .option('--resume', 'trade again')
    .option('--lowest-selling-price <price>', 'in tokens per kWh')
    .option('--highest-buying-price <price>', 'in tokens per kWh')
    .option('--reserve <what>', 'what to keep back: automatic, a part such as 20%, or in the battery such as 3kWh', reserve)
    .addOption(new Option('--neighbours-only <choice>', 'only homes in the local network and listed ones').choices(['yes', 'no']))
    .option('--reset', 'first go back to what the configuration says')
    .addOption(jsonOption())
    .action(trading)
}

function reserve (text: string): Reserve {
  if (!isReserve(text)) {
    throw new InvalidArgumentError('It must be "automatic", a percentage such as "20%", or energy such as "3kWh".')
  }
  return text
}

async function trading (options: TradingOptions): Promise<void> {
  const node = await runningNode(options)
  const { token } = await node.wallet()
  const changes = changesOf(options, token)
  const knobs = Object.keys(changes).length === 0 ? await node.trading() : await node.changeTrading(changes)
  if (options.json === true) {
    printJson(knobs)
    return
  }
  const price = (amount: string | undefined, otherwise: string): string =>
    amount == null ? otherwise : `${formatMoney(BigInt(amount), token.decimals, 4)} ${token.symbol} per kWh`
  print(`  trading                ${knobs.paused ? 'paused' : 'on'}`)
  print(`  lowest selling price   ${price(knobs.lowestSellingPrice, 'just above what the supplier pays')}`)
  print(`  highest buying price   ${price(knobs.highestBuyingPrice, 'just below what the supplier charges')}`)
  print(`  reserve                ${knobs.reserve}`)
  print(`  neighbours only        ${knobs.neighboursOnly ? 'yes' : 'no'}`)
}

function changesOf (options: TradingOptions, { decimals }: Pick<Token, 'decimals'>): Json<KnobChanges> {
  const price = (option: string, text: string): string => {
    const amount = parseMoney(text, decimals)
    if (amount == null) {
      throw new CodedError('USAGE_BAD_PRICE', `${option} must be a decimal number of tokens with at most ${decimals} decimal places, not "${text}".`)
    }
    return amount.toString()
  }
  const { pause, resume, lowestSellingPrice, highestBuyingPrice, reserve, neighboursOnly, reset } = options
  return {
    ...reset === true ? { paused: null, lowestSellingPrice: null, highestBuyingPrice: null, reserve: null, neighboursOnly: null } : {},
    ...pause === true ? { paused: true } : {},
    ...resume === true ? { paused: false } : {},
    ...lowestSellingPrice == null ? {} : { lowestSellingPrice: price('--lowest-selling-price', lowestSellingPrice) },
    ...highestBuyingPrice == null ? {} : { highestBuyingPrice: price('--highest-buying-price', highestBuyingPrice) },
    ...reserve == null ? {} : { reserve },
    ...neighboursOnly == null ? {} : { neighboursOnly: neighboursOnly === 'yes' }
  }
}
