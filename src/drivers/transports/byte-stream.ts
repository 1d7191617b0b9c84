import { connect } from 'node:net'
import { CodedError, explain } from '../../domain/errors.ts'
import { isWhole } from '../../domain/units.ts'
import type { Logger } from '../../ports/telemetry.ts'
import type { DriverParams, Param } from '../driver.ts'

/** Where bytes come from: a serial port or a TCP gateway in front of one. */
export interface ByteStreamInit {
  readonly path?: string
  readonly baudRate: number
  readonly dataBits: 7 | 8
  readonly parity: 'none' | 'even'
  readonly host?: string
  readonly port?: number
  readonly logger: Logger
  onData(chunk: Uint8Array): void
}

export interface ByteStream {
  /** Why nothing comes, while the connection is down. */
  trouble(): string | undefined
  close(): Promise<void>
}

interface Line {
  on(event: 'data', listener: (chunk: Uint8Array) => void): unknown
  on(event: 'error', listener: (error: Error) => void): unknown
  on(event: 'close', listener: () => void): unknown
  destroy(): unknown
}

/** Before the connection is tried again, doubled each time. */
const FIRST_PAUSE_MS = 1000
const LONGEST_PAUSE_MS = 60_000
const MAX_SILENCE_MS = 90_000

/** The settings of such a connection. */
export const BYTE_STREAM_PARAMS: readonly Param[] = [
  { name: 'path', type: 'text', description: 'Serial port of the reading head or cable, best by its lasting name under /dev/serial/by-id.' },
  { name: 'host', type: 'text', description: 'Instead of a serial port: host of a gateway that passes the bytes on over TCP.' },
  { name: 'port', type: 'whole', min: 1, max: 65_535, description: 'TCP port of that gateway.' }
]

/** Throws `DEVICE_BAD_PARAMS` unless exactly one of serial port and gateway is given. */
export function byteStreamParams (params: DriverParams, type: string): { path?: string, host?: string, port?: number } {
  const { path, host, port } = params as { path?: string, host?: string, port?: number }
  if ((path == null) === (host == null) || (host == null) !== (port == null)) {
    throw new CodedError('DEVICE_BAD_PARAMS', `Device type "${type}" needs either "path", a serial port, or "host" and "port", a gateway.`)
  }
  return { path, host, port }
}

/** Opens the connection and opens it again whenever it is lost; it only ever listens. */
export function openByteStream (init: ByteStreamInit): ByteStream {
  const where = init.path ?? `${init.host}:${init.port}`
  let pause = FIRST_PAUSE_MS
  let trouble: string | undefined = 'no connection yet'
  let isClosed = false
  let line: Line | undefined
  let timer: ReturnType<typeof setTimeout> | undefined

  const again = (): void => {
    if (!isClosed) {
      timer = setTimeout(open, pause)
      pause = Math.min(2 * pause, LONGEST_PAUSE_MS)
    }
  }

  const open = (): void => {
    openLine(init).then((opened) => {
      line = opened
      if (isClosed) {
        opened.destroy()
        return
      }
      trouble = undefined
      opened.on('data', (chunk) => {
        trouble = undefined
        pause = FIRST_PAUSE_MS
        init.onData(chunk)
      })
      opened.on('error', (error) => { trouble = plain(error) })
      opened.on('close', () => {
        trouble ??= 'the connection was closed'
        again()
      })
    }).catch((error: unknown) => {
      trouble = plain(error)
      init.logger.debug('device connection failed', { where, error: trouble })
      again()
    })
  }

  open()
  return {
    trouble: () => trouble,
    async close () {
      isClosed = true
      clearTimeout(timer)
      line?.destroy()
    }
  }
}

async function openLine ({ path, baudRate, dataBits, parity, host, port }: ByteStreamInit): Promise<Line> {
  if (path == null) {
    const socket = connect({ host, port: isWhole(port, 1, 65_535) ? port : 0 })
    // A gateway that lost power never says goodbye.
    return socket.setTimeout(MAX_SILENCE_MS, () => { socket.destroy(new Error(`nothing came for ${MAX_SILENCE_MS / 1000} s`)) })
  }
  const { SerialPort } = await import('serialport').catch((cause: unknown) => {
    throw new CodedError('DEVICE_UNREACHABLE', 'Serial ports need the optional package "serialport", which has no binary for this machine: use a gateway over TCP.', { cause })
  })
  return new Promise((resolve, reject) => {
    const serial = new SerialPort({ path, baudRate, dataBits, parity, stopBits: 1 }, (error) => {
      if (error == null) {
        resolve(serial)
      } else {
        reject(error)
      }
    })
  })
}

/** The serial port's own messages begin with the name of their class. */
function plain (error: unknown): string {
  return explain(error).replace(/^Error: /, '')
}
