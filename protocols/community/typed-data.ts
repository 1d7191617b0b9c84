/** EIP-712 types of the meter book. Domain: name `MeterBook`, version `1`, chain id, address of the book. */
export const METER_BOOK_DOMAIN_NAME = 'MeterBook'
export const METER_BOOK_DOMAIN_VERSION = '1'

export const JOIN_TYPES = {
  Join: [
    { name: 'home', type: 'address' },
    { name: 'meter', type: 'address' },
    { name: 'until', type: 'uint40' },
    { name: 'nonce', type: 'uint256' }
  ]
} as const

/** EIP-712 types of the energy certificates. Domain: name `EnergyCertificates`, version `1`, chain id, address of the contract. */
export const CERTIFICATES_DOMAIN_NAME = 'EnergyCertificates'
export const CERTIFICATES_DOMAIN_VERSION = '1'

export const DAILY_EXPORT_TYPES = {
  DailyExport: [
    { name: 'attester', type: 'address' },
    { name: 'meter', type: 'bytes32' },
    { name: 'day', type: 'uint32' },
    { name: 'wh', type: 'uint64' },
    { name: 'capacityW', type: 'uint64' },
    { name: 'to', type: 'address' }
  ]
} as const
