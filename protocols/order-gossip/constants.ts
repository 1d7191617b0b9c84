/** Bounds of order gossip; the table in README.md gives the reasons. */
export const MAX_PERIODS_AHEAD = 192
export const MAX_OPEN_ORDERS_PER_SIGNER = 256
export const MAX_BOOK_ORDERS = 20_000
/** Gossip carries each order once; this much of it may wait for its verdict at one node. */
export const MAX_ORDERS_IN_VALIDATION = 256
