import { createSocket } from 'node:dgram'

const GROUP = '224.0.0.251'
const PORT = 5353

/** A question nobody answers: a header of twelve bytes that asks for nothing (RFC 1035, section 4.1.1). */
const NO_QUESTION = Buffer.alloc(12)

/**
 * Why nothing can be sent to the multicast group of mDNS from here; undefined when it can. A computer without a default route
 * often has no route for multicast either, and then mDNS is silent without any error of its own.
 */
export async function multicastProblem (): Promise<string | undefined> {
  const socket = createSocket({ type: 'udp4', reuseAddr: true })
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject)
      socket.bind(0, resolve)
    })
    socket.addMembership(GROUP)
    await new Promise<void>((resolve, reject) => {
      socket.send(NO_QUESTION, PORT, GROUP, (error) => { error == null ? resolve() : reject(error) })
    })
    return undefined
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error)
  } finally {
    socket.close()
  }
}
