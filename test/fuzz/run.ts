/** `npm run fuzz -- [inputs for each decoder] [seed] [name of one decoder]`: a million each unless said otherwise, a tenth for slow ones. */
import { fuzz } from './fuzz.ts'
import { FUZZ_TARGETS } from './targets.ts'

const [inputs = '1000000', seed = String(Date.now() % 1_000_000_007), only] = process.argv.slice(2)
const CHUNK = 50_000

process.stdout.write(`seed ${seed}\n`)
for (const target of FUZZ_TARGETS.filter(({ name }) => only == null || name === only)) {
  let accepted = 0
  let slowestMs = 0
  const total = target.isSlow === true ? Math.ceil(Number(inputs) / 10) : Number(inputs)
  for (let done = 0; done < total; done += CHUNK) {
    const result = fuzz(target, Math.min(CHUNK, total - done), Number(seed) + done)
    accepted += result.accepted
    slowestMs = Math.max(slowestMs, result.slowestMs)
    process.stderr.write(`\r${target.name}: ${Math.min(done + CHUNK, total)} inputs`)
  }
  process.stderr.write('\r')
  process.stdout.write(`${target.name}: ${total} inputs, ${accepted} accepted, slowest ${slowestMs.toFixed(1)} ms\n`)
}
