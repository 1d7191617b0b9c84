import { CodedError } from '../../domain/errors.ts'
import type { DriverParams, Param } from '../driver.ts'
import type { ModbusLine } from '../transports/modbus.ts'

/** What differs between makers. */
export interface ModbusDefaults {
  readonly unit?: number
  readonly port?: number
  readonly baudRate?: number
  readonly parity?: ModbusLine['parity']
  readonly timeoutMs?: number
  readonly gapMs?: number
  readonly connectDelayMs?: number
}

export interface ModbusSettings {
  readonly line: ModbusLine
  readonly unit: number
  /** The one serial number to accept. */
  readonly serial?: string
  readonly ratedWatts?: number
}

/** The settings every Modbus device has. */
export function modbusParams ({ unit = 1, port = 502, baudRate = 9600, parity = 'none', timeoutMs = 3000, gapMs, connectDelayMs = 0 }: ModbusDefaults = {}): readonly Param[] {
  return [
    { name: 'transport', type: 'text', values: ['tcp', 'rtu-over-tcp', 'rtu'], description: 'Modbus TCP, serial frames through a TCP gateway, or a serial line; tcp unless a path is given.' },
    { name: 'host', type: 'text', description: 'Address of the device or of its gateway in the local network.' },
    { name: 'port', type: 'whole', min: 1, max: 65_535, description: `TCP port; ${port} unless given.` },
    { name: 'path', type: 'text', description: 'Serial line, such as /dev/ttyUSB0.' },
    { name: 'baudRate', type: 'whole', min: 300, max: 1_000_000, description: `Speed of the serial line; ${baudRate} unless given.` },
    { name: 'parity', type: 'text', values: ['none', 'even', 'odd'], description: `Parity of the serial line; ${parity} unless given.` },
    { name: 'stopBits', type: 'whole', min: 1, max: 2, description: 'Stop bits of the serial line; 1 unless given.' },
    { name: 'unit', type: 'whole', min: 0, max: 255, description: `Number of the device behind the connection; ${unit} unless given.` },
    { name: 'timeoutMs', type: 'whole', min: 100, max: 60_000, description: `How long to wait for an answer; ${timeoutMs} unless given.` },
    { name: 'gapMs', type: 'whole', min: 0, max: 10_000, description: `Pause between an answer and the next question; ${gapMs ?? '0, or 50 with serial frames,'} unless given.` },
    { name: 'connectDelayMs', type: 'whole', min: 0, max: 30_000, description: `Pause after connecting; ${connectDelayMs} unless given.` },
    { name: 'serial', type: 'text', description: 'Serial number of the device: any other is refused. Unless given, the first one seen counts while the node runs.' },
    { name: 'ratedWatts', type: 'whole', min: 1, max: 1_000_000, description: 'The most your grid connection can carry; what exceeds it by half is not believed.' }
  ]
}

/** Throws `DEVICE_BAD_PARAMS` when there is neither a host nor a path, or both. */
export function readModbusSettings (params: DriverParams, defaults: ModbusDefaults = {}): ModbusSettings {
  const { host = '', path = '' } = params as { host?: string, path?: string }
  const transport = (params.transport ?? (path === '' ? 'tcp' : 'rtu')) as ModbusLine['transport']
  const isSerial = transport === 'rtu'
  if ((isSerial ? path : host) === '') {
    throw new CodedError('DEVICE_BAD_PARAMS', isSerial ? 'Say with the setting "path" at which serial line the device is.' : 'Say with the setting "host" where the device is, or with "path" at which serial line.', { details: { transport } })
  }
  if ((isSerial ? host : path) !== '') {
    throw new CodedError('DEVICE_BAD_PARAMS', `A device is reached by "host" or by "path": with the transport ${transport}, leave out "${isSerial ? 'host' : 'path'}".`, { details: { transport } })
  }
  const given = { unit: 1, port: 502, baudRate: 9600, parity: 'none', stopBits: 1, timeoutMs: 3000, gapMs: transport === 'tcp' ? 0 : 50, connectDelayMs: 0, ...known(defaults), ...known(params) } as
    Omit<ModbusLine, 'transport' | 'host' | 'path'> & Pick<ModbusSettings, 'unit' | 'serial' | 'ratedWatts'>
  const { port, baudRate, parity, stopBits, timeoutMs, gapMs, connectDelayMs, unit, serial, ratedWatts } = given
  return { line: { transport, host, port, path, baudRate, parity, stopBits, timeoutMs, gapMs, connectDelayMs }, unit, serial, ratedWatts }
}

function known (values: object): object {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value != null))
}
