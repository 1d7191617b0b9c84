import { execFileSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { expect } from 'aegir/chai'
import { digestChallenge, digestHeader } from '../../src/drivers/transports/digest-auth.ts'
import { httpJson } from '../../src/drivers/transports/http-json.ts'
import { MAX_ANSWER_BYTES } from '../../src/drivers/transports/json-source.ts'
import { devicePins } from '../../src/drivers/transports/pins.ts'
import { needs } from '../helpers/debian.ts'
import { removeTemporaryDirectories, temporaryDirectory } from '../helpers/directory.ts'
import { replayServer } from '../helpers/replay.ts'
import type { HttpJsonInit } from '../../src/drivers/transports/http-json.ts'
import type { Answerer, ReplayServer } from '../helpers/replay.ts'
import type { AddressInfo, Socket } from 'node:net'

/** The code with which asking ends; undefined when it answers. */
async function refusal (init: HttpJsonInit, path = '/'): Promise<string | undefined> {
  return httpJson(init).get(path).then(() => undefined, (error: { code?: string }) => String(error.code))
}

describe('JSON over HTTP', () => {
  let server: ReplayServer | undefined

  afterEach(async () => {
    await server?.close()
    server = undefined
  })

  after(removeTemporaryDirectories)

  async function serve (answer: Answerer): Promise<string> {
    server = await replayServer(answer)
    return server.url
  }

  it('should ask once for several values of one answer, and again when it is old', async () => {
    let time = 0
    const url = await serve(() => ({ body: { power: 5 } }))
    const source = httpJson({ url, elapsed: () => time })
    const answers = await Promise.all([source.get('/a'), source.get('/a')])
    expect(answers.map((answer) => answer?.value)).to.deep.equal([{ power: 5 }, { power: 5 }])
    time = 999
    expect((await source.get('/a'))?.ageMs).to.equal(999)
    expect(server?.asked).to.deep.equal(['/a'])
    time = 1000
    expect((await source.get('/a'))?.ageMs).to.equal(0)
    expect(server?.asked).to.deep.equal(['/a', '/a'])
  })

  it('should not remember a failure', async () => {
    let status = 500
    const url = await serve(() => ({ status, body: {} }))
    const source = httpJson({ url })
    await expect(source.get('/a')).to.eventually.be.rejected.with.property('code', 'DEVICE_BAD_ANSWER')
    status = 200
    expect((await source.get('/a'))?.value).to.deep.equal({})
  })

  it('should say that nobody is there', async () => {
    const url = await serve(() => undefined)
    await server?.close()
    expect(await refusal({ url })).to.equal('DEVICE_UNREACHABLE')
  })

  it('should refuse addresses that are none, or that hold a password', async () => {
    for (const url of ['http://', 'http://user:secret@host/', 'http://a b']) {
      expect(() => httpJson({ url }), url).to.throw().with.property('code', 'DEVICE_BAD_PARAMS')
    }
  })

  it('should take an address without a scheme and one with a path', async () => {
    const url = await serve((path) => ({ body: path }))
    expect(await refusal({ url: url.slice('http://'.length) })).to.equal('DEVICE_BAD_ANSWER')
    await refusal({ url: `${url}/edge/` }, '/rest')
    expect(server?.asked).to.deep.equal(['/', '/edge/rest'])
  })

  it('should follow no redirection, which could lead a password astray', async () => {
    const url = await serve(() => ({ status: 302, headers: { location: 'http://127.0.0.1:1/' } }))
    expect(await refusal({ url, auth: { bearer: 'secret' } })).to.equal('DEVICE_BAD_ANSWER')
  })

  describe('E48: malformed, huge and never-ending answers', () => {
    for (const [what, body] of [
      ['no JSON', '<html>404</html>'],
      ['cut off', '{"a": [1, 2'],
      ['empty', ''],
      ['nested too deeply', '['.repeat(100_000)],
      ['nested a little too deeply', `${'['.repeat(33)}${']'.repeat(33)}`],
      ['too long', JSON.stringify('x'.repeat(MAX_ANSWER_BYTES))]
    ] as const) {
      it(`E48 should refuse an answer that is ${what}`, async () => {
        expect(await refusal({ url: await serve(() => ({ body })) })).to.equal('DEVICE_BAD_ANSWER')
      })
    }

    it('E48 should read what is long and deep but bearable', async () => {
      const body = `${'['.repeat(32)}"${'x'.repeat(1_000_000)}\\"[[[["${']'.repeat(32)}`
      expect(await refusal({ url: await serve(() => ({ body })) })).to.equal(undefined)
    })

    /** A device that begins an answer and then goes on as it likes. */
    async function endless (go: (socket: Socket) => void): Promise<{ url: string, close(): void }> {
      const sockets = new Set<Socket>()
      const raw = createServer((socket) => {
        sockets.add(socket)
        socket.on('error', () => {})
        socket.once('data', () => { go(socket) })
      })
      await new Promise<void>((resolve) => { raw.listen(0, '127.0.0.1', resolve) })
      return {
        url: `http://127.0.0.1:${(raw.address() as AddressInfo).port}`,
        close: () => {
          raw.close()
          sockets.forEach((socket) => { socket.destroy() })
        }
      }
    }

    for (const [what, code, go] of [
      ['that never comes', 'DEVICE_UNREACHABLE', () => {}],
      ['that drips for ever', 'DEVICE_UNREACHABLE', (socket: Socket) => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n')
        const timer = setInterval(() => { socket.write(' ') }, 10)
        socket.once('close', () => { clearInterval(timer) })
      }],
      ['that floods', 'DEVICE_BAD_ANSWER', (socket: Socket) => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n')
        const flood = (): void => {
          while (!socket.destroyed && socket.write(Buffer.alloc(65_536, 0x20))) { /* as fast as it goes */ }
        }
        socket.on('drain', flood)
        flood()
      }],
      ['with endless headers', 'DEVICE_UNREACHABLE', (socket: Socket) => { socket.write(`HTTP/1.1 200 OK\r\n${'a: b\r\n'.repeat(100_000)}`) }],
      ['that is no HTTP', 'DEVICE_UNREACHABLE', (socket: Socket) => { socket.end('SSH-2.0-OpenSSH\r\n') }],
      ['that breaks off', 'DEVICE_UNREACHABLE', (socket: Socket) => { socket.end('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{}') }]
    ] as const) {
      it(`E48 should give up an answer ${what}`, async () => {
        const device = await endless(go)
        expect(await refusal({ url: device.url, maxMs: 300 })).to.equal(code)
        device.close()
      })
    }
  })

  describe('login', () => {
    it('should answer RFC 7616\'s own example, in both algorithms', () => {
      const login = { user: 'Mufasa', password: 'Circle of Life' }
      const request = { method: 'GET', uri: '/dir/index.html', count: 1, cnonce: 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ' }
      const ask = (algorithm: string): string => `Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=${algorithm}, nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"`
      for (const [algorithm, response] of [
        ['MD5', '8ca523f5e9506fed4657c9700eebdbec'],
        ['SHA-256', '753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1']
      ]) {
        const challenge = digestChallenge(ask(algorithm))
        expect(challenge).to.have.property('algorithm', algorithm)
        expect(challenge == null ? '' : digestHeader(challenge, login, request)).to.include(`response="${response}"`).and.to.include('nc=00000001')
      }
      expect(digestChallenge(`${ask('MD5')}, ${ask('SHA-256')}`)).to.have.property('algorithm', 'SHA-256')
      expect(digestChallenge(ask('SHA-512-256'))).to.equal(undefined)
      expect(digestChallenge('Basic realm="x"')).to.equal(undefined)
    })

    /** A server that checks digests as RFC 7616 says, with `nonces` that each live for two requests. */
    function digestGuard (algorithm: 'MD5' | 'SHA-256', password: string): Answerer {
      const hash = (text: string): string => createHash(algorithm === 'MD5' ? 'md5' : 'sha256').update(text).digest('hex')
      const uses = new Map<string, number>()
      return (path, { headers: { authorization = '' } }) => {
        const field = (name: string): string => new RegExp(`\\b${name}="?([^",]*)`).exec(authorization)?.[1] ?? ''
        const nonce = field('nonce')
        const expected = hash(`${hash(`admin:shelly:${password}`)}:${nonce}:${field('nc')}:${field('cnonce')}:auth:${hash(`GET:${path}`)}`)
        const used = uses.get(nonce)
        if (used != null && used < 2 && field('response') === expected && field('uri') === path && parseInt(field('nc'), 16) === used + 1) {
          uses.set(nonce, used + 1)
          return { body: { ok: true } }
        }
        const fresh = randomBytes(8).toString('hex')
        uses.set(fresh, 0)
        return { status: 401, headers: { 'www-authenticate': `Digest qop="auth", realm="shelly", nonce="${fresh}", algorithm=${algorithm}` } }
      }
    }

    const algorithms = ['MD5', 'SHA-256'] as const
    algorithms.forEach((algorithm) => {
      it(`should log in by digest with ${algorithm}, keep the nonce while it holds and take a new one after`, async () => {
        const url = await serve(digestGuard(algorithm, 'secret'))
        const source = httpJson({ url, cacheMs: 0, auth: { digest: { user: 'admin', password: 'secret' } } })
        for (let time = 0; time < 4; time++) {
          expect((await source.get('/rpc/Shelly.GetStatus?a=b'))?.value).to.deep.equal({ ok: true })
        }
        expect(server?.asked).to.have.lengthOf(6)
        expect(await refusal({ url, auth: { digest: { user: 'admin', password: 'wrong' } } })).to.equal('DEVICE_DENIED')
        expect(await refusal({ url })).to.equal('DEVICE_DENIED')
      })
    })

    it('should send a user name and password, or a token, where the driver wants it so', async () => {
      const url = await serve((path, { headers }) => ({ body: [headers.authorization] }))
      const sent = async (auth: HttpJsonInit['auth']): Promise<unknown> => (await httpJson({ url, auth }).get('/'))?.value
      expect(await sent({ basic: { user: 'x', password: 'ü' } })).to.deep.equal([`Basic ${Buffer.from('x:ü').toString('base64')}`])
      expect(await sent({ bearer: 'abc' })).to.deep.equal(['Bearer abc'])
    })
  })

  describe('E47: certificates of the device\'s own', () => {
    before(needs('openssl', 'openssl'))

    function certificate (): { key: string, cert: string } {
      const [key, cert] = ['key.pem', 'cert.pem'].map((name) => join(temporaryDirectory(), name))
      execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', '/CN=device', '-keyout', key, '-out', cert], { stdio: 'ignore' })
      return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') }
    }

    it('E47 should pin the first certificate, over a restart too, and send nothing to another', async () => {
      const directory = temporaryDirectory()
      const [first, second] = [certificate(), certificate()]
      const tokens: unknown[] = []
      const answer: Answerer = (path, { headers }) => {
        tokens.push(headers.authorization)
        return { body: { ok: true } }
      }
      server = await replayServer(answer, first)
      const { url } = server
      const init = (): HttpJsonInit => ({ url, cacheMs: 0, auth: { bearer: 'secret' }, pins: devicePins(directory) })
      const source = httpJson(init())
      await source.get('/')
      await source.get('/')
      await httpJson(init()).get('/')
      expect(tokens).to.deep.equal(['Bearer secret', 'Bearer secret', 'Bearer secret'])
      expect(statSync(join(directory, 'device-pins.json')).mode & 0o777).to.equal(0o600)

      await server.close()
      const { port } = new URL(url)
      server = await replayServer(answer, second)
      const impostor = { ...init(), url: server.url }
      const pins = devicePins(directory)
      await pins.set(new URL(server.url).host, await pins.get(`127.0.0.1:${port}`) ?? '')
      const refused = await httpJson({ ...impostor, pins }).get('/').then(() => undefined, (error: Error) => error)
      expect(refused).to.have.property('code', 'DEVICE_WRONG_CERTIFICATE')
      expect(tokens).to.have.lengthOf(3)

      const shown = /set "fingerprint" to ([0-9a-f]{64})/.exec(refused?.message ?? '')?.[1] ?? ''
      await httpJson({ ...impostor, fingerprint: shown.toUpperCase().replaceAll(/(..)(?=.)/g, '$1:') }).get('/')
      expect(await refusal({ ...impostor, fingerprint: '00'.repeat(32) })).to.equal('DEVICE_WRONG_CERTIFICATE')
      expect(tokens).to.have.lengthOf(4)
    })

    it('E47 should give up a device that never finishes its handshake', async () => {
      const raw = createServer(() => {})
      await new Promise<void>((resolve) => { raw.listen(0, '127.0.0.1', resolve) })
      expect(await refusal({ url: `https://127.0.0.1:${(raw.address() as AddressInfo).port}`, maxMs: 200 })).to.equal('DEVICE_UNREACHABLE')
      raw.close()
    })
  })
})
