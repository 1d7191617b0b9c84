import { defineDriver } from '../driver.ts'
import { obisSample } from '../obis.ts'
import { telegramInbox } from '../telegram-device.ts'
import { readSpeedwire } from '../telegrams/speedwire.ts'
import { openUdpGroup } from '../transports/udp-group.ts'

const GROUP = '239.12.255.254'
const PORT = 9522
/** A meter sends each second. */
const FIRST_DATAGRAM_MS = 5000

/** SMA Energy Meter and Sunny Home Manager, by their datagrams in the local network. */
export const smaMeter = defineDriver({
  type: 'sma-meter',
  title: 'SMA Energy Meter or Sunny Home Manager (Speedwire)',
  testedWith: 'written answers',
  params: [
    { name: 'serial', type: 'text', description: 'Serial number of the meter, needed when there are several; the first one heard unless given.' },
    { name: 'interface', type: 'text', description: 'Address of this computer in the network of the meter, when it has several.' },
    { name: 'port', type: 'whole', min: 1, max: 65_535, description: 'UDP port; 9522 unless given.' }
  ],
  async connect (params) {
    let chosen = params.serial
    let other: string | undefined
    const inbox = telegramInbox('The energy meter', (into) => {
      const group = openUdpGroup({
        group: GROUP,
        port: Number(params.port ?? PORT),
        interface: typeof params.interface === 'string' ? params.interface : undefined,
        onDatagram (datagram) {
          try {
            const found = readSpeedwire(datagram)
            chosen ??= found?.serial
            if (found != null && found.serial === chosen) {
              into.receive({ serial: found.serial, sample: obisSample(found.values) })
            } else if (found != null) {
              other = found.serial
            }
          } catch (error) {
            into.complain(error)
          }
        }
      })
      return { ...group, trouble: () => other == null ? group.trouble() : `only the meter with the number ${other} is heard, so correct "serial"` }
    })
    return inbox.device(FIRST_DATAGRAM_MS)
  }
})
