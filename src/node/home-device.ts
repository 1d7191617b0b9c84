import { CodedError, explain } from '../domain/errors.ts'
import { composite } from '../drivers/composite.ts'
import { whenAwake } from '../drivers/when-awake.ts'
import type { Config } from '../config/schema.ts'
import type { Driver, DriverComponents, DriverParams } from '../drivers/driver.ts'
import type { Device } from '../ports/device.ts'

/** How the devices of this home are connected, as one. Throws `CONFIG_INVALID` for a driver nobody knows, before any is dialled. */
export function homeDevice ({ meter, secondMeter, inverter, battery }: Pick<Config, 'meter' | 'secondMeter' | 'inverter' | 'battery'>, known: readonly Driver[]): (components: DriverComponents) => Promise<Device> {
  const types = known.map((each) => ({ ...each, name: each.type }))
  const prepare = (section: string, { driver, params }: { readonly driver?: string, readonly params: DriverParams }): ((components: DriverComponents) => Promise<Device>) | undefined => {
    const found = driver == null ? undefined : named(`${section}.driver`, types, driver)
    return found == null ? undefined : async (components) => found.connect(params, components)
  }
  const first = named('meter.driver', types, meter.driver)
  const others = { secondMeter: prepare('secondMeter', secondMeter), inverter: prepare('inverter', inverter), battery: prepare('battery', battery) }
  return async (components) => {
    const awaited = async (section: string, dial: typeof others.inverter): Promise<Device | undefined> =>
      dial == null ? undefined : whenAwake(async () => dial(components), (error) => { components.logger.warn(`the ${section} does not answer yet`, { error: explain(error) }) })
    return composite({
      meter: await first.connect(meter.params, components),
      secondMeter: await others.secondMeter?.(components),
      inverter: await awaited('inverter', others.inverter),
      battery: await awaited('battery', others.battery)
    })
  }
}

/** Throws `CONFIG_INVALID` for a name that is not in the list. */
export function named<T extends { readonly name: string }> (path: string, list: readonly T[], name: string): T {
  const found = list.find((each) => each.name === name)
  if (found == null) {
    throw new CodedError('CONFIG_INVALID', `${path} is "${name}", but there are only: ${list.map((each) => each.name).join(', ')}.`)
  }
  return found
}
