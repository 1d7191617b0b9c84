/** Ids and bounds every implementation shares. `README.md` beside each protocol says why; a test compares the tables. */
export const PROTOCOL_PREFIX = '/wattmesh'

/** Topic on which the orders of one market are gossiped; `rulesDigest` is `0x` and 64 hexadecimal digits. */
export function orderTopic (rulesDigest: string): string {
  return `${PROTOCOL_PREFIX}/orders/${rulesDigest.slice(2, 10)}/1`
}
