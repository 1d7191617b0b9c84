/** Bounds of order gossip; the table in README.md gives the reasons. */
export const MAX_PERIODS_AHEAD = 192
export const MAX_OPEN_ORDERS_PER_SIGNER = 96
export const MAX_ORDERS_PER_SIGNER_PER_PERIOD = 192
export const MIN_WORK_BITS = 18
export const MAX_BOOK_ORDERS = 20_000
/** What one neighbour may bring, whoever made it. */
export const MAX_ORDERS_PER_PEER_PER_SEC = 200
export const MAX_ORDERS_PER_PEER_BURST = 4000
/** Gossip carries each order once; this much of it may wait for its verdict at one node, and so long. */
export const MAX_ORDERS_IN_VALIDATION = 2048
export const MAX_JUDGING_MS = 1000
