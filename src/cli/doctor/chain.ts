import { inspectChain } from '../../chain/inspect.ts'
import { hasCode } from '../../domain/errors.ts'
import { formatMoney } from '../../domain/units.ts'
import { createSystemClock } from '../../node/system-clock.ts'
import { bad, ok, unknown, warn } from '../checks.ts'
import { sentence } from './computer.ts'
import type { ChainInspection } from '../../chain/inspect.ts'
import type { Config } from '../../config/schema.ts'
import type { Account, Money, UnixSeconds } from '../../domain/units.ts'
import type { Check } from '../checks.ts'
import type { Patient } from './patient.ts'

export interface ChainFindings {
  readonly checks: readonly Check[]
  /** Of the newest block. */
  readonly headTime?: UnixSeconds
}

/** What one settlement takes at most in a small street. */
const SETTLEMENT_GAS = 300_000n
/** The key should be able to pay for that many, else it is time to fill it up. */
const SETTLEMENTS = 20n

/** An expiry that is nearer than this wants the owner's attention: receipts need the key to live on. */
const RENEW_SEC = 15 * 86_400

/** As the node has it: in a market that runs fast many of its seconds pass between two blocks. */
const HEAD_AGE_REAL_SEC = 30

const COIN_DECIMALS = 18

export async function checkChain ({ config: { value: config }, key, status }: Patient): Promise<ChainFindings> {
  if (config == null) {
    return { checks: [unknown('chain.service', 'The chain cannot be looked at without settings.')] }
  }
  const seen = await inspectChain({ rpcUrl: config.chain.rpc, ...config.market, escrow: config.market.escrow as Account, confirmations: config.chain.confirmations }).catch((error: unknown) => broken(error, config))
  if ('level' in seen) {
    return { checks: [seen] }
  }
  const now = createSystemClock({ speed: config.clock.speed, realStart: config.clock.realStartMs, marketStart: config.clock.marketStart }).now()
  const checks = [
    ok('chain.service', `The chain service ${host(config.chain.rpc)} answers, for chain ${config.market.chainId}.`),
    headAge(seen.head.time, { now, config }),
    await code(seen, config),
    ...await money(seen, { config, key: key.value, now }).catch((error: unknown) => [warn('chain.reads', `The chain service stopped answering: ${sentence(error)}`, 'Run this again; if it stays so, use another service under chain.rpc.')]),
    ...status?.chain.ok === false ? [bad('chain.node', `The running node has paused trading: ${status.chain.reason ?? 'the chain is not well'}.`, 'Nothing is lost. It goes on by itself when the chain is well again.')] : []
  ]
  return { checks, headTime: config.clock.speed === 1 ? seen.head.time : undefined }
}

function broken (error: unknown, { chain, market }: Config): Check {
  if (hasCode(error, 'CHAIN_WRONG_NETWORK')) {
    return bad('chain.service', sentence(error), 'Put the address of a service for that chain under chain.rpc.')
  }
  return hasCode(error, 'CHAIN_NO_CONTRACT')
    ? bad('chain.escrow', `There is no escrow at ${market.escrow}.`, 'Compare market.escrow and market.chainId with a neighbour\'s, and ask another service under chain.rpc.')
    : bad('chain.service', `The chain service ${host(chain.rpc)} does not answer.`, 'Check the internet connection and chain.rpc. Until then nothing is bought or sold; money in the escrow is safe.')
}

/** Without a path: it may hold an access key. */
function host (url: string): string {
  return new URL(url).host
}

function headAge (headTime: UnixSeconds, { now, config: { chain, clock } }: { now: UnixSeconds, config: Config }): Check {
  const age = Math.max(0, now - headTime)
  const most = chain.maxHeadAgeSec === 0 ? Infinity : Math.max(chain.maxHeadAgeSec, HEAD_AGE_REAL_SEC * clock.speed)
  return age > most
    ? bad('chain.head', `The newest block is ${age} s old: the service lags behind, or the clock of this computer is ahead.`, 'Use another service under chain.rpc, and look at the clock below.')
    : ok('chain.head', `The newest block is ${age} s old.`)
}

async function code (seen: ChainInspection, { market }: Config): Promise<Check> {
  switch (await seen.isThisRelease()) {
    case true: return ok('chain.escrow', `The escrow at ${market.escrow} has the code of this release.`)
    case false: return bad('chain.escrow', `What is at ${market.escrow} is not the escrow of this release.`, 'Send it no money. Ask your neighbours which release and which escrow they use.')
    default: return unknown('chain.escrow', `There is a contract at ${market.escrow}, but this chain service cannot verify its code.`, 'To be sure, run this once with another service under chain.rpc.')
  }
}

async function money (seen: ChainInspection, { config, key, now }: { config: Config, key?: Account, now: UnixSeconds }): Promise<Check[]> {
  const { symbol, decimals } = await seen.token()
  const shown = (amount: Money): string => `${formatMoney(amount, decimals)} ${symbol}`
  const { balance, reserved } = await seen.account(config.owner as Account)
  const free = balance - reserved
  const deposit = free > 0n
    ? ok('chain.deposit', `${shown(free)} are free in the escrow to buy with, of ${shown(balance)}.`)
    : warn('chain.deposit', balance === 0n ? 'There is no money in the escrow: this home can sell but not buy.' : `All ${shown(balance)} in the escrow are set aside for open tabs: nothing more can be bought.`, 'Put some in with `wattmesh wallet deposit 50 --owner-key FILE`.')
  if (key == null) {
    return [deposit, unknown('chain.key', 'Whether the node\'s key is registered cannot be looked up without the key.')]
  }
  return [deposit, ...await nodeKey(seen, { owner: config.owner as Account, key, now, shown }), await gas(seen, key)]
}

const AUTHORIZE = 'Run `wattmesh wallet authorize --owner-key FILE --limit 10`.'

async function nodeKey (seen: ChainInspection, { owner, key, now, shown }: { owner: Account, key: Account, now: UnixSeconds, shown(amount: Money): string }): Promise<Check[]> {
  const { validUntil, dailyLimit, leftToday } = await seen.key(owner, key)
  if (validUntil === 0) {
    return [bad('chain.key', `The node's key ${key} is not registered for the owner ${owner}: no neighbour accepts its trades.`, AUTHORIZE)]
  }
  if (validUntil <= now) {
    return [bad('chain.key', `The registration of the node's key ended on ${day(validUntil)}.`, AUTHORIZE)]
  }
  return [
    validUntil - now < RENEW_SEC
      ? warn('chain.key', `The registration of the node's key ends on ${day(validUntil)}.`, AUTHORIZE)
      : ok('chain.key', `The node's key is registered until ${day(validUntil)}.`),
    leftToday > 0n
      ? ok('chain.limit', `It may set aside ${shown(leftToday)} more today, of ${shown(dailyLimit)} a day.`)
      : warn('chain.limit', dailyLimit === 0n ? 'It may set nothing aside, so this home can sell but not buy.' : `Its limit of ${shown(dailyLimit)} a day is used up: nothing more can be set aside for neighbours today.`, dailyLimit === 0n ? AUTHORIZE : 'Wait for midnight (UTC), or authorize a higher limit.')
  ]
}

async function gas (seen: ChainInspection, key: Account): Promise<Check> {
  const { has, costs } = await seen.gasMoney(key, SETTLEMENT_GAS)
  const fill = `Send some of the chain's own coin to ${key}.`
  if (has === 0n || has < costs) {
    return bad('chain.gas', 'The node\'s key cannot pay for a single transaction: it has too little of the chain\'s own coin.', fill)
  }
  const count = costs === 0n ? undefined : has / costs
  const shown = `${formatMoney(has, COIN_DECIMALS, 4)} of the chain's own coin`
  return count == null || count >= SETTLEMENTS
    ? ok('chain.gas', `The node's key has ${shown} for transactions${count == null ? '' : ', enough for many'}.`)
    : warn('chain.gas', `The node's key has ${shown}: enough for about ${count} transactions.`, fill)
}

function day (seconds: UnixSeconds): string {
  return new Date(seconds * 1000).toISOString().slice(0, 10)
}
