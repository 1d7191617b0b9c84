import { createSocket } from 'node:dgram'
import { explain } from '../../domain/errors.ts'

export interface UdpGroupInit {
  readonly group: string
  readonly port: number
  /** Address of the own network interface; the system chooses when it is not given. */
  readonly interface?: string
  onDatagram(datagram: Uint8Array): void
}

/** Listens to a multicast group, and to what is sent to the port directly. */
export function openUdpGroup ({ group, port, interface: own, onDatagram }: UdpGroupInit): { trouble(): string, close(): Promise<void> } {
  const socket = createSocket({ type: 'udp4', reuseAddr: true })
  let trouble: string | undefined
  socket.on('error', (error) => { trouble = explain(error) })
  socket.on('message', (datagram) => { onDatagram(datagram) })
  socket.bind(port, () => {
    try {
      socket.addMembership(group, own)
    } catch (error) {
      trouble = `this computer cannot join the group ${group}: ${explain(error)}`
    }
  })
  return {
    trouble: () => trouble ?? 'check that it is in the same network as this computer, and that no switch or Wi-Fi holds multicast back',
    close: async () => new Promise((resolve) => { socket.close(() => { resolve() }) })
  }
}
