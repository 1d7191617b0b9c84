import { defineDriver } from '../driver.ts'
import { modbusParams, readModbusSettings } from '../modbus/settings.ts'
import { connectSunSpec } from '../sunspec/device.ts'

const SIGNS = { import: 1, export: -1 } as const

/** Inverters, meters and batteries that describe themselves by SunSpec models. */
export const sunSpec = defineDriver({
  type: 'sunspec',
  title: 'SunSpec inverters and meters: Fronius, SolarEdge, SMA, Kostal and others',
  testedWith: 'independent software',
  params: [
    ...modbusParams(),
    { name: 'meterUnit', type: 'whole', min: 0, max: 255, description: 'Number of the meter at the grid connection, when it is another than the inverter\'s; 200 and 240 are tried for Fronius.' },
    { name: 'gridSign', type: 'text', values: ['import', 'export'], description: 'What a positive power of the meter means; as the maker does it unless given.' }
  ],
  async connect (params) {
    const { meterUnit, gridSign } = params as { meterUnit?: number, gridSign?: keyof typeof SIGNS }
    return connectSunSpec({ ...readModbusSettings(params), meterUnit, gridSign: gridSign == null ? undefined : SIGNS[gridSign] })
  }
})
