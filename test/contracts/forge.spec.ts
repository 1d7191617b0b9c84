import { readFileSync, readdirSync } from 'node:fs'
import { expect } from 'aegir/chai'
import { runForge } from './forge/run-forge.ts'
import type { ForgeResult } from './forge/run-forge.ts'

const folder = 'test/contracts/forge'

/** Tests by the contract that declares them. Abstract contracts are run by the concrete ones that extend them. */
function declared (): Array<{ readonly suite: string, readonly tests: readonly string[] }> {
  const contracts = readdirSync(folder).filter(file => file.endsWith('.t.sol'))
    .flatMap(file => readFileSync(`${folder}/${file}`, 'utf8').split(/^(?=(?:abstract )?contract )/m).slice(1))
    .map(text => ({
      abstract: text.startsWith('abstract'),
      name: /contract (\w+)/.exec(text)?.[1] ?? '',
      parent: /contract \w+ is (\w+)/.exec(text)?.[1] ?? '',
      tests: [...text.matchAll(/function ((?:test|testFuzz|invariant)_\w+)\(/g)].map(([, test]) => test)
    }))

  return contracts.filter(contract => !contract.abstract).map(({ name, parent, tests }) =>
    ({ suite: name, tests: [...contracts.find(({ name }) => name === parent)?.tests ?? [], ...tests] })).filter(({ tests }) => tests.length > 0)
}

/** `testFuzz_shouldSkipAStranger` reads `should skip a stranger`. */
function sentence (test: string): string {
  return test.replace(/^[^_]*_/, '').replace(/[A-Z]/g, letter => ` ${letter.toLowerCase()}`)
}

describe('contracts in Solidity', () => {
  const results: ForgeResult[] = []

  before(async function () {
    this.timeout(process.env.FOUNDRY_PROFILE === 'long' ? 0 : 300_000)
    results.push(...await runForge())
  })

  for (const { suite, tests } of declared()) {
    describe(suite, () => {
      for (const test of tests) {
        it(sentence(test), () => {
          const result = results.find(result => result.suite === suite && result.test === test)
          expect(result?.passed).to.equal(true, result?.reason ?? 'forge did not run it')
        })
      }
    })
  }

  it('should have run nothing that is not listed here', () => {
    const listed = declared().flatMap(({ suite, tests }) => tests.map(test => `${suite} ${test}`))
    expect(results.map(({ suite, test }) => `${suite} ${test}`)).to.have.members(listed)
  })

  it('should see a Solidity test fail when it does', async () => {
    // an escrow that is no escrow: whatever runs against it must not come back green
    const broken = await runForge(['--match-contract', 'ReceiptsOnPacked', '--match-test', 'shouldSettleAGoodReceiptToTheLetter'], { EnergyEscrow: '0x00' })
    expect(broken.map(({ passed }) => passed)).to.deep.equal([false])
  }).timeout(120_000)
})
