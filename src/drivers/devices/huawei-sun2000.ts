import { modbusDriver } from '../modbus/device.ts'

const NO_S32 = [0x7fffffff]
const NO_U32 = [0x7fffffff, 0xffffffff]

/** Huawei's interface definitions of the SUN2000. Export power and charging are positive there, and the dongle needs a moment after connecting. */
export const huaweiSun2000 = modbusDriver({
  type: 'huawei-sun2000',
  title: 'Huawei SUN2000 with DTSU666 or DDSU666 meter',
  testedWith: 'written answers',
  maker: 'Huawei',
  model: 'SUN2000',
  defaults: { timeoutMs: 10_000, connectDelayMs: 2000, gapMs: 50 },
  profile: {
    table: 'holding',
    registers: {
      importMilliWh: { address: 37_121, type: 'int32', step: 0.01, unit: 'kWh', none: NO_U32 },
      exportMilliWh: { address: 37_119, type: 'int32', step: 0.01, unit: 'kWh', none: NO_U32 },
      gridWatts: { address: 37_113, type: 'int32', unit: 'W', sign: -1, none: NO_S32 },
      pvMilliWh: { address: 32_106, type: 'uint32', step: 0.01, unit: 'kWh', none: NO_U32 },
      pvWatts: { address: 32_064, type: 'int32', unit: 'W', none: NO_S32 },
      batteryWatts: {
        address: 37_765,
        type: 'int32',
        unit: 'W',
        sign: -1,
        none: NO_S32,
        fallback: { address: 37_001, type: 'int32', unit: 'W', sign: -1, none: NO_S32 }
      },
      batteryPercent: { address: 37_760, type: 'uint16', step: 0.1, unit: '%', none: [0xffff], fallback: { address: 37_004, type: 'uint16', step: 0.1, unit: '%', none: [0xffff] } },
      batteryCapacityWh: { address: 37_758, type: 'uint32', unit: 'Wh', none: NO_U32 }
    },
    serial: { address: 30_015, type: 'text', count: 10 }
  }
})
