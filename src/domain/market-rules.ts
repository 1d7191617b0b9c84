import { CodedError } from './errors.ts'
import { isHex, isWhole } from './units.ts'
import type { Account } from './units.ts'

/** What every node of one market must share. Nodes whose rules differ have different topics and never hear each other. */
export interface MarketRules {
  /** Name of the market area, 1 to 64 characters. Two streets that must not trade with each other differ here. */
  readonly area: string
  /** The chain and the escrow contract that settle this market. */
  readonly chainId: number
  readonly escrow: Account
  /** Length of a delivery period in seconds: a multiple of 900, because the escrow counts in quarter hours. */
  readonly periodSec: number
  /** How long a period can be traded before its gate closes, in seconds. */
  readonly windowSec: number
  /** Seconds from gate closure to the start of the period; 0 closes the gate at the start. */
  readonly gateClosureSec: number
  /** Prices no longer move during the last seconds of the window. */
  readonly flatSec: number
  /** Smallest quantity that may be traded, in Wh. */
  readonly minTradeWh: number
  /** How long an ACCEPT binds the seller while it waits for the CONFIRM, in seconds. */
  readonly confirmSec: number
  /** How far two honest clocks may be apart, in seconds. */
  readonly clockToleranceSec: number
  /** Name of the market mechanism, see `market/mechanisms`. */
  readonly mechanism: string
  /** What counts as delivered: `matched` is the smaller of the seller's export and the buyer's import. */
  readonly delivery: 'matched'
  /** How long after its end what the meters counted beyond the trades of a period may still be traded, in seconds; 0 never. */
  readonly residualSec: number
  /** The contract that says whose orders and readings count. Without one everybody's do. */
  readonly meterBook?: Account
  /** What an order must bring whose owner is not known to have registered its signer: nothing, or a proof of work. */
  readonly unknownMakers?: 'allow' | 'work'
}

export const DEFAULT_MARKET_RULES: Omit<MarketRules, 'area' | 'chainId' | 'escrow'> = {
  periodSec: 900,
  windowSec: 1800,
  gateClosureSec: 0,
  flatSec: 60,
  minTradeWh: 10,
  confirmSec: 5,
  clockToleranceSec: 5,
  mechanism: 'continuous',
  delivery: 'matched',
  residualSec: 86_400
}

/** Returns the rules unchanged, or throws `RULES_INVALID` naming the field. */
export function checkMarketRules (rules: MarketRules): MarketRules {
  const problems: Array<[boolean, string]> = [
    [rules.area.length >= 1 && rules.area.length <= 64, 'area must have 1 to 64 characters'],
    [isWhole(rules.chainId, 1, Number.MAX_SAFE_INTEGER), 'chainId must be a positive whole number'],
    [isHex(rules.escrow, 20), 'escrow must be an address: 0x and 40 lower-case hexadecimal digits'],
    [isWhole(rules.periodSec, 900, 86_400) && rules.periodSec % 900 === 0, 'periodSec must be a multiple of 900, at most 86400'],
    [isWhole(rules.windowSec, 60, 172_800), 'windowSec must be 60 to 172800'],
    [isWhole(rules.gateClosureSec, 0, 86_400), 'gateClosureSec must be 0 to 86400'],
    [isWhole(rules.flatSec, 0, rules.windowSec), 'flatSec must be 0 to windowSec'],
    [isWhole(rules.minTradeWh, 1, 1_000_000), 'minTradeWh must be 1 to 1000000'],
    [isWhole(rules.confirmSec, 1, 86_400), 'confirmSec must be 1 to 86400'],
    [isWhole(rules.clockToleranceSec, 0, 3600), 'clockToleranceSec must be 0 to 3600'],
    [/^[a-z-]{1,32}$/.test(rules.mechanism), 'mechanism must be a name of 1 to 32 lower-case letters and dashes'],
    [rules.delivery === 'matched', 'delivery must be "matched"'],
    [isWhole(rules.residualSec, 0, 172_800), 'residualSec must be 0 to 172800'],
    [rules.meterBook == null || isHex(rules.meterBook, 20), 'meterBook must be an address: 0x and 40 lower-case hexadecimal digits'],
    [rules.unknownMakers == null || ['allow', 'work'].includes(rules.unknownMakers), 'unknownMakers must be "allow" or "work"']
  ]
  const wrong = problems.find(([isRight]) => !isRight)
  if (wrong != null) {
    throw new CodedError('RULES_INVALID', `The market rules cannot be used: ${wrong[1]}.`)
  }
  return rules
}
