import { defineDriver, SERIAL_PARAM, serialOf } from '../driver.ts'
import { FINGERPRINT_PARAM, httpDevice, URL_PARAM } from '../http-params.ts'
import { jsonDevice } from '../json-profile.ts'
import type { JsonProfile, JsonValue } from '../json-profile.ts'

const CHANNELS = {
  importMilliWh: ['GridBuyActiveEnergy', 'Wh'],
  exportMilliWh: ['GridSellActiveEnergy', 'Wh'],
  gridWatts: ['GridActivePower', 'W'],
  pvMilliWh: ['ProductionActiveEnergy', 'Wh'],
  pvWatts: ['ProductionActivePower', 'W'],
  loadMilliWh: ['ConsumptionActiveEnergy', 'Wh'],
  loadWatts: ['ConsumptionActivePower', 'W'],
  batteryWatts: ['EssDischargePower', 'W'],
  batteryPercent: ['EssSoc', '%'],
  batteryCapacityWh: ['EssCapacity', 'Wh']
} as const

const REQUEST = `/rest/channel/_sum/(${Object.values(CHANNELS).map(([name]) => name).join('|')}|GridMode)`

/** One request for all channels; a component that is still starting answers null, which is unknown. */
const profile: JsonProfile = {
  values: Object.fromEntries(Object.entries(CHANNELS).map(([quantity, [name, unit]]): [string, JsonValue] =>
    [quantity, { request: REQUEST, path: `[address=_sum/${name}].value`, unit }])),
  // 2 on the battery, 3 on a generator
  offGrid: { request: REQUEST, path: '[address=_sum/GridMode].value', says: [2, 3] }
}

export const openems = defineDriver({
  type: 'openems',
  title: 'OpenEMS or FENECON energy management',
  testedWith: 'written answers',
  params: [
    URL_PARAM,
    FINGERPRINT_PARAM,
    { name: 'password', type: 'text', isSecret: true, description: 'Password of a user of the edge; "user" unless given, which may only read.' },
    SERIAL_PARAM
  ],
  async connect (params, components) {
    const { password = 'user' } = params as { password?: string }
    const source = httpDevice(params, components, { auth: { basic: { user: 'x', password } } })
    return jsonDevice(profile, { name: 'OpenEMS', source, now: components.now, traits: { maker: 'OpenEMS', ...serialOf(params) } })
  }
})
