import { modbusDriver } from '../modbus/device.ts'

const NO_S32 = [0x80000000]
const NO_U32 = [0xffffffff]

/** SMA's Modbus profile: unit 3, and each direction of the grid power in a register of its own. */
export const smaInverter = modbusDriver({
  type: 'sma-inverter',
  title: 'SMA inverters with Modbus switched on',
  testedWith: 'written answers',
  maker: 'SMA',
  model: 'inverter',
  defaults: { unit: 3 },
  profile: {
    table: 'holding',
    registers: {
      importMilliWh: { address: 30_581, type: 'uint32', unit: 'Wh', none: NO_U32 },
      exportMilliWh: { address: 30_583, type: 'uint32', unit: 'Wh', none: NO_U32 },
      gridWatts: { address: 30_865, type: 'int32', unit: 'W', none: NO_S32, plus: { address: 30_867, type: 'int32', unit: 'W', sign: -1, none: NO_S32 } },
      pvMilliWh: { address: 30_513, type: 'uint64', unit: 'Wh', none: ['0xFFFFFFFFFFFFFFFF'], fallback: { address: 30_529, type: 'uint32', unit: 'Wh', none: NO_U32 } },
      pvWatts: {
        address: 30_773,
        type: 'int32',
        unit: 'W',
        none: NO_S32,
        plus: { address: 30_961, type: 'int32', unit: 'W', none: NO_S32 },
        fallback: { address: 30_775, type: 'int32', unit: 'W', none: NO_S32 }
      },
      batteryWatts: { address: 31_395, type: 'uint32', unit: 'W', none: NO_U32, plus: { address: 31_393, type: 'uint32', unit: 'W', sign: -1, none: NO_U32 } },
      batteryPercent: { address: 30_845, type: 'uint32', unit: '%', none: NO_U32 }
    },
    serial: { address: 30_057, type: 'uint32' }
  }
})
