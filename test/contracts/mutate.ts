/**
 * Spoils the contracts in one place at a time and sees whether a test notices: `npm run test:mutation`. A mutant has to get past
 * the Solidity suites first, and one of the escrow past those of mocha; all take the contracts as bytecode. Writes nothing; ends
 * with 1 when a mutant survives that `mutants.md` does not explain. Arguments like `1/2 MeterBook` run the first of every two
 * mutants of that contract only.
 */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { compile } from '../../contracts/build.ts'
import { runForge } from './forge/run-forge.ts'

interface Mutant {
  readonly contract: Contract
  readonly line: number
  readonly before: string
  readonly after: string
  readonly source: string
}

/** Contracts, and the Solidity suites that test each, the cheap ones first. */
const suites = { EnergyEscrow: ['OnPacked', 'Ledger'], MeterBook: ['MeterBook'], EnergyCertificates: ['Certificates'] } as const
type Contract = keyof typeof suites

const EXPLANATIONS = 'test/contracts/mutants.md'

/** One change of one token each: a comparison, an operator, a constant, a guard, a write. */
const changes: ReadonlyArray<readonly [pattern: RegExp, replacement: string]> = [
  [/ < /g, ' <= '], [/ <= /g, ' < '], [/ > /g, ' >= '], [/ >= /g, ' > '], [/ == /g, ' != '],
  [/ \+ /g, ' - '], [/ - /g, ' + '], [/ \|\| /g, ' && '], [/ && /g, ' || '], [/ \/ 1000/g, ' / 1001'], [/ \* /g, ' + '], [/ \+ 1;/g, ';'],
  [/>> (\d+)/g, '>> ($1 + 1)'], [/<< (\d+)/g, '<< ($1 + 1)'], [/\? (.+?) : (.+?);/g, '? $2 : $1;'],
  [/_min\(/g, '_max('],
  [/^( *)(?:else )?if \(.*\) (?:return|revert|continue|seat\.|ballot\.).*;.*$/g, '$1'],
  [/^( *)(?:delete |_homes\.|_mint|_burn|capacityOf|certificate|_requests\[|_seats\[|_checkFree|ballot\[).*;.*$/g, '$1'],
  [/nonce(Of\[msg\.sender\])\+\+/g, 'nonce$1'], [/\+\+(_lastNumber)/g, '$1'],
  [/^( *)(?:\w+_?\.bits|_credit\().*;.*$/g, '$1'],
  [/^( *)emit .*;.*$/g, '$1'],
  [/uint(?:24|32|40|96|128)\((\w+ >> \d+|\w+)\)/g, '($1)']
]

function sourceOf (contract: Contract): string {
  return readFileSync(`contracts/${contract}.sol`, 'utf8')
}

/** Code only: no comments, no imports, no declarations of constants, from the first move on. */
function mutants (contract: Contract): Mutant[] {
  const lines = sourceOf(contract).split('\n')
  const first = lines.findIndex(line => line.includes('constructor('))

  const spoil = (index: number, after: string): Mutant => ({
    contract,
    line: index + 1,
    before: lines[index].trim(),
    after: after.trim(),
    source: withMax([...lines.slice(0, index), after, ...lines.slice(index + 1)].join('\n'))
  })
  const spoilLine = (text: string, index: number): Mutant[] => changes.flatMap(([pattern, replacement]) =>
    [...text.matchAll(pattern)].map(match => spoil(index,
      text.slice(0, match.index) + match[0].replace(new RegExp(pattern.source), replacement) + text.slice(match.index + match[0].length))))

  return lines.flatMap((text, index) => index < first || /^\s*\/\//.test(text) ? [] : spoilLine(text, index))
}

/** The mutants of `_min` need something to turn into. */
function withMax (source: string): string {
  return source.includes('_max(') ? source.replace(/\}\s*$/, '    function _max(uint256 a, uint256 b) private pure returns (uint256) {\n        return a > b ? a : b;\n    }\n}\n') : source
}

/** Taken for a library, so that the compiler's warnings, which mutants tend to earn, do not count. */
function compileMutant (contract: Contract, source: string): string | undefined {
  const file = `@mutant/${contract}.sol`
  try {
    return compile([file], { [file]: source.replace('"./I', '"contracts/I') })[contract].bytecode
  } catch {
    return undefined
  }
}

/** What the tests make of a mutant; one that the compiler refuses, or makes the same code of, is no mutant at all. */
async function outcome ({ contract, source }: Mutant): Promise<string> {
  const bytecode = compileMutant(contract, source)
  if (bytecode == null) {
    return 'does not compile'
  }
  if (bytecode === originals.get(contract)) {
    return 'same code'
  }
  return killer(contract, bytecode)
}

/** The first test that fails on this contract. */
async function killer (contract: Contract, bytecode: string): Promise<string> {
  for (const suite of suites[contract]) {
    const failed = (await runForge(['--match-contract', suite, '--fail-fast'], { [contract]: bytecode })).find(({ passed }) => !passed)
    if (failed != null) {
      return `killed by ${failed.suite} ${failed.test}`
    }
  }
  if (contract !== 'EnergyEscrow') {
    return 'SURVIVED'
  }
  // the long timeout: a busy machine kills no mutant
  const files = ['escrow', 'escrow-attacks', 'escrow-invariants'].map(name => `test/contracts/${name}.spec.ts`)
  const { status } = spawnSync('mocha', [...files, '--grep', 'packed', '--bail', '--timeout', '600000'], {
    env: { ...process.env, ESCROW_PACKED: bytecode, NODE_OPTIONS: process.execArgv.join(' ') }, stdio: 'ignore'
  })
  return status === 0 ? 'SURVIVED' : 'killed by mocha'
}

// few runs are enough for the many, the seed is fixed, and nobody reads the counterexamples
Object.assign(process.env, { FOUNDRY_FUZZ_RUNS: '32', FOUNDRY_INVARIANT_RUNS: '6', FOUNDRY_INVARIANT_SHRINK_RUN_LIMIT: '0', ...process.env })
const explained = readFileSync(EXPLANATIONS, 'utf8')
const [part, parts] = (process.argv[2] ?? '1/1').split('/').map(Number)
const chosen = Object.keys(suites).filter((name): name is Contract => process.argv[3] == null || name === process.argv[3])
const all = chosen.flatMap(mutants)
const originals = new Map(chosen.map(contract => [contract, compileMutant(contract, sourceOf(contract))]))
for (const [contract, original] of originals) {
  if (original == null || await killer(contract, original) !== 'SURVIVED') {
    throw new Error(`${contract} fails its tests unspoiled: mend that first.`)
  }
}
const count = { killed: 0, explained: 0, survived: 0 }

for (const [index, mutant] of all.entries()) {
  if (index % parts !== part - 1) {
    continue
  }
  const result = await outcome(mutant)
  const change = `${mutant.before} => ${mutant.after === '' ? '(nothing)' : mutant.after}`
  const known = result === 'SURVIVED' && explained.includes(change)
  count.killed += Number(result.startsWith('killed'))
  count.explained += Number(known)
  count.survived += Number(result === 'SURVIVED' && !known)
  process.stdout.write(`${index + 1}/${all.length} ${mutant.contract} line ${mutant.line}: ${change}: ${result}${known ? ', as explained' : ''}\n`)
}
const share = 100 * count.killed / (count.killed + count.explained + count.survived)
process.stdout.write(`${count.killed} killed (${share.toFixed(1)} %), ${count.explained} survived as explained, ${count.survived} survived\n`)
process.exitCode = count.survived > 0 ? 1 : 0
