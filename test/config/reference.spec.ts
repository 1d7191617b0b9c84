import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { expect } from 'aegir/chai'
import { renderConfigReference } from '../../src/config/reference.ts'
import { FIELDS } from '../../src/config/schema.ts'

// from the root of the repository, where every test run starts
const PAGE = 'docs/reference/configuration.md'

describe('the page about the configuration', () => {
  before(() => {
    if (process.env.UPDATE_DOCS === '1') {
      mkdirSync('docs/reference', { recursive: true })
      writeFileSync(PAGE, renderConfigReference())
    }
  })

  it('should be the one that the schema gives: UPDATE_DOCS=1 writes it', () => {
    expect(readFileSync(PAGE, 'utf8')).to.equal(renderConfigReference())
  })

  it('should have a row for every setting', () => {
    const page = renderConfigReference()
    for (const { path } of FIELDS) {
      expect(page).to.contain(`\n| \`${path}\` | `)
    }
  })
})
