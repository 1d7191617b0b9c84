import { defineDriver } from '../driver.ts'
import { connectProfile } from '../modbus/device.ts'
import { parseProfile } from '../modbus/parse-profile.ts'
import { modbusParams, readModbusSettings } from '../modbus/settings.ts'

/** Any Modbus device whose paper its owner has at hand. */
export const genericModbus = defineDriver({
  type: 'generic-modbus',
  title: 'Any Modbus device, described in the settings',
  testedWith: 'independent software',
  params: [
    ...modbusParams(),
    { name: 'profile', type: 'object', isRequired: true, description: 'Where the values stand: table, order and, under registers, address, type and unit of each.' }
  ],
  connect: async (params) => connectProfile(parseProfile(params.profile), readModbusSettings(params), {})
})
