import { expect } from 'aegir/chai'
import { wholeWrites } from '../../src/network/whole-writes.ts'
import { until } from '../helpers/until.ts'
import type { ConnectionEncrypter, MessageStream } from '@libp2p/interface'

describe('writes to a connection', () => {
  let written: string[]
  let connection: MessageStream

  beforeEach(async () => {
    written = []
    const socket = {
      status: 'open',
      writableNeedsDrain: false,
      send (data: Uint8Array): boolean {
        if (this.status !== 'open') {
          throw new Error('the connection is closed')
        }
        written.push(Buffer.from(data).toString('latin1'))
        return data.byteLength < 65_536
      },
      async close () {
        this.status = 'closed'
      }
    }
    const encrypter = wholeWrites(() => ({ protocol: '/none', secureOutbound: async (connection: MessageStream) => ({ connection }) }) as unknown as ConnectionEncrypter)({})
    const secured = await encrypter.secureOutbound(socket as unknown as MessageStream)
    connection = secured.connection
  })

  const send = (text: string): boolean => connection.send(Buffer.from(text))
  const turn = async (): Promise<void> => new Promise((resolve) => { setImmediate(resolve) })

  it('should be one for all that is sent in a turn, in its order', async () => {
    expect([send('length'), send(' '), send('body')]).to.deep.equal([true, true, true])
    expect(written).to.deep.equal([])
    await turn()
    send('more')
    await turn()
    expect(written).to.deep.equal(['length body', 'more'])
  })

  it('should let the allowance for a few more bytes wait for the next message, or a moment', async () => {
    const allowance = (bytes: number): Uint8Array => Uint8Array.of(0, 1, 0, 0, 0, 0, 0, 7, bytes >>> 24, bytes >>> 16, bytes >>> 8, bytes)
    const sizes = (): number[] => written.map(({ length }) => length)
    connection.send(allowance(200))
    await turn()
    expect(sizes()).to.deep.equal([])
    send('order')
    await turn()
    expect(sizes()).to.deep.equal([17])
    connection.send(allowance(200))
    connection.send(allowance(300))
    await until(() => written.length === 2)
    expect(sizes()).to.deep.equal([17, 24])
    connection.send(allowance(65_536))
    await turn()
    expect(sizes()).to.deep.equal([17, 24, 12])
  })

  it('should begin at once, and say when the socket is full, where much is sent', async () => {
    send('a')
    expect(send('b'.repeat(65_536))).to.equal(false)
    expect(written).to.deep.equal([`a${'b'.repeat(65_536)}`])
    await turn()
    expect(written).to.have.lengthOf(1)
  })

  it('should be done before the connection closes', async () => {
    send('last words')
    await connection.close()
    expect(written).to.deep.equal(['last words'])
    expect(() => send('too late')).to.throw('closed')
  })

  it('should not be tried any more when the connection has broken meanwhile', async () => {
    send('lost')
    connection.status = 'reset'
    await turn()
    expect(written).to.deep.equal([])
  })
})
