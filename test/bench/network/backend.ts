import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { explain } from '../../../src/domain/errors.ts'
import { chooseRecovery } from '../../../src/signing/recovery.ts'
import { cpuMicros, interleaved, median, ratio } from './harness.ts'
import { bareInputs } from './ingest.ts'
import { someOrders } from './orders.ts'
import type { Row, Section } from './harness.ts'

const SOURCE = fileURLToPath(new URL('backend.c', import.meta.url))
const run = promisify(execFile)

/** How much of the machine's own libsecp256k1 the node's recovery of keys reaches, which needs no compiler. The figure does. */
export const backend: Section = {
  name: 'backend',
  async run (options) {
    const { recovery } = await chooseRecovery({ allowSlow: true })
    const row: Row = { id: 'P4', what: `recovery of keys as a node does it (${recovery.name}) / libsecp256k1 in C`, figures: '', ratio: Number.NaN }
    const folder = await mkdtemp(join(tmpdir(), 'wattmesh-bench-'))
    try {
      const program = join(folder, 'recover')
      try {
        await run('cc', ['-O2', '-o', program, SOURCE, '-lsecp256k1'])
      } catch (error) {
        return [{ ...row, figures: `not measured, for want of a C compiler and libsecp256k1-dev: ${explain(error).split('\n')[0]}` }]
      }
      const inputs = bareInputs(someOrders(options.isQuick ? 500 : 10_000))
      const file = join(folder, 'records')
      await writeFile(file, Buffer.concat(inputs.flatMap(({ digest, signature, recid }) => [digest, signature, Uint8Array.of(recid)])))
      let sum = 0
      const micros = await interleaved({
        ours: async () => cpuMicros(inputs.length, () => {
          sum = inputs.reduce((all, { digest, signature, recid }) => all + sumOf(recovery.recover(digest, signature, recid)), 0)
        }),
        c: async () => {
          const theirs = JSON.parse((await run(program, [file])).stdout) as { micros: number, sum: number }
          if (sum !== 0 && theirs.sum !== sum) {
            throw new Error('the two did not find the same keys')
          }
          return theirs.micros
        }
      }, options)
      return [{ ...row, figures: `${median(micros.ours).toFixed(1)} µs, C ${median(micros.c).toFixed(1)} µs`, ratio: ratio(micros.c, micros.ours), goal: '>= 0.55' }]
    } finally {
      await rm(folder, { recursive: true })
    }
  }
}

/** Each byte counts by its place, as in `backend.c`. */
function sumOf (key: Uint8Array = new Uint8Array()): number {
  return key.reduce((all, byte, place) => all + byte * (place + 1), 0)
}
