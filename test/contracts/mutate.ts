/**
 * Spoils the escrow in one place at a time and sees whether a test notices: `npm run test:mutation`. A mutant has to get past
 * the Solidity suites first, then past those of mocha; both take the escrow as bytecode. Writes nothing; ends with 1 when a
 * mutant survives that `mutants.md` does not explain. An argument like `1/2` runs the first half of all mutants only.
 */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { compile } from '../../contracts/build.ts'
import { runForge } from './forge/run-forge.ts'

interface Mutant {
  readonly line: number
  readonly before: string
  readonly after: string
  readonly source: string
}

const FILE = 'contracts/EnergyEscrow.sol'
const EXPLANATIONS = 'test/contracts/mutants.md'

/** One change of one token each: a comparison, an operator, a constant, a guard, a write. */
const changes: ReadonlyArray<readonly [pattern: RegExp, replacement: string]> = [
  [/ < /g, ' <= '], [/ <= /g, ' < '], [/ > /g, ' >= '], [/ >= /g, ' > '], [/ == /g, ' != '],
  [/ \+ /g, ' - '], [/ - /g, ' + '], [/ \|\| /g, ' && '], [/ && /g, ' || '], [/ \/ 1000/g, ' / 1001'],
  [/>> (\d+)/g, '>> ($1 + 1)'], [/<< (\d+)/g, '<< ($1 + 1)'], [/\? (.+?) : (.+?);/g, '? $2 : $1;'],
  [/_min\(/g, '_max('],
  [/^( *)(?:else )?if \(.*\) (?:return|revert|continue).*;.*$/g, '$1'],
  [/^( *)(?:\w+_?\.bits|_credit\().*;.*$/g, '$1'],
  [/^( *)emit .*;.*$/g, '$1'],
  [/uint(?:24|32|40|96|128)\((\w+ >> \d+|\w+)\)/g, '($1)']
]

/** Code only: no comments, no imports, no declarations of constants, from the first move on. */
function mutants (source: string): Mutant[] {
  const lines = source.split('\n')
  const first = lines.findIndex(line => line.includes('constructor('))

  const spoil = (index: number, after: string): Mutant => ({
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
function compileMutant (source: string): string | undefined {
  const file = '@mutant/EnergyEscrow.sol'
  try {
    return compile([file], { [file]: source.replace('./IEnergyEscrow.sol', 'contracts/IEnergyEscrow.sol') }).EnergyEscrow.bytecode
  } catch {
    return undefined
  }
}

/** What the tests make of a mutant; one that the compiler refuses, or makes the same code of, is no mutant at all. */
async function outcome ({ source }: Mutant): Promise<string> {
  const bytecode = compileMutant(source)
  if (bytecode == null) {
    return 'does not compile'
  }
  if (bytecode === original) {
    return 'same code'
  }
  return killer(bytecode)
}

/** The first test that fails on this escrow. */
async function killer (bytecode: string): Promise<string> {
  const failed = (await runForge(['--match-contract', 'OnPacked|Ledger', '--fail-fast'], bytecode)).find(({ passed }) => !passed)
  if (failed != null) {
    return `killed by ${failed.suite} ${failed.test}`
  }
  const { status } = spawnSync('mocha', ['test/contracts/escrow*.spec.ts', '--grep', 'packed', '--bail', '--timeout', '60000'], {
    env: { ...process.env, ESCROW_PACKED: bytecode, NODE_OPTIONS: process.execArgv.join(' ') }, stdio: 'ignore'
  })
  return status === 0 ? 'SURVIVED' : 'killed by mocha'
}

// few runs are enough for the many, and the seed is fixed
Object.assign(process.env, { FOUNDRY_FUZZ_RUNS: '32', FOUNDRY_INVARIANT_RUNS: '6', ...process.env })
const explained = readFileSync(EXPLANATIONS, 'utf8')
const [part, parts] = (process.argv[2] ?? '1/1').split('/').map(Number)
const text = readFileSync(FILE, 'utf8')
const original = compileMutant(text)
const all = mutants(text)
if (original == null || await killer(original) !== 'SURVIVED') {
  throw new Error('The escrow fails its tests unspoiled: mend that first.')
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
  process.stdout.write(`${index + 1}/${all.length} line ${mutant.line}: ${change}: ${result}${known ? ', as explained' : ''}\n`)
}
process.stdout.write(`${count.killed} killed, ${count.explained} survived as explained, ${count.survived} survived\n`)
process.exitCode = count.survived > 0 ? 1 : 0
