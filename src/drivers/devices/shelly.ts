import { CodedError } from '../../domain/errors.ts'
import { defineDriver } from '../driver.ts'
import { httpDevice, optionalText, PASSWORD_PARAM, URL_PARAM } from '../http-params.ts'
import { jsonDevice, jsonTraits, valuesAt } from '../json-profile.ts'
import type { JsonProfile, JsonValue, Quantity } from '../json-profile.ts'

const STATUS = '/rpc/Shelly.GetStatus'
const INFO = '/rpc/Shelly.GetDeviceInfo'
const PHASES = ['a', 'b', 'c'] as const

/** What a clamp or plug is wired to decides what its numbers are called. */
const ROLES: Readonly<Record<string, { readonly forward: Quantity, readonly backward?: Quantity, readonly power: Quantity }>> = {
  grid: { forward: 'importMilliWh', backward: 'exportMilliWh', power: 'gridWatts' },
  pv: { forward: 'pvMilliWh', power: 'pvWatts' },
  load: { forward: 'loadMilliWh', power: 'loadWatts' }
}

/** Gen2 and newer: the meter of three phases, else that of one, else the switch of a plug. Watts into the house are positive. */
function profileOf (channel: number, role: string): JsonProfile {
  const { forward, backward, power } = ROLES[role]
  const at = (path: string, unit: 'Wh' | 'W', more: Partial<JsonValue> = {}): JsonValue => ({ request: STATUS, path, unit, ...more })
  const phases = (name: string): string[] => PHASES.map((phase) => `emdata:${channel}.${phase}_${name}`)
  const switched = [`switch:${channel}`, `pm1:${channel}`]
  return {
    values: {
      [forward]: [
        at(`emdata:${channel}.total_act`, 'Wh', { phases: phases('total_act_energy') }),
        at(`em1data:${channel}.total_act_energy`, 'Wh'),
        // a switch adds what came back to what went out as well
        ...switched.map((name) => at(`${name}.aenergy.total`, 'Wh', { less: `${name}.ret_aenergy.total` }))
      ],
      ...backward == null
        ? {}
        : {
            [backward]: [
              at(`emdata:${channel}.total_act_ret`, 'Wh', { phases: phases('total_act_ret_energy') }),
              at(`em1data:${channel}.total_act_ret_energy`, 'Wh'),
              ...switched.map((name) => at(`${name}.ret_aenergy.total`, 'Wh'))
            ]
          },
      [power]: [
        at(`em:${channel}.total_act_power`, 'W'),
        at(`em1:${channel}.act_power`, 'W'),
        ...switched.map((name) => at(`${name}.apower`, 'W'))
      ]
    },
    stamp: [{ request: STATUS, path: 'sys.unixtime' }, { request: STATUS, path: 'sys.uptime' }],
    serial: { request: INFO, path: 'mac' },
    model: { request: INFO, path: 'model' }
  }
}

export const shelly = defineDriver({
  type: 'shelly',
  title: 'Shelly energy meter or plug, second generation or newer',
  testedWith: 'written answers',
  params: [
    URL_PARAM,
    PASSWORD_PARAM,
    { name: 'channel', type: 'whole', min: 0, max: 15, description: 'Number of the clamp or switch; 0 unless given.' },
    { name: 'role', type: 'text', values: Object.keys(ROLES), description: 'What it measures; grid unless given. Power into the house must show as positive: turn the clamp round if not.' }
  ],
  async connect (params, components) {
    const { channel = 0, role = 'grid' } = params as { channel?: number, role?: string }
    const password = optionalText(params.password)
    const source = httpDevice(params, components, password == null ? {} : { auth: { digest: { user: 'admin', password } } })
    const profile = profileOf(channel, role)
    const known = await jsonTraits(profile, source)
    const status = (await source.get(STATUS))?.value
    const parts = [`em:${channel}`, `em1:${channel}`, `switch:${channel}`, `pm1:${channel}`].filter((name) => valuesAt(status, `"${name}"`).length > 0)
    if (parts.length === 0) {
      await source.close()
      throw new CodedError('DEVICE_BAD_PARAMS', `This Shelly measures nothing on channel ${channel}: correct "channel", or the address.`)
    }
    const traits = { maker: 'Shelly', ...known, addsPhasesSeparately: parts[0].startsWith('em:') }
    return jsonDevice(profile, { name: 'Shelly', source, now: components.now, traits })
  }
})
