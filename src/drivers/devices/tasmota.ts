import { badParam, defineDriver } from '../driver.ts'
import { httpDevice, optionalText, PASSWORD_PARAM, URL_PARAM } from '../http-params.ts'
import { jsonDevice, jsonTraits, valuesAt } from '../json-profile.ts'
import { BROKER_PARAMS, brokerDevice } from '../mqtt-params.ts'
import type { DriverComponents, DriverParams } from '../driver.ts'
import type { JsonProfile, JsonValue } from '../json-profile.ts'
import type { JsonSource } from '../transports/json-source.ts'

interface Names {
  readonly meter?: string
  readonly importName: string
  readonly exportName: string
  readonly powerName: string
}

interface Place {
  readonly request: string
  /** Before everything: `StatusSNS.` over HTTP, nothing in a message. */
  readonly wrapper: string
}

/** A reading head has the names its script gives them, in kWh; a plug has Tasmota's own. */
function profileOf ({ request, wrapper }: Place, { meter, importName, exportName, powerName }: Names): JsonProfile {
  const at = (path: string, unit: 'kWh' | 'W'): JsonValue => ({ request, path: wrapper + path, unit })
  const value = (name: string, plug: string, unit: 'kWh' | 'W'): JsonValue[] => meter == null
    ? [at(`ENERGY.${plug}.*`, unit), at(`ENERGY.${plug}`, unit)]
    : [at(`"${meter}"."${name}"`, unit)]
  return {
    values: {
      importMilliWh: value(importName, 'Total', 'kWh'),
      exportMilliWh: value(exportName, 'ExportActive', 'kWh'),
      gridWatts: value(powerName, 'Power', 'W')
    },
    // local and without a zone: good enough to see that it stands still
    stamp: { request, path: `${wrapper}Time` }
  }
}

/** Over HTTP, or over a broker as often as the device's `TelePeriod` says. */
export const tasmota = defineDriver({
  type: 'tasmota',
  title: 'Tasmota reading head or plug',
  testedWith: 'written answers',
  params: [
    { ...URL_PARAM, isRequired: false, description: 'Address of the device, such as http://192.168.1.20; or give a broker and a topic.' },
    PASSWORD_PARAM,
    ...BROKER_PARAMS,
    { name: 'topic', type: 'text', description: 'The device\'s topic, such as tasmota_1A2B3C.' },
    { name: 'meter', type: 'text', description: 'Name of the meter in the script. Over HTTP it is found when there is only one.' },
    { name: 'importName', type: 'text', description: 'Name of the import register in the script; Total_in unless given.' },
    { name: 'exportName', type: 'text', description: 'Name of the export register in the script; Total_out unless given.' },
    { name: 'powerName', type: 'text', description: 'Name of the power in the script; Power_curr unless given.' }
  ],
  async connect (params, components) {
    const { importName = 'Total_in', exportName = 'Total_out', powerName = 'Power_curr', meter } = params as Partial<Names>
    const names = { importName, exportName, powerName, ...meter == null ? {} : { meter } }
    return params.broker == null ? connectHttp(params, components, names) : connectBroker(params, components, names)
  }
})

async function connectHttp (params: DriverParams, components: DriverComponents, names: Names): ReturnType<typeof tasmota.connect> {
  if (params.url == null) {
    throw badParam(tasmota, 'url', 'is missing: give url, or broker and topic')
  }
  const password = optionalText(params.password)
  const login = password == null ? '' : `user=admin&password=${encodeURIComponent(password)}&`
  const place = { request: `/cm?${login}cmnd=Status%2010`, wrapper: 'StatusSNS.' }
  const info = `/cm?${login}cmnd=Status%205`
  const source = httpDevice(params, components)
  const meter = names.meter ?? await onlyMeter(source, place, names)
  const profile = { ...profileOf(place, { ...names, ...meter == null ? {} : { meter } }), serial: { request: info, path: 'StatusNET.Mac' } }
  const traits = { maker: 'Tasmota', ...await jsonTraits(profile, source) }
  return jsonDevice(profile, { name: 'Tasmota', source, now: components.now, traits })
}

async function connectBroker (params: DriverParams, components: DriverComponents, names: Names): ReturnType<typeof tasmota.connect> {
  const topic = optionalText(params.topic)
  if (topic == null) {
    throw badParam(tasmota, 'topic', 'is missing')
  }
  const request = `tele/${topic}/SENSOR`
  const source = await brokerDevice(params, components, { topics: [request], availability: { topic: `tele/${topic}/LWT`, offline: 'Offline' } })
  return jsonDevice(profileOf({ request, wrapper: '' }, names), { name: 'Tasmota', source, now: components.now, traits: { maker: 'Tasmota', serial: topic } })
}

/** The group of values that has the import register; undefined for a plug. */
async function onlyMeter (source: JsonSource, { request, wrapper }: Place, { importName }: Names): Promise<string | undefined> {
  const [groups = {}] = valuesAt((await source.get(request))?.value, wrapper.slice(0, -1))
  const found = Object.entries(groups as object).filter(([, group]) => valuesAt(group, `"${importName}"`).length > 0).map(([name]) => name)
  if (found.length > 1) {
    throw badParam(tasmota, 'meter', `must say which one, there are: ${found.join(', ')}`)
  }
  return found[0]
}
