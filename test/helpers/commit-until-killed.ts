import { writeSync } from 'node:fs'
import { openStore } from '../../src/store/store.ts'
import { aStoredTrade } from './records.ts'

/** Commits trades 1, 2, 3, … into the store at the path given, five at a time, and prints the number of each as soon as its commit resolves. */
const store = await openStore(process.argv[2])
for (let first = 1; ; first += 5) {
  await Promise.all(Array.from({ length: 5 }, async (_, i) => {
    await store.commit({ trades: [aStoredTrade(first + i)] })
    writeSync(1, `${first + i}\n`)
  }))
}
