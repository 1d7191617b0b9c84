import { badParam, defineDriver } from '../driver.ts'
import { checkProfile, isPeriodic, jsonDevice } from '../json-profile.ts'
import { BROKER_PARAM, BROKER_PARAMS, brokerDevice } from '../mqtt-params.ts'
import type { DriverParams } from '../driver.ts'
import type { JsonPlace, JsonProfile, JsonValue, Quantity } from '../json-profile.ts'

/** Names of the values as people write them in the settings. */
const NAMES: Readonly<Record<string, Quantity>> = {
  gridImport: 'importMilliWh',
  gridExport: 'exportMilliWh',
  gridPower: 'gridWatts',
  pvEnergy: 'pvMilliWh',
  pvPower: 'pvWatts',
  loadEnergy: 'loadMilliWh',
  loadPower: 'loadWatts',
  batteryPower: 'batteryWatts',
  batteryLevel: 'batteryPercent',
  batteryCapacity: 'batteryCapacityWh'
}

/** Any meter that tells its numbers to a broker: what each of them is stands in the settings. */
export const mqtt = defineDriver({
  type: 'mqtt',
  title: 'Any topics of an MQTT broker',
  testedWith: 'independent software',
  params: [
    { ...BROKER_PARAM, isRequired: true },
    ...BROKER_PARAMS.slice(1),
    {
      name: 'values',
      type: 'object',
      isRequired: true,
      description: `What to read: for each of ${Object.keys(NAMES).join(', ')} a topic, a unit, and perhaps path, step, sign and none.`
    },
    { name: 'time', type: 'object', description: 'Topic and path of the meter\'s own time: Unix time, or a date with a zone. Messages the broker kept are used only with it.' },
    { name: 'serial', type: 'text', description: 'Serial number of the meter, so that no other home sells by it.' },
    { name: 'statusTopic', type: 'text', description: 'Topic of the meter\'s last will.' },
    { name: 'offlineMessage', type: 'text', description: 'What that topic says when the meter is gone; offline unless given.' },
    { name: 'addsPhases', type: 'yesNo', description: 'Whether the registers add up the phases one by one, so that both can grow at once.' }
  ],
  async connect (params, components) {
    const profile = readMapping(params)
    const { serial, statusTopic, offlineMessage = 'offline', addsPhases = false } = params as { serial?: string, statusTopic?: string, offlineMessage?: string, addsPhases?: boolean }
    const places: JsonPlace[] = [...Object.values(profile.values).flat(), ...profile.stamp == null ? [] : [profile.stamp].flat()]
    const source = await brokerDevice(params, components, {
      topics: [...new Set(places.map(({ request }) => request))],
      ...statusTopic == null ? {} : { availability: { topic: statusTopic, offline: offlineMessage } }
    })
    const traits = { ...serial == null ? {} : { serial }, addsPhasesSeparately: addsPhases }
    return jsonDevice(profile, { name: 'The broker', source, now: components.now, traits })
  }
})

function readMapping ({ values, time }: DriverParams): JsonProfile {
  const mapped = Object.entries(values as Record<string, unknown>).map(([name, value]) => {
    if (!Object.hasOwn(NAMES, name)) {
      throw badParam(mqtt, 'values', `has "${name}", but there are only: ${Object.keys(NAMES).join(', ')}`)
    }
    return [NAMES[name], readValue(name, value)] as const
  })
  if (mapped.length === 0) {
    throw badParam(mqtt, 'values', 'is empty')
  }
  const profile = { values: Object.fromEntries(mapped), ...time == null ? {} : { stamp: readPlace('time', time) } }
  checkProfile(profile, (quantity) => Object.keys(NAMES).find((name) => NAMES[name] === quantity) ?? quantity)
  return profile
}

function readValue (name: string, value: unknown): JsonValue {
  const { unit, step = 1, sign = 1, none = [] } = value as Partial<JsonValue>
  const place = readPlace(name, value)
  const allowed = ['topic', 'path', 'unit', 'step', 'sign', 'none']
  const unknown = Object.keys(value as object).find((key) => !allowed.includes(key))
  if (unknown != null) {
    throw badParam(mqtt, 'values', `has "${unknown}" in ${name}, but there are only: ${allowed.join(', ')}`)
  }
  if (typeof unit !== 'string') {
    throw badParam(mqtt, 'values', `has no unit for ${name}: nothing is guessed`)
  }
  if (typeof step !== 'number' || !(step > 0) || (sign !== 1 && sign !== -1) || !Array.isArray(none)) {
    throw badParam(mqtt, 'values', `has a wrong step, sign or none for ${name}: a step is a number above 0, a sign is 1 or -1, none is a list`)
  }
  if (NAMES[name].endsWith('MilliWh') && isPeriodic(`${place.request}/${place.path}`)) {
    throw badParam(mqtt, 'values', `has a counter for ${name} that begins again every day, month or year: give the lifetime one`)
  }
  return { ...place, unit, step, sign, none }
}

function readPlace (name: string, value: unknown): JsonPlace {
  const { topic, path = '' } = (typeof value === 'object' && value != null ? value : {}) as { topic?: unknown, path?: unknown }
  if (typeof topic !== 'string' || topic === '' || /[+#]/.test(topic) || typeof path !== 'string') {
    throw badParam(mqtt, name === 'time' ? 'time' : 'values', `needs a topic without + and # for ${name}, and a path that is a text`)
  }
  return { request: topic, path }
}
