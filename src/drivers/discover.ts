import createMdns from 'multicast-dns'

/** A device or a service that announced itself in the local network. */
export interface Announced {
  /** Such as `shellypro3em-1a2b3c`. */
  readonly name: string
  readonly service: string
  readonly host: string
  readonly port: number
  readonly addresses: readonly string[]
  readonly text: Readonly<Record<string, string>>
  /** The driver that reads it, where its announcement tells. */
  readonly driver?: string
}

/** What is looked for, and who reads what is found. Many things have a web server, so that there the name decides. */
const SERVICES: Readonly<Record<string, string | ReadonlyArray<readonly [RegExp, string]>>> = {
  '_shelly._tcp.local': 'shelly',
  '_hwenergy._tcp.local': 'homewizard',
  '_homewizard._tcp.local': 'homewizard',
  '_enphase-envoy._tcp.local': 'enphase',
  '_home-assistant._tcp.local': 'home-assistant',
  '_mqtt._tcp.local': 'mqtt',
  '_evcc._tcp.local': 'evcc',
  '_http._tcp.local': [[/fronius|symo|primo|gen24/i, 'fronius'], [/tasmota/i, 'tasmota'], [/evcc/i, 'evcc'], [/^shelly/i, 'shelly']]
}

/** More announcements than a house has are not remembered. */
const MAX_ANNOUNCED = 256

export interface DiscoverInit {
  /** For how long announcements are collected, in milliseconds. */
  readonly waitMs?: number
  /** Address of one network interface; all of them unless given. */
  readonly interfaceAddress?: string
}

interface Heard {
  readonly services: Map<string, string>
  readonly targets: Map<string, { readonly host: string, readonly port: number }>
  readonly texts: Map<string, Record<string, string>>
  readonly addresses: Map<string, Set<string>>
}

/** Asks the local network by multicast DNS. Hears only what announces itself; what it says is a hint and no proof. */
export async function discoverDevices ({ waitMs = 3000, interfaceAddress }: DiscoverInit = {}): Promise<Announced[]> {
  const heard: Heard = { services: new Map(), targets: new Map(), texts: new Map(), addresses: new Map() }
  const mdns = createMdns(interfaceAddress == null ? {} : { interface: interfaceAddress })
  const ask = (): void => { mdns.query(Object.keys(SERVICES).map((name) => ({ name, type: 'PTR' as const }))) }
  await new Promise<void>((resolve) => {
    mdns.on('error', () => { resolve() }) // no network, or one without multicast: nobody is heard
    mdns.on('response', (packet: Packet) => {
      for (const record of [...packet.answers, ...packet.additionals]) {
        remember(heard, record)
      }
      const missing = [...heard.services.keys()].filter((instance) => !heard.targets.has(instance))
      if (missing.length > 0) {
        mdns.query(missing.flatMap((name) => [{ name, type: 'SRV' as const }, { name, type: 'TXT' as const }]))
      }
    })
    mdns.on('ready', ask)
    setTimeout(ask, waitMs / 3) // what is asked once may be lost
    setTimeout(resolve, waitMs)
  })
  await new Promise<void>((resolve) => { mdns.destroy(resolve) })
  return [...heard.services].flatMap(([instance, service]) => {
    const target = heard.targets.get(instance)
    return target == null ? [] : [announced(heard, { instance, service, ...target })]
  })
}

interface Packet {
  readonly answers: readonly DnsRecord[]
  readonly additionals: readonly DnsRecord[]
}

interface DnsRecord {
  readonly name: string
  readonly type: string
  readonly data?: unknown
}

function remember (heard: Heard, { name, type, data }: DnsRecord): void {
  if (Object.values(heard).some(({ size }) => size >= MAX_ANNOUNCED)) {
    return
  }
  if (type === 'PTR' && Object.hasOwn(SERVICES, name) && typeof data === 'string') {
    heard.services.set(data, name)
  } else if (type === 'SRV') {
    const { target, port } = data as { target: string, port: number }
    heard.targets.set(name, { host: target, port })
  } else if (type === 'TXT') {
    const lines = [data].flat().map((line) => String(line))
    heard.texts.set(name, Object.fromEntries(lines.map((line) => [line.split('=')[0], line.slice(line.indexOf('=') + 1)])))
  } else if ((type === 'A' || type === 'AAAA') && typeof data === 'string') {
    heard.addresses.set(name, (heard.addresses.get(name) ?? new Set()).add(data))
  }
}

function announced (heard: Heard, { instance, service, host, port }: { instance: string, service: string, host: string, port: number }): Announced {
  const name = printable(instance.slice(0, -service.length - 1))
  const readers = SERVICES[service]
  const driver = typeof readers === 'string' ? readers : readers.find(([pattern]) => pattern.test(name))?.[1]
  return {
    name,
    service: service.replace(/\.local$/, ''),
    host,
    port,
    addresses: [...heard.addresses.get(host) ?? []],
    text: Object.fromEntries(Object.entries(heard.texts.get(instance) ?? {}).map(([key, value]) => [printable(key), printable(value)])),
    ...driver == null ? {} : { driver }
  }
}

/** What strangers say is shown to people: no control characters, no novels. */
function printable (text: string): string {
  return text.replaceAll(/\p{Cc}/gu, '').slice(0, 128)
}
