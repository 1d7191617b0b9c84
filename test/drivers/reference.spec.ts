import { readFileSync, writeFileSync } from 'node:fs'
import { expect } from 'aegir/chai'
import { drivers } from '../../src/drivers/index.ts'
import { renderDeviceReference } from '../../src/drivers/reference.ts'

// from the root of the repository, where every test run starts
const PAGE = 'docs/reference/devices.md'

describe('the page about devices', () => {
  before(() => {
    if (process.env.UPDATE_DOCS === '1') {
      writeFileSync(PAGE, renderDeviceReference(drivers))
    }
  })

  it('should be the one that the drivers give: UPDATE_DOCS=1 writes it', () => {
    expect(readFileSync(PAGE, 'utf8')).to.equal(renderDeviceReference(drivers))
  })

  it('should say of each driver what it was tested with', () => {
    const page = renderDeviceReference(drivers)
    for (const { type, title } of drivers) {
      expect(page).to.match(new RegExp(`## ${type}\n\n.+ (?:Tested|It reads) `), title)
    }
  })
})
