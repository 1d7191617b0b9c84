import { defineDriver } from '../driver.ts'
import { obisSample } from '../obis.ts'
import { telegramInbox } from '../telegram-device.ts'
import { smlReader } from '../telegrams/sml.ts'
import { BYTE_STREAM_PARAMS, byteStreamParams, openByteStream } from '../transports/byte-stream.ts'
import type { ObisValue } from '../obis.ts'
import type { Telegram } from '../telegram-device.ts'
import type { SmlEntry } from '../telegrams/sml.ts'

/** Most meters send each second, some only each four. */
const FIRST_TELEGRAM_MS = 15_000

/** DLMS units (IEC 62056-62). */
const UNITS: Readonly<Record<number, ObisValue['unit']>> = { 27: 'W', 30: 'Wh' }
const POWER = '16.7.0'

/** The optical port of German meters, through a reading head or a gateway. */
export const sml = defineDriver({
  type: 'sml',
  title: 'German meter with an optical port (SML)',
  testedWith: 'independent software',
  params: [
    ...BYTE_STREAM_PARAMS,
    { name: 'baudRate', type: 'whole', min: 300, max: 921_600, description: 'Speed of the serial port; 9600 unless given.' }
  ],
  async connect (params, { logger }) {
    const reader = smlReader()
    const read = smlTelegrams()
    const inbox = telegramInbox('The meter\'s optical port', (into) => openByteStream({
      ...byteStreamParams(params, 'sml'),
      baudRate: Number(params.baudRate ?? 9600),
      dataBits: 8,
      parity: 'none',
      logger,
      onData (chunk) {
        try {
          reader.push(chunk).map(read).forEach((telegram) => { into.receive(telegram) })
        } catch (error) {
          into.complain(error)
        }
      }
    }))
    return inbox.device(FIRST_TELEGRAM_MS)
  }
})

/** Turns the entries of one meter's frames, in their order, into what they say. */
export function smlTelegrams (): (entries: readonly SmlEntry[]) => Telegram {
  const isPlausible = signJudge()
  return (entries) => {
    const values = new Map<string, ObisValue>()
    let serial: string | undefined
    for (const { code, value, scaler, unit } of entries) {
      if (value instanceof Uint8Array) {
        serial ??= code === '0.0.9' || code === '96.1.0' ? Buffer.from(value).toString('hex') : undefined
      } else if (unit == null || UNITS[unit] != null) {
        // Registers are in Wh and powers in W by their codes, whether or not the meter says so.
        const meant = code.includes('.8.') ? 'Wh' : 'W'
        values.set(code, { value, unit: unit == null ? meant : UNITS[unit], step: Number(`1e${scaler}`) })
      }
    }
    const sample = obisSample(values)
    const power = entries.find(({ code }) => code === POWER)
    return { serial, sample: isPlausible(power, sample) ? sample : { ...sample, gridWatts: undefined } }
  }
}

/**
 * Some meters send a power above 32767 steps as a negative two-byte number, others of the same make are right. The registers
 * tell: a negative power is believed once the export register moved last, and not while the import register did.
 */
function signJudge (): (power: SmlEntry | undefined, registers: Telegram['sample']) => boolean {
  let before: Telegram['sample'] = {}
  let isExporting: boolean | undefined
  return (power, registers) => {
    const grew = (name: 'importMilliWh' | 'exportMilliWh'): boolean => (registers[name] ?? 0) > (before[name] ?? Infinity)
    if (grew('importMilliWh') !== grew('exportMilliWh')) {
      isExporting = grew('exportMilliWh')
    }
    before = registers
    const isDoubtful = power?.isSigned === true && power.bytes === 2 && typeof power.value === 'bigint' && power.value < 0n
    return !isDoubtful || isExporting === true
  }
}
