import { modbusDriver } from '../modbus/device.ts'

const NO_U32 = [0xffffffff]

/** Sungrow's protocol of string inverters; the paper counts from 1. The meter's power is positive for import. */
export const sungrowSg = modbusDriver({
  type: 'sungrow-sg',
  title: 'Sungrow SG string inverters, with or without a meter',
  testedWith: 'written answers',
  maker: 'Sungrow',
  model: 'SG',
  defaults: { connectDelayMs: 500 },
  profile: {
    table: 'input',
    order: 'CDAB',
    registers: {
      importMilliWh: { address: 5098, type: 'uint32', step: 0.1, unit: 'kWh', none: NO_U32 },
      exportMilliWh: { address: 5094, type: 'uint32', step: 0.1, unit: 'kWh', none: NO_U32 },
      gridWatts: { address: 5082, type: 'int32', unit: 'W', none: [0x7fffffff] },
      pvMilliWh: { address: 5003, type: 'uint32', unit: 'kWh', none: NO_U32 },
      pvWatts: { address: 5030, type: 'uint32', unit: 'W', none: NO_U32 }
    },
    serial: { address: 4989, type: 'text', count: 10 }
  }
})
