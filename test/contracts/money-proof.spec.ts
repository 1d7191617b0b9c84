import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { expect } from 'aegir/chai'

interface Solc {
  compile(input: string, callbacks: { smtSolver(query: string): { contents: string } }): string
}

interface Verdicts {
  readonly safe: number
  /** What the checker found wrong or could not decide, in its own words. */
  readonly doubts: readonly string[]
}

const model = readFileSync('test/contracts/forge/MoneyModel.sol', 'utf8')

/** Has the compiler turn every assertion or subtraction of the model into a question, and z3 answer them all. */
function prove (source: string, targets: readonly string[]): Verdicts {
  const solc: Solc = createRequire(import.meta.url)('solc')
  const output: { readonly errors?: ReadonlyArray<{ readonly severity: string, readonly message: string, readonly formattedMessage: string }> } = JSON.parse(solc.compile(JSON.stringify({
    language: 'Solidity',
    sources: { 'MoneyModel.sol': { content: source } },
    settings: {
      modelChecker: { engine: 'chc', solvers: ['smtlib2'], targets, showProvedSafe: true, showUnproved: true },
      outputSelection: { '*': { '*': ['abi'] } }
    }
  }), { smtSolver: ask }))
  const messages = output.errors ?? []

  return {
    safe: messages.filter(({ severity, message }) => severity === 'info' && message.endsWith('check is safe!')).length,
    doubts: messages.filter(({ severity }) => severity !== 'info').map(({ formattedMessage }) => formattedMessage)
  }
}

function ask (query: string): { contents: string } {
  const params = ['-in', '-smt2', '-T:300', 'rewriter.pull_cheap_ite=true', 'fp.spacer.q3.use_qgen=true', 'fp.spacer.mbqi=false', 'fp.spacer.ground_pobs=false']
  const { error, stdout } = spawnSync('z3', params, { input: query, encoding: 'utf8' })

  if (error != null) {
    throw new Error('Found no z3: install it (Debian: `apt-get install z3`).')
  }
  return { contents: stdout }
}

/** The model with one piece of its text replaced, which must be there. */
function spoil (piece: string, replacement: string): string {
  expect(model).to.include(piece)
  return model.replace(piece, replacement)
}

const hasZ3 = spawnSync('z3', ['--version']).error == null

describe(`money model of the escrow${hasZ3 ? '' : ' (skipped: the proof needs z3, `apt-get install z3`)'}`, () => {
  before(function () {
    // where everything has to run, the proof fails instead and says what is missing
    if (!hasZ3 && process.env.CI == null) {
      this.skip()
    }
  })

  it('should be proved: every assertion holds and nothing goes below zero, after any sequence of moves', () => {
    const { safe, doubts } = prove(model, ['assert', 'underflow'])

    expect(doubts).to.deep.equal([])
    expect(safe).to.be.at.least(20)
  }).timeout(600_000)

  const bugs = [
    { name: 'a rise that is not clipped to free money', piece: 'min(left, balance - reserved)', replacement: 'left' },
    { name: 'a withdrawal of reserved money', piece: 'amount <= balance - reserved', replacement: 'amount <= balance' },
    { name: 'a payment that stays reserved', piece: '+ (newCap - newPaid)', replacement: '+ (newCap - paid)' }
  ]

  for (const { name, piece, replacement } of bugs) {
    it(`should not be proved with ${name}`, () => {
      expect(prove(spoil(piece, replacement), ['assert']).doubts.join()).to.match(/happens here|might happen/)
    }).timeout(600_000)
  }
})
