import { modbusDriver } from '../modbus/device.ts'

const NONE = [0x7fffffff]

/** Carlo Gavazzi's protocol papers of the EM24 E1 and the 300 series: tenths of a kWh and of a watt, the low register first. */
export const carloGavazzi = modbusDriver({
  type: 'carlo-gavazzi',
  title: 'Carlo Gavazzi EM340, EM330, ET340 and EM24 with Ethernet',
  testedWith: 'written answers',
  maker: 'Carlo Gavazzi',
  model: 'EM',
  profile: {
    table: 'input',
    order: 'CDAB',
    registers: {
      importMilliWh: { address: 0x34, type: 'int32', step: 0.1, unit: 'kWh', none: NONE },
      exportMilliWh: { address: 0x4e, type: 'int32', step: 0.1, unit: 'kWh', none: NONE },
      gridWatts: { address: 0x28, type: 'int32', step: 0.1, unit: 'W', none: NONE }
    },
    serial: { address: 0x5000, type: 'text', count: 7 },
    isNot: { address: 0x0b, codes: [45, 46, 47, 48], advice: 'an EM24 with a serial line has other registers; describe it to generic-modbus by its paper' }
  }
})
