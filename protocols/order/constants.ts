/** Bounds of an order; the table in README.md gives the reasons. */
export const MAX_ORDER_MESSAGE_BYTES = 1024
export const MAX_KNOTS = 4
export const MAX_ORDER_WH = 1_000_000
export const MAX_PRICE = 0xffffffffffffffffn
export const MAX_REVISION = 0xffffffff
