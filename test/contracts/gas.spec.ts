import { expect } from 'aegir/chai'
import { gasGoals, measureGas } from './gas-table.ts'
import type { GasRow } from './gas-table.ts'

describe('energy escrow gas', () => {
  const rows: GasRow[] = []

  before(async function () {
    this.timeout(120_000)
    rows.push(...await measureGas())
  })

  it('should cost less than 110 000 gas for a household-day', () => {
    expect(rows.find(({ what }) => what.startsWith('a household-day'))?.gas).to.be.below(110_000)
  })

  for (const [what, goal] of Object.entries(gasGoals)) {
    it(`should cost at most ${goal} transfers: ${what}`, () => {
      const gas = rows.find(row => row.what === what)?.gas
      expect((gas ?? Infinity) / rows[0].gas).to.be.at.most(goal)
    })
  }
})
