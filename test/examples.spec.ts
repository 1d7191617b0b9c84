import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect } from 'aegir/chai'

const FLAGS = ['--experimental-transform-types', '--disable-warning=ExperimentalWarning']

async function run (example: string): Promise<string[]> {
  const { stdout } = await promisify(execFile)(process.execPath, [...FLAGS, `examples/${example}/index.ts`], { timeout: 55_000 })
  return stdout.trimEnd().split('\n')
}

describe('examples', function () {
  this.timeout(60_000)

  it('should let two households trade, deliver and settle', async () => {
    const lines = await run('01-two-households')
    const trades = lines.filter((line) => /^Ben buys 0\.\d{3} kWh at 0\.\d{4} pEUR per kWh; both have signed$/.test(line))
    const owed = lines.map((line) => /^both meters have counted 0\.\d{3} kWh: Ben owes (0\.\d{4} pEUR)$/.exec(line)?.[1]).filter((amount) => amount != null)
    const moved = lines.map((line) => /^the escrow has moved (0\.\d{4} pEUR)$/.exec(line)?.[1]).filter((amount) => amount != null)
    expect(trades, lines.join('\n')).to.not.be.empty()
    expect(owed).to.have.lengthOf(trades.length)
    expect(moved).to.have.members(owed)
    for (const name of ['Ada', 'Ben']) {
      expect(lines.find((line) => line.startsWith(`${name} is better off by`))).to.match(/ by 0\.0*[1-9]\d* pEUR /)
    }
    expect(lines.at(-1)).to.equal('what was paid is what was received')
  })
})
