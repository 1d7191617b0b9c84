import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import modbus from 'modbus-serial'
import { CodedError, hasCode } from '../../domain/errors.ts'

/** A device, or several on one wire, as the program reaches them. */
export interface ModbusLine {
  readonly transport: 'tcp' | 'rtu-over-tcp' | 'rtu'
  readonly host: string
  readonly port: number
  /** Of a serial line. */
  readonly path: string
  readonly baudRate: number
  readonly parity: 'none' | 'even' | 'odd'
  readonly stopBits: 1 | 2
  readonly timeoutMs: number
  /** Silence between an answer and the next question. */
  readonly gapMs: number
  /** Silence after connecting: some devices lose the first question. */
  readonly connectDelayMs: number
}

export interface ModbusRead {
  readonly unit: number
  readonly table: 'holding' | 'input'
  /** As it goes over the wire, from 0. */
  readonly address: number
  /** Registers of 16 bits, at most 125. */
  readonly count: number
}

/** One connection, shared by everything that talks over it. It can ask for registers and for nothing else. */
export interface ModbusBus {
  /** Connections made so far: whoever answers on a new one has to be identified again. */
  readonly connections: number
  /**
   * Two bytes per register, as they came. Throws `DEVICE_UNREACHABLE`, `DEVICE_BAD_ANSWER`, or `DEVICE_NO_REGISTER` when
   * the device has no such register.
   */
  read(request: ModbusRead): Promise<Buffer>
  close(): Promise<void>
}

const { default: ModbusClient } = modbus

/** The part of the library that reads; nothing here can name a function that writes. */
type Reader = Pick<InstanceType<typeof ModbusClient>,
'linkTCP' | 'linkTelnet' | 'connectRTUBuffered' | 'close' | 'isOpen' | 'on' | 'setID' | 'setTimeout' | 'readHoldingRegisters' | 'readInputRegisters'>

/** A connection that stands. */
interface Wire {
  readonly reader: Reader
  /** A new question is asked: what comes counts as its answer. */
  expectAnswer(): void
  /** Frees the line at once: a device that does not answer may never close its side. */
  hangUp(): Promise<void>
}

export const MAX_MODBUS_REGISTERS = 125
const MAX_MODBUS_RETRY_MS = 60_000
const FIRST_RETRY_MS = 1000
const CLOSE_MS = 500
/** Four times the longest answer there is, for late ones and noise. */
const MAX_MODBUS_ANSWER_BYTES = 1024

interface Shared {
  readonly line: string
  readonly bus: ModbusBus
  users: number
}

/** Devices often take one connection only, so that the process as a whole must not make two. */
const lines = new Map<string, Shared>()

/** The connection to `line`, made at the first reading. Throws `DEVICE_BAD_PARAMS` when it is in use with other settings. */
export function joinModbus (line: ModbusLine): ModbusBus {
  const name = nameOf(line)
  const settings = JSON.stringify(line)
  const shared = lines.get(name) ?? { line: settings, bus: createBus(line), users: 0 }
  if (shared.line !== settings) {
    throw new CodedError('DEVICE_BAD_PARAMS', `Two devices use ${name} with different settings; give both the same.`, { details: { line: name } })
  }
  shared.users++
  lines.set(name, shared)
  let isClosed = false
  return {
    get connections () {
      return shared.bus.connections
    },
    async read (request) {
      if (isClosed) {
        throw unreachable(line, 'was closed by this program')
      }
      return shared.bus.read(request)
    },
    async close () {
      if (isClosed) {
        return
      }
      isClosed = true
      shared.users--
      if (shared.users === 0) {
        lines.delete(name)
        await shared.bus.close()
      }
    }
  }
}

/** For the `catch` of a reading that may find nothing. */
export function undefinedIfMissing (error: unknown): undefined {
  if (!hasCode(error, 'DEVICE_NO_REGISTER')) {
    throw error
  }
}

function nameOf ({ transport, host, port, path }: ModbusLine): string {
  return transport === 'rtu' ? path : `${host}:${port}`
}

function createBus (line: ModbusLine): ModbusBus {
  let wire: Wire | undefined
  let abort: ((cause: Error) => void) | undefined
  let queue: Promise<unknown> = Promise.resolve()
  let connections = 0
  let failures = 0
  let retryAt = 0
  let lastAnswerAt = 0

  async function disconnect (): Promise<void> {
    const old = wire
    wire = undefined
    await old?.hangUp()
  }

  async function connected (): Promise<Wire> {
    if (wire?.reader.isOpen === true) {
      return wire
    }
    await disconnect()
    const waitMs = retryAt - performance.now()
    if (waitMs > 0) {
      throw unreachable(line, `did not let us connect; the next attempt is in ${Math.ceil(waitMs / 1000)} s`)
    }
    try {
      wire = await dial(line, (why) => abort?.(new Error(why)))
    } catch (cause) {
      retryAt = performance.now() + Math.min(MAX_MODBUS_RETRY_MS, FIRST_RETRY_MS * 2 ** failures)
      failures++
      throw unreachable(line, whyNot(cause), cause)
    }
    wire.reader.setTimeout(line.timeoutMs)
    failures = 0
    connections++
    await sleep(line.connectDelayMs)
    return wire
  }

  async function ask (request: ModbusRead): Promise<Buffer> {
    const { reader, expectAnswer } = await connected()
    await sleep(Math.max(0, lastAnswerAt + line.gapMs - performance.now()))
    expectAnswer()
    try {
      return await new Promise((resolve, reject) => {
        abort = reject
        answer(reader, request).then(resolve, reject)
      })
    } catch (cause) {
      const exception = exceptionOf(cause)
      if (exception == null) {
        // the answer may still come: it is waited out where answers have no number, and on a new connection it cannot be taken for another's
        await sleep(line.transport === 'tcp' ? 0 : line.timeoutMs)
        await disconnect()
        throw failed(line, request, cause)
      }
      throw refusal(line, request, exception)
    } finally {
      abort = undefined
      lastAnswerAt = performance.now()
    }
  }

  return {
    get connections () {
      return connections
    },
    async read (request) {
      const answered = queue.then(async () => ask(request))
      queue = answered.catch(() => {})
      return answered
    },
    async close () {
      queue = queue.then(disconnect)
      await queue
    }
  }
}

/** Connects; `onEnd` hears when the connection is over, and why. */
async function dial (line: ModbusLine, onEnd: (why: string) => void): Promise<Wire> {
  const reader: Reader = new ModbusClient()
  // without a listener, the error of an unplugged serial adapter would end the program
  reader.on('error', () => {})
  return line.transport === 'rtu' ? openPort(reader, line, onEnd) : openSocket(reader, line, onEnd)
}

async function openPort (reader: Reader, { path, baudRate, parity, stopBits }: ModbusLine, onEnd: (why: string) => void): Promise<Wire> {
  reader.on('close', () => { onEnd(CLOSED) })
  await reader.connectRTUBuffered(path, { baudRate, parity, stopBits, dataBits: 8 })
  return {
    reader,
    expectAnswer () {},
    async hangUp () {
      if (reader.isOpen) {
        await Promise.race([new Promise<void>((resolve) => { reader.close(() => { resolve() }) }), sleep(CLOSE_MS)])
      }
    }
  }
}

/** The socket is made here, because the library loses sight of one that is reset. */
async function openSocket (reader: Reader, { transport, host, port, timeoutMs }: ModbusLine, onEnd: (why: string) => void): Promise<Wire> {
  const socket = connect({ host, port, noDelay: true })
  socket.setTimeout(timeoutMs, () => { socket.destroy(new Error('connecting timed out')) })
  await once(socket, 'connect')
  socket.setTimeout(0)
  let unread = 0
  socket.on('error', () => {})
  socket.on('close', () => { onEnd(CLOSED) })
  socket.on('data', (chunk) => {
    unread += chunk.length
    if (unread > MAX_MODBUS_ANSWER_BYTES) {
      onEnd('more came than any answer has')
      socket.destroy()
    }
  })
  // linkTcpRTUBuffered, whatever its name says, puts the header of Modbus TCP around serial frames
  await (transport === 'tcp' ? reader.linkTCP(socket, { port }) : reader.linkTelnet(socket, { port }))
  return {
    reader,
    expectAnswer () { unread = 0 },
    async hangUp () {
      socket.destroy()
    }
  }
}

async function answer (client: Reader, { unit, table, address, count }: ModbusRead): Promise<Buffer> {
  client.setID(unit)
  const { buffer } = table === 'holding' ? await client.readHoldingRegisters(address, count) : await client.readInputRegisters(address, count)
  if (buffer.length !== 2 * count) {
    throw new Error(`${buffer.length} bytes came for ${count} registers`)
  }
  return buffer
}

const CLOSED = 'the connection was closed'
const TIMED_OUT = /timed out/i
const ONE_CLIENT = 'Many devices take one connection only, and Home Assistant or evcc may hold it: then let this node read through them, or put a Modbus proxy between'

/** What the operating system's codes mean here. */
const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: `refuses the connection: switch on Modbus TCP there and check the port. ${ONE_CLIENT}`,
  ENOTFOUND: 'is a name that nobody knows; check the address',
  EHOSTUNREACH: 'cannot be reached; check the address and that the device is on',
  ENETUNREACH: 'cannot be reached; check the address and the network'
}

function whyNot (cause: unknown): string {
  const reason = typeof cause === 'object' && cause != null && 'code' in cause ? REASONS[String(cause.code)] : undefined
  const message = messageOf(cause)
  if (message.includes('Cannot find module')) {
    return 'needs the package serialport, which is not installed: npm install serialport'
  }
  return reason ?? (TIMED_OUT.test(message) ? 'does not answer; check the address and that the device is on' : `cannot be opened: ${message}`)
}

/** The number of a Modbus exception, with which a device says no and remains well connected. */
function exceptionOf (cause: unknown): number | undefined {
  return typeof cause === 'object' && cause != null && 'modbusCode' in cause && typeof cause.modbusCode === 'number' ? cause.modbusCode : undefined
}

function failed (line: ModbusLine, { unit }: ModbusRead, cause: unknown): CodedError {
  const message = messageOf(cause)
  if (message === CLOSED || message === 'Port Not Open') {
    return unreachable(line, `closed the connection instead of answering. ${ONE_CLIENT}`, cause)
  }
  return TIMED_OUT.test(message) ? unreachable(line, `does not answer for unit ${unit}; check the unit, and whether the setting "transport" fits: a gateway of a serial line may want rtu-over-tcp`, cause) : badAnswer(line, message, cause)
}

/** Some errors of the library are plain objects. */
function messageOf (cause: unknown): string {
  return typeof cause === 'object' && cause != null && 'message' in cause ? String(cause.message) : String(cause)
}

/** Function, address or length that the device does not know; anything else is a state it may leave again. */
const NOT_THERE: readonly number[] = [1, 2, 3]
const BUSY: Readonly<Record<number, string>> = {
  5: 'is still at work on an earlier question', 6: 'is busy', 10: 'has no path to the device behind it', 11: 'gets no answer from the device behind it'
}

function refusal (line: ModbusLine, { unit, table, address, count }: ModbusRead, exception: number): CodedError {
  if (NOT_THERE.includes(exception)) {
    return new CodedError('DEVICE_NO_REGISTER', `${nameOf(line)} has no ${table} registers ${address} to ${address + count - 1} at unit ${unit}; check the unit and the model.`,
      { details: { line: nameOf(line), unit, table, address, exception } })
  }
  const why = BUSY[exception]
  return why == null ? badAnswer(line, `exception ${exception} of unit ${unit}`) : unreachable(line, `${why} (unit ${unit})`)
}

function unreachable (line: ModbusLine, why: string, cause?: unknown): CodedError {
  return new CodedError('DEVICE_UNREACHABLE', `${nameOf(line)} ${why}.`, { cause, details: { line: nameOf(line) } })
}

function badAnswer (line: ModbusLine, what: string, cause?: unknown): CodedError {
  return new CodedError('DEVICE_BAD_ANSWER', `${nameOf(line)} answered what makes no sense as Modbus: ${what}.`, { cause, details: { line: nameOf(line) } })
}
