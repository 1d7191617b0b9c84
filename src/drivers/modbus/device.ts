import { CodedError } from '../../domain/errors.ts'
import { defineDriver } from '../driver.ts'
import { isEnergyUnit, toMilliWh } from '../quantity.ts'
import { steadily } from '../steady.ts'
import { joinModbus, undefinedIfMissing } from '../transports/modbus.ts'
import { onlyTheSame } from './identity.ts'
import { QUANTITIES, planReads, valueOf } from './profile.ts'
import { modbusParams, readModbusSettings } from './settings.ts'
import { bitsOf, registersOf, textOf } from './words.ts'
import type { Device, Sample } from '../../ports/device.ts'
import type { Driver } from '../driver.ts'
import type { Blocks, Profile, Quantity, Register, Registers } from './profile.ts'
import type { ModbusDefaults, ModbusSettings } from './settings.ts'
import type { ModbusBus } from '../transports/modbus.ts'

interface ModbusDriver extends Pick<Driver, 'type' | 'title' | 'testedWith'> {
  readonly maker: string
  readonly model: string
  readonly defaults?: ModbusDefaults
  readonly profile: Profile
}

/** A driver for devices that one profile describes. */
export function modbusDriver ({ maker, model, defaults, profile, ...rest }: ModbusDriver): Driver {
  return defineDriver({
    ...rest,
    params: modbusParams(defaults),
    connect: async (params) => connectProfile(profile, readModbusSettings(params, defaults), { maker, model })
  })
}

/** The device behind a connection as `profile` describes it. Throws what `ModbusBus.read` throws. */
export async function connectProfile (profile: Profile, settings: ModbusSettings, names: { readonly maker?: string, readonly model?: string }): Promise<Device> {
  const bus = joinModbus(settings.line)
  try {
    return await describe({ bus, profile, settings }, names)
  } catch (error) {
    await bus.close()
    throw error
  }
}

interface Link {
  readonly bus: ModbusBus
  readonly profile: Profile
  readonly settings: ModbusSettings
}

async function describe (link: Link, names: { readonly maker?: string, readonly model?: string }): Promise<Device> {
  const { bus, profile, settings } = link
  const guard = onlyTheSame({ bus, readSerial: async () => readSerial(link), expected: profile.serial == null ? undefined : settings.serial })
  const { serial, registers } = await guard(async () => {
    await refuseLookalikes(link)
    return { serial: await readSerial(link), registers: await chooseRegisters(link) }
  })
  const plan = planReads(Object.values(registers), profile)
  const resolutionMilliWh = resolutionOf(registers.exportMilliWh ?? registers.importMilliWh)
  const sample = steadily({
    ratedWatts: settings.ratedWatts,
    resolutionMilliWh,
    read: async () => guard(async () => {
      const begun = performance.now()
      const values = sampleOf(registers, { profile, blocks: await readBlocks(link, plan) })
      return { ageMs: Math.round(performance.now() - begun), ...values }
    })
  })
  return {
    // a device that tells none has the one its owner read on it
    traits: { ...names, serial: profile.serial == null ? settings.serial : serial, ratedWatts: settings.ratedWatts, resolutionMilliWh, addsPhasesSeparately: profile.addsPhasesSeparately },
    sample,
    close: async () => bus.close()
  }
}

function sampleOf (registers: Registers, context: { readonly profile: Profile, readonly blocks: Blocks }): Partial<Sample> {
  return Object.fromEntries(entriesOf(registers).map(([name, register]) => [name, valueOf(name, register, context)]))
}

function entriesOf (registers: Registers): Array<[Quantity, Register]> {
  return QUANTITIES.flatMap((name): Array<[Quantity, Register]> => registers[name] == null ? [] : [[name, registers[name]]])
}

async function readBlocks ({ bus, settings }: Link, plan: ReturnType<typeof planReads>): Promise<Blocks> {
  const blocks: Array<Blocks[number]> = []
  for (const place of plan) {
    blocks.push({ ...place, bytes: await bus.read({ unit: settings.unit, ...place }) })
  }
  return blocks
}

/** Of every quantity the first register that this device has and that shows something; its first one where all are silent. Never changed later: two registers differ by years. */
async function chooseRegisters (link: Link): Promise<Registers> {
  const chosen: Array<[Quantity, Register]> = []
  for (const [name, first] of entriesOf(link.profile.registers)) {
    let silent: Register | undefined
    for (let at: Register | undefined = first; at != null; at = at.fallback) {
      const found = await tryRegister(link, name, at)
      if (found === 'there') {
        silent = at
        break
      }
      silent ??= found === 'silent' ? at : undefined
    }
    if (silent != null) {
      chosen.push([name, silent])
    }
  }
  if (chosen.length === 0) {
    throw new CodedError('DEVICE_BAD_ANSWER', `Unit ${link.settings.unit} answers and has none of the registers of this kind of device; check the unit and the model.`)
  }
  return Object.fromEntries(chosen)
}

async function tryRegister (link: Link, name: Quantity, register: Register): Promise<'there' | 'silent' | 'missing'> {
  const blocks = await readBlocks(link, planReads([register], link.profile)).catch(undefinedIfMissing)
  if (blocks == null) {
    return 'missing'
  }
  return valueOf(name, register, { profile: link.profile, blocks }) == null ? 'silent' : 'there'
}

async function readSerial ({ bus, profile, settings }: Link): Promise<string | undefined> {
  if (profile.serial == null) {
    return undefined
  }
  const { table = profile.table, address, type, count = type === 'text' ? 8 : registersOf(type) } = profile.serial
  const bytes = await bus.read({ unit: settings.unit, table, address, count }).catch(undefinedIfMissing)
  if (bytes == null || bytes.every((byte) => byte === 0xff) || bytes.every((byte) => byte === 0)) {
    return undefined
  }
  return type === 'text' ? textOf(bytes) : String(bitsOf(bytes, profile.order ?? 'ABCD'))
}

async function refuseLookalikes ({ bus, profile, settings }: Link): Promise<void> {
  if (profile.isNot == null) {
    return
  }
  const { address, codes, advice } = profile.isNot
  const bytes = await bus.read({ unit: settings.unit, table: profile.table, address, count: 1 }).catch(undefinedIfMissing)
  const code = bytes?.readUInt16BE()
  if (code != null && codes.includes(code)) {
    throw new CodedError('DEVICE_BAD_ANSWER', `The device calls itself model ${code}: ${advice}.`, { details: { code } })
  }
}

function resolutionOf (register: Register | undefined): number | undefined {
  return register == null || register.type.startsWith('float') || register.unit === '%' || !isEnergyUnit(register.unit) ? undefined : toMilliWh(1, register.unit, register.step)
}
