import { hasCode } from '../../domain/errors.ts'
import { bad, ok, unknown, warn } from '../checks.ts'
import { looks } from '../devices/observe.ts'
import { judgeDevice } from '../devices/selling.ts'
import { chooseDevice } from '../devices/settings.ts'
import { sentence } from './computer.ts'
import type { Json } from '../../api/client.ts'
import type { NodeStatus } from '../../node/node.ts'
import type { Check } from '../checks.ts'
import type { Patient } from './patient.ts'

/** A short look is enough here; `devices test` looks longer. */
const LOOK_MS = 2000
const EVERY_MS = 1000

export async function checkMeter ({ config: { value: config }, paths, status }: Patient): Promise<Check[]> {
  if (config == null) {
    return [unknown('meter.reachable', 'The meter cannot be looked at without settings.')]
  }
  const practice = ['demo', 'csv-replay'].includes(config.meter.driver)
    ? [warn('meter.practice', `The meter is one for practice (${config.meter.driver}): its energy is not real.`, 'Choose your own with `wattmesh devices scan` before you trade for real money.')]
    : []
  return [...practice, ...status == null ? await ask(paths.directory) : byNode(status)]
}

/** Nobody else holds the connection of the device. */
async function ask (data: string): Promise<Check[]> {
  const reached = await connectAndLook(data).catch((error: unknown) => [bad('meter.reachable', sentence(error), hasCode(error, 'DEVICE_BAD_PARAMS', 'USAGE_NO_DRIVER', 'CONFIG_INVALID')
    ? 'Correct meter in config.yaml: `wattmesh devices list` shows the drivers, `wattmesh devices scan` the devices of this house.'
    : 'Then run `wattmesh devices test`.')])
  return reached.map((check) => ({ ...check, id: check.id.replace(/^device/, 'meter') }))
}

async function connectAndLook (data: string): Promise<Check[]> {
  const device = await chooseDevice({ data }).connect()
  try {
    const seen = []
    for await (const look of looks(device, { everyMs: EVERY_MS, forMs: LOOK_MS })) {
      seen.push(look)
    }
    return judgeDevice({ traits: device.traits, looks: seen })
  } finally {
    await device.close()
  }
}

/** The node holds the only connection some devices have, so it is asked and not the device. */
function byNode ({ meter, cannotSell, time }: Json<NodeStatus>): Check[] {
  const { problem, seenAt, traits } = meter
  const name = `The meter${traits.serial == null ? '' : ` with number ${traits.serial}`}`
  return [
    problem == null
      ? ok('meter.fresh', `${name} is well${seenAt == null ? '' : `; the running node read it ${Math.max(0, time - seenAt)} s ago`}.`)
      : bad('meter.fresh', `${name} is not well: ${problem}.`, 'Periods without a meter cannot be settled. Check its power and its network; with the node stopped, `wattmesh devices test` says more.'),
    cannotSell == null
      ? ok('meter.sells', 'This home can sell when it has a surplus.')
      : warn('meter.sells', `This home sells nothing just now: ${cannotSell}.`, 'It can still buy. With the node stopped, `wattmesh devices test` says what the meter lacks.')
  ]
}
