import { join } from 'node:path'
import { expect } from 'aegir/chai'
import { connectApi } from '../../src/api/client.ts'
import { startApi } from '../../src/api/server.ts'
import { runCli } from '../helpers/cli.ts'
import { removeTemporaryDirectories, temporaryDirectory } from '../helpers/directory.ts'
import { flatProfile, silentLogger, startMemoryHomes } from '../helpers/street.ts'
import type { Api } from '../../src/api/server.ts'
import type { ChainHealth } from '../../src/ports/settlement.ts'
import type { MemoryStreetHomes } from '../helpers/street.ts'

describe('the status of a home whose trading is paused', function () {
  this.timeout(60_000)

  let health: ChainHealth = { ok: true }
  let street: MemoryStreetHomes
  let api: Api
  let data: string

  before(async () => {
    data = temporaryDirectory()
    street = await startMemoryHomes([flatProfile(100, 600)], {
      adapt: (_, { settlement }) => ({ settlement: { ...settlement, isHealthy: () => health } })
    })
    api = await startApi({ host: '127.0.0.1', port: 0, file: join(data, 'api.json') }, { node: street.homes[0].node, logger: silentLogger() })
  })

  after(async () => {
    await api.stop()
    await street.stop()
    removeTemporaryDirectories()
  })

  const lines = async (): Promise<Record<string, string>> => {
    const { stdout } = await runCli('status', '--data', data)
    return Object.fromEntries([...stdout.matchAll(/^ {2}(chain|trading|selling) +(.*)$/gm)].map(([, name, text]) => [name, text]))
  }

  it('should say the same in every line: by the chain, by its owner, and not at all', async () => {
    const client = await connectApi(join(data, 'api.json'))
    expect((await client.status()).pausedBy).to.equal(undefined)
    expect(await lines()).to.deep.equal({ chain: 'well', trading: 'on', selling: 'yes, when there is a surplus' })

    health = { ok: false, reason: 'the chain has not answered for 40 s' }
    expect((await client.status()).pausedBy).to.equal('chain')
    expect(await lines()).to.deep.equal({
      chain: 'not well, money safe: the chain has not answered for 40 s', trading: 'paused until the chain is well again', selling: 'no: trading is paused'
    })

    await client.changeTrading({ paused: true })
    expect((await client.status()).pausedBy).to.equal('owner')
    expect(await lines()).to.include({ trading: 'paused by you', selling: 'no: trading is paused' })

    health = { ok: true }
    await client.changeTrading({ paused: null })
    expect((await lines()).trading).to.equal('on')
  })
})
