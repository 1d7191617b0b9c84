/** What the node is doing, as Home Assistant shows it. Null is unknown. */
export interface Situation {
  /** Undefined as long as the token is not known. */
  readonly currency: string | undefined
  readonly values: Readonly<Record<string, string | number | null>>
}

/** One entity of Home Assistant, in its own words. */
interface Entity {
  readonly platform: 'sensor' | 'binary_sensor' | 'switch'
  readonly name: string
  readonly [field: string]: unknown
}

const energy = { platform: 'sensor', device_class: 'energy', unit_of_measurement: 'kWh', state_class: 'total_increasing', suggested_display_precision: 2 } as const
/** What the supplier has of it may become less, when a neighbour buys after metering: no new meter, as it would be for `total_increasing`. */
const rest = { ...energy, state_class: 'total' } as const
const planned = { platform: 'sensor', device_class: 'energy', unit_of_measurement: 'Wh' } as const
const count = { platform: 'sensor', state_class: 'measurement' } as const

/** Home Assistant allows `total` and nothing else for money, and no state class for an amount that is planned. */
function entities (currency: string | undefined, hasPause: boolean): Readonly<Record<string, Entity>> {
  const money = { platform: 'sensor', device_class: 'monetary', unit_of_measurement: currency, suggested_display_precision: 2 } as const
  return {
    import: { ...energy, name: 'Grid import' },
    export: { ...energy, name: 'Grid export' },
    supplier_import: { ...rest, name: 'Bought from supplier' },
    supplier_export: { ...rest, name: 'Sold to supplier' },
    sold: { ...energy, name: 'Sold to neighbours' },
    bought: { ...energy, name: 'Bought from neighbours' },
    ...currency == null
      ? {}
      : {
          earned: { ...money, state_class: 'total', name: 'Earned from neighbours' },
          spent: { ...money, state_class: 'total', name: 'Spent on neighbours' },
          deposit: { ...money, name: 'Deposit left', icon: 'mdi:piggy-bank' }
        },
    offers: { ...count, name: 'Offers open', icon: 'mdi:tag-multiple' },
    next_sold: { ...planned, name: 'Sold for the next period' },
    next_bought: { ...planned, name: 'Bought for the next period' },
    peers: { ...count, name: 'Neighbours', icon: 'mdi:home-group' },
    status: { platform: 'sensor', device_class: 'enum', options: ['trading', 'waiting', 'paused'], name: 'Status' },
    meter: { platform: 'binary_sensor', device_class: 'problem', name: 'Meter', entity_category: 'diagnostic' },
    clock: { platform: 'binary_sensor', name: 'Clock steady', entity_category: 'diagnostic' },
    ...hasPause ? { pause: { platform: 'switch', name: 'Pause trading', icon: 'mdi:pause' } } : {}
  }
}

export interface DiscoveryInit {
  /** Of the device; stays the same for ever. */
  readonly id: string
  readonly name: string
  readonly topics: { readonly state: string, readonly availability: string, readonly command: string }
  readonly currency: string | undefined
  readonly hasPause: boolean
}

/** The retained message from which Home Assistant makes one device with all entities (MQTT device discovery, since 2024.11). */
export function discoveryOf ({ id, name, topics, currency, hasPause }: DiscoveryInit): object {
  const components = Object.entries(entities(currency, hasPause)).map(([key, entity]) => [key, {
    ...entity,
    unique_id: `${id}_${key}`,
    state_topic: topics.state,
    value_template: `{{ value_json.${key} }}`,
    ...entity.platform === 'switch' ? { command_topic: topics.command } : {},
    // the node's last will, and for each value whether it is known
    availability_mode: 'all',
    availability: [
      { topic: topics.availability },
      { topic: topics.state, value_template: `{{ 'online' if value_json.${key} is defined and value_json.${key} is not none else 'offline' }}` }
    ]
  }])
  return {
    device: { identifiers: [id], name: `Wattmesh ${name}`, manufacturer: 'wattmesh', model: 'Energy trading node' },
    origin: { name: 'wattmesh' },
    components: Object.fromEntries(components) as object
  }
}
