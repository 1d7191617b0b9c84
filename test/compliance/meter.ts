import { expect } from 'aegir/chai'
import * as fc from 'fast-check'
import { hasCode } from '../../src/domain/errors.ts'
import { periodReading } from '../../src/domain/reading.ts'
import type { Meter } from '../../src/ports/meter.ts'

export interface MeterUnderTest {
  readonly meter: Meter
  /** The meter knows its registers from here to there, both included, and nothing outside. */
  readonly from: number
  readonly to: number
}

/** The code of the error that reading the meter throws; undefined when it does not. */
async function refusal (meter: Meter, at: number): Promise<string | undefined> {
  return meter.read(at).then(() => undefined, (error: unknown) => hasCode(error, 'DEVICE_NO_DATA') ? 'DEVICE_NO_DATA' : String(error))
}

/** What every meter promises. `open` gives one with at least two hours of data; the suite closes it. */
export function meterCompliance (open: () => Promise<MeterUnderTest>): void {
  let meter: Meter
  let from: number
  let to: number

  beforeEach(async () => {
    ({ meter, from, to } = await open())
  })

  afterEach(async () => {
    await meter.close()
  })

  it('should read whole registers that never fall', async () => {
    await fc.assert(fc.asyncProperty(fc.array(fc.integer({ min: from, max: to }), { minLength: 2, maxLength: 20 }), async (times) => {
      let before = { importMilliWh: 0, exportMilliWh: 0 }
      for (const at of times.sort((a, b) => a - b)) {
        const reading = await meter.read(at)
        expect(reading.time).to.equal(at)
        expect(Number.isSafeInteger(reading.importMilliWh) && Number.isSafeInteger(reading.exportMilliWh)).to.be.true()
        expect(reading.importMilliWh).to.be.at.least(before.importMilliWh)
        expect(reading.exportMilliWh).to.be.at.least(before.exportMilliWh)
        before = reading
      }
    }), { numRuns: 30 })
  })

  it('should read the same instant the same', async () => {
    const at = from + 1234
    const first = await meter.read(at)
    await meter.read(to)
    await meter.read(from)
    expect(await meter.read(at)).to.deep.equal(first)
  })

  it('should lose nothing between periods', async () => {
    const start = from + (900 - from % 900) % 900
    const count = Math.floor((to - start) / 900)
    let [imported, exported] = [0, 0]
    for (let index = 0; index < count; index++) {
      const at = start + 900 * index
      const period = periodReading(at, await meter.read(at), await meter.read(at + 900))
      imported += period.importWh
      exported += period.exportWh
    }
    const whole = periodReading(start, await meter.read(start), await meter.read(start + 900 * count))
    expect([imported, exported]).to.deep.equal([whole.importWh, whole.exportWh])
    expect(imported + exported).to.be.above(0)
  })

  it('should say that it does not know, rather than zero', async () => {
    expect(await refusal(meter, from - 1)).to.equal('DEVICE_NO_DATA')
    expect(await refusal(meter, from)).to.be.undefined()
    expect(await refusal(meter, to)).to.be.undefined()
    expect(await refusal(meter, to + 1)).to.equal('DEVICE_NO_DATA')
  })
}
