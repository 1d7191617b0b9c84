import { expect } from 'aegir/chai'
import { connectAsync } from 'mqtt'
import { PYMODBUS, startModbusServer, stopModbusServers } from '../drivers/counterparts/modbus-server.ts'
import { haveOfficialModels, sunSpecMap } from '../drivers/counterparts/sunspec-map.ts'
import { inBackground } from '../helpers/background.ts'
import { needs } from '../helpers/debian.ts'
import { removeTemporaryDirectories } from '../helpers/directory.ts'
import { BROKER_PASSWORD, BROKER_USER, mosquitto } from '../helpers/mosquitto.ts'
import { startTestStreet } from '../helpers/practice.ts'
import { stopAll } from '../helpers/stop-all.ts'
import { until } from '../helpers/until.ts'
import type { PeriodReading } from '../../src/domain/reading.ts'
import type { Street } from '../../src/practice/street.ts'
import type { ModbusServer, ServedValue } from '../drivers/counterparts/modbus-server.ts'
import type { Background } from '../helpers/background.ts'
import type { Mosquitto } from '../helpers/mosquitto.ts'
import type { MqttClient } from 'mqtt'

const SPEED = 150
const PATIENCE_MS = 60_000
const EXPORT_WATTS = 3000
const IMPORT_WATTS = 1800
const START_WH = 1_000_000
const PERIOD_WH = EXPORT_WATTS / 4
/** What flows in the second that an answer may be on its way on a busy machine. A lost or doubled period is six times as much. */
const TOLERANCE_WH = EXPORT_WATTS * SPEED / 3600

describe('homes with a SunSpec meter and with one behind MQTT', function () {
  this.timeout(120_000)

  let street: Street
  let server: ModbusServer
  let broker: Mosquitto
  let port: number
  let serial = 'A-1'
  let publisher: MqttClient
  let buyersMeter: Background
  const begun = Date.now()

  /** What has flowed since the start, in Wh of the market's clock. */
  const flowed = (watts: number): number => Math.floor(watts * (Date.now() - begun) * SPEED / 3_600_000)
  const map = (): ReturnType<typeof sunSpecMap> => sunSpecMap([
    { id: 1, values: { Mn: 'Maker', Md: 'Meter', SN: serial } },
    { id: 203, values: { W: -EXPORT_WATTS, W_SF: 0, TotWhImp: START_WH, TotWhExp: START_WH, TotWh_SF: 0 } }
  ])
  /** The counter grows in the meter itself: nothing here has to keep up with it. */
  const values = (): ServedValue[] => {
    const exported = map().at(203, 'TotWhExp')
    return map().values.map((each) => each.address === exported ? { ...each, since: begun / 1000, perSecond: EXPORT_WATTS * SPEED / 3600 } : each)
  }
  const plugIn = async (): Promise<void> => {
    server = await startModbusServer({ values: values(), port })
  }

  before(needs(PYMODBUS, 'python3-pymodbus'))
  before(needs('/usr/sbin/mosquitto', 'mosquitto'))
  before(function () {
    if (!haveOfficialModels()) {
      this.skip()
    }
  })

  before(async () => {
    await plugIn()
    port = server.port
    broker = await mosquitto()
    publisher = await connectAsync(broker.url, { username: BROKER_USER, password: BROKER_PASSWORD })
    buyersMeter = inBackground(async () => publisher.publishAsync('house/meter', JSON.stringify({ in: START_WH + flowed(IMPORT_WATTS), out: 0, power: IMPORT_WATTS })), 50)
    street = await startTestStreet({
      homes: 2,
      periods: 40,
      speed: SPEED,
      mdns: false,
      homeOf: (index) => ({
        config: {
          meter: index === 0
            ? { driver: 'sunspec', params: { host: '127.0.0.1', port, timeoutMs: 2000 } }
            : {
                driver: 'mqtt',
                params: {
                  broker: broker.url,
                  brokerUser: BROKER_USER,
                  brokerPassword: BROKER_PASSWORD,
                  serial: 'B-1',
                  values: {
                    gridImport: { topic: 'house/meter', path: 'in', unit: 'Wh' },
                    gridExport: { topic: 'house/meter', path: 'out', unit: 'Wh' },
                    gridPower: { topic: 'house/meter', path: 'power', unit: 'W' }
                  }
                }
              }
        }
      })
    })
  })

  after(async () => {
    await stopAll(
      async () => buyersMeter?.stop(),
      async () => publisher?.endAsync(true),
      async () => street?.stop(),
      stopModbusServers,
      async () => broker?.stop(),
      removeTemporaryDirectories
    )
  })

  /** Fails at once when the meter in the background does. */
  const waitFor = async (condition: () => boolean | Promise<boolean>): Promise<void> => until(async () => {
    buyersMeter.check()
    return condition()
  }, PATIENCE_MS)
  const seller = (): Street['homes'][number] => street.homes[0]
  const problem = async (): Promise<string | undefined> => (await seller().api.status()).meter.problem
  const metered = async (): Promise<PeriodReading[]> => (await seller().api.readings()).filter((each): each is PeriodReading => each.quality !== 'missing')
  const meteredAfter = async (time: number): Promise<PeriodReading[]> => {
    const later = async (): Promise<PeriodReading[]> => (await metered()).filter(({ periodStart }) => periodStart >= time - 900)
    await waitFor(async () => (await later()).some(({ periodStart }) => periodStart >= time))
    return later()
  }
  /** No period is missing, and each and all together hold what has flowed, to the moment that an answer was on its way at both ends. */
  const expectWhole = async (): Promise<void> => {
    const all = await metered()
    expect(all.map(({ periodStart }) => (periodStart - all[0].periodStart) / 900)).to.deep.equal(all.map((_, index) => index))
    expect(all.reduce((sum, { exportWh }) => sum + exportWh, 0)).to.be.closeTo(all.length * PERIOD_WH, TOLERANCE_WH)
    all.forEach(({ importWh, exportWh }) => {
      expect(importWh).to.equal(0)
      expect(exportWh).to.be.closeTo(PERIOD_WH, TOLERANCE_WH)
    })
  }

  it('should sample, account, offer, trade, deliver and settle', async () => {
    await waitFor(async () => (await seller().api.trades()).some(({ state }) => state === 'receipted'))
    await waitFor(async () => {
      await seller().api.settle()
      return (await seller().api.trades()).some(({ state }) => state === 'settled')
    })
    const sold = (await seller().api.trades()).find(({ state }) => state === 'settled')
    const bought = (await street.homes[1].api.trades()).find(({ id }) => id === sold?.id)
    expect(sold?.terms).to.deep.equal(bought?.terms)
    expect(sold?.ownWh).to.be.within(1, sold?.terms?.wh ?? 0)
    await expectWhole()
  })

  it('should know a gap for what it is, and stop selling, while the meter is unplugged', async () => {
    const unpluggedAt = street.now()
    await server.stop()
    await waitFor(async () => (await seller().api.status()).cannotSell != null)
    expect(await problem()).to.match(/^the meter cannot be read: /)
    await waitFor(() => Math.floor(street.now() / 900) > Math.floor((unpluggedAt + 60) / 900) && street.now() % 900 > 60)
    await plugIn()
    await waitFor(async () => await problem() == null && (await seller().api.status()).cannotSell == null)
    const periods = await meteredAfter(Math.floor(unpluggedAt / 900) * 900 + 900)
    expect(periods.map(({ quality }) => quality)).to.include('recovered')
    await expectWhole()
  })

  it('should go on within the period after a power cut', async () => {
    await waitFor(() => street.now() % 900 < 200)
    const cutAt = street.now()
    await street.restart(seller())
    const [cut] = (await meteredAfter(cutAt)).filter(({ periodStart }) => periodStart > cutAt - 900)
    expect(cut.quality).to.be.oneOf(['estimated', 'recovered'])
    await expectWhole()
  })

  it('should stop when another meter answers', async () => {
    await server.stop()
    serial = 'A-2'
    await plugIn()
    await waitFor(async () => /A-1 was expected and A-2 answers/.test(await problem() ?? ''))
    expect((await seller().api.status()).cannotSell).to.match(/another meter/)
    await expectWhole()
  })
})
