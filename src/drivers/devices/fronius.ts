import { defineDriver } from '../driver.ts'
import { FINGERPRINT_PARAM, httpDevice, URL_PARAM } from '../http-params.ts'
import { jsonDevice, jsonTraits } from '../json-profile.ts'
import type { JsonProfile, JsonValue } from '../json-profile.ts'

const METER = '/solar_api/v1/GetMeterRealtimeData.cgi?Scope=System'
const FLOW = '/solar_api/v1/GetPowerFlowRealtimeData.fcgi'
const STORAGE = '/solar_api/v1/GetStorageRealtimeData.cgi?Scope=System'
const SITE = 'Body.Data.Site'

/** The meter at the grid connection; location 1 counts the load and 3 or 256 and above what hangs behind it. GEN24 has names of its own. */
const CLASSIC = 'Body.Data.[Meter_Location_Current=0]'
const GEN24 = 'Body.Data.[SMARTMETER_VALUE_LOCATION_U16=0]'
const register = (...paths: string[]): JsonValue[] => paths.map((path) => ({ request: METER, path, unit: 'Wh' }))

const profile: JsonProfile = {
  values: {
    importMilliWh: register(`${CLASSIC}.EnergyReal_WAC_Sum_Consumed`, `${CLASSIC}.EnergyReal_WAC_Plus_Absolute`, `${GEN24}.SMARTMETER_ENERGYACTIVE_CONSUMED_SUM_F64`),
    exportMilliWh: register(`${CLASSIC}.EnergyReal_WAC_Sum_Produced`, `${CLASSIC}.EnergyReal_WAC_Minus_Absolute`, `${GEN24}.SMARTMETER_ENERGYACTIVE_PRODUCED_SUM_F64`),
    gridWatts: [
      { request: FLOW, path: `${SITE}.P_Grid`, unit: 'W' },
      { request: METER, path: `${CLASSIC}.PowerReal_P_Sum`, unit: 'W' },
      { request: METER, path: `${GEN24}.SMARTMETER_POWERACTIVE_MEAN_SUM_F64`, unit: 'W' }
    ],
    pvMilliWh: { request: FLOW, path: `${SITE}.E_Total`, unit: 'Wh' },
    pvWatts: { request: FLOW, path: `${SITE}.P_PV`, unit: 'W' },
    loadWatts: { request: FLOW, path: `${SITE}.P_Load`, unit: 'W', sign: -1 },
    batteryWatts: { request: FLOW, path: `${SITE}.P_Akku`, unit: 'W' },
    batteryPercent: [
      { request: FLOW, path: 'Body.Data.Inverters.1.SOC', unit: '%' },
      { request: STORAGE, path: 'Body.Data.0.Controller.StateOfCharge_Relative', unit: '%' }
    ],
    batteryCapacityWh: { request: STORAGE, path: 'Body.Data.0.Controller.Capacity_Maximum', unit: 'Wh' }
  },
  stamp: [
    { request: METER, path: `${CLASSIC}.TimeStamp` },
    { request: METER, path: `${GEN24}.TimeStamp` },
    { request: FLOW, path: 'Head.Timestamp' }
  ],
  offGrid: { request: FLOW, path: `${SITE}.BackupMode`, says: [true] },
  serial: { request: METER, path: 'Body.Data.[Meter_Location_Current=0].Details.Serial' },
  model: { request: METER, path: 'Body.Data.[Meter_Location_Current=0].Details.Model' }
}

/** Solar API v1 of Datamanager, SnapINverter and GEN24, with a Fronius Smart Meter at the grid connection. */
export const fronius = defineDriver({
  type: 'fronius',
  title: 'Fronius inverter with Smart Meter',
  testedWith: 'recorded answers',
  params: [URL_PARAM, FINGERPRINT_PARAM],
  async connect (params, components) {
    const source = httpDevice(params, components)
    const traits = { maker: 'Fronius', ...await jsonTraits(profile, source) }
    return jsonDevice(profile, { name: 'Fronius', source, now: components.now, traits })
  }
})
