import { isLocalAddress } from './reachability.ts'

/** A router as it describes itself, and where it takes orders (UPnP Internet Gateway Device, version 1 or 2). */
export interface Router {
  readonly id: string
  readonly location: URL
  readonly control: URL
  /** Kind of its service, which every order names again. */
  readonly service: string
}

export interface Forwarding {
  readonly externalPort: number
  readonly internalHost: string
  readonly internalPort: number
}

/** The router understood and said no. */
export class RouterRefusal extends Error {
  readonly reason: number

  constructor (reason: number) {
    super(`the router refused with error ${reason}`)
    this.reason = reason
  }
}

/** Routers are slow, but not slower. */
const CALL_MS = 5000
/** Descriptions have 2 to 20 KiB. */
const MAX_ROUTER_ANSWER_BYTES = 128 * 1024
/** What a router calls its way out, by preference. */
const WAYS_OUT = ['WANIPConnection:2', 'WANIPConnection:1', 'WANPPPConnection:1'].map((name) => `urn:schemas-upnp-org:service:${name}`)
/** Long enough that a router need not be asked all the time, and over soon when a home never comes back. */
const LEASE_SEC = 1200
const ONLY_PERMANENT_LEASES = 725
const DESCRIPTION = 'wattmesh'

/** Throws where there is no router, or none that forwards ports. */
export async function describeRouter (location: URL, signal?: AbortSignal): Promise<Router> {
  return readDescription(await read(location, { signal }), location)
}

/** What a router says of itself. Throws where it forwards no ports. */
export function readDescription (text: string, location: URL): Router {
  const services = text.split('<service>').slice(1).map((service) => ({ kind: valueOf(service, 'serviceType'), path: valueOf(service, 'controlURL') }))
  const [first] = WAYS_OUT.flatMap((kind) => services.filter((service) => service.kind === kind))
  const control = first?.path == null ? null : URL.parse(first.path, location)
  // orders go to the device that answered and to no other
  if (first?.kind == null || control?.hostname !== location.hostname || control.protocol !== 'http:') {
    throw new Error(`the device at ${location.href} forwards no ports`)
  }
  return { id: valueOf(text, 'UDN') ?? location.host, location, control, service: first.kind }
}

/** The address that the internet sees; undefined where the router has none of its own, because it is offline or behind another. */
export async function outsideAddress (router: Router, signal?: AbortSignal): Promise<string | undefined> {
  const address = valueOf(await call(router, 'GetExternalIPAddress', [], signal), 'NewExternalIPAddress') ?? ''
  return /^\d+\.\d+\.\d+\.\d+$/.test(address) && !address.startsWith('0.') && !isLocalAddress(`/ip4/${address}/`) ? address : undefined
}

/** Opens a TCP port, or opens it for longer. Throws `RouterRefusal`, with reason 718 when the port is another's. */
export async function forward (router: Router, { externalPort, internalHost, internalPort }: Forwarding, signal?: AbortSignal): Promise<void> {
  const ask = async (leaseSec: number): Promise<unknown> => call(router, 'AddPortMapping', [
    ['NewRemoteHost', ''],
    ['NewExternalPort', externalPort],
    ['NewProtocol', 'TCP'],
    ['NewInternalPort', internalPort],
    ['NewInternalClient', internalHost],
    ['NewEnabled', 1],
    ['NewPortMappingDescription', DESCRIPTION],
    ['NewLeaseDuration', leaseSec]
  ], signal)
  try {
    await ask(LEASE_SEC)
  } catch (error) {
    if (!(error instanceof RouterRefusal && error.reason === ONLY_PERMANENT_LEASES)) {
      throw error
    }
    await ask(0)
  }
}

export async function forget (router: Router, externalPort: number, signal?: AbortSignal): Promise<void> {
  await call(router, 'DeletePortMapping', [['NewRemoteHost', ''], ['NewExternalPort', externalPort], ['NewProtocol', 'TCP']], signal)
}

async function call ({ control, service }: Router, action: string, values: ReadonlyArray<readonly [string, string | number]>, signal?: AbortSignal): Promise<string> {
  const body = `<?xml version="1.0"?>
<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" s:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/"><s:Body>
<u:${action} xmlns:u="${service}">${values.map(([name, value]) => `<${name}>${value}</${name}>`).join('')}</u:${action}>
</s:Body></s:Envelope>`
  return read(control, { signal, method: 'POST', headers: { 'Content-Type': 'text/xml; charset="utf-8"', SOAPAction: `"${service}#${action}"` }, body })
}

async function read (url: URL, { signal, ...request }: RequestInit): Promise<string> {
  const late = AbortSignal.timeout(CALL_MS)
  const response = await fetch(url, { ...request, redirect: 'error', signal: signal == null ? late : AbortSignal.any([signal, late]) })
  let text = ''
  for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    text += chunk
    if (text.length > MAX_ROUTER_ANSWER_BYTES) {
      throw new Error(`${url.host} answers without an end`)
    }
  }
  if (!response.ok) {
    const reason = Number(valueOf(text, 'errorCode') ?? NaN)
    throw Number.isInteger(reason) ? new RouterRefusal(reason) : new Error(`${url.host} answered with status ${response.status}`)
  }
  return text
}

/** The first element of this name, whatever its namespace is called. Bounded, so that no answer takes long to read. */
function valueOf (xml: string, name: string): string | undefined {
  return new RegExp(`<(?:\\w{1,20}:)?${name}(?:\\s[^>]{0,200})?>([^<]*)<`).exec(xml)?.[1].trim().replaceAll('&amp;', '&')
}
