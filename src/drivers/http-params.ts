import { httpJson } from './transports/http-json.ts'
import { devicePins } from './transports/pins.ts'
import type { DriverComponents, DriverParams, Param } from './driver.ts'
import type { HttpJsonInit } from './transports/http-json.ts'
import type { JsonSource } from './transports/json-source.ts'

/** Settings that devices with a web server share. */
export const URL_PARAM: Param = { name: 'url', type: 'text', isRequired: true, description: 'Address of the device, such as http://192.168.1.20.' }
export const PASSWORD_PARAM: Param = { name: 'password', type: 'text', isSecret: true, description: 'Password, where one is set on the device.' }
export const TOKEN_PARAM: Param = { name: 'token', type: 'text', isRequired: true, isSecret: true, description: 'Access token.' }
export const FINGERPRINT_PARAM: Param = {
  name: 'fingerprint', type: 'text', description: 'SHA-256 fingerprint of the only certificate to accept. Without it, the certificate of the first contact is remembered.'
}

/** The device's web server. */
export function httpDevice (params: DriverParams, { directory }: DriverComponents, init: Omit<HttpJsonInit, 'url' | 'fingerprint' | 'pins'> = {}): JsonSource {
  return httpJson({ ...init, url: String(params.url), fingerprint: optionalText(params.fingerprint), pins: devicePins(directory) })
}

export function optionalText (value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}
