import { expect } from 'aegir/chai'
import { Value } from 'typebox/value'
import { FIELDS, SECTIONS } from '../../src/config/schema.ts'
import { LOG_FORMATS, LOG_LEVELS } from '../../src/telemetry/logger.ts'

describe('the table of settings', () => {
  it('should describe every setting and say what is expected', () => {
    for (const { path, schema } of FIELDS) {
      expect(schema.description, path).to.match(/\.$/)
      expect(schema.expected, path).to.be.a('string').that.is.not.empty()
    }
    expect(SECTIONS.every(({ description }) => description.endsWith('.'))).to.equal(true)
  })

  it('should have defaults and examples that pass its own checks, and one of both unless neither is needed', () => {
    for (const { path, schema } of FIELDS) {
      const shown = schema.default ?? schema.example
      expect(shown, path).to.not.equal(undefined)
      expect(Value.Check(schema, shown), path).to.equal(true)
    }
  })

  it('should give every setting its own names', () => {
    for (const names of [FIELDS.map(({ path }) => path), FIELDS.flatMap(({ env }) => env ?? []), FIELDS.flatMap(({ schema }) => schema.flag ?? [])]) {
      expect(new Set(names).size).to.equal(names.length)
    }
  })

  it('should offer the levels and formats that the logger knows', () => {
    const choicesOf = (path: string): unknown => (FIELDS.find(field => field.path === path)?.schema as { enum?: unknown }).enum
    expect(choicesOf('log.level')).to.deep.equal(LOG_LEVELS)
    expect(choicesOf('log.format')).to.deep.equal(LOG_FORMATS)
  })
})
