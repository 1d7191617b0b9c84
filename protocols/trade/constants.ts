/** Bounds of the trade protocol; the table in README.md gives the reasons. */
export const TRADE_PROTOCOL_ID = '/wattmesh/trade/1.0.0'
export const MAX_TRADE_MESSAGE_BYTES = 8192
export const MAX_PARTS = 64
export const MAX_MESSAGES_PER_STREAM = 64
export const MAX_TRADE_STREAMS_INBOUND = 8
export const MAX_TRADE_STREAMS_OUTBOUND = 8
/** A side that hears nothing for this long closes the stream. */
export const TRADE_REPLY_TIMEOUT_MS = 10_000
/** Longest a seller may keep its right to claim without the buyer, counted from the end of the slot. */
export const MAX_CLAIM_SEC = 7 * 86_400
/** Longest that a home which submits for others may let a receipt wait. */
export const MAX_QUEUE_SEC = 1800
/** Receipts of one peer that wait with it at a time, and that it takes in a day (UTC). */
export const MAX_QUEUED_PER_PEER = 64
export const MAX_RECEIPTS_PER_PEER_DAY = 128
/** A tab must outlive the end of the slot by this much before a seller may accept a trade in it. */
export const MIN_TAB_LIFE_SEC = 48 * 3600
