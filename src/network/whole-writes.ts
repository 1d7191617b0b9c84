import { serviceCapabilities } from '@libp2p/interface'
import { Uint8ArrayList } from 'uint8arraylist'
import type { ConnectionEncrypter, MessageStream } from '@libp2p/interface'

/** From here on bytes go out at once, so that whoever sends much learns when the socket is full. */
const AT_ONCE_BYTES = 64 * 1024
/** Word that a little was read can wait for other words to the same neighbour, a thousandth of a window as it is. */
const ALLOWANCE_WAIT_MS = 100

/**
 * One order makes many small pieces: the muxer answers every frame with another, and noise hands on length, body and tag of each by
 * themselves. What goes to one neighbour within a turn of the event loop is encrypted as one, and written as one.
 */
export function wholeWrites<Components> (create: (components: Components) => ConnectionEncrypter): (components: Components) => ConnectionEncrypter {
  return (components) => {
    const encrypter = create(components)
    return {
      protocol: encrypter.protocol,
      [serviceCapabilities]: ['@libp2p/connection-encryption'],
      secureInbound: async (connection, options) => gathered(await encrypter.secureInbound(inOnePiece(connection), options), connection),
      secureOutbound: async (connection, options) => gathered(await encrypter.secureOutbound(inOnePiece(connection), options), connection)
    } as ConnectionEncrypter
  }
}

/** A socket is written to once for each piece. */
function inOnePiece<Socket extends MessageStream> (socket: Socket): Socket {
  const send = socket.send.bind(socket)
  socket.send = (data) => send(data.subarray())
  return socket
}

function gathered<Secured extends { connection: MessageStream }> (secured: Secured, socket: MessageStream): Secured {
  const { connection } = secured
  const send = connection.send.bind(connection)
  const close = socket.close.bind(socket)
  const waiting = new Uint8ArrayList()
  const isOpen = (): boolean => connection.status === 'open' && socket.status === 'open'

  let isDue = false
  let isDueLater = false

  const flush = (): boolean => {
    const whole = waiting.subarray()
    waiting.consume(whole.byteLength)
    return whole.byteLength === 0 || !isOpen() || send(whole)
  }
  const atEndOfTurn = (): void => {
    isDue = false
    flush()
  }
  const later = (): void => {
    isDueLater = false
    flush()
  }

  connection.send = (data) => {
    if (!isOpen()) {
      return send(data)
    }
    waiting.append(data)
    if (!isDue && !canWait(data)) {
      isDue = true
      setImmediate(atEndOfTurn)
    } else if (!isDue && !isDueLater) {
      isDueLater = true
      setTimeout(later, ALLOWANCE_WAIT_MS).unref()
    }
    return waiting.byteLength < AT_ONCE_BYTES ? !connection.writableNeedsDrain : flush()
  }
  socket.close = async (options) => {
    flush()
    await close(options)
  }
  return secured
}

/** True of yamux's frame that allows the other side as many more bytes as were read, when these were less than 64 KiB. */
function canWait (frame: Uint8Array | Uint8ArrayList): boolean {
  return frame instanceof Uint8Array && frame.byteLength === 12 && frame[1] === 1 && [0, 2, 3, 8, 9].every((at) => frame[at] === 0)
}
