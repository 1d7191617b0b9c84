import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { interleaved, median, ratio, worker } from './harness.ts'
import { someOrders } from './orders.ts'
import type { Section } from './harness.ts'
import type { SyncTask } from './sync-worker.ts'

const WORKER = fileURLToPath(new URL('sync-worker.ts', import.meta.url))
/** As many as one signer may have open, nearly. */
const OFFERS_PER_HOME = 80

/** A file of so many signed offers, each after its length: signing them takes longest, and is done once. */
export async function withOffers<T> (count: number, use: (file: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'wattmesh-bench-'))
  try {
    const file = join(folder, 'offers')
    await writeFile(file, Buffer.concat(someOrders(count, Math.ceil(count / OFFERS_PER_HOME)).flatMap(({ bytes }) => [Uint8Array.of(bytes.length), bytes])))
    return await use(file)
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** What it costs a home that joins to read, check and keep the whole book of a neighbour, which is another process. */
export const sync: Section = {
  name: 'sync',
  async run (options) {
    const count = options.isQuick ? 4000 : 100_000
    options.progress(`signing ${count} offers`)
    return withOffers(count, async (file) => {
      options.progress('a neighbour checks them')
      const task: SyncTask = { role: 'give', file, count }
      const giver = spawn(process.execPath, [...process.execArgv, WORKER, JSON.stringify(task)], { stdio: ['ignore', 'pipe', 'inherit'] })
      try {
        const [line] = await once(createInterface(giver.stdout), 'line') as [string]
        const addresses = JSON.parse(line) as { sync: string, stream: string }
        const cost = (role: 'sync' | 'stream' | 'recover') => async () =>
          (await worker<{ micros: number }>(WORKER, { ...task, role, address: role === 'recover' ? undefined : addresses[role] })).micros
        const micros = await interleaved({ recover: cost('recover'), stream: cost('stream'), sync: cost('sync') }, options)
        const parts = micros.recover.map((recover, round) => recover + micros.stream[round])
        return [{
          id: 'sync',
          what: `reading a book of ${count} offers from a neighbour / bare recovery of as many keys, and as many bytes over a plain libp2p stream`,
          figures: `${median(micros.sync).toFixed(1)} µs an offer; recovery ${median(micros.recover).toFixed(1)} µs, stream ${median(micros.stream).toFixed(1)} µs`,
          ratio: ratio(micros.sync, parts),
          goal: '<= 1.25'
        }]
      } finally {
        giver.kill()
      }
    })
  }
}
