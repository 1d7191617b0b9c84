import { defineDriver } from '../driver.ts'
import { FINGERPRINT_PARAM, httpDevice, optionalText, URL_PARAM } from '../http-params.ts'
import { jsonDevice, jsonTraits } from '../json-profile.ts'
import type { DeviceTraits } from '../../ports/device.ts'
import type { JsonProfile } from '../json-profile.ts'

const V1 = '/api/v1/data'
const V2 = '/api/measurement'
const INFO = '/api'

const product = { serial: { request: INFO, path: 'serial' }, model: { request: INFO, path: 'product_type' } }

const v1: JsonProfile = {
  values: {
    importMilliWh: { request: V1, path: 'total_power_import_kwh', unit: 'kWh' },
    exportMilliWh: { request: V1, path: 'total_power_export_kwh', unit: 'kWh' },
    gridWatts: { request: V1, path: 'active_power_w', unit: 'W' }
  },
  ...product
}

const v2: JsonProfile = {
  values: {
    importMilliWh: { request: V2, path: 'energy_import_kwh', unit: 'kWh' },
    exportMilliWh: { request: V2, path: 'energy_export_kwh', unit: 'kWh' },
    gridWatts: { request: V2, path: 'power_w', unit: 'W' }
  },
  stamp: { request: V2, path: 'timestamp' },
  ...product
}

/** kWh meters of three phases; the P1 dongle shows what the grid's own meter counts. */
const ADDS_PHASES = ['HWE-KWH3', 'SDM630-wifi']

/** With a token the second version of the local interface is used, over a certificate of the device's own; without, the first. */
export const homewizard = defineDriver({
  type: 'homewizard',
  title: 'HomeWizard P1 dongle or kWh meter',
  testedWith: 'written answers',
  params: [
    URL_PARAM,
    FINGERPRINT_PARAM,
    { name: 'token', type: 'text', isSecret: true, description: 'Token of the second version of the local interface; without one the first version is used.' }
  ],
  async connect (params, components) {
    const token = optionalText(params.token)
    const profile = token == null ? v1 : v2
    const source = httpDevice(params, components, token == null ? {} : { auth: { bearer: token }, headers: { 'x-api-version': '2' } })
    const traits = { maker: 'HomeWizard', ...await jsonTraits(profile, source) }
    const describe = (known: DeviceTraits): DeviceTraits => ({ ...known, addsPhasesSeparately: ADDS_PHASES.includes(known.model ?? '') })
    return jsonDevice(profile, { name: 'HomeWizard', source, now: components.now, traits, describe })
  }
})
