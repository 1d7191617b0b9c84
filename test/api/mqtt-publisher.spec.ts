import { readFileSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { expect } from 'aegir/chai'
import { discoveryOf } from '../../src/api/mqtt-discovery.ts'
import { startMqttPublisher } from '../../src/api/mqtt-publisher.ts'
import { lifetimeTotals } from '../../src/api/totals.ts'
import { isMetered } from '../../src/domain/reading.ts'
import { formatMoney } from '../../src/domain/units.ts'
import { needs } from '../helpers/debian.ts'
import { removeTemporaryDirectories, temporaryDirectory } from '../helpers/directory.ts'
import { BROKER_PASSWORD, BROKER_USER, listen as listenTo, mosquitto } from '../helpers/mosquitto.ts'
import { stopAll } from '../helpers/stop-all.ts'
import { flatProfile, silentLogger, startMemoryHomes, STREET_START } from '../helpers/street.ts'
import { until } from '../helpers/until.ts'
import type { MqttPublisherInit } from '../../src/api/mqtt-publisher.ts'
import type { PeriodReading } from '../../src/domain/reading.ts'
import type { Trade } from '../../src/domain/trade.ts'
import type { EnergyNode } from '../../src/node/node.ts'
import type { Mosquitto } from '../helpers/mosquitto.ts'
import type { MemoryStreetHomes } from '../helpers/street.ts'
import type { AddressInfo, Socket } from 'node:net'

const HOUR = 3600

interface Component {
  readonly platform: string
  readonly device_class?: string
  readonly state_class?: string
  readonly unit_of_measurement?: string
  readonly unique_id: string
  readonly [field: string]: unknown
}

interface Discovery {
  readonly device: Record<string, unknown>
  readonly origin: Record<string, unknown>
  readonly components: Record<string, Component>
}

/** Home Assistant's own table of what goes together: developers.home-assistant.io, sensor entity; null is "no state class". */
const STATE_CLASSES: Record<string, ReadonlyArray<string | undefined>> = {
  energy: ['total', 'total_increasing', undefined],
  monetary: ['total', undefined],
  enum: [undefined],
  none: ['measurement', 'total', 'total_increasing', undefined]
}

const UNITS: Record<string, readonly string[]> = { energy: ['Wh', 'kWh', 'MWh', 'J', 'kJ', 'MJ', 'GJ', 'cal', 'kcal', 'Mcal', 'Gcal', 'mWh', 'GWh', 'TWh'] }

describe('publishing to Home Assistant, with mosquitto', () => {
  let broker: Mosquitto
  let street: MemoryStreetHomes
  const publishers: Array<{ stop(): Promise<void> }> = []
  const listeners: Array<() => void> = []

  before(needs('/usr/sbin/mosquitto', 'mosquitto'))
  before(needs('mosquitto_sub', 'mosquitto-clients'))

  before(async () => {
    broker = await mosquitto()
    street = await startMemoryHomes([flatProfile(100, 500), flatProfile(400, 0)])
    await street.clock.advanceTo(STREET_START + 6 * HOUR + 60)
  })

  afterEach(async () => {
    await stopAll(...publishers.splice(0).map((publisher) => async () => publisher.stop()), ...listeners.splice(0))
  })

  after(async () => {
    await stopAll(async () => street?.stop(), async () => broker?.stop(), removeTemporaryDirectories)
  })

  function listen (): Map<string, string> {
    const { heard, stop } = listenTo(broker.port)
    listeners.push(stop)
    return heard
  }

  async function publish (node: EnergyNode, changes: Partial<MqttPublisherInit> = {}): Promise<{ id: string, publisher: { stop(): Promise<void> } }> {
    const directory = temporaryDirectory()
    const passwordFile = join(directory, 'password')
    writeFileSync(passwordFile, `${BROKER_PASSWORD}\n`)
    const publisher = await startMqttPublisher({
      url: broker.url, username: BROKER_USER, passwordFile, discoveryPrefix: 'homeassistant', topic: 'wattmesh', file: join(directory, 'totals.json'), periodSec: 900, pauseSwitch: false, ...changes
    }, { node, logger: silentLogger() })
    publishers.push(publisher)
    return { id: `wattmesh_${node.status().key.slice(2, 14)}`, publisher }
  }

  const stateOf = (heard: Map<string, string>, id: string): Record<string, string | number | null> =>
    JSON.parse(heard.get(`wattmesh/${id}/state`) ?? '{}') as Record<string, string | number | null>
  const availabilityOf = (heard: Map<string, string>, id: string): string | undefined => heard.get(`wattmesh/${id}/availability`)

  it('should announce one device whose entities follow Home Assistant\'s rules', async () => {
    const heard = listen()
    const { id } = await publish(street.homes[0].node, { currency: 'EUR' })
    await until(() => availabilityOf(heard, id) === 'online')
    const { device, origin, components } = JSON.parse(heard.get(`homeassistant/device/${id}/config`) ?? '{}') as Discovery
    expect(device).to.deep.include({ identifiers: [id], name: 'Wattmesh home 0' })
    expect(origin).to.have.property('name', 'wattmesh')
    const state = stateOf(heard, id)
    for (const [key, component] of Object.entries(components)) {
      const { platform, device_class: deviceClass = 'none', state_class: stateClass, unit_of_measurement: unit } = component
      expect(component.unique_id).to.equal(`${id}_${key}`)
      expect(component.state_topic).to.equal(`wattmesh/${id}/state`)
      expect(component.value_template).to.equal(`{{ value_json.${key} }}`)
      expect(state, key).to.have.property(key)
      expect(component.availability).to.have.lengthOf(2)
      expect(platform).to.be.oneOf(['sensor', 'binary_sensor'])
      if (platform === 'sensor') {
        expect(STATE_CLASSES[deviceClass], key).to.include(stateClass)
        expect(UNITS[deviceClass] ?? [unit], key).to.include(unit)
      }
      if (deviceClass === 'enum') {
        expect(component.options).to.include(state[key])
      }
    }
    for (const key of ['import', 'export', 'sold', 'bought']) {
      expect(components[key]).to.deep.include({ device_class: 'energy', state_class: 'total_increasing', unit_of_measurement: 'kWh' })
    }
    for (const key of ['supplier_import', 'supplier_export']) {
      expect(components[key], key).to.deep.include({ device_class: 'energy', state_class: 'total', unit_of_measurement: 'kWh' })
    }
    for (const key of ['earned', 'spent']) {
      expect(components[key]).to.deep.include({ device_class: 'monetary', state_class: 'total', unit_of_measurement: 'EUR' })
    }
    expect(components).to.not.have.property('pause')
  })

  it('should tell the totals that the stores of both homes hold, to the last unit', async () => {
    const heard = listen()
    for (const { node } of street.homes) {
      const { id } = await publish(node)
      await until(() => availabilityOf(heard, id) === 'online')
      const trades = (await node.trades()).filter(({ deliveredWh }) => deliveredWh != null)
      const readings = (await node.readings(0, Number.MAX_SAFE_INTEGER)).filter(isMetered)
      const kwh = (amounts: readonly number[]): string => (amounts.reduce((a, b) => a + b, 0) / 1000).toFixed(3)
      const of = (role: string): Trade[] => trades.filter((trade) => trade.role === role)
      const money = (role: string): string => formatMoney(of(role).reduce((all, { amount = 0n }) => all + amount, 0n), 6, 6)
      expect(trades.length).to.be.above(10)
      const { token, account } = await node.wallet()
      expect(token.decimals).to.equal(6)
      expect(stateOf(heard, id)).to.deep.include({
        sold: kwh(of('seller').map(({ deliveredWh = 0 }) => deliveredWh)),
        bought: kwh(of('buyer').map(({ deliveredWh = 0 }) => deliveredWh)),
        import: kwh(readings.map(({ importWh }) => importWh)),
        export: kwh(readings.map(({ exportWh }) => exportWh)),
        earned: money('seller'),
        spent: money('buyer'),
        deposit: formatMoney(account.balance - account.reserved, 6, 6),
        status: 'trading',
        clock: 'ON'
      })
    }
    const [seller, buyer] = street.homes.map(({ node }) => stateOf(heard, `wattmesh_${node.status().key.slice(2, 14)}`))
    expect(seller.sold).to.equal(buyer.bought).and.to.not.equal('0.000')
    expect(seller.earned).to.equal(buyer.spent)
    expect(seller.next_sold).to.equal(buyer.next_bought).and.to.be.above(0)
  })

  it('should follow what happens', async () => {
    const heard = listen()
    const { id } = await publish(street.homes[0].node)
    await until(() => availabilityOf(heard, id) === 'online')
    const before = Number(stateOf(heard, id).export)
    await street.clock.advanceTo(STREET_START + 7 * HOUR + 60)
    await until(() => Number(stateOf(heard, id).export) > before)
  })

  it('should say that money is unknown while the chain does not answer, and never zero', async () => {
    const heard = listen()
    const { node } = street.homes[0]
    const { id } = await publish({ ...node, wallet: async () => { throw new Error('no chain') } })
    await until(() => availabilityOf(heard, id) === 'online')
    expect(stateOf(heard, id)).to.deep.include({ deposit: null, earned: null, spent: null })
    const { components } = JSON.parse(heard.get(`homeassistant/device/${id}/config`) ?? '{}') as Discovery
    expect(components).to.not.have.any.keys('deposit', 'earned', 'spent')
    expect(components.import.availability).to.deep.include({
      topic: `wattmesh/${id}/state`, value_template: '{{ \'online\' if value_json.import is defined and value_json.import is not none else \'offline\' }}'
    })
  })

  it('should be offline when it is stopped, and when it dies', async () => {
    const heard = listen()
    const { id, publisher } = await publish(street.homes[0].node)
    await until(() => availabilityOf(heard, id) === 'online')
    await publisher.stop()
    await until(() => availabilityOf(heard, id) === 'offline')

    const sockets: Socket[] = []
    const wire = createServer((socket) => {
      const far = connect(broker.port, '127.0.0.1')
      sockets.push(socket, far)
      socket.pipe(far).pipe(socket)
      sockets.forEach((each) => each.on('error', () => {}))
    })
    await new Promise<void>((resolve) => { wire.listen(0, '127.0.0.1', resolve) })
    await publish(street.homes[0].node, { url: `mqtt://127.0.0.1:${(wire.address() as AddressInfo).port}` })
    await until(() => availabilityOf(heard, id) === 'online')
    wire.close()
    sockets.forEach((socket) => { socket.destroy() })
    await until(() => availabilityOf(heard, id) === 'offline')
  })

  it('should tell everything again when the broker comes back without a memory', async () => {
    const before = listen()
    const { id } = await publish(street.homes[0].node)
    await until(() => availabilityOf(before, id) === 'online')
    await broker.stop()
    await broker.start()
    const heard = listen()
    await until(() => availabilityOf(heard, id) === 'online' && heard.has(`homeassistant/device/${id}/config`), 20_000)
    expect(stateOf(heard, id)).to.have.property('status', 'trading')
  })

  it('should start without a broker, and stop', async () => {
    const { publisher } = await publish(street.homes[0].node, { url: 'mqtt://127.0.0.1:1' })
    await publisher.stop()
    publishers.length = 0
  })

  it('should say that the password\'s file is not there', async () => {
    await expect(publish(street.homes[0].node, { passwordFile: '/nowhere/password' })).to.eventually.be.rejected.with.property('code', 'API_NO_PASSWORD')
  })

  it('should have a switch to pause trading where that is wanted, and heed no command the broker kept', async () => {
    const heard = listen()
    const { node } = street.homes[0]
    const id = `wattmesh_${node.status().key.slice(2, 14)}`
    const command = `wattmesh/${id}/pause/set`
    await broker.publish(command, 'ON', true)
    const commands: object[] = []
    const changeKnobs: EnergyNode['changeKnobs'] = async (changes) => {
      commands.push(changes)
      return node.changeKnobs(changes)
    }
    await publish({ ...node, changeKnobs }, { pauseSwitch: true })
    // the broker keeps what an earlier publisher said, which had no switch
    const pauseSwitch = (): Component | undefined => (JSON.parse(heard.get(`homeassistant/device/${id}/config`) ?? '{"components":{}}') as Discovery).components.pause
    await until(() => pauseSwitch() != null && stateOf(heard, id).pause === 'OFF')
    expect(pauseSwitch()).to.deep.include({ platform: 'switch', command_topic: command })
    await broker.publish(command, 'maybe')
    await broker.publish(command, 'ON')
    await until(() => stateOf(heard, id).pause === 'ON' && stateOf(heard, id).status === 'paused')
    expect(node.status().knobs.paused).to.equal(true)
    await broker.publish(command, 'OFF')
    await until(() => stateOf(heard, id).pause === 'OFF')
    expect(node.status().knobs.paused).to.equal(false)
    expect(commands).to.deep.equal([{ paused: true }, { paused: false }])
    await broker.publish(command, '', true)
  })
})

describe('lifetime totals', () => {
  after(removeTemporaryDirectories)

  /** The node's memory as it is at the time. */
  function rig (readings: PeriodReading[] = []): { file: string, trades: Trade[], asked: number[], totals(): ReturnType<typeof lifetimeTotals> } {
    const file = join(temporaryDirectory(), 'totals.json')
    const trades: Trade[] = []
    const asked: number[] = []
    const node = {
      trades: async ({ from = 0, to = Infinity } = {}) => {
        asked.push(from)
        return trades.filter(({ periodStart }) => periodStart >= from && periodStart < to)
      },
      readings: async (from: number, to: number) => readings.filter(({ periodStart }) => periodStart >= from && periodStart < to)
    }
    return { file, trades, asked, totals: () => lifetimeTotals(file, { node, logger: silentLogger() }) }
  }

  const trade = (periodStart: number, state: Trade['state'], deliveredWh: number): Trade =>
    ({ role: 'seller', periodStart, state, deliveredWh, amount: BigInt(deliveredWh) * 100n } as unknown as Trade)

  const NOW = 1_700_000_000
  const DAY = 86_400

  it('should count what was delivered, and nothing that only was agreed', async () => {
    const { trades, totals } = rig()
    trades.push(trade(NOW, 'delivered', 1), trade(NOW, 'receipted', 10), trade(NOW - 100 * DAY, 'settled', 100), trade(NOW, 'claimed', 1000), trade(NOW, 'agreed', 5), trade(NOW, 'lapsed', 7))
    expect(await totals().now(NOW)).to.deep.include({ soldWh: 1111, earned: 111_100n, boughtWh: 0, spent: 0n })
  })

  it('should leave to the supplier what neighbours had nothing of, as soon as that is known', async () => {
    const [first, second, long] = [NOW - 900, NOW, NOW - 100 * DAY]
    const { trades, totals } = rig([first, second, long].map((periodStart) => ({ periodStart, importWh: 50, exportWh: 1000 })))
    trades.push(trade(first, 'delivered', 300), trade(second, 'agreed', 0), trade(long, 'settled', 100))
    const kept = totals()
    expect(await kept.now(NOW)).to.deep.include({ exportWh: 3000, soldWh: 400, supplierExportWh: 700 + 900, supplierImportWh: 100 })
    trades[1] = trade(second, 'delivered', 1000)
    expect(await kept.now(NOW)).to.deep.include({ soldWh: 1400, supplierExportWh: 1600, supplierImportWh: 150 })
  })

  it('should give back what the supplier seemed to have, when a neighbour buys it after metering or gives up', async () => {
    const { trades, totals } = rig([{ periodStart: NOW, importWh: 0, exportWh: 1000 }])
    const kept = totals()
    expect(await kept.now(NOW)).to.deep.include({ exportWh: 1000, soldWh: 0, supplierExportWh: 1000 })
    trades.push(trade(NOW, 'delivered', 300))
    expect(await kept.now(NOW)).to.deep.include({ soldWh: 300, supplierExportWh: 700 })
    expect(await totals().now(NOW)).to.deep.include({ soldWh: 300, supplierExportWh: 700 })
    trades[0] = trade(NOW, 'lapsed', 300)
    expect(await kept.now(NOW)).to.deep.include({ soldWh: 300, supplierExportWh: 700 })
  })

  it('should never fall, over a restart and a lost database too', async () => {
    const { trades, totals } = rig()
    trades.push(trade(NOW, 'delivered', 500))
    const before = totals()
    expect((await before.now(NOW)).soldWh).to.equal(500)
    trades[0] = trade(NOW, 'lapsed', 500)
    expect((await before.now(NOW)).soldWh).to.equal(500)
    expect(await totals().now(NOW)).to.deep.include({ soldWh: 500, earned: 50_000n })
    trades.push(trade(NOW, 'settled', 600))
    expect((await totals().now(NOW)).soldWh).to.equal(600)
  })

  it('should look at what is long settled once', async () => {
    const { trades, asked, totals } = rig()
    trades.push(trade(NOW - 100 * DAY, 'settled', 5), trade(NOW - DAY, 'settled', 6))
    const kept = totals()
    expect((await kept.now(NOW)).soldWh).to.equal(11)
    expect((await kept.now(NOW + 20 * DAY)).soldWh).to.equal(11)
    expect((await kept.now(NOW + 20 * DAY)).soldWh).to.equal(11)
    expect(asked).to.deep.equal([0, NOW - 15 * DAY, NOW - 15 * DAY, NOW + 5 * DAY, NOW + 5 * DAY])
  })

  it('should begin from the store when its file is damaged', async () => {
    const { file, trades, totals } = rig()
    writeFileSync(file, '{"soldWh":')
    trades.push(trade(NOW, 'settled', 5))
    expect((await totals().now(NOW)).soldWh).to.equal(5)
    expect(readFileSync(file, 'utf8')).to.include('"soldWh":5')
  })

  it('should leave out money as long as nobody knows the token', () => {
    const init = { id: 'a', name: 'b', topics: { state: 's', availability: 'v', command: 'c' }, hasPause: false }
    expect((discoveryOf({ ...init, currency: undefined }) as Discovery).components).to.not.have.any.keys('earned', 'spent', 'deposit')
    expect((discoveryOf({ ...init, currency: 'EUR' }) as Discovery).components).to.include.all.keys('earned', 'spent', 'deposit')
  })
})
