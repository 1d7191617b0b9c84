import { expect } from 'aegir/chai'
import { CodedError } from '../../src/domain/errors.ts'
import { fuzz } from './fuzz.ts'
import { randomFrom, spoilBytes, spoilProtobuf, spoilText } from './mutations.ts'
import { FUZZ_TARGETS } from './targets.ts'
import type { FuzzTarget } from './targets.ts'

/** A short run; `npm run fuzz` is the long one. */
const INPUTS = 3000
const SEED = 20_261_122

describe('fuzzing', () => {
  for (const target of FUZZ_TARGETS) {
    it(`should find no defect in the decoder of: ${target.name}`, () => {
      const { inputs, accepted } = fuzz(target, target.isSlow === true ? INPUTS / 10 : INPUTS, SEED)
      expect(accepted).to.be.below(inputs)
    })
  }

  it('should give the same inputs for the same seed', () => {
    for (const spoil of [spoilBytes, spoilProtobuf, spoilText]) {
      const run = (): string[] => {
        const random = randomFrom(7)
        return Array.from({ length: 50 }, () => spoil(Buffer.from('0a02080112036162632a00', 'hex'), random).toString('hex'))
      }
      expect(run()).to.deep.equal(run())
      expect(new Set(run()).size).to.be.above(20)
    }
  })

  it('should notice a decoder that crashes, and one that refuses what is valid', () => {
    const target = (accepts: (input: Buffer) => boolean): FuzzTarget => ({ name: 'broken', seeds: [Buffer.from('valid')], spoil: spoilBytes, accepts })
    expect(() => fuzz(target((input) => { if (input[0] !== 0x76) { throw new RangeError('offset') } return true }), 1000, SEED)).to.throw(/broken: RangeError: offset\n {2}input/)
    expect(() => fuzz(target(() => false), 1, SEED)).to.throw(/a valid input was refused/)
    expect(() => fuzz(target(() => { throw new CodedError('X', 'not caught by the target') }), 1, SEED)).to.throw(/not caught/)
  })
})
