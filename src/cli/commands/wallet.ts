import { Command } from 'commander'
import { CodedError } from '../../domain/errors.ts'
import { formatMoney, parseMoney } from '../../domain/units.ts'
import { dataOption, jsonOption, runningNode, whole } from '../options.ts'
import { print, printJson } from '../output.ts'
import { ownerKeyOption, ownerSetup } from '../owner.ts'
import type { Account, Money } from '../../domain/units.ts'
import type { OwnerSettlement, Submitted, Token } from '../../ports/settlement.ts'
import type { OwnerOptions } from '../owner.ts'

const DAY_SEC = 86_400

export function walletCommand (): Command {
  const command = new Command('wallet')
    .enablePositionalOptions()
    .description('money in the escrow, and the moves only the owner can make')
    .addOption(dataOption())
    .addOption(jsonOption())
    .action(wallet)
  command.command('deposit').description('put money into the escrow')
    .argument('<amount>', 'in tokens, such as 25.50').addOption(dataOption())
    .addOption(ownerKeyOption())
    .action(async (amount: string, options: OwnerOptions) => owner(options, async ({ moves, token }) => moves.deposit(money(amount, token))))
  command.command('withdraw').description('take free money out of the escrow')
    .argument('<amount>', 'in tokens').addOption(dataOption())
    .addOption(ownerKeyOption())
    .action(async (amount: string, options: OwnerOptions) => owner(options, async ({ moves, token }) => moves.withdraw(money(amount, token))))
  command.command('authorize').description('let the node\'s key trade for the owner')
    .addOption(dataOption())
    .addOption(ownerKeyOption())
    .option('--limit <amount>', 'by how much the node may raise ceilings per day, in tokens; 0 takes that right away', '10')
    .option('--days <n>', 'for how many days', whole(15, 3650), 365)
    .action(async (options: OwnerOptions & { limit: string, days: number }) => owner(options, async ({ moves, token, nodeKey }) =>
      moves.setKey(nodeKey, Math.floor(Date.now() / 1000) + options.days * DAY_SEC, money(options.limit, token, 0n))))
  return command
}

async function wallet (options: { data?: string, json?: boolean }): Promise<void> {
  const { token, account, key, owner, tabs } = await (await runningNode(options)).wallet()
  if (options.json === true) {
    printJson({ token, account, key, owner, tabs })
    return
  }
  const amountOf = (amount: string): string => formatMoney(BigInt(amount), token.decimals)
  const shown = (amount: string): string => `${amountOf(amount)} ${token.symbol}`
  const sums = [account.balance, account.reserved, (BigInt(account.balance) - BigInt(account.reserved)).toString()]
  const width = Math.max(...sums.map((sum) => amountOf(sum).length))
  const [balance, reserved, free] = sums.map((sum) => `${amountOf(sum).padStart(width)} ${token.symbol}`)
  print(`Owner ${owner}`)
  print(`  in the escrow   ${balance}`)
  print(`  set aside       ${reserved} for open tabs`)
  print(`  free            ${free}`)
  print(key.validUntil === 0
    ? `  node key        ${key.address} is not registered: run \`wattmesh wallet authorize\``
    : `  node key        ${key.address} until ${new Date(key.validUntil * 1000).toISOString().slice(0, 10)}, ${shown(key.leftToday)} left today`)
  for (const tab of tabs) {
    const partner = tab.role === 'buyer' ? `to ${tab.seller}` : `from ${tab.buyer}`
    print(`  tab ${partner}   ${shown(tab.chain.paid)} paid of ${shown(tab.chain.cap)}`)
  }
}

interface OwnerParts {
  readonly moves: OwnerSettlement
  readonly token: Token
  readonly nodeKey: Account
}

/** One move of the owner, straight to the chain: it needs no running node. */
async function owner (options: OwnerOptions, move: (parts: OwnerParts) => Promise<Submitted>): Promise<void> {
  const [{ createOwnerSettlement }, { createEscrowSettlement }] = await Promise.all([import('../../chain/owner.ts'), import('../../chain/escrow.ts')])
  const { config, chain, owner: address, ownerPrivateKey, nodePrivateKey, nodeKey } = await ownerSetup(options)
  const init = { ...chain, escrow: config.market.escrow }
  const settlement = createEscrowSettlement({ ...init, confirmations: 1, privateKey: nodePrivateKey })
  const token = await settlement.token()
  const { tx } = await move({ moves: createOwnerSettlement({ ...init, ownerPrivateKey }), token, nodeKey })
  const { balance } = await settlement.account(address)
  print(`Done in transaction ${tx}. In the escrow now: ${formatMoney(balance, token.decimals)} ${token.symbol}.`)
}

function money (text: string, { decimals, symbol }: Token, least = 1n): Money {
  const amount = parseMoney(text, decimals)
  if (amount == null || amount < least) {
    throw new CodedError('USAGE_BAD_AMOUNT', `"${text}" is not an amount of ${symbol}: write a number such as 12.50, with at most ${decimals} decimal places.`)
  }
  return amount
}
