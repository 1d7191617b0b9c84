import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect } from 'aegir/chai'
import { runStreet } from '../../src/practice/run.ts'
import { CLI_COMMAND, startTestStreet } from '../helpers/practice.ts'
import type { RunResult } from '../../src/practice/run.ts'
import type { Street } from '../../src/practice/street.ts'

const run = promisify(execFile)

describe('two homes over real libp2p and a real chain', function () {
  this.timeout(120_000)

  let street: Street
  let result: RunResult

  before(async () => {
    street = await startTestStreet({ homes: 2, periods: 10 })
    result = await runStreet(street, { onEvent: () => {}, onProgress: () => {} }, AbortSignal.timeout(110_000))
  })

  after(async () => { await street?.stop() })

  async function wattmesh (...args: string[]): Promise<string> {
    const [program, ...rest] = [...CLI_COMMAND, ...args, '--data', street.homes[0].folder]
    return (await run(program, rest)).stdout
  }

  it('should agree, deliver and settle trades', () => {
    const { trades, energy } = result.statement
    expect(result.isFinished).to.equal(true)
    expect(trades.settled).to.be.greaterThan(3)
    expect(trades.settled).to.equal(trades.agreed)
    expect(energy.deliveredWh).to.be.greaterThan(0)
    expect(energy.deliveredWh).to.be.at.most(Math.min(energy.tradedWh, energy.potentialWh))
  })

  it('should trade what forecasts missed in the residual round, and mark it', async () => {
    const { trades, energy } = result.statement
    expect(trades.residual).to.be.greaterThan(0)
    expect(trades.residual).to.be.lessThan(trades.agreed)
    expect(energy.residualWh).to.be.greaterThan(0)
    expect(energy.aheadWh + energy.residualWh).to.equal(energy.deliveredWh)
    expect(energy.deliveredWh).to.be.at.least(0.9 * energy.potentialWh)
    const residual = (await street.homes[0].api.trades()).filter(({ isResidual, state }) => isResidual === true && state === 'settled')
    expect(residual).to.have.lengthOf(trades.residual)
    expect(residual.every(({ pricePerKwh, terms, deliveredWh }) => pricePerKwh === '190000' && terms?.wh === deliveredWh)).to.equal(true)
    expect(await wattmesh('trades')).to.match(/(sold|bought) after .* settled/)
  })

  it('should conserve money to the last unit and leave nobody worse off', () => {
    const { money, isConserved, isNobodyWorseOff, homes } = result.statement
    expect(money.paid).to.equal(money.received)
    expect(money.moved).to.equal(money.paid)
    expect(money.paid > 0n).to.equal(true)
    expect(isConserved).to.equal(true)
    expect(isNobodyWorseOff).to.equal(true)
    expect(homes.reduce((sum, { soldWh }) => sum + soldWh, 0)).to.equal(homes.reduce((sum, { boughtWh }) => sum + boughtWh, 0))
  })

  it('should keep the same trade on both sides, with both signatures', async () => {
    const [first, second] = await Promise.all(street.homes.map(async ({ api }) => api.trades()))
    const settled = first.filter(({ state }) => state === 'settled')
    expect(settled).to.not.be.empty()
    for (const trade of settled) {
      const twin = second.find(({ id }) => id === trade.id)
      expect(twin?.role).to.not.equal(trade.role)
      expect(twin?.terms).to.deep.equal(trade.terms)
      expect(twin?.amount).to.equal(trade.amount)
      expect([twin?.buyerSignature, twin?.sellerSignature]).to.deep.equal([trade.buyerSignature, trade.sellerSignature])
    }
  })

  it('should answer the command line while it runs', async () => {
    const status = JSON.parse(await wattmesh('status', '--json')) as { peerId: string, peers: unknown[], divergence: { share: number, neighbours: Array<{ peerId: string, offers: number, differing: number }> } }
    expect(status.peerId).to.equal(street.homes[0].peerId)
    expect(status.peers).to.have.lengthOf(1)
    expect(status.divergence.share).to.be.within(0, 1)
    expect(status.divergence.neighbours.map(({ peerId }) => peerId)).to.deep.equal([street.homes[1].peerId])
    expect(await wattmesh('status')).to.match(/books +\d+\.\d % of the open offers differed/)
    expect(await wattmesh('status')).to.include('neighbours   1 connected')
    expect(await wattmesh('trades')).to.include('settled')
    expect(await wattmesh('wallet')).to.include('in the escrow')
    expect(JSON.parse(await wattmesh('book', '--json'))).to.be.an('array')
  })

  it('should refuse a second node over the same data', async () => {
    const [program, ...rest] = [...CLI_COMMAND, 'start', '--data', street.homes[0].folder]
    const failure: { code?: number, stderr?: string } = await run(program, rest).then(() => ({}), (error: unknown) => error as { code: number, stderr: string })
    expect(failure.code).to.equal(3)
    expect(failure.stderr).to.match(/already/)
  })
})
