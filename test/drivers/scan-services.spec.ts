import { createServer } from 'node:http'
import { createServer as createTcpServer } from 'node:net'
import { expect } from 'aegir/chai'
import { isOpen, scanServices } from '../../src/drivers/scan-services.ts'
import { needs } from '../helpers/debian.ts'
import { removeTemporaryDirectories } from '../helpers/directory.ts'
import { freePort } from '../helpers/free-port.ts'
import { mosquitto } from '../helpers/mosquitto.ts'
import type { AddressInfo, Server } from 'node:net'

describe('programs for the home that do not announce themselves', () => {
  const servers: Server[] = []

  afterEach(async () => {
    await Promise.all(servers.splice(0).map(async (server) => new Promise((resolve) => { server.close(resolve) })))
  })

  async function listening (server: Server): Promise<number> {
    servers.push(server)
    await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
    return (server.address() as AddressInfo).port
  }

  async function web (answers: Readonly<Record<string, unknown>>): Promise<number> {
    return listening(createServer((request, response) => {
      const answer = answers[request.url ?? '']
      response.writeHead(answer == null ? 404 : 200, { 'content-type': 'application/json', connection: 'close' })
      response.end(JSON.stringify(answer ?? {}))
    }))
  }

  const scan = async (ports: Partial<{ mqtt: number, homeAssistant: number, evcc: number }>): ReturnType<typeof scanServices> => {
    const nobody = await freePort()
    return scanServices({ hosts: ['127.0.0.1'], timeoutMs: 1000, ports: { mqtt: nobody, homeAssistant: nobody, evcc: nobody, ...ports } })
  }

  it('should recognise Home Assistant and evcc, with and without its old wrapper', async () => {
    const homeAssistant = await web({ '/manifest.json': { name: 'Home Assistant', short_name: 'Assistant' } })
    const old = await web({ '/api/state': { result: { loadpoints: [], version: '0.200.1' } } })
    const fresh = await web({ '/api/state': { loadpoints: [], version: '0.300.0' } })
    expect(await scan({ homeAssistant, evcc: old })).to.deep.equal([
      { host: '127.0.0.1', port: homeAssistant, driver: 'home-assistant' },
      { host: '127.0.0.1', port: old, driver: 'evcc', version: '0.200.1' }
    ])
    expect(await scan({ evcc: fresh })).to.deep.equal([{ host: '127.0.0.1', port: fresh, driver: 'evcc', version: '0.300.0' }])
  })

  it('should take nobody for something else', async () => {
    const other = await web({ '/manifest.json': { name: 'A printer' }, '/api/state': [1, 2] })
    const mute = await listening(createTcpServer((socket) => { socket.resume() }))
    expect(await scan({ homeAssistant: other, evcc: other, mqtt: other })).to.deep.equal([])
    expect(await scan({ homeAssistant: mute, evcc: mute, mqtt: mute })).to.deep.equal([])
    expect(await isOpen('127.0.0.1', mute, 500)).to.equal(true)
    expect(await isOpen('127.0.0.1', await freePort(), 500)).to.equal(false)
  })

  describe('beside mosquitto', () => {
    before(needs('/usr/sbin/mosquitto', 'mosquitto'))
    after(removeTemporaryDirectories)

    it('should recognise a broker, and that it wants a password', async () => {
      const broker = await mosquitto()
      try {
        expect(await scan({ mqtt: broker.port })).to.deep.equal([{ host: '127.0.0.1', port: broker.port, driver: 'mqtt', needsPassword: true }])
      } finally {
        await broker.stop()
      }
    })
  })
})
