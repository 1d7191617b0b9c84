/** What can go wrong with the node's memory. */
export type StoreErrorCode = 'STORE_LOCKED' | 'STORE_VERSION' | 'STORE_DAMAGED' | 'STORE_FAILED' | 'STORE_CLOSED'
