import { CodedError, hasCode } from '../../domain/errors.ts'
import { onlyTheSame } from '../modbus/identity.ts'
import { steadily } from '../steady.ts'
import { joinModbus } from '../transports/modbus.ts'
import { INVERTERS, METERS, RATINGS, VENDORS } from './models.ts'
import { isInPlace, readModel, walkModels } from './reader.ts'
import type { Block, Values } from './reader.ts'
import type { Device, Sample } from '../../ports/device.ts'
import type { ModbusSettings } from '../modbus/settings.ts'
import type { ModbusBus } from '../transports/modbus.ts'

export interface SunSpecInit extends ModbusSettings {
  readonly meterUnit?: number
  /** Instead of what is known of the maker. */
  readonly gridSign?: 1 | -1
}

/** The blocks of a device that the sample is made of. */
interface Parts {
  readonly inverter?: Block
  readonly strings?: Block
  readonly ports?: Block
  readonly batteries: readonly Block[]
  readonly meter?: Block
  readonly rating?: Block
  /** Model 1 of the meter, and of the inverter where there is no meter. */
  readonly identity: Block
  readonly gridSign: 1 | -1
}

/** The device behind a connection as its SunSpec models describe it. */
export async function connectSunSpec (init: SunSpecInit): Promise<Device> {
  const bus = joinModbus(init.line)
  try {
    return await describe(bus, init)
  } catch (error) {
    await bus.close()
    throw error
  }
}

async function describe (bus: ModbusBus, init: SunSpecInit): Promise<Device> {
  let parts = await findParts(bus, init)
  const guard = onlyTheSame({
    bus,
    expected: init.serial,
    async readSerial () {
      // new firmware moves models about
      if (!await areInPlace(bus, parts)) {
        parts = await findParts(bus, init)
      }
      return (await readModel(bus, parts.identity)).text('SN')
    }
  })
  const traits = await guard(async () => {
    const common = await readModel(bus, parts.identity)
    const meter = parts.meter == null ? undefined : await readModel(bus, parts.meter)
    // the inverter's rating says nothing of what a house may draw
    const rating = parts.meter != null || parts.rating == null ? undefined : await readModel(bus, parts.rating)
    const resolutionMilliWh = meter == null || isFloat(parts.meter) ? undefined : toResolution(meter.step('TotWhExp'))
    return {
      ratedWatts: init.ratedWatts ?? rating?.number('WMaxRtg') ?? rating?.number('WRtg'),
      maker: common.text('Mn'),
      model: common.text('Md'),
      serial: common.text('SN'),
      resolutionMilliWh,
      wrapsAtMilliWh: resolutionMilliWh == null ? undefined : WRAPS_AT_STEPS * resolutionMilliWh
    }
  })
  return {
    traits,
    sample: steadily({
      ratedWatts: init.ratedWatts,
      resolutionMilliWh: traits.resolutionMilliWh,
      read: async () => guard(async () => {
        const begun = performance.now()
        const sample = assemble(parts, await readAll(bus, parts))
        return { ageMs: Math.round(performance.now() - begun), ...sample }
      })
    }),
    close: async () => bus.close()
  }
}

async function areInPlace (bus: ModbusBus, { inverter, strings, ports, batteries, meter, identity }: Parts): Promise<boolean> {
  for (const block of [identity, inverter, strings, ports, ...batteries, meter]) {
    if (block != null && !await isInPlace(bus, block)) {
      return false
    }
  }
  return true
}

/** Where a 32-bit register begins again. */
const WRAPS_AT_STEPS = 2 ** 32

function isFloat (block: Block | undefined): boolean {
  return block != null && block.id > 210 && block.id < 215
}

function toResolution (step: number | undefined): number | undefined {
  return step == null ? undefined : Math.max(1, Math.round(step * 1000))
}

async function findParts (bus: ModbusBus, init: SunSpecInit): Promise<Parts> {
  const own = await walkModels(bus, init.unit)
  if (own == null || own.length === 0) {
    throw new CodedError('DEVICE_BAD_ANSWER', `Unit ${init.unit} of ${init.line.host === '' ? init.line.path : init.line.host} answers and does not speak SunSpec; switch SunSpec on there, or choose another driver.`,
      { details: { unit: init.unit } })
  }
  const first = own.find(({ id }) => id === 1)
  const maker = first == null ? undefined : (await readModel(bus, first)).text('Mn')
  const vendor = VENDORS.find((each) => maker?.startsWith(each.maker))
  const meter = init.meterUnit == null ? await findMeter(bus, own, vendor?.meterUnits ?? []) : await meterAt(bus, init.meterUnit)
  const identity = meter?.identity ?? first
  if (identity == null) {
    throw new CodedError('DEVICE_BAD_ANSWER', `Unit ${init.unit} does not say who made it: its SunSpec models lack the first.`, { details: { unit: init.unit } })
  }
  const one = (...ids: readonly number[]): Block | undefined => ids.map((id) => own.find((block) => block.id === id)).find((block) => block != null)
  return {
    inverter: one(...INVERTERS),
    strings: one(160),
    ports: one(714),
    batteries: [802, 713, 124].flatMap((id) => one(id) ?? []),
    meter: meter?.block,
    rating: one(...RATINGS),
    identity,
    gridSign: init.gridSign ?? vendor?.gridSign ?? 1
  }
}

interface FoundMeter {
  readonly block: Block
  readonly identity?: Block
}

/** The meter where its owner says it is. */
async function meterAt (bus: ModbusBus, unit: number): Promise<FoundMeter> {
  const found = await gridMeterIn(bus, await walkModels(bus, unit) ?? [])
  if (found == null) {
    throw new CodedError('DEVICE_BAD_ANSWER', `Unit ${unit} has no SunSpec meter; check the setting "meterUnit".`, { details: { unit } })
  }
  return found
}

/** The meter at the grid connection: in the inverter's own chain, else where its maker puts it. */
async function findMeter (bus: ModbusBus, own: readonly Block[], otherUnits: readonly number[]): Promise<FoundMeter | undefined> {
  const inOwn = await gridMeterIn(bus, own)
  if (inOwn != null) {
    return inOwn
  }
  for (const unit of otherUnits) {
    // a number that nobody has is answered by silence
    const blocks = await walkModels(bus, unit).catch((error: unknown) => {
      if (!hasCode(error, 'DEVICE_UNREACHABLE')) {
        throw error
      }
    })
    const found = blocks == null ? undefined : await gridMeterIn(bus, blocks)
    if (found != null) {
      return found
    }
  }
  return undefined
}

async function gridMeterIn (bus: ModbusBus, blocks: readonly Block[]): Promise<FoundMeter | undefined> {
  for (const [index, block] of blocks.entries()) {
    if (METERS.includes(block.id)) {
      const identity = blocks.slice(0, index).findLast(({ id }) => id === 1)
      const options = identity == null ? undefined : (await readModel(bus, identity)).text('Opt')
      // SolarEdge says so of a meter that counts the roof
      if (options == null || !/production/i.test(options)) {
        return { block, identity }
      }
    }
  }
  return undefined
}

interface Answers {
  readonly inverter?: Values
  readonly strings?: Values
  readonly ports?: Values
  readonly batteries: readonly Values[]
  readonly meter?: Values
}

/** The meter last, so that its registers are the freshest. */
async function readAll (bus: ModbusBus, parts: Parts): Promise<Answers> {
  const ask = async (block: Block | undefined): Promise<Values | undefined> => block == null ? undefined : readModel(bus, block)
  const batteries: Values[] = []
  for (const block of parts.batteries) {
    batteries.push(await readModel(bus, block))
  }
  return { inverter: await ask(parts.inverter), strings: await ask(parts.strings), ports: await ask(parts.ports), batteries, meter: await ask(parts.meter) }
}

/** PrtTyp of model 714. */
const PHOTOVOLTAIC = 0
const STORAGE = 1

function assemble ({ gridSign, inverter }: Parts, answers: Answers): Partial<Sample> {
  const { inverter: ac, meter: grid } = answers
  const dc = directCurrents(answers)
  const watts = grid?.number('W')
  return {
    importMilliWh: grid?.milliWh('TotWhImp'),
    exportMilliWh: grid?.milliWh('TotWhExp'),
    gridWatts: watts == null ? undefined : gridSign * watts,
    // what a hybrid inverter feeds in may come out of its battery: then the strings tell
    pvMilliWh: dc.hasBattery ? dc.pvMilliWh : ac?.milliWh(inverter?.id === 701 ? 'TotWhInj' : 'WH'),
    pvWatts: dc.hasBattery ? dc.pvWatts : ac?.number('W'),
    batteryWatts: first(answers.batteries, (values) => values.number('W')) ?? dc.batteryWatts,
    batteryPercent: first(answers.batteries, (values) => percent(values.number('SoC') ?? values.number('ChaState'))),
    batteryCapacityWh: first(answers.batteries, (values) => values.number('WHRtg'))
  }
}

interface DirectCurrents {
  readonly hasBattery: boolean
  readonly pvMilliWh?: number
  readonly pvWatts?: number
  readonly batteryWatts?: number
}

/** PV and battery where the inverter tells them apart, by model 714 or by the names of model 160's modules. */
function directCurrents ({ strings, ports, batteries }: Answers): DirectCurrents {
  const modules = ports?.modules ?? strings?.modules ?? []
  const isStorage = (module: Values): boolean => module.number('PrtTyp') === STORAGE || isCharging(module) || isDischarging(module)
  const roof = modules.filter((module) => ports == null ? !isStorage(module) : module.number('PrtTyp') === PHOTOVOLTAIC)
  const storage = modules.filter(isStorage)
  return {
    hasBattery: storage.length > 0 || first(batteries, (values) => percent(values.number('SoC') ?? values.number('ChaState'))) != null,
    pvMilliWh: sum(roof, (module) => ports == null ? module.milliWh('DCWH') : module.milliWh('DCWhInj')),
    pvWatts: sum(roof, (module) => module.number('DCW')),
    batteryWatts: sum(storage, (module) => {
      const watts = module.number('DCW')
      return watts != null && isCharging(module) ? -watts : watts
    })
  }
}

/** Names that Fronius gives to the modules of a battery. */
function isCharging (module: Values): boolean {
  return /^StCha/i.test(module.text('IDStr') ?? '')
}

function isDischarging (module: Values): boolean {
  return /^StDisCha/i.test(module.text('IDStr') ?? '')
}

function percent (value: number | undefined): number | undefined {
  return value != null && value >= 0 && value <= 100 ? value : undefined
}

function first (values: readonly Values[], read: (values: Values) => number | undefined): number | undefined {
  return values.map(read).find((value) => value != null)
}

/** The sum of what is known; unknown when nothing is. */
function sum (modules: readonly Values[], read: (values: Values) => number | undefined): number | undefined {
  const known = modules.map(read).filter((value) => value != null)
  return known.length === 0 ? undefined : known.reduce((a, b) => a + b)
}
