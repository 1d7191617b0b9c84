import { modbusDriver } from '../modbus/device.ts'

const NO_ENERGY = ['0xFFFFFFFFFFFFFFFF']

/** ABB's manual of the A and B series: energy in hundredths of a kWh, power in hundredths of a watt. */
export const abbB = modbusDriver({
  type: 'abb-b',
  title: 'ABB B21, B23, B24 and the A series',
  testedWith: 'written answers',
  maker: 'ABB',
  model: 'B series',
  defaults: { parity: 'even' },
  profile: {
    table: 'holding',
    registers: {
      importMilliWh: { address: 0x5000, type: 'uint64', step: 0.01, unit: 'kWh', none: NO_ENERGY },
      exportMilliWh: { address: 0x5004, type: 'uint64', step: 0.01, unit: 'kWh', none: NO_ENERGY },
      gridWatts: { address: 0x5b14, type: 'int32', step: 0.01, unit: 'W', none: [0x7fffffff] }
    },
    serial: { address: 0x8900, type: 'uint32' }
  }
})
