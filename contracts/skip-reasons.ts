/** Names of `IEnergyEscrow.SkipReason` in its order: event `Skipped` carries the index. */
export const skipReasons = [
  'BuyerSigner', 'SellerSigner', 'SelfTrade', 'Stale', 'Future', 'Backwards', 'LockTooLong', 'KeyTooShort', 'Unfunded'
] as const

export type SkipReason = typeof skipReasons[number]
