import { configLines } from './settings.ts'
import type { Announced } from '../../drivers/discover.ts'
import type { ModbusFinding } from '../../drivers/scan-modbus.ts'
import type { ServiceFinding } from '../../drivers/scan-services.ts'

/** Something in the house that may be a meter, or knows one. */
export interface Found {
  readonly how: 'announced' | 'asked' | 'modbus' | 'serial'
  /** For people. */
  readonly what: string
  readonly address: string
  /** Settings to try it with; absent when nobody knows which driver reads it. */
  readonly meter?: { readonly driver: string, readonly params: Readonly<Record<string, string | number>> }
  /** What stands behind a setting, by its name. */
  readonly remarks?: Readonly<Record<string, string>>
  /** What to know before it is used. */
  readonly note?: string
}

interface Reader {
  params(url: string): Readonly<Record<string, string | number>>
  readonly remarks?: Readonly<Record<string, string>>
  readonly note?: string
}

const PASTE = 'PASTE-HERE'

const byUrl: Reader = { params: (url) => ({ url }) }

/** How drivers are told where their device is. */
const READERS: Readonly<Record<string, Reader>> = {
  shelly: { ...byUrl, note: 'If a password is set on it, add password.' },
  homewizard: { ...byUrl, note: 'Switch the local API on in the HomeWizard app.' },
  fronius: { ...byUrl, note: 'Switch the Solar API on in the inverter (GEN24: Communication, Solar API).' },
  tasmota: byUrl,
  evcc: byUrl,
  enphase: { params: (url) => ({ url: url.replace(/^http:/, 'https:').replace(/:80$/, ''), token: PASTE }), remarks: { token: 'from your Enphase account, valid a year' } },
  'home-assistant': { params: (url) => ({ url, token: PASTE }), remarks: { token: 'long-lived access token: in Home Assistant, your profile, Security' }, note: 'It reads the meters of your energy dashboard.' },
  mqtt: {
    params: (url) => ({ broker: url.replace(/^http:/, 'mqtt:') }),
    note: 'A broker passes on what others measure: say under values which topic holds import and export (docs/network-devices.md).'
  }
}

export function fromAnnouncement ({ name, service, host, port, addresses, text, driver }: Announced): Found {
  const at = addresses.find((address) => address.includes('.')) ?? host
  const address = `${at}:${port}`
  const reader = driver == null ? undefined : READERS[driver]
  const said = [text.internal_url, text.base_url].find((url) => url != null && /^https?:\/\/[\w.:[\]-]+$/.test(url))
  const url = driver === 'home-assistant' && said != null ? said : `http://${at}${port === 80 ? '' : `:${port}`}`
  return {
    how: 'announced',
    what: `${driver ?? 'unknown'}: "${name}" announces itself (${service})`,
    address,
    ...reader == null ? { note: 'No driver is known for it by its name.' } : settingsOf(driver ?? '', reader, url)
  }
}

export function fromService ({ host, port, driver, needsPassword, version }: ServiceFinding): Found {
  const names = { mqtt: 'an MQTT broker answers', evcc: `evcc answers${version == null ? '' : `, version ${version}`}`, 'home-assistant': 'Home Assistant answers' }
  const reader = READERS[driver]
  const settings = settingsOf(driver, reader, `http://${host}:${port}`)
  return {
    how: 'asked',
    what: `${driver}: ${names[driver]}`,
    address: `${host}:${port}`,
    ...settings,
    ...needsPassword === true ? { note: `It wants a user and a password: add brokerUser and brokerPassword. ${reader.note ?? ''}`.trim() } : {}
  }
}

function settingsOf (driver: string, reader: Reader, url: string): Pick<Found, 'meter' | 'remarks' | 'note'> {
  return { meter: { driver, params: reader.params(url) }, remarks: reader.remarks, note: reader.note }
}

/** SunSpec models of a meter at the grid connection. */
const METER_MODELS = [201, 202, 203, 204, 211, 212, 213, 214]

export function fromModbus ({ host, port, unit, speaks, driver, maker, model, serial, models = [] }: ModbusFinding): Found {
  const name = [maker, model].filter((part) => part != null && part !== '').join(' ')
  const hasMeter = models.some((id) => METER_MODELS.includes(id))
  return {
    how: 'modbus',
    what: `${driver ?? 'modbus'}: ${name === '' ? 'a device' : name}${serial == null || serial === '' ? '' : `, number ${serial}`} speaks ${speaks === 'sunspec' ? 'SunSpec' : 'Modbus'}`,
    address: `${host}:${port}, unit ${unit}`,
    ...driver == null ? {} : { meter: { driver, params: { host, ...port === 502 ? {} : { port }, unit } } },
    ...noteOfModbus(speaks, { driver, hasMeter })
  }
}

function noteOfModbus (speaks: ModbusFinding['speaks'], { driver, hasMeter }: { driver?: string, hasMeter: boolean }): Pick<Found, 'note'> {
  if (driver == null) {
    return { note: 'It does not say what it is: if you know the make, try its driver from `wattmesh devices list`, else generic-modbus with its paper.' }
  }
  if (speaks === 'sunspec') {
    return { note: hasMeter ? 'It has a grid meter.' : 'No grid meter shows under this number; an inverter alone tells what the roof makes, and a home cannot sell by that.' }
  }
  return { note: 'Recognised by a mark of its maker: check the values against its display.' }
}

export function fromSerial (path: string): Found {
  return {
    how: 'serial',
    what: `serial: ${path.slice(path.lastIndexOf('/') + 1)} is plugged in`,
    address: path,
    note: `A P1 cable is read by dsmr, an optical head by sml: try \`wattmesh devices test --driver dsmr --param path=${path}\`.`
  }
}

/** The same thing may be heard and asked: the first one stays. */
export function withoutRepeats (found: readonly Found[]): Found[] {
  const key = ({ address, meter, what }: Found): string => `${address} ${meter?.driver ?? what}`
  return [...new Map([...found].reverse().map((each) => [key(each), each])).values()].reverse()
}

/** What a person reads of one finding. */
export function describe ({ what, address, meter, remarks, note }: Found): string[] {
  return [
    what,
    `  at ${address}`,
    ...note == null ? [] : [`  ${note}`],
    ...meter == null ? [] : configLines(meter.driver, meter.params, remarks).map((line) => `    ${line}`)
  ]
}
