import { CodedError, hasCode } from '../domain/errors.ts'
import type { Device, DeviceTraits, Sample } from '../ports/device.ts'

/** What one telegram says, and whose it is. */
export interface Telegram {
  readonly serial?: string
  readonly sample: Omit<Sample, 'ageMs'>
}

/** Telegrams come by themselves; the newest one is what the device says. */
export interface TelegramInbox {
  receive(telegram: Telegram): void
  /** Notes what came damaged, for the person who asks why there is no value. */
  complain(error: unknown): void
  /** Waits for the first telegram, then gives the device. Throws `DEVICE_UNREACHABLE` after `waitMs`. */
  device(waitMs: number): Promise<Device>
}

interface Source {
  trouble(): string | undefined
  close(): Promise<void>
}

/** Values older than this are no longer what the device says. */
const MAX_SILENCE_MS = 60_000

/** The newest telegram of one meter; a telegram of another meter is an error, because its registers mean nothing for this home. */
export function telegramInbox (what: string, openSource: (inbox: TelegramInbox) => Source): TelegramInbox {
  let newest: { telegram: Telegram, at: number } | undefined
  let traits: DeviceTraits = {}
  let complaint: unknown
  let arrived = (): void => {}

  const silent = (): CodedError => new CodedError('DEVICE_UNREACHABLE', `${what} sends no telegrams: ${source.trouble() ?? 'check the cable, and that its port is switched on'}.`, { cause: complaint })

  const inbox: TelegramInbox = {
    receive (telegram) {
      if (telegram.serial != null && traits.serial != null && telegram.serial !== traits.serial) {
        complaint = new CodedError('DEVICE_WRONG_SERIAL', `${what} was ${traits.serial} and is now ${telegram.serial}: restart the node if the meter was exchanged, else check which meter this is.`)
        return
      }
      traits = { serial: telegram.serial ?? traits.serial }
      newest = { telegram, at: performance.now() }
      complaint = undefined
      arrived()
    },
    complain (error) {
      complaint = error
    },
    async device (waitMs) {
      const first = Promise.withResolvers<void>()
      arrived = first.resolve
      const timer = setTimeout(() => { first.reject(silent()) }, waitMs)
      await first.promise.catch(async (error: unknown) => {
        await source.close()
        throw error
      }).finally(() => { clearTimeout(timer) })
      return {
        get traits () { return traits },
        async sample () {
          const ageMs = newest == null ? Infinity : Math.round(performance.now() - newest.at)
          if (hasCode(complaint, 'DEVICE_WRONG_SERIAL')) {
            throw complaint
          }
          if (newest == null || ageMs > MAX_SILENCE_MS) {
            throw silent()
          }
          return { ageMs, ...newest.telegram.sample }
        },
        close: async () => source.close()
      }
    }
  }
  const source = openSource(inbox)
  return inbox
}
