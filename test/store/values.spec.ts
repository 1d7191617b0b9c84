import { expect } from 'aegir/chai'
import fc from 'fast-check'
import { decode, encode } from '../../src/store/values.ts'

describe('stored values', () => {
  it('should write bigints as digits and n', () => {
    expect(encode({ a: 123n, b: -4n, c: 5, d: undefined })).to.equal('{"a":"123n","b":"-4n","c":5}')
  })

  it('should give text back as text when it looks like a bigint', () => {
    const record = { a: '123n', b: '~123n', c: '~~-1n', d: 123n, e: '~', f: 'n' }
    expect(decode(encode(record))).to.deep.equal(record)
  })

  it('should give any record back exactly', () => {
    const { value } = fc.letrec(tie => ({
      value: fc.oneof(
        fc.bigInt(), fc.integer(), fc.boolean(), fc.constant(null), fc.string(), fc.stringMatching(/^~{0,2}-?\d{1,3}n$/),
        fc.array(tie('value'), { maxLength: 3 }),
        fc.dictionary(fc.stringMatching(/^[a-z]{1,5}$/), tie('value'), { maxKeys: 3, noNullPrototype: true })
      )
    }))
    fc.assert(fc.property(fc.record({ value }, { noNullPrototype: true }), record => {
      expect(decode(encode(record))).to.deep.equal(record)
    }), { numRuns: 300 })
  })

  it('should refuse what would come back as something else', () => {
    for (const value of [NaN, Infinity, () => 1, Symbol('a'), new Date(0), new Map(), Uint8Array.of(1), [undefined]]) {
      expect(() => encode({ value })).to.throw(TypeError)
    }
  })
})
