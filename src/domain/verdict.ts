/** Why an order was not accepted; the numbered rules of the order-gossip protocol in their order, then what has no number. */
export const ORDER_RULE_CODES = [
  'TOO_LARGE', 'MALFORMED', 'WRONG_RULES', 'OUT_OF_RANGE', 'MISALIGNED', 'GATE_CLOSED', 'TOO_FAR_AHEAD',
  'KNOWN', 'SUPERSEDED', 'QUOTA', 'NOT_MEMBER', 'TOO_MANY', 'UNPAID', 'BAD_SIGNATURE', 'BOOK_FULL', 'PEER_QUOTA', 'OWN_FAULT'
] as const

export type OrderRuleCode = typeof ORDER_RULE_CODES[number]

/** Codes that say a limit was reached: someone sends more than a market needs, or this home is too small for it. */
export const LIMIT_CODES: readonly OrderRuleCode[] = ['QUOTA', 'TOO_MANY', 'BOOK_FULL', 'PEER_QUOTA', 'OWN_FAULT']

/** `reject` is wrong for everyone for ever and costs the sender reputation; `ignore` is not passed on and costs nothing. */
export type Verdict =
  | { readonly result: 'accept' }
  | { readonly result: 'ignore' | 'reject', readonly code: OrderRuleCode }

export const ACCEPT: Verdict = { result: 'accept' }

export function ignore (code: OrderRuleCode): Verdict {
  return { result: 'ignore', code }
}

export function reject (code: OrderRuleCode): Verdict {
  return { result: 'reject', code }
}
