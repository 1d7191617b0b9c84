import { connect } from 'node:net'
import { httpJson } from './transports/http-json.ts'

/** A program on some computer that knows about meters. */
export interface ServiceFinding {
  readonly host: string
  readonly port: number
  readonly driver: 'mqtt' | 'home-assistant' | 'evcc'
  /** A broker that lets nobody in without a password. */
  readonly needsPassword?: boolean
  readonly version?: string
}

export interface ServiceScanInit {
  readonly hosts: readonly string[]
  /** How long each question may take, in milliseconds; 1500 unless given. */
  readonly timeoutMs?: number
  /** In place of the ports these programs use by themselves. */
  readonly ports?: { readonly mqtt: number, readonly homeAssistant: number, readonly evcc: number }
}

const USUAL_PORTS = { mqtt: 1883, homeAssistant: 8123, evcc: 7070 }

/** MQTT 3.1.1, section 3.1: a clean session without a name, kept alive for ten seconds. */
const MQTT_CONNECT = Buffer.from([0x10, 0x0c, 0x00, 0x04, 0x4d, 0x51, 0x54, 0x54, 0x04, 0x02, 0x00, 0x0a, 0x00, 0x00])
const MQTT_DISCONNECT = Buffer.from([0xe0, 0x00])

/** Asks computers at the usual ports whether a broker, Home Assistant or evcc runs there, by a question that any visitor may ask. */
export async function scanServices ({ hosts, timeoutMs = 1500, ports = USUAL_PORTS }: ServiceScanInit): Promise<ServiceFinding[]> {
  const found = await Promise.all(hosts.flatMap((host) => [
    broker(host, ports.mqtt, timeoutMs),
    homeAssistant(host, ports.homeAssistant, timeoutMs),
    evcc(host, ports.evcc, timeoutMs)
  ]))
  return found.filter((each) => each != null)
}

/** True when something at the port accepts a connection, which is closed at once. */
export async function isOpen (host: string, port: number, timeoutMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port })
    const end = (answer: boolean): void => {
      clearTimeout(timer)
      socket.destroy()
      resolve(answer)
    }
    const timer = setTimeout(() => { end(false) }, timeoutMs)
    socket.once('connect', () => { end(true) }).once('error', () => { end(false) })
  })
}

async function broker (host: string, port: number, timeoutMs: number): Promise<ServiceFinding | undefined> {
  const answer = await new Promise<Buffer | undefined>((resolve) => {
    const socket = connect({ host, port })
    const timer = setTimeout(() => { socket.destroy() }, timeoutMs)
    socket.once('connect', () => { socket.write(MQTT_CONNECT) })
    socket.once('data', (bytes) => {
      resolve(bytes)
      socket.end(MQTT_DISCONNECT)
    })
    socket.on('error', () => {})
    socket.once('close', () => {
      clearTimeout(timer)
      resolve(undefined)
    })
  })
  // CONNACK, section 3.2; codes 4 and 5 want a user name and password
  return answer?.[0] === 0x20 && answer[1] === 0x02 ? { host, port, driver: 'mqtt', needsPassword: answer[3] !== 0 } : undefined
}

async function homeAssistant (host: string, port: number, timeoutMs: number): Promise<ServiceFinding | undefined> {
  const manifest = await ask(host, port, { path: '/manifest.json', timeoutMs }) as { name?: unknown } | undefined
  return manifest?.name === 'Home Assistant' ? { host, port, driver: 'home-assistant' } : undefined
}

async function evcc (host: string, port: number, timeoutMs: number): Promise<ServiceFinding | undefined> {
  const answer = await ask(host, port, { path: '/api/state', timeoutMs }) as { result?: object, loadpoints?: unknown, version?: unknown } | undefined
  const state: { loadpoints?: unknown, version?: unknown } | undefined = answer?.result ?? answer
  if (!Array.isArray(state?.loadpoints)) {
    return undefined
  }
  return { host, port, driver: 'evcc', ...typeof state.version === 'string' ? { version: state.version.slice(0, 32) } : {} }
}

async function ask (host: string, port: number, { path, timeoutMs }: { path: string, timeoutMs: number }): Promise<unknown> {
  if (!await isOpen(host, port, timeoutMs)) {
    return undefined
  }
  const source = httpJson({ url: `http://${host.includes(':') ? `[${host}]` : host}:${port}`, maxMs: timeoutMs })
  try {
    return (await source.get(path))?.value ?? undefined
  } catch {
    return undefined // whatever it is, it is not what we look for
  } finally {
    await source.close()
  }
}
