import { modbusDriver } from '../modbus/device.ts'

const NO_U32 = [0xffffffff]
const NO_S32 = [0x7fffffff]

/** Sungrow's protocol of residential hybrid inverters; the paper counts from 1. Export power is positive there. */
export const sungrowSh = modbusDriver({
  type: 'sungrow-sh',
  title: 'Sungrow SH hybrid inverters with their meter',
  testedWith: 'written answers',
  maker: 'Sungrow',
  model: 'SH',
  defaults: { connectDelayMs: 500 },
  profile: {
    table: 'input',
    order: 'CDAB',
    registers: {
      importMilliWh: { address: 13_036, type: 'uint32', step: 0.1, unit: 'kWh', none: NO_U32 },
      exportMilliWh: { address: 13_045, type: 'uint32', step: 0.1, unit: 'kWh', none: NO_U32 },
      gridWatts: { address: 13_009, type: 'int32', unit: 'W', sign: -1, none: NO_S32 },
      pvMilliWh: { address: 13_002, type: 'uint32', step: 0.1, unit: 'kWh', none: NO_U32 },
      pvWatts: { address: 5016, type: 'uint32', unit: 'W', none: NO_U32 },
      loadWatts: { address: 13_007, type: 'int32', unit: 'W', none: NO_S32 },
      // bit 1 of the running state says charging
      batteryWatts: { address: 13_021, type: 'uint16', unit: 'W', negativeIf: { address: 13_000, bit: 1 }, none: [0xffff] },
      batteryPercent: { address: 13_022, type: 'uint16', step: 0.1, unit: '%', none: [0xffff] }
    },
    serial: { address: 4989, type: 'text', count: 10 }
  }
})
