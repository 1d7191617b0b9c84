/** Bounds of book sync; the table in README.md gives the reasons. */
export const BOOK_SYNC_PROTOCOL_ID = '/wattmesh/book-sync/1.0.0'
export const MAX_SYNC_QUESTION_BYTES = 8192
export const MAX_SYNC_ANSWER_BYTES = 65_536
export const MAX_SYNC_PAGE_ORDERS = 256
export const MAX_SYNC_PAGE_DIGESTS = 1024
export const MAX_SYNC_SIGNERS = 256
export const MAX_SYNC_STREAMS_PER_PEER = 2
export const MAX_SYNC_STREAMS = 16
export const MAX_SYNC_QUESTIONS_PER_MINUTE = 600
/** A side that hears nothing for this long, or cannot get its words out, resets the stream. */
export const SYNC_IDLE_TIMEOUT_MS = 10_000
/** No stream lives longer; whoever needs more opens another one and goes on where it was. */
export const MAX_SYNC_STREAM_MS = 120_000
