import { readdir } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { discoverDevices } from '../../drivers/discover.ts'
import { scanModbus } from '../../drivers/scan-modbus.ts'
import { isOpen, scanServices } from '../../drivers/scan-services.ts'
import { fromAnnouncement, fromModbus, fromSerial, fromService, withoutRepeats } from './found.ts'
import type { Found } from './found.ts'

/** How many addresses are called at the same time: few, so that no router takes it for an attack. */
export const MAX_SCAN_CONNECTIONS = 8

/** How long an address may take to accept a connection. Computers of one house answer within a few. */
const CONNECT_MS = 400

/** Between finding an open port and asking: devices with one connection need a moment to give it free again. */
const REST_MS = 1000

const SERIAL_LINKS = '/dev/serial/by-id'
const THIS_COMPUTER = '127.0.0.1'

export interface QuietScanInit {
  readonly waitMs: number
  /** Computers to ask beside this one and those that announced something. */
  readonly hosts: readonly string[]
}

/** What announces itself, what answers at the usual ports of programs for the home, and what is plugged in. */
export async function quietScan ({ waitMs, hosts }: QuietScanInit): Promise<Found[]> {
  const announced = await discoverDevices({ waitMs })
  const around = announced.flatMap(({ addresses }) => addresses.filter((address) => address.includes('.')))
  const [services, serial] = await Promise.all([scanServices({ hosts: [...new Set([THIS_COMPUTER, ...hosts, ...around])] }), serialLines()])
  return withoutRepeats([...announced.map(fromAnnouncement), ...services.map(fromService), ...serial.map(fromSerial)])
}

async function serialLines (): Promise<string[]> {
  return readdir(SERIAL_LINKS).then((names) => names.map((name) => `${SERIAL_LINKS}/${name}`), () => [])
}

export interface ModbusSearchInit {
  readonly hosts: readonly string[]
  readonly port: number
  readonly signal: AbortSignal
}

/** Calls each address once, then asks those that answered, one after the other. Ends early and quietly when the signal fires. */
export async function * modbusSearch ({ hosts, port, signal }: ModbusSearchInit): AsyncGenerator<Found> {
  const open = await listening({ hosts, port, signal })
  if (open.length === 0 || signal.aborted) {
    return
  }
  await sleep(REST_MS)
  try {
    for await (const finding of scanModbus({ targets: open.map((host) => ({ host, port })), signal })) {
      yield fromModbus(finding)
    }
  } catch (error) {
    if (!signal.aborted) {
      throw error
    }
  }
}

async function listening ({ hosts, port, signal }: ModbusSearchInit): Promise<string[]> {
  const waiting = [...hosts]
  const open: string[] = []
  await Promise.all(Array.from({ length: MAX_SCAN_CONNECTIONS }, async () => {
    for (let host = waiting.shift(); host != null && !signal.aborted; host = waiting.shift()) {
      if (await isOpen(host, port, CONNECT_MS)) {
        open.push(host)
      }
    }
  }))
  return hosts.filter((host) => open.includes(host))
}

/** Seconds a search takes when nobody is there. */
export function longestSearch (hosts: number): number {
  return Math.ceil(hosts * CONNECT_MS / 1000 / MAX_SCAN_CONNECTIONS)
}
