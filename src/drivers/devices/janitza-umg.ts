import { modbusDriver } from '../modbus/device.ts'

/** Janitza's address list of the UMG series, sums over the three phases. */
export const janitzaUmg = modbusDriver({
  type: 'janitza-umg',
  title: 'Janitza UMG 96RM, 103, 104, 508, 509, 511, 512, 604, 605',
  testedWith: 'written answers',
  maker: 'Janitza',
  model: 'UMG',
  profile: {
    table: 'holding',
    registers: {
      importMilliWh: { address: 19_068, type: 'float32', unit: 'Wh' },
      exportMilliWh: { address: 19_076, type: 'float32', unit: 'Wh' },
      gridWatts: { address: 19_026, type: 'float32', unit: 'W' }
    }
  }
})
