import { badParam, defineDriver } from '../driver.ts'
import { TOKEN_PARAM, URL_PARAM } from '../http-params.ts'
import { isPeriodic } from '../json-profile.ts'
import { isEnergyUnit, isUnit, toMilliWh, toNumber, toWatts } from '../quantity.ts'
import { homeAssistant as connectHomeAssistant } from '../transports/home-assistant.ts'
import { badAnswer } from '../transports/json-source.ts'
import type { Device } from '../../ports/device.ts'
import type { Quantity } from '../json-profile.ts'
import type { Entity, HomeAssistant } from '../transports/home-assistant.ts'

/** What of a sample Home Assistant's energy dashboard can name. */
const DASHBOARD = ['importMilliWh', 'exportMilliWh', 'gridWatts', 'pvMilliWh', 'pvWatts', 'batteryWatts', 'batteryPercent'] as const satisfies readonly Quantity[]

/** How old a sample is, these say: an inverter that sleeps must not make the grid meter old. */
const GRID: readonly Quantity[] = ['importMilliWh', 'exportMilliWh', 'gridWatts']

/** A power or level of roof or battery that nobody reported for so long is unknown. */
const MAX_UNHEARD_MS = 3_600_000

type Entities = Readonly<Record<typeof DASHBOARD[number], readonly string[]>>

/** One entry of the dashboard; grid connections had lists until 2026 and are flat since. */
interface EnergySource {
  readonly type?: string
  readonly stat_energy_from?: string | null
  readonly stat_energy_to?: string | null
  readonly stat_rate?: string
  readonly stat_soc?: string
  readonly flow_from?: ReadonlyArray<{ readonly stat_energy_from?: string }>
  readonly flow_to?: ReadonlyArray<{ readonly stat_energy_to?: string }>
  readonly power?: ReadonlyArray<{ readonly stat_rate?: string }>
}

/** The entities the owner chose for the energy dashboard. Each counts once, even when it is listed twice. */
export function dashboardEntities (preferences: unknown): Entities {
  const { energy_sources: sources } = (preferences ?? {}) as { energy_sources?: unknown }
  const all = Array.isArray(sources) ? sources as EnergySource[] : []
  const ids = (type: string, pick: (source: EnergySource) => ReadonlyArray<string | null | undefined>): string[] =>
    [...new Set(all.filter((source) => source.type === type).flatMap(pick).filter((id) => typeof id === 'string'))]
  const levels = ids('battery', ({ stat_soc: level }) => [level])
  return {
    importMilliWh: ids('grid', ({ stat_energy_from: from, flow_from: flows = [] }) => [from, ...flows.map((flow) => flow.stat_energy_from)]),
    exportMilliWh: ids('grid', ({ stat_energy_to: to, flow_to: flows = [] }) => [to, ...flows.map((flow) => flow.stat_energy_to)]),
    gridWatts: ids('grid', ({ stat_rate: rate, power = [] }) => [rate, ...power.map((flow) => flow.stat_rate)]),
    pvMilliWh: ids('solar', ({ stat_energy_from: from }) => [from]),
    pvWatts: ids('solar', ({ stat_rate: rate }) => [rate]),
    batteryWatts: ids('battery', ({ stat_rate: rate }) => [rate]),
    batteryPercent: all.filter(({ type }) => type === 'battery').length === 1 ? levels : [] // two levels are no sum
  }
}

const chosen = (name: string, what: string): { name: string, type: 'text', description: string } =>
  ({ name, type: 'text', description: `Entity of ${what}, instead of those of the energy dashboard.` })

const CHOICES = { gridImport: 'importMilliWh', gridExport: 'exportMilliWh', gridPower: 'gridWatts', pvEnergy: 'pvMilliWh', pvPower: 'pvWatts', batteryPower: 'batteryWatts', batteryLevel: 'batteryPercent' } as const

/** Whatever Home Assistant reads, as its energy dashboard is set up. */
export const homeAssistant = defineDriver({
  type: 'home-assistant',
  title: 'Home Assistant',
  testedWith: 'the program itself',
  params: [
    { ...URL_PARAM, description: 'Address of Home Assistant, such as http://homeassistant.local:8123.' },
    { ...TOKEN_PARAM, description: 'Long-lived access token, from your profile page in Home Assistant.' },
    { name: 'serial', type: 'text', description: 'Serial number of the grid meter, so that no other home sells by it.' },
    { name: 'addsPhases', type: 'yesNo', description: 'Whether the registers add up the phases one by one, so that both can grow at once.' },
    chosen('gridImport', 'the import register'),
    chosen('gridExport', 'the export register'),
    chosen('gridPower', 'the power at the grid, import positive'),
    chosen('pvEnergy', 'the generation register'),
    chosen('pvPower', 'the generation'),
    chosen('batteryPower', 'the battery\'s power, discharge positive'),
    chosen('batteryLevel', 'the battery\'s level')
  ],
  async connect (params, components) {
    const { url, token, serial, addsPhases = false } = params as { url: string, token: string, serial?: string, addsPhases?: boolean }
    const nowMs = (): number => components.now() * 1000
    const home = await connectHomeAssistant({ url, token, nowMs })
    try {
      const entities = await metersOwn(home, { ...dashboardEntities(await home.preferences()), ...chosenEntities(params) })
      const ids = [...new Set(Object.values(entities).flat())]
      await home.watch(ids)
      await checkEntities(home, entities)
      return device(home, entities, { ...serial == null ? {} : { serial }, addsPhasesSeparately: addsPhases })
    } catch (error) {
      await home.close()
      throw error
    }
  }
})

function chosenEntities (params: Readonly<Record<string, unknown>>): Partial<Entities> {
  return Object.fromEntries(Object.entries(CHOICES).filter(([name]) => params[name] != null).map(([name, quantity]) => [quantity, [String(params[name])]]))
}

/** As nodes name what they publish (`mqtt` in the settings). */
const PUBLISHED = /^wattmesh_[0-9a-f]{12}_/

/** Without what a node tells Home Assistant of its trades: it stands in the energy dashboard too, and is no meter. */
async function metersOwn (home: HomeAssistant, entities: Entities): Promise<Entities> {
  const isPublished = async (id: string): Promise<boolean> => PUBLISHED.test(await home.uniqueId(id) ?? '')
  const own = await Promise.all(DASHBOARD.map(async (quantity) => {
    const published = await Promise.all(entities[quantity].map(isPublished))
    return [quantity, entities[quantity].filter((_, index) => !published[index])] as const
  }))
  const left = own.reduce((all, [quantity, ids]) => ({ ...all, [quantity]: ids }), entities)
  if (left.importMilliWh.length < entities.importMilliWh.length && left.importMilliWh.length === 0) {
    throw badParam(homeAssistant, 'gridImport', 'is needed, because the energy dashboard has only what Wattmesh itself shows there: name your meter\'s own entities here and for gridExport')
  }
  return left
}

/** Refuses what can never settle: nothing at the grid, statistics without a live value, and counters that begin again. */
async function checkEntities (home: HomeAssistant, entities: Entities): Promise<void> {
  if (entities.importMilliWh.length === 0 && entities.gridWatts.length === 0) {
    throw badParam(homeAssistant, 'gridImport', 'is missing, and the energy dashboard has no grid connection either: set up one of them')
  }
  const registers = [['gridImport', entities.importMilliWh], ['gridExport', entities.exportMilliWh], ['pvEnergy', entities.pvMilliWh]] as const
  for (const [name, id] of registers.flatMap(([each, ids]) => ids.map((one) => [each, one] as const))) {
    const entity = await home.entity(id)
    const attributes = entity?.attributes ?? {}
    if (id.includes(':') || entity == null) {
      throw badParam(homeAssistant, name, `must be an entity with a live value, which ${id} is not: choose another in the energy dashboard or here`)
    }
    if (isPeriodic(id) || ['last_reset', 'last_period', 'meter_period', 'cron pattern'].some((sign) => attributes[sign] != null) || attributes.state_class === 'measurement') {
      throw badParam(homeAssistant, name, `must be a lifetime register, but ${id} begins again every so often: choose the meter's own entity`)
    }
  }
}

function device (home: HomeAssistant, entities: Entities, traits: Device['traits']): Device {
  return {
    traits,
    async sample () {
      const values: Partial<Record<Quantity, number>> = {}
      const ages: { grid: number[], others: number[] } = { grid: [], others: [] }
      for (const quantity of DASHBOARD) {
        const read = await Promise.all(entities[quantity].map(async (id) => home.entity(id)))
        const parts = read.map((entity) => entity == null ? undefined : convert(quantity, entity))
        const sum = parts.reduce<number | undefined>((a, b) => a == null || b == null ? undefined : a + b, 0)
        const ageMs = Math.max(0, ...read.map((entity) => entity?.ageMs ?? 0))
        const isGrid = GRID.includes(quantity)
        if (parts.length > 0 && sum != null && (isGrid || quantity.endsWith('MilliWh') || ageMs <= MAX_UNHEARD_MS)) {
          values[quantity] = sum
          ages[isGrid ? 'grid' : 'others'].push(ageMs)
        }
      }
      const { grid, others } = ages
      if (grid.length + others.length === 0) {
        throw badAnswer('Home Assistant', 'no value of the grid connection, the roof or the battery')
      }
      return { ...values, ageMs: Math.round(Math.max(...grid.length > 0 ? grid : others)) }
    },
    close: async () => home.close()
  }
}

/** By the unit the entity has now; `unknown` and `unavailable` are no numbers. */
function convert (quantity: Quantity, { state, attributes }: Entity): number | undefined {
  const unit = String(attributes.unit_of_measurement)
  if (quantity === 'batteryPercent') {
    return unit === '%' ? toNumber(state) : undefined
  }
  if (!isUnit(unit) || isEnergyUnit(unit) !== quantity.endsWith('MilliWh')) {
    return undefined
  }
  if (isEnergyUnit(unit)) {
    return toMilliWh(state, unit)
  }
  const watts = toWatts(state, unit)
  return quantity === 'pvWatts' && watts != null ? Math.max(0, watts) : watts
}
