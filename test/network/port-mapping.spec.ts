import { once } from 'node:events'
import { createServer } from 'node:http'
import { expect } from 'aegir/chai'
import { createPortMapping } from '../../src/network/port-mapping.ts'
import { isOnNetworkOf, locationOf } from '../../src/network/routers.ts'
import { until } from '../helpers/until.ts'
import type { PortMapping } from '../../src/network/port-mapping.ts'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'

interface FakeRouter {
  readonly url: URL
  /** Lease by external port and the place it leads to. */
  readonly ports: Map<string, number>
  /** What it does before anything else; an error code is its answer. */
  refuses(action: string, body: string): number | undefined
  outside: string
  description: string
}

const IP_CONNECTION = 'urn:schemas-upnp-org:service:WANIPConnection:1'

function description (service: string, controlURL = '/control?a=1&amp;b=2'): string {
  return `<?xml version="1.0"?><root><device><deviceType>urn:schemas-upnp-org:device:InternetGatewayDevice:1</deviceType><UDN>uuid:box</UDN><deviceList><device>
    <serviceList><service><serviceType>urn:schemas-upnp-org:service:Layer3Forwarding:1</serviceType><controlURL>/other</controlURL></service>
    <service><serviceType>${service}</serviceType><controlURL>${controlURL}</controlURL></service></serviceList></device></deviceList></device></root>`
}

describe('port mapping', () => {
  const servers: Server[] = []
  let mapping: PortMapping

  const value = (body: string, name: string): string => new RegExp(`<${name}>(.*?)</${name}>`).exec(body)?.[1] ?? ''

  /** The orders that a router takes, and nothing else of one. */
  async function aRouter (): Promise<FakeRouter> {
    const ports = new Map<string, number>()
    const server = createServer((request, response) => {
      let body = ''
      request.on('data', (chunk) => { body += String(chunk) }).on('end', () => {
        const action = /#(\w+)"/.exec(String(request.headers.soapaction))?.[1] ?? ''
        const reason = action === '' ? undefined : router.refuses(action, body)
        if (action === '' || request.url !== '/control?a=1&b=2') {
          return response.end(router.description)
        }
        if (reason != null) {
          return response.writeHead(500).end(`<s:Body><s:Fault><detail><UPnPError><errorCode>${reason}</errorCode></UPnPError></detail></s:Fault></s:Body>`)
        }
        const name = `${value(body, 'NewExternalPort')} ${value(body, 'NewInternalClient')}:${value(body, 'NewInternalPort')}`
        action === 'AddPortMapping' && ports.set(name, Number(value(body, 'NewLeaseDuration')))
        action === 'DeletePortMapping' && value(body, 'NewProtocol') === 'TCP' && [...ports.keys()].forEach((each) => each.startsWith(name.split(' ')[0]) && ports.delete(each))
        response.end(`<s:Body><u:${action}Response><NewExternalIPAddress>${router.outside}</NewExternalIPAddress></u:${action}Response></s:Body>`)
      })
    }).listen(0, '127.0.0.1')
    servers.push(server)
    await once(server, 'listening')
    const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/box.xml`)
    const router: FakeRouter = { url, ports, refuses: () => undefined, outside: '44.128.0.1', description: description(IP_CONNECTION) }
    return router
  }

  beforeEach(() => { mapping = createPortMapping({ renewMs: 20 }) })
  afterEach(() => { servers.splice(0).forEach((server) => { server.closeAllConnections(); server.close() }) })

  it('should open the port and forget it at the end, at routers of each generation', async () => {
    for (const service of ['WANIPConnection:1', 'WANIPConnection:2', 'WANPPPConnection:1']) {
      const router = await aRouter()
      router.description = description(`urn:schemas-upnp-org:service:${service}`)
      const gateway = await mapping.getGateway(router.url)
      expect(await gateway.map(7690, '127.0.0.1')).to.deep.equal({ externalHost: '44.128.0.1', externalPort: 7690, internalHost: '127.0.0.1', internalPort: 7690, protocol: 'TCP' })
      expect([...router.ports]).to.deep.equal([['7690 127.0.0.1:7690', 1200]])
      expect(mapping.answer()).to.equal('opened')
      await gateway.stop()
      expect(router.ports.size).to.equal(0)
    }
  })

  it('should ask again, because a router that restarts has forgotten', async () => {
    const router = await aRouter()
    const gateway = await mapping.getGateway(router.url)
    await gateway.map(7690, '127.0.0.1')
    router.ports.clear()
    await until(() => router.ports.size === 1)
    router.refuses = () => 606
    await until(() => mapping.answer() === 'refused')
    router.refuses = () => undefined
    await until(() => mapping.answer() === 'opened')
    await gateway.stop()
  })

  it('should take another port where a neighbour has this one, keep it, and forget that one', async () => {
    const router = await aRouter()
    router.refuses = (action, body) => action === 'AddPortMapping' && value(body, 'NewExternalPort') === '7690' ? 718 : undefined
    const gateway = await mapping.getGateway(router.url)
    const { externalPort } = await gateway.map(7690, '127.0.0.1')
    expect(externalPort).to.be.within(49_152, 65_535)
    router.ports.clear()
    await until(() => router.ports.size === 1)
    expect([...router.ports.keys()]).to.deep.equal([`${externalPort} 127.0.0.1:7690`])
    await gateway.stop()
    expect(router.ports.size).to.equal(0)
    router.refuses = (action) => action === 'AddPortMapping' ? 718 : undefined
    await expect((await mapping.getGateway(router.url)).map(7690, '127.0.0.1')).to.be.rejectedWith(/error 718/)
  })

  it('should open it for good where the router knows no leases', async () => {
    const router = await aRouter()
    router.refuses = (action, body) => action === 'AddPortMapping' && value(body, 'NewLeaseDuration') !== '0' ? 725 : undefined
    const gateway = await mapping.getGateway(router.url)
    await gateway.map(7690, '127.0.0.1')
    expect([...router.ports]).to.deep.equal([['7690 127.0.0.1:7690', 0]])
    await gateway.stop()
  })

  it('should tell a router that refuses, one that is not in the internet, and none', async () => {
    expect(mapping.answer()).to.equal('none')
    const router = await aRouter()
    for (const outside of ['', '0.0.0.0', '192.168.7.2', '100.64.3.4', 'nonsense']) {
      router.outside = outside
      await expect(mapping.getGateway(router.url)).to.be.rejectedWith(/no address of its own/)
      expect(mapping.answer()).to.equal('no-outside-address')
    }
    router.outside = '44.128.0.1'
    router.refuses = (action) => action === 'AddPortMapping' ? 606 : undefined
    const gateway = await mapping.getGateway(router.url)
    await expect(gateway.map(7690, '127.0.0.1')).to.be.rejectedWith(/error 606/)
    expect(mapping.answer()).to.equal('refused')
  })

  it('should ask for no address of another network', async () => {
    const router = await aRouter()
    await expect((await mapping.getGateway(router.url)).map(7690, '10.213.99.1')).to.be.rejectedWith(/not in the network of the router/)
    expect(router.ports.size).to.equal(0)
    expect(isOnNetworkOf('127.9.9.9', '127.0.0.1')).to.equal(true)
    expect(isOnNetworkOf('10.0.0.1', '127.0.0.1')).to.equal(false)
  })

  it('should not be led elsewhere, nor fed without an end', async () => {
    const router = await aRouter()
    for (const text of ['', 'not XML', description('urn:schemas-upnp-org:service:Light:1'), description(IP_CONNECTION, 'http://192.0.2.1/control'), description(IP_CONNECTION, 'file:///etc/passwd'), `${description(IP_CONNECTION)}${' '.repeat(300_000)}`, '<service>'.repeat(10_000), '<controlURL '.repeat(8000), `<controlURL>${' '.repeat(100_000)}`]) {
      router.description = text
      await expect(mapping.getGateway(router.url)).to.be.rejectedWith(/forwards no ports|without an end/)
    }
  })

  it('should take an answer to the search for what it is, and odd ones for nothing', () => {
    const answer = 'HTTP/1.1 200 OK\r\nCACHE-CONTROL: max-age=120\r\nLocation: http://192.168.1.1:5000/box.xml\r\n\r\n'
    expect(locationOf(answer, '192.168.1.1')?.href).to.equal('http://192.168.1.1:5000/box.xml')
    const odd = ['', 'FOO * HTTP/1.1\r\n\r\n', 'HTTP/1.1 200 OK\r\n\r\n', answer.replace('200', '404'), answer.replace('http:', 'file:'), answer.replace('http:', ''), answer.replace('192.168.1.1', '192.168.1.2'), '\0'.repeat(60_000)]
    expect(odd.filter((each) => locationOf(each, '192.168.1.1') != null)).to.deep.equal([])
  })
})
