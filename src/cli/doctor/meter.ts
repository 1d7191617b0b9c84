import { hasCode } from '../../domain/errors.ts'
import { bad, ok, unknown, warn } from '../checks.ts'
import { looks } from '../devices/observe.ts'
import { judgeDevice } from '../devices/selling.ts'
import { chooseDevice } from '../devices/settings.ts'
import { sentence } from './computer.ts'
import type { Patient } from './patient.ts'
import type { Check } from '../checks.ts'
import type { Config } from '../../config/schema.ts'
import type { Json } from '../../api/client.ts'
import type { NodeStatus } from '../../node/node.ts'

/** A short look is enough here; `devices test` looks longer. */
const LOOK_MS = 2000
const EVERY_MS = 1000

/** The node reads a period once it is over; after so many periods without one something is wrong. */
const PERIODS_WITHOUT = 3

export async function checkMeter ({ config: { value: config }, paths, status }: Patient): Promise<Check[]> {
  if (config == null) {
    return [unknown('meter.reachable', 'The meter cannot be looked at without settings.')]
  }
  const practice = ['demo', 'csv-replay'].includes(config.meter.driver)
    ? [warn('meter.practice', `The meter is one for practice (${config.meter.driver}): its energy is not real.`, 'Choose your own with `wattmesh devices scan` before you trade for real money.')]
    : []
  return [...practice, ...status == null ? await ask(paths.directory) : periods(config, status)]
}

/** Nobody else holds the connection of the device. */
async function ask (data: string): Promise<Check[]> {
  const reached = await connectAndLook(data).catch((error: unknown) => [bad('meter.reachable', sentence(error), hasCode(error, 'DEVICE_BAD_PARAMS', 'USAGE_NO_DRIVER')
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
function periods ({ market }: Config, { lastReading, time }: Json<NodeStatus>): Check[] {
  if (lastReading == null) {
    return [unknown('meter.fresh', 'The running node has not metered a whole period yet.', `Run this again in ${Math.ceil(2 * market.periodSec / 60)} minutes.`)]
  }
  const behind = Math.floor((time - lastReading.periodStart) / market.periodSec) - 1
  return [behind > PERIODS_WITHOUT
    ? bad('meter.fresh', `The running node has metered no period since ${new Date(lastReading.periodStart * 1000).toISOString().slice(0, 16).replace('T', ' ')} UTC.`, 'Look at its log for the meter; stop the node and run `wattmesh devices test`.')
    : ok('meter.fresh', 'The running node has metered the newest periods.')]
}
