/** EIP-712 types of the escrow. Domain: name `EnergyEscrow`, version `1`, chain id, escrow address. */
export const ESCROW_DOMAIN_NAME = 'EnergyEscrow'
export const ESCROW_DOMAIN_VERSION = '1'

export const TRADE_TYPES = {
  Trade: [
    { name: 'buyer', type: 'address' },
    { name: 'seller', type: 'address' },
    { name: 'slot', type: 'uint24' },
    { name: 'seq', type: 'uint16' },
    { name: 'wh', type: 'uint32' },
    { name: 'pricePerKWh', type: 'uint96' },
    { name: 'attester', type: 'address' },
    { name: 'meter', type: 'bytes32' },
    { name: 'claimBy', type: 'uint40' },
    { name: 'ref', type: 'bytes32' }
  ]
} as const

export const RECEIPT_TYPES = {
  Receipt: [
    { name: 'buyer', type: 'address' },
    { name: 'seller', type: 'address' },
    { name: 'through', type: 'uint40' },
    { name: 'total', type: 'uint96' },
    { name: 'cap', type: 'uint96' },
    { name: 'expiry', type: 'uint24' }
  ]
} as const

export const READING_TYPES = {
  Reading: [
    { name: 'attester', type: 'address' },
    { name: 'seller', type: 'address' },
    { name: 'meter', type: 'bytes32' },
    { name: 'slot', type: 'uint24' },
    { name: 'wh', type: 'uint32' }
  ]
} as const
