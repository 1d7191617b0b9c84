import { interruptible } from '../ask.ts'
import { clearScreen, isScreen, print, printJson, table, time } from '../output.ts'
import { looks } from './observe.ts'
import { chooseDevice } from './settings.ts'
import { qualityOf, rows } from './values.ts'
import type { Look } from './observe.ts'
import type { DeviceOptions } from './settings.ts'
import type { DeviceTraits } from '../../ports/device.ts'

export interface WatchOptions extends DeviceOptions {
  readonly json?: boolean
  readonly every: number
  readonly seconds?: number
}

/** `devices watch`: what the device shows, again and again, until Ctrl-C. Throws what the device throws when it is connected. */
export async function watchDevice (options: WatchOptions): Promise<void> {
  const chosen = chooseDevice(options)
  const device = await chosen.connect()
  const showWords = isScreen() ? showScreen : showLine
  const show = options.json === true ? showJson : showWords
  try {
    await interruptible(async (signal) => {
      for await (const look of looks(device, { everyMs: options.every * 1000, forMs: options.seconds == null ? undefined : options.seconds * 1000, signal })) {
        show(look, { title: chosen.driver.title, traits: device.traits, every: options.every })
      }
    })
  } finally {
    await device.close()
  }
}

interface Head {
  readonly title: string
  readonly traits: DeviceTraits
  readonly every: number
}

const QUALITY = { fresh: 'fresh', old: 'old: the device reports too seldom', missing: 'missing' }

function showScreen (look: Look, { title, traits, every }: Head): void {
  clearScreen()
  print(`${title}${traits.serial == null ? '' : `, number ${traits.serial}`}`)
  print(`${time(Math.floor(look.atMs / 1000))} UTC, every ${every} s, Ctrl-C ends it`)
  print()
  if (look.sample == null) {
    print(`no answer: ${look.failure ?? 'unknown'}`)
    return
  }
  table(['value', 'now', 'meaning'], rows(look.sample), [1]).forEach((line) => { print(line) })
  print()
  print(`values are ${(look.sample.ageMs / 1000).toFixed(1)} s old: ${QUALITY[qualityOf(look)]}`)
}

function showLine (look: Look): void {
  const at = new Date(look.atMs).toISOString()
  print(look.sample == null
    ? `${at}  no answer: ${look.failure ?? 'unknown'}`
    : `${at}  ${rows(look.sample).map(([name, value]) => `${name} ${value}`).join(', ')} (${(look.sample.ageMs / 1000).toFixed(1)} s old, ${qualityOf(look)})`)
}

function showJson (look: Look): void {
  printJson({ time: new Date(look.atMs).toISOString(), quality: qualityOf(look), sample: look.sample ?? null, failure: look.failure ?? null })
}
