import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Which certificate each device showed when it was first met. */
export interface Pins {
  get(host: string): Promise<string | undefined>
  set(host: string, fingerprint: string): Promise<void>
}

/** Kept in `device-pins.json` of the data directory; without a directory, only as long as the process lives. */
export function devicePins (directory?: string): Pins {
  const file = directory == null ? undefined : join(directory, 'device-pins.json')
  let pins: Record<string, string> | undefined
  const load = async (): Promise<Record<string, string>> => {
    if (file == null) {
      return {}
    }
    const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') {
        return '{}'
      }
      throw error
    })
    return JSON.parse(text) as Record<string, string>
  }
  return {
    async get (host) {
      pins ??= await load()
      return pins[host]
    },
    async set (host, fingerprint) {
      pins = { ...file == null ? pins : await load(), [host]: fingerprint }
      if (file != null) {
        await writeFile(file, `${JSON.stringify(pins, null, 2)}\n`, { mode: 0o600 })
      }
    }
  }
}
