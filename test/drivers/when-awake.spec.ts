import { expect } from 'aegir/chai'
import { CodedError } from '../../src/domain/errors.ts'
import { whenAwake } from '../../src/drivers/when-awake.ts'
import { scriptedDevice } from '../helpers/scripted-device.ts'

describe('a device that may be asleep at the start', () => {
  it('should be called again once a minute, and then be the device', async () => {
    let [calls, told, now] = [0, 0, 0]
    let isAwake = false
    const device = await whenAwake(async () => {
      calls++
      if (!isAwake) {
        throw new CodedError('DEVICE_UNREACHABLE', 'It sleeps.')
      }
      return scriptedDevice(() => ({ ageMs: 0, pvWatts: 1200 }), { serial: 'INV-1' })
    }, () => { told++ }, () => now)
    await expect(device.sample()).to.eventually.be.rejected.with.property('code', 'DEVICE_UNREACHABLE')
    expect([calls, told]).to.deep.equal([1, 1])
    isAwake = true
    now = 59_000
    await expect(device.sample()).to.eventually.be.rejected()
    now = 60_000
    expect(await device.sample()).to.include({ pvWatts: 1200 })
    expect(device.traits.serial).to.equal('INV-1')
    expect(calls).to.equal(2)
  })

  it('should not hide what the owner has to correct', async () => {
    const dial = async (): Promise<never> => { throw new CodedError('DEVICE_DENIED', 'Wrong password.') }
    await expect(whenAwake(dial, () => {})).to.eventually.be.rejected.with.property('code', 'DEVICE_DENIED')
  })
})
