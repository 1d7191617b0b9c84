/** Ids and bounds every implementation shares. `README.md` beside each protocol says why; a test compares the tables. */
export const PROTOCOL_PREFIX = '/wattmesh'

/** Topic on which the orders of one market are gossiped; `rulesDigest` is `0x` and 64 hexadecimal digits. */
export function orderTopic (rulesDigest: string): string {
  return `${PROTOCOL_PREFIX}/orders/${rulesDigest.slice(2, 10)}/1`
}

/** The distributed hash table that all markets share. */
export const DHT_PROTOCOL_ID = `${PROTOCOL_PREFIX}/kad/1.0.0`

/** What the homes of one market are listed under in that table; see `discovery/README.md`. */
export function rendezvousName (rulesDigest: string): string {
  return `${PROTOCOL_PREFIX}/market/1.0.0/${rulesDigest.slice(2)}`
}
