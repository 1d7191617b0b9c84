import { badParam, defineDriver, SERIAL_PARAM, serialOf } from '../driver.ts'
import { FINGERPRINT_PARAM, httpDevice, URL_PARAM } from '../http-params.ts'
import { jsonDevice } from '../json-profile.ts'
import { BROKER_PARAMS, brokerDevice } from '../mqtt-params.ts'
import type { JsonProfile, JsonValue, Quantity } from '../json-profile.ts'

const STATE = '/api/state'

/** Where evcc has had each value, newest first. Registers are what its grid meter has; some have none for export. */
const NAMES: Readonly<Partial<Record<Quantity, readonly [unit: JsonValue['unit'], ...names: string[]]>>> = {
  importMilliWh: ['kWh', 'grid.energy', 'gridEnergy'],
  exportMilliWh: ['kWh', 'grid.returnEnergy'],
  gridWatts: ['W', 'grid.power', 'gridPower'],
  pvMilliWh: ['kWh', 'pvEnergy'],
  pvWatts: ['W', 'pvPower'],
  loadWatts: ['W', 'homePower'],
  batteryWatts: ['W', 'battery.power', 'batteryPower'],
  batteryPercent: ['%', 'battery.soc', 'batterySoc'],
  batteryCapacityWh: ['kWh', 'battery.capacity', 'batteryCapacity']
}

/** Older releases wrap everything in `result`. A meter that does not count shows zero, which is no register. */
function profileOf (places: (name: string) => ReadonlyArray<Pick<JsonValue, 'request' | 'path'>>): JsonProfile {
  return {
    values: Object.fromEntries(Object.entries(NAMES).map(([quantity, [unit, ...names]]) =>
      [quantity, names.flatMap((name) => places(name).map((place): JsonValue => ({ ...place, unit, none: unit === 'kWh' ? [0, '0'] : [] })))]))
  }
}

const overHttp = profileOf((name) => ['', 'result.'].map((wrapper) => ({ request: STATE, path: `${wrapper}${name}` })))

/** As topics: `evcc/site/grid/power`. Only what changes is sent, `evcc/updated` says that evcc lives. */
const overMqtt = (prefix: string): JsonProfile => ({
  ...profileOf((name) => [{ request: `${prefix}/site/${name.replace('.', '/')}`, path: '' }]),
  alive: `${prefix}/updated`
})

export const evcc = defineDriver({
  type: 'evcc',
  title: 'evcc, whatever meters it reads',
  testedWith: 'written answers',
  params: [
    { ...URL_PARAM, isRequired: false, description: 'Address of evcc, such as http://192.168.1.20:7070; or give a broker.' },
    FINGERPRINT_PARAM,
    ...BROKER_PARAMS,
    { name: 'topic', type: 'text', description: 'First part of evcc\'s topics at the broker; evcc unless given.' },
    SERIAL_PARAM
  ],
  async connect (params, components) {
    const { now } = components
    const traits = serialOf(params)
    if (params.broker == null) {
      if (params.url == null) {
        throw badParam(evcc, 'url', 'is missing: give url or broker')
      }
      return jsonDevice(overHttp, { name: 'evcc', source: httpDevice(params, components), now, traits })
    }
    const { topic = 'evcc' } = params as { topic?: string }
    const profile = overMqtt(topic)
    const topics = [...Object.values(profile.values).flat().map(({ request }) => request), `${topic}/updated`]
    const source = await brokerDevice(params, components, { topics, availability: { topic: `${topic}/status`, offline: 'offline' } })
    return jsonDevice(profile, { name: 'evcc', source, now, traits })
  }
})
