import { readFileSync } from 'node:fs'
import { expect } from 'aegir/chai'
import { compileContracts } from '../../contracts/build.ts'

describe('contract abi', () => {
  it('should be what the compiler makes of the committed Solidity files', () => {
    // as lines, so that a failure shows the first stale one instead of a page of bytecode
    const committed = readFileSync('contracts/abi.ts', 'utf8').split('\n')
    const compiled = compileContracts().split('\n')
    const stale = compiled.findIndex((line, index) => line !== committed[index])

    expect(stale).to.equal(-1, `run \`npm run contracts\`: line ${stale + 1} should begin with ${compiled[stale]?.slice(0, 120)}`)
    expect(committed).to.have.lengthOf(compiled.length)
  }).timeout(120_000)
})
