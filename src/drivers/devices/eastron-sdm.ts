import { modbusDriver } from '../modbus/device.ts'

/** Eastron's Modbus protocol papers. The single-phase meters have their power in the place of phase 1 of the others. */
export const eastronSdm = modbusDriver({
  type: 'eastron-sdm',
  title: 'Eastron SDM630, SDM72D-M-2, SDM230 and SDM120',
  testedWith: 'written answers',
  maker: 'Eastron',
  model: 'SDM',
  profile: {
    table: 'input',
    maxBlock: 80,
    registers: {
      importMilliWh: { address: 0x48, type: 'float32', unit: 'kWh' },
      exportMilliWh: { address: 0x4a, type: 'float32', unit: 'kWh' },
      gridWatts: { address: 0x34, type: 'float32', unit: 'W', fallback: { address: 0x0c, type: 'float32', unit: 'W' } }
    },
    serial: { table: 'holding', address: 0xfc00, type: 'uint32' }
  }
})
