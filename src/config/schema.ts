/**
 * Every setting of a node, once: its type, default, bounds and description. The type `Config`, the checks, the names in the
 * environment, a new configuration file and the reference page all come from here. This room alone reads files and
 * environment for settings; it knows nothing of what they are for. `load.ts` puts them together.
 */
import { Type } from 'typebox'
import { DEFAULT_MARKET_RULES } from '../domain/market-rules.ts'
import { account, accounts, choice, decimal, free, listedName, multiaddrs, number, tariffBands, tariffTable, text, whole, yesOrNo } from './kinds.ts'
import type { FieldOptions } from './kinds.ts'
import type { Static } from 'typebox'

const DAY_SEC = 86_400
const MAX = Number.MAX_SAFE_INTEGER
const rules = DEFAULT_MARKET_RULES

export const configSchema = Type.Object({
  name: text({ default: 'home', description: 'What this home is called on its own computer. Neighbours never see it.' }),
  owner: account({ description: 'The account that pays and is paid. Its key stays with you, not with the node.', example: '0x00000000000000000000000000000000000000aa' }),

  market: Type.Object({
    area: text({ description: 'Name of the market area. Ask a neighbour who takes part already.', example: 'elm-street' }),
    chainId: whole(1, MAX, { description: 'Number of the chain that holds the escrow.', example: 31337 }),
    escrow: account({ description: 'Address of the escrow contract.', example: '0x00000000000000000000000000000000000000ee' }),
    periodSec: whole(900, 86_400, { default: rules.periodSec, unit: 'seconds', description: 'Length of a delivery period: a multiple of 900.' }),
    windowSec: whole(60, 172_800, { default: rules.windowSec, unit: 'seconds', description: 'How long a period can be traded before its gate closes.' }),
    gateClosureSec: whole(0, 86_400, { default: rules.gateClosureSec, unit: 'seconds', description: 'From gate closure to the start of the period.' }),
    flatSec: whole(0, 172_800, { default: rules.flatSec, unit: 'seconds', description: 'Prices no longer move during the last seconds of the window.' }),
    minTradeWh: whole(1, 1_000_000, { default: rules.minTradeWh, unit: 'Wh', description: 'Smallest quantity that may be traded.' }),
    confirmSec: whole(1, 86_400, { default: rules.confirmSec, unit: 'seconds', description: 'How long a seller waits for the signature of the buyer.' }),
    clockToleranceSec: whole(0, 3600, { default: rules.clockToleranceSec, unit: 'seconds', description: 'How far two honest clocks may be apart.' }),
    mechanism: listedName({ default: rules.mechanism, description: 'How offers and bids find each other.' }),
    delivery: choice(['matched'], { default: rules.delivery, description: 'What counts as delivered: the smaller of what the seller exported and the buyer imported.' }),
    residualSec: whole(0, 172_800, { default: rules.residualSec, unit: 'seconds', description: 'How long after its end a period may still be traded: what the meters counted beyond its trades, at the middle of the tariffs. 0 never.' }),
    unknownMakers: choice(['allow', 'work'], { default: 'allow', description: 'What an order must bring whose owner never registered its key with the escrow: nothing, or a proof of work that makes floods dear.' }),
    meterBook: Type.Optional(account({ description: 'Address of the meter book of the community: only its members trade, and only their meter keys count. Without one the market is open to everybody.', example: '0x00000000000000000000000000000000000000bb' }))
  }, { description: 'The rules every home of one market shares. Homes whose rules differ in any of these never hear each other.' }),

  chain: Type.Object({
    rpc: text({ pattern: /^(https?|wss?):\/\/\S{1,500}$/, expected: 'an address that begins with http://, https://, ws:// or wss://', description: 'Where the node reaches the chain.', example: 'http://127.0.0.1:8545', flag: '--rpc' }),
    confirmations: whole(1, 1000, { default: 2, unit: 'blocks', description: 'How many blocks must stand before the node believes what it read.' }),
    pollMs: whole(50, 3_600_000, { default: 4000, unit: 'milliseconds', description: 'How often the node asks the chain for news.' }),
    maxHeadAgeSec: whole(0, MAX, { default: 900, unit: 'seconds', description: 'Trading pauses while the newest block is older. 0 never pauses for that: for a development chain that mines only on demand.' }),
    maxSilenceSec: whole(1, 3600, { default: 30, unit: 'seconds', description: 'Trading pauses when the chain has not answered for so long.' }),
    deployBlock: whole(0, MAX, { default: 0, description: 'Block in which the escrow was created: at its first start the node reads events from there. 0 reads only what happens while the node runs; the state of tabs is always read.' })
  }, { description: 'The chain that settles the market.' }),

  tariff: Type.Object({
    retail: decimal({ unit: 'tokens per kWh', description: 'What the grid supplier charges. The node never buys dearer.', example: '0.30' }),
    feedIn: decimal({ unit: 'tokens per kWh', description: 'What the grid supplier pays. The node never sells cheaper.', example: '0.08' }),
    timeZone: Type.Optional(text({ pattern: /^[A-Za-z0-9_+/-]{1,64}$/, expected: 'an IANA time zone such as "Europe/Berlin"', description: 'Local time of the bands, with its daylight saving. Needed as soon as there are bands.', example: 'Europe/Berlin' })),
    bands: tariffBands({ default: [], description: 'Times of the week with prices of their own; the first that fits counts, and the prices above where none does or where it leaves one out. Days are those on which a band begins; one that ends at or before its start ends on the next day.' }),
    table: tariffTable({ default: [], description: 'Prices of single stretches of time, for tariffs that are told a day ahead. A row counts before every band.' })
  }, { description: 'The prices this home has without neighbours.' }),

  network: Type.Object({
    listen: multiaddrs({ default: ['/ip4/0.0.0.0/tcp/0'], description: 'Where the node listens for neighbours. Port 0 takes any free one, another at each start. Browsers can call only an address that ends in /ws, or one such as /ip4/0.0.0.0/udp/4001/webrtc-direct, which needs the optional package @libp2p/webrtc.', flag: '--listen' }),
    mdns: yesOrNo({ default: true, description: 'Find neighbours in the same local network.' }),
    mdnsTag: text({ default: '_wattmesh._udp.local', pattern: /^_[a-z0-9-]{1,15}\._udp\.local$/, expected: 'a name such as "_wattmesh._udp.local"', description: 'Name under which neighbours in the local network are found.' }),
    bootstrap: multiaddrs({ default: [], description: 'Neighbours to call at the start, for homes beyond the local network.' }),
    announce: multiaddrs({ default: [], description: 'Addresses to tell others instead of the ones found, for a port that was forwarded by hand.' }),
    dht: yesOrNo({ default: true, description: 'Find homes of the same market through the distributed hash table, once one neighbour is known.' }),
    portMapping: yesOrNo({ default: true, description: 'Ask the router to forward the port (UPnP), over IPv4.' }),
    reachability: yesOrNo({ default: true, description: 'Have neighbours check whether this node can be reached from outside, and do it for them.' }),
    relay: yesOrNo({ default: true, description: 'Be reachable through the node of a neighbour when the router lets nobody in.' }),
    relayForOthers: yesOrNo({ default: true, description: 'Do the same for a few others, each for two minutes and 128 KiB at a time.' }),
    holePunching: yesOrNo({ default: true, description: 'Replace connections through others by direct ones where the routers allow it.' })
  }, { description: 'How neighbours are found and reached.' }),

  signing: Type.Object({
    allowSlow: yesOrNo({ default: false, description: 'Start even where signatures can only be checked by slow JavaScript, about a thousand a second.' })
  }, { description: 'How signatures are checked.' }),

  meter: Type.Object({
    driver: listedName({ description: 'Which kind of meter is read.', example: 'demo' }),
    params: free({ default: {}, description: 'What that driver needs, for instance the address of the device. Checked by the driver at the start.' }),
    sampleSec: whole(1, 30, { default: 10, unit: 'seconds', description: 'How often a device that does not remember its registers is read. Periods are exact as long as a minute never passes without.' }),
    settleRecovered: yesOrNo({ default: false, description: 'Settle trades also in periods whose energy is known only together with their neighbours\', because the meter was not read at their boundary. Otherwise such trades wait for better data and lapse without it.' }),
    sellCoarse: yesOrNo({ default: false, description: 'Sell although the export register moves in steps of more than 10 Wh. Agree on it with your neighbours first.' }),
    exportLimitWatts: Type.Optional(whole(0, 1_000_000, { unit: 'watts', description: 'The most that may flow into the grid, where its operator sets a limit. The node never offers more. 0 sells nothing.', example: 7000 }))
  }, { description: 'The meter at the grid connection. It is read and never controlled.' }),

  inverter: Type.Object({
    driver: Type.Optional(listedName({ description: 'Which kind of inverter is read, where the meter does not tell what the roof generates.', example: 'sunspec' })),
    params: free({ default: {}, description: 'What that driver needs.' })
  }, { description: 'A second device that knows the generation. For forecasts and reports only: what is sold is what the meter counts.' }),

  battery: Type.Object({
    driver: Type.Optional(listedName({ description: 'Which kind of battery is read, where neither meter nor inverter tells what it holds.', example: 'sunspec' })),
    params: free({ default: {}, description: 'What that driver needs.' })
  }, { description: 'A device that knows the battery. It is read and never controlled.' }),

  secondMeter: Type.Object({
    driver: Type.Optional(listedName({ description: 'Which kind of meter counts what the first one does not see, for instance that of a heat pump with a tariff of its own.', example: 'eastron-sdm' })),
    params: free({ default: {}, description: 'What that driver needs.' })
  }, { description: 'A further meter at the grid connection. Its import is added; only the export of the first one is sold.' }),

  trading: Type.Object({
    paused: yesOrNo({ default: false, description: 'Make no new offers and trades. What is agreed is delivered and settled. Can be changed while the node runs: `wattmesh trading`.' }),
    forecast: listedName({ default: 'own-history', description: 'How the node expects what the home will need: `own-history` from its own last two weeks, `persistence` as in the newest metered period.', flag: '--forecast' }),
    strategy: listedName({ default: 'fair-trader', description: 'How prices are chosen between the two tariffs.', flag: '--strategy' }),
    lowestSellingPrice: Type.Optional(decimal({ unit: 'tokens per kWh', description: 'Never sell below this, even where the tariff would allow it.', example: '0.12' })),
    highestBuyingPrice: Type.Optional(decimal({ unit: 'tokens per kWh', description: 'Never buy above this, even where the tariff would allow it.', example: '0.25' })),
    reserve: text({ default: 'automatic', pattern: /^(automatic|(100|\d{1,2})%|\d{1,4}(\.\d{1,3})?kWh)$/, expected: '"automatic", a percentage such as "20%", or energy such as "3kWh"', description: 'What is kept back. `automatic`: as much as the errors of earlier forecasts advise, and in the battery what tonight will take. `20%`: that part of every expected surplus. `3kWh`: this much stays in the battery. Can be changed while the node runs.' }),
    neighboursOnly: yesOrNo({ default: false, description: 'Trade only with homes this one is connected to within the local network, and with those listed in `trading.neighbours`. Can be changed while the node runs.' }),
    neighbours: accounts({ default: [], description: 'Owners that count as neighbours wherever they are.' }),
    sellFromBattery: yesOrNo({ default: false, description: 'You empty the battery as `wattmesh why` advises, so the node may offer what it holds above tonight\'s need. The node itself never controls it.' }),
    buyForBattery: yesOrNo({ default: false, description: 'You charge the battery as `wattmesh why` advises, so the node may buy a neighbour\'s surplus for it where tonight will take more than it holds. The node itself never controls it.' }),
    lookMinSec: whole(1, 86_400, { default: 15, unit: 'seconds', description: 'Shortest pause between two looks at the offers.' }),
    lookMaxSec: whole(1, 86_400, { default: 30, unit: 'seconds', description: 'Longest pause between two looks at the offers. Each pause is drawn at random, so that nobody is always first.' }),
    patience: Type.Optional(number(0, 1, { description: '0 gives in early, 1 holds out for a better price. Drawn once per home when it is not set.', example: 0.5 })),
    nearPrice: decimal({ default: '0.005', unit: 'tokens per kWh', description: 'Offers this close to the best one count as equally good; among those the node prefers a neighbour it knows.' }),
    from: Type.Optional(whole(0, MAX, { unit: 'Unix seconds', description: 'Trade no period that starts earlier.', example: 1767225600 })),
    until: Type.Optional(whole(0, MAX, { unit: 'Unix seconds', description: 'Trade no period that starts at this time or later.', example: 1798761600 }))
  }, { description: 'What the node may do on its own.' }),

  tabs: Type.Object({
    ceiling: decimal({ default: '5.00', unit: 'tokens', description: 'The most one neighbour can charge before the next receipt.' }),
    maxOpen: whole(1, 1000, { default: 12, description: 'How many neighbours the node keeps an account with at a time.' }),
    settleEverySec: whole(60, 30 * DAY_SEC, { default: DAY_SEC, unit: 'seconds', description: 'How often receipts are exchanged and sent to the chain.' }),
    submitForOthers: yesOrNo({ default: false, description: 'Send the neighbours\' receipts to the chain together with your own. One transaction for the street costs less than many; you pay for it.' }),
    unsecuredCredit: decimal({ default: '0', unit: 'tokens', description: 'How much energy a buyer gets before its tab stands on the chain. You lose it when the buyer does not pay.' }),
    lifeSec: whole(3600, 14 * DAY_SEC, { default: 4 * DAY_SEC, unit: 'seconds', description: 'How long money stays set aside for a neighbour after the last receipt.' }),
    claimAfterSec: whole(60, 14 * DAY_SEC, { default: 129_600, unit: 'seconds', description: 'When a buyer has been silent for this long, the node claims what it is owed without it.' }),
    meterDeadlineSec: whole(60, 14 * DAY_SEC, { default: DAY_SEC, unit: 'seconds', description: 'How long the node waits for a meter reading before it gives a trade up.' })
  }, { description: 'The accounts kept with single neighbours.' }),

  certificates: Type.Object({
    enabled: yesOrNo({ default: false, description: 'Lets the command line mint and retire energy certificates for this home. The node itself never does.' }),
    capacityW: whole(1, 1_000_000_000, { default: 10_000, unit: 'W', description: 'The most the generator behind the meter can give. The first certificate fixes it for ever, and no day can be worth more than 24 hours of it.' })
  }, { description: 'Certificates of exported energy, if you want them.' }),

  api: Type.Object({
    host: text({ default: '127.0.0.1', pattern: /^[A-Za-z0-9.:-]{1,253}$/, expected: 'a host name or an IP address', description: 'Where the local interface listens. The default is this computer only; anything else lets others in your network try the token.', flag: '--api-host' }),
    port: whole(0, 65_535, { default: 0, description: 'Port of the local interface. 0 takes any free one.', flag: '--api-port' })
  }, { description: 'The local interface, for the command line and other programs.' }),

  mqtt: Type.Object({
    url: Type.Optional(text({ pattern: /^mqtts?:\/\/[^\s@]{1,500}$/, expected: 'an address that begins with mqtt:// or mqtts:// and holds no password', description: 'MQTT broker that is told what the node does, for Home Assistant. Nothing is told while it is not set.', example: 'mqtt://192.168.1.10:1883' })),
    username: Type.Optional(text({ description: 'User name at the broker.', example: 'wattmesh' })),
    passwordFile: Type.Optional(text({ pattern: /^[^\p{Cc}]{1,500}$/u, expected: 'the path of a file', description: 'File that holds the password at the broker and nothing else.', example: '/home/me/.wattmesh/mqtt.password' })),
    discoveryPrefix: text({ default: 'homeassistant', pattern: /^[^\s+#]{1,64}$/, expected: 'a topic without + and #', description: 'Where Home Assistant looks for devices.' }),
    topic: text({ default: 'wattmesh', pattern: /^[^\s+#]{1,64}$/, expected: 'a topic without + and #', description: 'First part of the node\'s own topics.' }),
    pauseSwitch: yesOrNo({ default: false, description: 'Whether Home Assistant gets a switch that pauses trading. Whoever may write to the broker can then use it.' }),
    currency: Type.Optional(text({ pattern: /^[A-Z]{3}$/, expected: 'three capital letters', description: 'Currency in which Home Assistant shows money. Without it, the token\'s symbol.', example: 'EUR' }))
  }, { description: 'Publishing to Home Assistant over MQTT.' }),

  clock: Type.Object({
    speed: number(0.001, 100_000, { default: 1, description: 'How many seconds of the market pass in one real second; with a real meter 200 at most.' }),
    realStartMs: Type.Optional(whole(0, MAX, { unit: 'Unix milliseconds', description: 'The real time at which the market showed `marketStart`. The same for every home of a practice market.', example: 1767225600000 })),
    marketStart: Type.Optional(whole(0, MAX, { unit: 'Unix seconds', description: 'What the market showed then.', example: 1767225600 }))
  }, { description: 'For practice only: lets a day pass in minutes.' }),

  log: Type.Object({
    level: choice(['error', 'warn', 'info', 'debug', 'trace'], { default: 'info', description: 'How much the node tells.', flag: '--log-level' }),
    format: choice(['human', 'json'], { default: 'human', description: 'Lines for people or for programs.', flag: '--log-format' })
  }, { description: 'What the node writes about its work.' })
})

/** The settings of one node. Amounts and prices are still text; they become whole numbers once the token is known. */
export type Config = DeepReadonly<Static<typeof configSchema>>

/** Some of the settings, in the same shape. */
export type PartialConfig = { readonly [K in keyof Config]?: Config[K] extends string ? Config[K] : Partial<Config[K]> }

type DeepReadonly<T> = T extends object ? { readonly [K in keyof T]: DeepReadonly<T[K]> } : T

/** One setting as a row of a table. */
export interface Field {
  /** Its place: `market.periodSec`. */
  readonly path: string
  /** Its name in the environment: `WATTMESH_MARKET_PERIOD_SEC`. Free groups have none. */
  readonly env?: string
  readonly isRequired: boolean
  readonly schema: FieldSchema
}

type FieldSchema = FieldOptions & {
  readonly type: 'string' | 'integer' | 'number' | 'boolean' | 'array' | 'object' | undefined
}

/** A group of fields; the first one, without a name, holds those at the top. */
export interface Section {
  readonly name: string
  readonly description: string
  readonly fields: readonly Field[]
}

/** All settings in the order in which people should meet them. */
export const SECTIONS: readonly Section[] = readSections()

export const FIELDS: readonly Field[] = SECTIONS.flatMap(({ fields }) => fields)

function readSections (): Section[] {
  const top: Field[] = []
  const sections: Section[] = [{ name: '', description: 'This home.', fields: top }]
  for (const [name, schema] of Object.entries(configSchema.properties)) {
    if ('properties' in schema) {
      const { properties, description } = schema as unknown as { properties: Record<string, FieldSchema>, description: string }
      sections.push({ name, description, fields: Object.entries(properties).map(([key, field]) => readField(`${name}.${key}`, field)) })
    } else {
      top.push(readField(name, schema as unknown as FieldSchema))
    }
  }
  return sections
}

function readField (path: string, schema: FieldSchema): Field {
  return {
    path,
    env: schema.type === 'object' || schema.isFileOnly === true ? undefined : envName(path),
    isRequired: schema.default === undefined && !Type.IsOptional(schema),
    schema
  }
}

function envName (path: string): string {
  return `WATTMESH_${path.replace(/[A-Z]/g, '_$&').replace('.', '_').toUpperCase()}`
}
