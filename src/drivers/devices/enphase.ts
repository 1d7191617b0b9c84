import { CodedError } from '../../domain/errors.ts'
import { defineDriver, SERIAL_PARAM, serialOf } from '../driver.ts'
import { FINGERPRINT_PARAM, httpDevice, TOKEN_PARAM, URL_PARAM } from '../http-params.ts'
import { jsonDevice, valuesAt } from '../json-profile.ts'
import type { UnixSeconds } from '../../domain/units.ts'
import type { Logger } from '../../ports/telemetry.ts'
import type { JsonProfile, JsonValue } from '../json-profile.ts'
import type { JsonSource } from '../transports/json-source.ts'

const METERS = '/ivp/meters'
const READINGS = '/ivp/meters/readings'
const PRODUCTION = '/api/v1/production'
const WARN_DAYS = 30
const DAY_SEC = 86_400

/** Which current transformers there are, by what they measure; empty for a gateway without. */
async function findMeters (source: JsonSource): Promise<ReadonlyMap<string, string>> {
  const meters = await source.get(METERS).catch((error: unknown) => {
    if (error instanceof CodedError && error.code === 'DEVICE_BAD_ANSWER') {
      return undefined // firmware and models without transformers have no such page
    }
    throw error
  })
  return new Map(valuesAt(meters?.value, '*').flatMap((meter) => {
    const [[eid], [kind], [state]] = ['eid', 'measurementType', 'state'].map((name) => valuesAt(meter, name))
    return state === 'enabled' ? [[String(kind), String(eid)]] : []
  }))
}

/**
 * Only `net-consumption` stands at the grid connection: `total-consumption` is the house's load. A gateway without transformers
 * has a lifetime counter that falls back to zero near 1.2 MWh, which is no register, so that only its power is read.
 */
function profileOf (meters: ReadonlyMap<string, string>): JsonProfile {
  const at = (kind: string, name: string, unit: 'Wh' | 'W'): JsonValue[] => {
    const eid = meters.get(kind)
    return eid == null ? [] : [{ request: READINGS, path: `[eid=${eid}].${name}`, unit }]
  }
  const hasProduction = meters.has('production')
  return {
    values: {
      importMilliWh: at('net-consumption', 'actEnergyDlvd', 'Wh'),
      exportMilliWh: at('net-consumption', 'actEnergyRcvd', 'Wh'),
      gridWatts: at('net-consumption', 'activePower', 'W'),
      pvMilliWh: at('production', 'actEnergyDlvd', 'Wh'),
      pvWatts: hasProduction ? at('production', 'activePower', 'W') : { request: PRODUCTION, path: 'wattsNow', unit: 'W' },
      loadMilliWh: at('total-consumption', 'actEnergyDlvd', 'Wh'),
      loadWatts: at('total-consumption', 'activePower', 'W'),
      batteryWatts: at('storage', 'activePower', 'W')
    },
    ...meters.size === 0 ? {} : { stamp: { request: READINGS, path: `[eid=${[...meters.values()].at(-1) ?? ''}].timestamp` } }
  }
}

/** When an access token ends: the `exp` of its middle part. Undefined for what is no such token. */
function expiryOf (token: string): UnixSeconds | undefined {
  try {
    const { exp } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8')) as { exp?: unknown }
    return typeof exp === 'number' ? exp : undefined
  } catch {
    return undefined
  }
}

function checkToken (token: string, now: UnixSeconds, logger: Logger): void {
  const expiry = expiryOf(token)
  const daysLeft = expiry == null ? undefined : Math.floor((expiry - now) / DAY_SEC)
  if (daysLeft != null && daysLeft < 0) {
    throw new CodedError('DEVICE_DENIED', 'The token for the Enphase gateway has expired: fetch a new one with your Enphase account and put it into the settings.', { details: { expiry } })
  }
  if (daysLeft != null && daysLeft < WARN_DAYS) {
    logger.warn('the token of the Enphase gateway expires soon: fetch a new one', { daysLeft })
  }
}

export const enphase = defineDriver({
  type: 'enphase',
  title: 'Enphase IQ Gateway',
  testedWith: 'recorded answers',
  params: [
    URL_PARAM,
    { ...TOKEN_PARAM, description: 'Owner\'s access token from your Enphase account; valid for a year.' },
    FINGERPRINT_PARAM,
    SERIAL_PARAM
  ],
  async connect (params, components) {
    const { now, logger } = components
    const { token } = params as { token: string }
    checkToken(token, now(), logger)
    const source = httpDevice(params, components, { auth: { bearer: token } })
    const meters = await findMeters(source)
    if (!meters.has('net-consumption')) {
      logger.warn('the Enphase gateway has no transformer at the grid connection: it can show generation, and cannot sell')
    }
    const device = jsonDevice(profileOf(meters), { name: 'The Enphase gateway', source, now, traits: { maker: 'Enphase', ...serialOf(params) } })
    let checked = now()
    return {
      ...device,
      async sample () {
        if (now() - checked >= DAY_SEC) {
          checked = now()
          checkToken(token, now(), logger)
        }
        return device.sample()
      }
    }
  }
})
