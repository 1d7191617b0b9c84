import { networkInterfaces } from 'node:os'

/** The part of a local network that is scanned: 254 addresses around one of ours, which may serve as a gateway itself. */
export interface Subnet {
  /** For people: `192.168.1.0/24`. */
  readonly name: string
  readonly hosts: readonly string[]
}

/** More networks than a house has are not scanned. */
const MAX_SUBNETS = 4

/** Networks of containers, virtual machines and tunnels: whoever is at the other end is not in this house. */
const NOT_THIS_HOUSE = /^(docker|br-|veth|virbr|vmnet|vboxnet|podman|cni|tun|tap|wg|ppp|tailscale|zt|utun)/

const PRIVATE = /^(10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.)/

/** The private networks this computer is in, each by the 256 addresses around its own. */
export function ownSubnets (interfaces: ReturnType<typeof networkInterfaces> = networkInterfaces()): Subnet[] {
  const own = Object.entries(interfaces)
    .filter(([name]) => !NOT_THIS_HOUSE.test(name))
    .flatMap(([, addresses = []]) => addresses)
    .filter(({ family, internal, address }) => family === 'IPv4' && !internal && PRIVATE.test(address))
    .map(({ address }) => address)
  const prefixes = new Set(own.map((address) => address.slice(0, address.lastIndexOf('.'))))
  return [...prefixes].slice(0, MAX_SUBNETS).map((prefix) => ({
    name: `${prefix}.0/24`,
    hosts: Array.from({ length: 254 }, (_, index) => `${prefix}.${index + 1}`)
  }))
}
