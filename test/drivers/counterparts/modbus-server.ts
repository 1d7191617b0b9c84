import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { tied } from '../../helpers/child.ts'
import { stopAll } from '../../helpers/stop-all.ts'
import { until } from '../../helpers/until.ts'

/** The interpreter Debian's packages belong to. */
export const PYTHON = '/usr/bin/python3'
export const PYMODBUS = '/usr/lib/python3/dist-packages/pymodbus/__init__.py'
export const SERIAL_ASYNCIO = '/usr/lib/python3/dist-packages/serial_asyncio/__init__.py'

export interface ServedValue {
  readonly unit?: number
  readonly table?: 'holding' | 'input'
  readonly address: number
  /** `words` are registers as they are. */
  readonly type: string
  readonly value: number | string | readonly number[]
  readonly order?: string
  /** Registers of a text. */
  readonly size?: number
  /** A counter that grows by itself, from `value` at the Unix second `since` on. */
  readonly perSecond?: number
  readonly since?: number
}

export interface Question {
  readonly fc: number
  readonly unit: number
  readonly address: number
  readonly count: number
}

export interface ModbusServer {
  readonly port: number
  readonly questions: Question[]
  connections(): number
  turnedAway(): number
  command(order: object): Promise<void>
  stop(): Promise<void>
}

/** Python starts slowly on a busy machine. */
const PATIENCE_MS = 30_000

interface ServerOptions {
  readonly serial?: string
  readonly port?: number
  readonly maxConnections?: number
  readonly silentUnits?: readonly number[]
  readonly isGateway?: boolean
}

const started: ModbusServer[] = []

export async function serve (values: readonly ServedValue[], options: ServerOptions = {}): Promise<ModbusServer> {
  return startModbusServer({ values, ...options })
}

/** Starts pymodbus with these values on a free port, or on a serial line. A gateway says of units it does not have that they do not answer. */
export async function startModbusServer (options: ServerOptions & { readonly values: readonly ServedValue[] }): Promise<ModbusServer> {
  const child = tied(spawn(PYTHON, ['test/drivers/counterparts/modbus_server.py', JSON.stringify(options)], { stdio: ['pipe', 'pipe', 'pipe'] }))
  const exited = once(child, 'exit')
  const questions: Question[] = []
  let complaint = ''
  let listening: string | number | undefined
  let connections = 0
  let turnedAway = 0
  let done = 0
  // an order to a process that is gone fails in `command`
  child.stdin.on('error', () => {})
  child.stderr.on('data', (chunk) => { complaint += String(chunk) })
  createInterface({ input: child.stdout }).on('line', (line) => {
    const said = JSON.parse(line) as Partial<Question> & { listening?: number | string, connected?: number, turnedAway?: boolean, done?: boolean }
    listening ??= said.listening
    connections += said.connected == null ? 0 : 1
    turnedAway += said.turnedAway === true ? 1 : 0
    done += said.done === true ? 1 : 0
    if (said.fc != null) {
      questions.push(said as Question)
    }
  })
  const says = async (isSaid: () => boolean): Promise<void> => until(() => {
    if (child.exitCode != null || child.signalCode != null) {
      throw new Error(`pymodbus stopped: ${complaint}`)
    }
    return isSaid()
  }, PATIENCE_MS)
  await says(() => listening != null)
  const server = {
    port: Number(listening),
    questions,
    connections: () => connections,
    turnedAway: () => turnedAway,
    async command (order: object) {
      const before = done
      child.stdin.write(`${JSON.stringify(order)}\n`)
      await says(() => done > before)
    },
    async stop () {
      child.kill('SIGKILL')
      await exited
    }
  }
  started.push(server)
  return server
}

/** Stops all of them and returns what they were asked. */
export async function stopModbusServers (): Promise<Question[]> {
  const servers = started.splice(0)
  await stopAll(...servers.map(({ stop }) => stop))
  return servers.flatMap(({ questions }) => questions)
}
