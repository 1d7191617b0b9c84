/** EIP-712 types of an order and of the market rules whose digest it names. Domain: name `wattmesh`, version `1`, chain id, escrow address. */
export const ORDER_DOMAIN_NAME = 'wattmesh'
export const ORDER_DOMAIN_VERSION = '1'

export const ORDER_TYPES = {
  Order: [
    { name: 'side', type: 'uint8' },
    { name: 'rules', type: 'bytes32' },
    { name: 'maker', type: 'address' },
    { name: 'signer', type: 'address' },
    { name: 'periodStart', type: 'uint40' },
    { name: 'quantity', type: 'uint32' },
    { name: 'minFill', type: 'uint32' },
    { name: 'revision', type: 'uint32' },
    { name: 'schedule', type: 'Knot[]' }
  ],
  Knot: [
    { name: 'at', type: 'uint32' },
    { name: 'price', type: 'uint96' }
  ]
} as const

export const MARKET_RULES_TYPES = {
  MarketRules: [
    { name: 'area', type: 'string' },
    { name: 'chainId', type: 'uint64' },
    { name: 'escrow', type: 'address' },
    { name: 'periodSec', type: 'uint32' },
    { name: 'windowSec', type: 'uint32' },
    { name: 'gateClosureSec', type: 'uint32' },
    { name: 'flatSec', type: 'uint32' },
    { name: 'minTradeWh', type: 'uint32' },
    { name: 'confirmSec', type: 'uint32' },
    { name: 'clockToleranceSec', type: 'uint32' },
    { name: 'mechanism', type: 'string' },
    { name: 'delivery', type: 'string' }
  ]
} as const

/** Rules that are part of the digest, behind the others and in this order, only where they differ from the value given here. */
export const OPTIONAL_MARKET_RULES = [
  { name: 'meterBook', type: 'address', unless: undefined },
  { name: 'residualSec', type: 'uint32', unless: 86_400 },
  { name: 'unknownMakers', type: 'string', unless: 'allow' }
] as const
