import { CodedError } from '../domain/errors.ts'
import { badParam, defineDriver } from './driver.ts'
import type { Driver, DriverComponents, DriverParams } from './driver.ts'
import type { Device, Sample } from '../ports/device.ts'

/** What one device is asked for. Each is read from one device only, so that nothing counts twice. */
const PARTS = {
  grid: ['importMilliWh', 'exportMilliWh', 'gridWatts'],
  pv: ['pvMilliWh', 'pvWatts'],
  load: ['loadMilliWh', 'loadWatts'],
  battery: ['batteryWatts', 'batteryPercent', 'batteryCapacityWh']
} as const satisfies Record<string, ReadonlyArray<keyof Sample>>

type Part = keyof typeof PARTS

/** What is older tells nothing of now; the grid's registers keep their own age. */
const STALE_MS = 60_000

interface Member {
  readonly driver: Driver
  readonly params: DriverParams
  readonly parts: readonly Part[]
}

const TYPE = { type: 'several' }

/** A grid meter, and beside it the inverter or battery that know what happens behind it: each read by one of `drivers`. */
export function severalDevices (drivers: readonly Driver[]): Driver {
  return defineDriver({
    ...TYPE,
    title: 'Grid meter, inverter and battery of different makes',
    testedWith: 'own data',
    params: [
      { name: 'devices', type: 'object', isRequired: true, description: 'List of devices, each with driver, params, and for: one or more of grid, pv, load, battery. Each of these once, grid always.' }
    ],
    connect: async ({ devices }, components) => connectAll(readMembers(devices, drivers), components)
  })
}

async function connectAll (members: readonly Member[], components: DriverComponents): Promise<Device> {
  const [grid, ...others] = [...members].sort((a, b) => Number(b.parts.includes('grid')) - Number(a.parts.includes('grid')))
  const meter = await grid.driver.connect(grid.params, components)
  const helpers = others.map((member) => ({ ...reopening(member, components), parts: member.parts }))
  return {
    traits: meter.traits,
    async sample () {
      const [sample, ...rest] = await Promise.all([
        meter.sample(),
        ...helpers.map(async (helper) => helper.sample().catch((): undefined => undefined)) // an inverter that sleeps is no reason to lose the grid
      ])
      const known = rest.map((each, index) => each == null || each.ageMs > STALE_MS ? {} : only(helpers[index].parts, each))
      const { ageMs, deviceTime } = sample
      return Object.assign({ ageMs, ...deviceTime == null ? {} : { deviceTime } }, only(grid.parts, sample), ...known) as Sample
    },
    async close () {
      await Promise.all([meter.close(), ...helpers.map(async (helper) => helper.close())])
    }
  }
}

function only (parts: readonly Part[], sample: Sample): Partial<Sample> {
  const names = parts.flatMap((part): ReadonlyArray<keyof Sample> => PARTS[part])
  return Object.fromEntries(names.filter((name) => sample[name] != null).map((name) => [name, sample[name]]))
}

/** A device that is connected when it is first asked, and again after it could not be. */
function reopening ({ driver, params }: Member, components: DriverComponents): Pick<Device, 'sample' | 'close'> {
  let device: Promise<Device> | undefined
  return {
    async sample () {
      device ??= driver.connect(params, components)
      device.catch((error: unknown) => {
        components.logger.debug('a device cannot be connected', { driver: driver.type, code: error instanceof CodedError ? error.code : 'unknown' })
        device = undefined
      })
      return (await device).sample()
    },
    close: async () => device?.then(async (each) => each.close(), () => {})
  }
}

function readMembers (devices: unknown, drivers: readonly Driver[]): Member[] {
  const taken = new Set<Part>()
  const members = (Array.isArray(devices) ? devices as unknown[] : []).map((each): Member => {
    const { driver: type, params = {}, for: parts } = (each ?? {}) as { driver?: unknown, params?: DriverParams, for?: unknown }
    const driver = drivers.find((one) => one.type === type)
    if (driver == null) {
      throw badParam(TYPE, 'devices', `names the driver "${String(type)}", which is none for a single device`)
    }
    if (!Array.isArray(parts) || parts.length === 0 || !parts.every((part): part is Part => typeof part === 'string' && Object.hasOwn(PARTS, part))) {
      throw badParam(TYPE, 'devices', `must say what "${driver.type}" is for: one or more of ${Object.keys(PARTS).join(', ')}`)
    }
    for (const part of parts) {
      if (taken.has(part)) {
        throw badParam(TYPE, 'devices', `reads ${part} from two devices, and it may count only once`)
      }
      taken.add(part)
    }
    return { driver, params, parts }
  })
  if (!taken.has('grid')) {
    throw badParam(TYPE, 'devices', 'has none for grid')
  }
  return members
}
