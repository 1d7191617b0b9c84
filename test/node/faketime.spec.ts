import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { expect } from 'aegir/chai'
import { tied } from '../helpers/child.ts'
import { removeTemporaryDirectories, temporaryDirectory } from '../helpers/directory.ts'
import { STREET_START } from '../helpers/street.ts'
import type { PeriodReading } from '../../src/domain/reading.ts'

const CHILD = fileURLToPath(new URL('../helpers/node-under-faketime.ts', import.meta.url))
/** Market seconds in a real one: a period passes in six. */
const SPEED = 150

type Line = PeriodReading & { readonly from: number, readonly to: number }

function isInstalled (): boolean {
  return spawnSync('faketime', ['--version']).error == null
}

/** Runs a node under faketime until it has told `count` periods; `onPeriod` may set its clock meanwhile. */
async function run (clock: string, count: number, onPeriod: (told: number, setClock: (clock: string) => void) => void = () => {}): Promise<Line[]> {
  const folder = temporaryDirectory()
  const file = join(folder, 'clock')
  // renamed into place: a clock must not be read half-written
  const setClock = (text: string): void => {
    writeFileSync(`${file}.new`, `${text}\n`)
    renameSync(`${file}.new`, file)
  }
  setClock(clock)
  const { LD_PRELOAD: preload = '' } = Object.fromEntries(spawnSync('faketime', ['-m', '-f', '+0', 'env'], { encoding: 'utf8' }).stdout.split('\n').map((line) => line.split('=') as [string, string]))
  const child = tied(spawn(process.execPath, ['--experimental-transform-types', '--disable-warning=ExperimentalWarning', CHILD, join(folder, 'db'), String(SPEED)], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NODE_OPTIONS: '', LD_PRELOAD: preload, FAKETIME_TIMESTAMP_FILE: file, FAKETIME_NO_CACHE: '1', FAKETIME_DONT_FAKE_MONOTONIC: '1', DONT_FAKE_MONOTONIC: '1' }
  }))
  const lines: Line[] = []
  try {
    for await (const line of createInterface({ input: child.stdout })) {
      lines.push(JSON.parse(line) as Line)
      if (lines.length === count) {
        break
      }
      onPeriod(lines.length, setClock)
    }
  } finally {
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  return lines
}

/** No slot twice, none left out, and together exactly what the register moved. */
function expectWhole (lines: readonly Line[]): void {
  lines.forEach(({ periodStart }, place) => { expect(periodStart).to.equal(lines[0].periodStart + 900 * place) })
  expect(lines[0].periodStart).to.equal(STREET_START + 900)
  const sum = lines.reduce((all, { importWh }) => all + importWh, 0)
  expect(sum).to.equal(Math.floor(lines[lines.length - 1].to / 1000) - Math.floor(lines[0].from / 1000))
}

describe('a node under another clock', function () {
  this.timeout(120_000)

  before(function () {
    if (!isInstalled()) {
      if (process.env.CI != null) {
        throw new Error('The Debian package faketime is missing: apt-get install faketime.')
      }
      this.skip()
    }
  })

  let adjusted: Line[]
  let fast: Line[]

  // both at once: they mostly wait
  before(async () => {
    [adjusted, fast] = await Promise.all([
      run('+0', 6, (told, setClock) => {
        // 1.6 real seconds are four minutes of the market
        if (told === 1) {
          setTimeout(() => { setClock('+1.6') }, 1500)
        }
        if (told === 3) {
          setTimeout(() => { setClock('+0') }, 2500)
        }
      }),
      run('+0 x1.25', 4)
    ])
  })

  after(removeTemporaryDirectories)

  it('E51 should double and lose nothing when its clock is set forward and back within slots', () => {
    expectWhole(adjusted)
    const [, ahead, between, behind] = adjusted
    expect(ahead.importWh).to.be.closeTo(660, 40)
    expect(between.importWh).to.be.closeTo(900, 40)
    expect(behind.importWh).to.be.closeTo(1140, 40)
    expect([ahead.quality, behind.quality]).to.deep.equal(['estimated', 'estimated'])
    expect(adjusted.some(({ quality }) => quality === 'measured')).to.equal(true)
  })

  it('E51 should measure by a clock that runs fast what passes in its slots', () => {
    expectWhole(fast)
    fast.forEach(({ importWh }) => { expect(importWh).to.be.closeTo(720, 30) })
  })
})
