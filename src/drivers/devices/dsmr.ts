import { CodedError } from '../../domain/errors.ts'
import { isHex } from '../../domain/units.ts'
import { defineDriver, SERIAL_PARAM, serialOf } from '../driver.ts'
import { obisSample } from '../obis.ts'
import { telegramInbox } from '../telegram-device.ts'
import { dsmrReader } from '../telegrams/dsmr.ts'
import { BYTE_STREAM_PARAMS, byteStreamParams, openByteStream } from '../transports/byte-stream.ts'

/** Telegrams come each second, or each ten before version 5. */
const FIRST_TELEGRAM_MS = 30_000

/** The customer port P1 of Dutch, Belgian, Luxembourgish, Swedish, Hungarian and other meters. */
export const dsmr = defineDriver({
  type: 'dsmr',
  title: 'Smart meter with a P1 port (DSMR)',
  testedWith: 'recorded answers',
  params: [
    ...BYTE_STREAM_PARAMS,
    { name: 'version', type: 'text', values: ['4+', '2-3'], description: 'Version of the standard: "2-3" for the oldest meters, which are slower and have no checksum; "4+" unless given.' },
    { name: 'checksum', type: 'text', values: ['required', 'none'], description: 'Whether telegrams need the right checksum; "none" also takes damaged ones, so use it only for a meter with a checksum of its own.' },
    { name: 'key', type: 'text', isSecret: true, description: 'Key of an encrypted meter: 32 hexadecimal digits from the grid operator.' },
    { name: 'authenticationKey', type: 'text', isSecret: true, description: 'Second key of an encrypted meter, where the operator gives one.' },
    { ...SERIAL_PARAM, description: 'Serial number on the meter, for one whose telegrams lack it, so that no other home sells by it.' }
  ],
  async connect (params, { logger }) {
    const isOld = params.version === '2-3'
    const reader = dsmrReader({
      hasChecksum: !isOld && params.checksum !== 'none',
      key: hexKey(params.key, 'key'),
      authenticationKey: hexKey(params.authenticationKey, 'authenticationKey')
    })
    const inbox = telegramInbox('The P1 port', (into) => openByteStream({
      ...byteStreamParams(params, 'dsmr'),
      baudRate: isOld ? 9600 : 115_200,
      dataBits: isOld ? 7 : 8,
      parity: isOld ? 'even' : 'none',
      logger,
      onData (chunk) {
        try {
          reader.push(chunk).forEach(({ values, serial, time }) => {
            into.receive({ ...serialOf(params), ...serial == null ? {} : { serial }, sample: { ...obisSample(values), deviceTime: meterTime(time) } })
          })
        } catch (error) {
          into.complain(error)
        }
      }
    }))
    return inbox.device(FIRST_TELEGRAM_MS)
  }
})

function hexKey (value: unknown, name: string): string | undefined {
  const digits = typeof value === 'string' ? value.toLowerCase() : undefined
  if (digits != null && !isHex(`0x${digits}`, 16)) {
    throw new CodedError('DEVICE_BAD_PARAMS', `Setting "${name}" of device type "dsmr" must be 32 hexadecimal digits.`)
  }
  return digits
}

/** `YYMMDDhhmmss` in Central European time with S for summer and W for winter; a meter whose clock died says anything. */
function meterTime (text: string | undefined): number | undefined {
  const [, year, month, day, hour, minute, second, season] = /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)([SW])$/.exec(text ?? '') ?? []
  return season == null
    ? undefined
    : Date.UTC(2000 + Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second)) / 1000 - (season === 'S' ? 7200 : 3600)
}
