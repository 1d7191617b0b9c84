import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { expect } from 'aegir/chai'
import { Level } from 'level'
import { hasCode } from '../../src/domain/errors.ts'
import { createMemoryStore } from '../../src/simulator/memory-store.ts'
import { openStore } from '../../src/store/store.ts'
import { createLogger } from '../../src/telemetry/logger.ts'
import { storeCompliance } from '../compliance/store.ts'
import { tied } from '../helpers/child.ts'
import { removeTemporaryDirectories, temporaryDirectory } from '../helpers/directory.ts'
import { aStoredReading, aStoredTab, aStoredTrade } from '../helpers/records.ts'
import type { CodedError } from '../../src/domain/errors.ts'

const CHILD = fileURLToPath(new URL('../helpers/commit-until-killed.ts', import.meta.url))

async function openFailure (path: string): Promise<CodedError> {
  return openStore(path).then(
    async store => {
      await store.close()
      throw new Error('the store opened')
    },
    (error: CodedError) => error
  )
}

function fileOf (path: string, name: RegExp): string {
  return join(path, readdirSync(path).find(file => name.test(file)) ?? '')
}

describe('store in memory', () => {
  storeCompliance(async () => createMemoryStore())
})

describe('store on disk', () => {
  after(removeTemporaryDirectories)

  storeCompliance(async () => openStore(join(temporaryDirectory(), 'db')))

  it('should still hold everything after it was closed and opened again', async () => {
    const path = temporaryDirectory()
    const first = await openStore(path)
    await first.commit({ trades: [aStoredTrade(1)], readings: [aStoredReading(900)] })
    await first.commit({ trades: [aStoredTrade(1, { state: 'agreed' }), aStoredTrade(2)], tabs: [aStoredTab(1)] })
    await first.close()

    const second = await openStore(path)
    expect(await second.trades()).to.deep.equal([aStoredTrade(1, { state: 'agreed' }), aStoredTrade(2)])
    expect(await second.tabs()).to.deep.equal([aStoredTab(1)])
    expect(await second.readings(0, Infinity)).to.deep.equal([aStoredReading(900)])
    await second.commit({ trades: [aStoredTrade(3)] })
    await second.close()

    const third = await openStore(path)
    expect(await third.trades()).to.have.length(3)
    await third.close()
  })

  it('should write commits that wait for each other as one batch', async () => {
    const path = temporaryDirectory()
    const store = await openStore(path)
    await Promise.all(Array.from({ length: 100 }, async (_, i) => store.commit({ trades: [aStoredTrade(i)] })))
    await store.close()
    const log = readFileSync(fileOf(path, /\.log$/), 'latin1')
    // every batch carries the tally once: the first when the database was made, the first commit, the 99 behind it
    expect(log.split('m!tally')).to.have.length(1 + 3)
  })

  it('should tell a second node with STORE_LOCKED that one is already running', async () => {
    const path = temporaryDirectory()
    const store = await openStore(path)
    const error = await openFailure(path)
    expect(error.code).to.equal('STORE_LOCKED')
    expect(error.message).to.contain('already running').and.to.contain(path)
    await store.commit({ trades: [aStoredTrade(1)] })
    await store.close()
  })

  it('should refuse a database of another format with STORE_VERSION', async () => {
    const path = temporaryDirectory()
    await (await openStore(path)).close()
    const level = new Level(path)
    await level.put('m!version', '999')
    await level.close()
    const error = await openFailure(path)
    expect(error.code).to.equal('STORE_VERSION')
    expect(error.message).to.contain('format 999')
  })

  it('should refuse a folder it cannot use with STORE_FAILED', async () => {
    const file = join(temporaryDirectory(), 'file')
    writeFileSync(file, '')
    expect((await openFailure(join(file, 'db'))).code).to.equal('STORE_FAILED')
  })

  it('should lose no acknowledged commit when the process is killed', async () => {
    const path = temporaryDirectory()
    const child = tied(spawn(process.execPath, ['--experimental-transform-types', '--disable-warning=ExperimentalWarning', CHILD, path], { stdio: ['ignore', 'pipe', 'inherit'] }))
    const exited = once(child, 'exit')
    let acknowledged = 0
    for await (const line of createInterface({ input: child.stdout })) {
      acknowledged = Math.max(acknowledged, Number(line))
      if (acknowledged === 200) {
        child.kill('SIGKILL')
      }
    }
    const [, signal] = await exited
    expect(signal).to.equal('SIGKILL')
    expect(acknowledged).to.be.at.least(200)

    const store = await openStore(path)
    const ids = new Set((await store.trades()).map(({ id }) => id))
    await store.close()
    for (let number = 1; number <= acknowledged; number++) {
      expect(ids.has(aStoredTrade(number).id), `trade ${number}`).to.equal(true)
    }
  })

  describe('when the disk was damaged', () => {
    /** A store with 300 commits, each a new trade and a change to the first. */
    async function filledStore (): Promise<string> {
      const path = temporaryDirectory()
      const store = await openStore(path)
      for (let number = 1; number <= 300; number++) {
        await store.commit({ trades: [aStoredTrade(number), aStoredTrade(0, { askedWh: number })] })
      }
      await store.close()
      return path
    }

    function flipByte (path: string, place: number): void {
      const bytes = readFileSync(path)
      bytes[Math.floor(bytes.length * place)] ^= 0x01
      writeFileSync(path, bytes)
    }

    it('should notice with STORE_DAMAGED that records vanished from the middle of the log', async () => {
      const path = await filledStore()
      flipByte(fileOf(path, /\.log$/), 0.4)
      const error = await openFailure(path)
      expect(error.code).to.equal('STORE_DAMAGED')
      expect(error.message).to.match(/of 301 records \d+ are left/).and.to.contain('put back a copy')
      expect((await openFailure(path)).code).to.equal('STORE_DAMAGED')
    })

    it('should notice with STORE_DAMAGED that a record is there but old', async () => {
      const path = await filledStore()
      const level = new Level(path)
      const [[key, value]] = await level.iterator({ gte: 't!', limit: 1 }).all()
      await level.put(key, value.replace('"askedWh":300', '"askedWh":299'))
      await level.close()
      expect((await openFailure(path)).code).to.equal('STORE_DAMAGED')
    })

    it('should refuse with STORE_DAMAGED what it cannot read', async () => {
      const path = await filledStore()
      const store = await openStore(path)
      await store.commit({ trades: [aStoredTrade(0)] })
      await store.close()
      // opening has moved the records from the log into a table
      flipByte(fileOf(path, /\.ldb$/), 0.5)
      const error = await openFailure(path)
      expect(hasCode(error, 'STORE_DAMAGED')).to.equal(true)
    })

    it('should rebuild a broken index and lose nothing', async () => {
      const path = await filledStore()
      flipByte(fileOf(path, /^MANIFEST/), 0.5)
      const lines: string[] = []
      const logger = createLogger({ level: 'warn', format: 'json', write: line => { lines.push(line) } })
      const store = await openStore(path, { logger })
      expect(lines.join()).to.contain('database index is damaged')
      expect(await store.trades()).to.have.length(301)
      await store.close()
    })

    it('should not take a database without its version for a new one, nor write to it', async () => {
      const path = await filledStore()
      const change = async (to: (level: Level) => Promise<void>): Promise<void> => {
        const level = new Level(path)
        await to(level)
        await level.close()
      }
      await change(async level => level.del('m!version'))
      expect((await openFailure(path)).code).to.equal('STORE_DAMAGED')
      await change(async level => level.put('m!version', '1'))
      await (await openStore(path)).close()
    })
  })
})
