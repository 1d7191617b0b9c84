import { expect } from 'aegir/chai'
import { deployments } from '../../contracts/deployments.ts'
import { escrowAddress } from '../../src/chain/deploy.ts'
import { deploymentsOf } from '../../src/chain/deployments.ts'
import type { Deployment } from '../../contracts/deployments.ts'
import type { Account } from '../../src/domain/units.ts'

const TOKEN: Account = '0x5fbdb2315678afecb367f032d93f642f64180aa3'
const OTHER: Account = '0xe7f1725e7734ce288f8367e1bb143e90bb3f0512'

function anEntry (changes: Partial<Deployment> = {}): Deployment {
  return { chainId: 4711, escrow: escrowAddress(TOKEN), token: TOKEN, deployBlock: 2n, ...changes }
}

describe('the list of public escrows', () => {
  it('should hold escrows of this release only', () => {
    expect(deploymentsOf(TOKEN)).to.deep.equal(deployments.filter(({ token }) => token === TOKEN))
  })

  it('should tell of every chain that has the escrow of a token', () => {
    const [here, there] = [anEntry(), anEntry({ chainId: 1 })]
    expect(deploymentsOf(TOKEN, [here, anEntry({ token: OTHER, escrow: escrowAddress(OTHER) }), there])).to.deep.equal([here, there])
  })

  const wrong: ReadonlyArray<readonly [name: string, entry: Deployment]> = [
    ['of another contract', anEntry({ escrow: escrowAddress(OTHER) })],
    ['of another token', anEntry({ token: OTHER })],
    ['in capitals', anEntry({ token: `0x${TOKEN.slice(2).toUpperCase()}` })],
    ['on no chain', anEntry({ chainId: 0 })],
    ['before the first block', anEntry({ deployBlock: -1n })],
    ['there already', anEntry({ deployBlock: 3n })]
  ]
  for (const [name, entry] of wrong) {
    it(`should be refused with an entry ${name}`, () => {
      expect(() => deploymentsOf(OTHER, [anEntry(), entry])).to.throw(/Entry 2 of contracts/).with.property('code', 'CHAIN_BAD_LIST')
    })
  }
})
