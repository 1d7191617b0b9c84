import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { fileURLToPath } from 'node:url'
import { expect } from 'aegir/chai'
import { lockMeter } from '../../src/drivers/meter-lock.ts'
import { tied } from '../helpers/child.ts'

const SERIAL = `meter of process ${process.pid}`
const MODULE = fileURLToPath(new URL('../../src/drivers/meter-lock.ts', import.meta.url))

describe('one meter on one computer', function () {
  this.timeout(30_000)

  it('should belong to one node until that gives it back', async () => {
    const release = await lockMeter(SERIAL, tmpdir())
    const refused = await lockMeter(SERIAL, tmpdir()).then(() => undefined, (error: Error) => error)
    expect(refused).to.have.property('code', 'DEVICE_IN_USE')
    expect(refused?.message).to.include(SERIAL)
    await (await lockMeter(`${SERIAL}, another`, tmpdir()))()
    await release()
    await (await lockMeter(SERIAL, tmpdir()))()
  })

  it('should belong to another process as long as that lives, however it ends', async () => {
    const script = `import { lockMeter } from ${JSON.stringify(MODULE)}; await lockMeter(${JSON.stringify(SERIAL)}, ${JSON.stringify(tmpdir())}); console.log('locked'); setInterval(() => {}, 1000)`
    const other = tied(spawn(process.execPath, ['--experimental-transform-types', '--disable-warning=ExperimentalWarning', '--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, NODE_OPTIONS: '' } }))
    try {
      await once(other.stdout, 'data')
      await expect(lockMeter(SERIAL, tmpdir())).to.eventually.be.rejected.with.property('code', 'DEVICE_IN_USE')
    } finally {
      other.kill('SIGKILL')
      await once(other, 'exit')
    }
    await (await lockMeter(SERIAL, tmpdir()))()
  })
})
