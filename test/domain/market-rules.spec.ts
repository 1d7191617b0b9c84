import { expect } from 'aegir/chai'
import { CodedError, explain, hasCode } from '../../src/domain/errors.ts'
import { checkMarketRules } from '../../src/domain/market-rules.ts'
import { ACCEPT, ignore, reject } from '../../src/domain/verdict.ts'
import { someRules } from '../helpers/builders.ts'
import type { MarketRules } from '../../src/domain/market-rules.ts'

const WRONG: Array<[keyof MarketRules, unknown[]]> = [
  ['area', ['', 'a'.repeat(65)]],
  ['chainId', [0, 1.5, -1]],
  ['escrow', ['0x12', `0x${'AB'.repeat(20)}`]],
  ['periodSec', [0, 600, 901, 87_300]],
  ['windowSec', [59, 172_801, 60.5]],
  ['gateClosureSec', [-1, 86_401]],
  ['flatSec', [-1, 1801]],
  ['minTradeWh', [0, 1_000_001]],
  ['confirmSec', [0, 86_401]],
  ['clockToleranceSec', [-1, 3601]],
  ['mechanism', ['', 'Continuous', 'a'.repeat(33)]],
  ['delivery', ['scheduled']],
  ['residualSec', [-1, 172_801]]
]

describe('market rules', () => {
  it('should be returned unchanged when they can be used', () => {
    const rules = someRules()
    expect(checkMarketRules(rules)).to.equal(rules)
    const wide = someRules({ area: 'a'.repeat(64), periodSec: 86_400, windowSec: 172_800, flatSec: 172_800, clockToleranceSec: 0 })
    expect(checkMarketRules(wide)).to.equal(wide)
  })

  it('should take a meter book or none, and name it when it is wrong', () => {
    const closed = someRules({ meterBook: `0x${'bb'.repeat(20)}` })
    expect(checkMarketRules(closed)).to.equal(closed)
    expect(() => checkMarketRules(someRules({ meterBook: '0xBB' }))).to.throw(CodedError, 'cannot be used: meterBook must ')
  })

  it('should have a check for every field', () => {
    expect(WRONG.map(([field]) => field).sort()).to.deep.equal(Object.keys(someRules()).sort())
  })

  for (const [field, values] of WRONG) {
    it(`should name ${field} when it is wrong`, () => {
      for (const value of values) {
        expect(() => checkMarketRules({ ...someRules(), [field]: value })).to.throw(CodedError, `cannot be used: ${field} must `)
          .with.property('code', 'RULES_INVALID')
      }
    })
  }
})

describe('errors', () => {
  const inner = new CodedError('DEVICE_NO_DATA', 'Nothing to read.', { details: { at: 7 } })
  const outer = new Error('Round failed.', { cause: new CodedError('NODE_ROUND', 'Try again.', { cause: inner }) })

  it('should be found by code through their causes', () => {
    expect(hasCode(outer, 'DEVICE_NO_DATA')).to.be.true()
    expect(hasCode(outer, 'X', 'NODE_ROUND')).to.be.true()
    expect(hasCode(outer, 'X')).to.be.false()
    expect(hasCode('DEVICE_NO_DATA', 'DEVICE_NO_DATA')).to.be.false()
    expect(inner.details).to.deep.equal({ at: 7 })
  })

  it('should explain themselves and their causes', () => {
    expect(explain(outer)).to.equal('Round failed. (Try again. (Nothing to read.))')
    expect(explain('just text')).to.equal('just text')
  })
})

describe('verdict', () => {
  it('should carry a code unless it accepts', () => {
    expect(ACCEPT).to.deep.equal({ result: 'accept' })
    expect(ignore('KNOWN')).to.deep.equal({ result: 'ignore', code: 'KNOWN' })
    expect(reject('MALFORMED')).to.deep.equal({ result: 'reject', code: 'MALFORMED' })
  })
})
