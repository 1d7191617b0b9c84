import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { silentLogger } from './street.ts'
import type { DriverComponents } from '../../src/drivers/driver.ts'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Replayed {
  readonly status?: number
  readonly headers?: Record<string, string>
  /** Text as it is, anything else as JSON. */
  readonly body?: unknown
}

export type Answerer = (path: string, request: IncomingMessage) => Replayed | undefined

export interface ReplayServer {
  readonly url: string
  /** Every request so far, path and query. */
  readonly asked: string[]
  close(): Promise<void>
}

/** A device that answers as it is told; 404 for what it does not know. */
export async function replayServer (answer: Answerer, tls?: { key: string, cert: string }): Promise<ReplayServer> {
  const asked: string[] = []
  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    const path = decodeURI(request.url ?? '')
    asked.push(path)
    const { status = 200, headers = {}, body } = answer(path, request) ?? { status: 404, body: 'not found' }
    response.writeHead(status, headers).end(typeof body === 'string' ? body : JSON.stringify(body))
  }
  const server = tls == null ? createServer(handle) : createTlsServer(tls, handle)
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  const { port } = server.address() as AddressInfo
  return {
    url: `${tls == null ? 'http' : 'https'}://127.0.0.1:${port}`,
    asked,
    close: async () => new Promise((resolve) => {
      server.close(() => { resolve() })
      server.closeAllConnections()
    })
  }
}

/** Answers of real devices, where they are: beside the project, never in it. */
const RECORDED = '../shared/data/devices'

/** A recorded file's text; undefined when the device had no such page. */
export function recorded (file: string): string | undefined {
  try {
    return readFileSync(`${RECORDED}/${file}`, 'utf8')
  } catch {
    return undefined
  }
}

/** What a driver is given, at `time`. */
export function driverComponents (time = 1_700_006_400, more: Partial<DriverComponents> = {}): DriverComponents {
  return { now: () => time, periodSec: 900, logger: silentLogger(), ...more }
}
