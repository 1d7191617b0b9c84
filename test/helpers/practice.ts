import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { syntheticStreet } from '../../src/practice/profiles.ts'
import { startStreet } from '../../src/practice/street.ts'
import type { Street, StreetInit } from '../../src/practice/street.ts'

const CLI = fileURLToPath(new URL('../../src/cli/index.ts', import.meta.url))

/** How the command line starts from source, whatever flags this process runs with. */
export const CLI_COMMAND: readonly string[] = [
  process.execPath, '--experimental-transform-types', '--disable-warning=ExperimentalWarning', CLI
]

/** A street of real processes over a temporary folder that goes away with it. */
export async function startTestStreet (init: { homes: number, periods: number, speed?: number, seed?: number, meter?: StreetInit['meter'] }): Promise<Street> {
  const { homes, periods, speed = 600, seed = 3, meter } = init
  const folder = await mkdtemp(join(tmpdir(), 'wattmesh-test-'))
  const street = await startStreet({
    profiles: syntheticStreet({ seed, homes, periods }),
    seed,
    periods,
    periodSec: 900,
    speed,
    meter,
    folder,
    command: [...CLI_COMMAND, 'start'],
    onProgress: () => {}
  })
  return {
    ...street,
    async stop () {
      await street.stop()
      await rm(folder, { recursive: true, force: true })
    }
  }
}
