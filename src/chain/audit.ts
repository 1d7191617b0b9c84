import { getAbiItem } from 'viem'
import { energyEscrowAbi } from '../../contracts/abi.ts'
import { unpackTab } from '../../contracts/receipts.ts'
import { tabId } from '../domain/tab.ts'
import { createChainReader } from './client.ts'
import type { ChainClientInit } from './client.ts'
import type { Account, Money } from '../domain/units.ts'

/** What an escrow did over a range of blocks, read from the chain alone. */
export interface Audit {
  /** Paid and received by each account, from the receipts and claims that went through. */
  readonly paid: ReadonlyMap<Account, Money>
  readonly received: ReadonlyMap<Account, Money>
  /** Everything that moved from buyers to sellers. */
  readonly moved: Money
  /** Gas of the transactions that settled, claimed or released. */
  readonly gas: bigint
  readonly transactions: number
}

/** Reads every settlement of the escrow since `fromBlock`. Throws what the RPC throws. */
export async function auditEscrow (init: ChainClientInit & { readonly escrow: Account, readonly fromBlock: bigint }): Promise<Audit> {
  const reader = createChainReader(init)
  const events = [getAbiItem({ abi: energyEscrowAbi, name: 'Settled' }), getAbiItem({ abi: energyEscrowAbi, name: 'Claimed' })] as const
  const logs = await reader.getLogs({ address: init.escrow, events, fromBlock: init.fromBlock, toBlock: 'latest', strict: true })
  const paid = new Map<Account, Money>()
  const received = new Map<Account, Money>()
  const totals = new Map<string, Money>()
  let moved = 0n
  for (const { args, eventName } of logs) {
    const [buyer, seller] = [args.buyer.toLowerCase() as Account, args.seller.toLowerCase() as Account]
    const before = totals.get(tabId(buyer, seller)) ?? 0n
    const amount = eventName === 'Settled' ? unpackTab(args.tab).paid - before : args.amount
    totals.set(tabId(buyer, seller), before + amount)
    paid.set(buyer, (paid.get(buyer) ?? 0n) + amount)
    received.set(seller, (received.get(seller) ?? 0n) + amount)
    moved += amount
  }
  const transactions = [...new Set(logs.map(({ transactionHash }) => transactionHash))]
  const receipts = await Promise.all(transactions.map(async (hash) => reader.getTransactionReceipt({ hash })))
  return { paid, received, moved, gas: receipts.reduce((sum, { gasUsed }) => sum + gasUsed, 0n), transactions: transactions.length }
}
