import { join } from 'node:path'
import { expect } from 'aegir/chai'
import { connectApi } from '../../src/api/client.ts'
import { startApi } from '../../src/api/server.ts'
import { hasCode } from '../../src/domain/errors.ts'
import { removeTemporaryDirectories, temporaryDirectory } from '../helpers/directory.ts'
import { flatProfile, silentLogger, STREET_START, startMemoryHomes } from '../helpers/street.ts'
import type { ApiClient } from '../../src/api/client.ts'
import type { Api } from '../../src/api/server.ts'
import type { MemoryStreetHomes } from '../helpers/street.ts'

describe('trading settings over the interface', () => {
  let street: MemoryStreetHomes
  let api: Api
  let client: ApiClient

  before(async () => {
    street = await startMemoryHomes([flatProfile(100, 600)])
    await street.clock.advanceTo(STREET_START + 3600)
    const file = join(temporaryDirectory(), 'api.json')
    api = await startApi({ host: '127.0.0.1', port: 0, file }, { node: street.homes[0].node, logger: silentLogger() })
    client = await connectApi(file)
  })

  after(async () => {
    await api.stop()
    await street.stop()
    removeTemporaryDirectories()
  })

  it('should show and change what the owner decides', async () => {
    expect(await client.trading()).to.deep.equal({ reserve: 'automatic', neighboursOnly: false, paused: false })
    expect(await client.changeTrading({ paused: true, lowestSellingPrice: '120000', reserve: '3kWh' }))
      .to.deep.equal({ reserve: '3kWh', neighboursOnly: false, paused: true, lowestSellingPrice: '120000' })
    expect(await client.changeTrading({ paused: null, lowestSellingPrice: null })).to.deep.equal({ reserve: '3kWh', neighboursOnly: false, paused: false })
    expect((await client.status()).knobs.reserve).to.equal('3kWh')
  })

  it('should refuse what it does not understand and change nothing', async () => {
    const before = await client.trading()
    for (const wrong of [{ pausd: true }, { paused: 'yes' }, { paused: true, lowestSellingPrice: '-1' }, { reserve: 'half' }, { neighboursOnly: 1 }, {}]) {
      const error = await client.changeTrading(wrong as object).catch((error: unknown) => error)
      expect(hasCode(error, 'API_FAILED'), JSON.stringify(wrong)).to.be.true()
    }
    expect(await client.trading()).to.deep.equal(before)
  })

  it('should tell why of each period', async () => {
    const decisions = await client.decisions()
    expect(decisions).to.not.be.empty()
    expect(decisions.every(({ why }) => why.startsWith('Expects 0.500 kWh of surplus') || why.startsWith('Trades nothing'))).to.be.true()
  })
})
