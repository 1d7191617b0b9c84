import type { Device, DeviceTraits, Sample } from '../ports/device.ts'

/** The devices of one home. Each tells only what is its own: nothing is counted twice. */
export interface HomeDevices {
  /** At the grid connection. What it exports is what is sold. */
  readonly meter: Device
  /** A further meter there, for instance of a heat pump: its import adds to the first one's, its export is nobody's. */
  readonly secondMeter?: Device
  /** Knows the generation, and its own battery unless another device does. */
  readonly inverter?: Device
  readonly battery?: Device
}

/** Below this an inverter is about to sleep: while it is silent afterwards, it generates nothing. */
const ASLEEP_BELOW_WATTS = 50

type Generation = Pick<Sample, 'pvMilliWh' | 'pvWatts'>
type Battery = Pick<Sample, 'batteryWatts' | 'batteryPercent' | 'batteryCapacityWh'>

/**
 * One device made of several. The grid's registers come from the meters alone and must be there; inverter and battery may be away
 * for a while, and then what they know is unknown. A home with a meter alone is that meter.
 */
export function composite (devices: HomeDevices): Device {
  const { meter, secondMeter, inverter, battery } = devices
  const all = [meter, secondMeter, inverter, battery].filter((device) => device != null)
  let asleep: Generation | undefined

  const generation = (sample: Sample | undefined): Generation => {
    if (sample == null) {
      return asleep ?? { pvMilliWh: undefined, pvWatts: undefined }
    }
    const { pvMilliWh, pvWatts } = sample
    asleep = pvWatts != null && pvWatts < ASLEEP_BELOW_WATTS ? { pvMilliWh, pvWatts: 0 } : undefined
    return { pvMilliWh, pvWatts }
  }

  const sampleAll = async (): Promise<Sample> => {
    const away = async (device: Device | undefined): Promise<Sample | undefined> => device?.sample().catch(() => undefined)
    const [grid, second, sun, store] = await Promise.all([meter.sample(), secondMeter?.sample(), away(inverter), away(battery)])
    return {
      ...second == null ? grid : added(grid, second),
      ...[grid, sun, store].some((sample) => sample?.isOffGrid === true) ? { isOffGrid: true } : {},
      ...inverter == null ? {} : generation(sun),
      ...batteryOf([store, battery == null ? sun : undefined, battery == null ? grid : undefined].find(knowsBattery))
    }
  }

  return all.length === 1
    ? meter
    : {
        get traits () { return traitsOf(devices) },
        sample: sampleAll,
        async close () {
          await Promise.all(all.map(async (device) => device.close()))
        }
      }
}

function knowsBattery (sample: Sample | undefined): boolean {
  return sample?.batteryWatts != null || sample?.batteryPercent != null
}

function batteryOf (sample: Sample | undefined): Battery {
  return { batteryWatts: sample?.batteryWatts, batteryPercent: sample?.batteryPercent, batteryCapacityWh: sample?.batteryCapacityWh }
}

/** Both meters at the grid connection: import adds up, export is the first one's. The older of the two says how old it is. */
function added (first: Sample, second: Sample): Sample {
  const sum = (a: number | undefined, b: number | undefined): number | undefined => a == null || b == null ? undefined : a + b
  return {
    ...first,
    ageMs: Math.max(first.ageMs, second.ageMs),
    deviceTime: undefined,
    importMilliWh: sum(first.importMilliWh, second.importMilliWh),
    gridWatts: sum(first.gridWatts, second.gridWatts)
  }
}

/** The meter's own, wide enough for both where there are two. */
function traitsOf ({ meter, secondMeter }: HomeDevices): DeviceTraits {
  const [first, second] = [meter.traits, secondMeter?.traits]
  if (second == null) {
    return first
  }
  return {
    ...first,
    ratedWatts: first.ratedWatts == null || second.ratedWatts == null ? undefined : first.ratedWatts + second.ratedWatts,
    addsPhasesSeparately: first.addsPhasesSeparately === true || second.addsPhasesSeparately === true,
    wrapsAtMilliWh: undefined
  }
}
