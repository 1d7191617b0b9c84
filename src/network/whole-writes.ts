import { serviceCapabilities } from '@libp2p/interface'
import { Uint8ArrayList } from 'uint8arraylist'
import type { ConnectionEncrypter, MessageStream } from '@libp2p/interface'

/** From here on bytes go out at once, so that whoever sends much learns when the socket is full. */
const AT_ONCE_BYTES = 64 * 1024

/**
 * One order makes many small pieces: noise hands on length, header, body and tag of each frame by themselves, and the muxer answers
 * every frame with another. What goes to one neighbour within a turn of the event loop is written, and sent, as one.
 */
export function wholeWrites<Components> (create: (components: Components) => ConnectionEncrypter): (components: Components) => ConnectionEncrypter {
  return (components) => {
    const encrypter = create(components)
    return {
      protocol: encrypter.protocol,
      [serviceCapabilities]: ['@libp2p/connection-encryption'],
      secureInbound: async (connection, options) => encrypter.secureInbound(gathering(connection), options),
      secureOutbound: async (connection, options) => encrypter.secureOutbound(gathering(connection), options)
    } as ConnectionEncrypter
  }
}

function gathering<Stream extends MessageStream> (connection: Stream): Stream {
  const send = connection.send.bind(connection)
  const close = connection.close.bind(connection)
  const waiting = new Uint8ArrayList()
  const isOpen = (): boolean => connection.status === 'open'

  const flush = (): boolean => {
    const whole = waiting.subarray()
    waiting.consume(whole.byteLength)
    return whole.byteLength === 0 || !isOpen() || send(whole)
  }

  connection.send = (data) => {
    if (!isOpen()) {
      return send(data)
    }
    if (waiting.byteLength === 0) {
      setImmediate(flush)
    }
    waiting.append(data)
    return waiting.byteLength < AT_ONCE_BYTES ? !connection.writableNeedsDrain : flush()
  }
  connection.close = async (options) => {
    flush()
    await close(options)
  }
  return connection
}
