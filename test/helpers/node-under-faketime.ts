/** A whole node on the computer's own clock and disk, by a meter that shows 3600 W for as long as it really runs. Prints its periods. */
import { persistence } from '../../src/agent/forecast.ts'
import { fairTrader } from '../../src/agent/strategies/fair-trader.ts'
import { registerMeter } from '../../src/drivers/registers.ts'
import { continuous } from '../../src/market/mechanisms/continuous.ts'
import { OrderBook } from '../../src/market/order-book.ts'
import { Ledger } from '../../src/node/ledger.ts'
import { createNode } from '../../src/node/node.ts'
import { createSystemClock } from '../../src/node/system-clock.ts'
import { rulesDigest } from '../../src/signing/digests.ts'
import { createLocalSigner } from '../../src/signing/local-signer.ts'
import { javascript } from '../../src/signing/recovery.ts'
import { createMemoryStreet } from '../../src/simulator/memory-network.ts'
import { createMemoryEscrow } from '../../src/simulator/memory-settlement.ts'
import { openStore } from '../../src/store/store.ts'
import { scriptedDevice } from './scripted-device.ts'
import { ESCROW, STREET_START, TEST_RULES, silentLogger, testHome } from './street.ts'

const [path, speedText] = process.argv.slice(2)
const speed = Number(speedText)
const at = { chainId: TEST_RULES.chainId, escrow: ESCROW }
const signer = createLocalSigner(`0x${'11'.repeat(32)}`, at)
const clock = createSystemClock({ speed, realStart: Date.now(), marketStart: STREET_START + 450 })
const device = scriptedDevice(() => ({ ageMs: 0, gridWatts: 3600, importMilliWh: 5_000_000 + Math.floor(performance.now() * speed), exportMilliWh: 0 }), { ratedWatts: 11_000 })
const meter = registerMeter(device, { instant: () => clock.instant() })
const store = await openStore(path)
const node = createNode({
  home: testHome(0),
  rules: TEST_RULES,
  rulesDigest: rulesDigest(TEST_RULES),
  at,
  clock,
  random: () => 0.5,
  logger: silentLogger(),
  store,
  network: createMemoryStreet().join(signer.key),
  settlement: createMemoryEscrow({ now: () => clock.now(), at }).settlement(signer.address),
  signer,
  attester: signer,
  recovery: javascript,
  meter,
  book: new OrderBook({ rules: TEST_RULES, maxOrders: 100, maxPerSigner: 100 }),
  mechanism: continuous,
  strategy: fairTrader,
  forecaster: persistence,
  createLedger: (onChange) => new Ledger(store, onChange),
  newTradeId: () => `0x${'00'.repeat(32)}`
})
node.on((event) => {
  if (event.type === 'period:metered') {
    const { periodStart } = event.reading
    void Promise.all([meter.read(periodStart), meter.read(periodStart + 900)]).then(([from, to]) => {
      process.stdout.write(`${JSON.stringify({ ...event.reading, from: from.importMilliWh, to: to.importMilliWh })}\n`)
    })
  }
})
await node.start()
process.once('SIGTERM', () => { void node.stop() })
