/**
 * Compiles the contracts and writes `abi.ts`, so that whoever uses the escrow needs no compiler. Run it with
 * `npm run contracts`. File names are relative to the repository, so the bytecode is the same on every machine.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'

export interface CompiledContract {
  readonly abi: readonly unknown[]
  readonly bytecode: `0x${string}`
}

interface Complaint {
  readonly severity: 'error' | 'warning' | 'info'
  readonly formattedMessage: string
  readonly sourceLocation?: { readonly file: string }
}

interface SolcOutput {
  readonly errors?: readonly Complaint[]
  readonly contracts?: Record<string, Record<string, { readonly abi: readonly unknown[], readonly evm: { readonly bytecode: { readonly object: string } } }>>
}

interface Solc {
  compile(input: string, callbacks: { import(path: string): { contents: string } | { error: string } }): string
}

const require = createRequire(import.meta.url)
// the same folder, whether this file runs as source or from dist
const root = resolve(import.meta.dirname.replace(/[\\/]dist([\\/]contracts)$/, '$1'), '..')

const settings = {
  viaIR: true,
  optimizer: { enabled: true, runs: 1_000_000 },
  // cancun: the oldest rules OpenZeppelin 5 compiles for (it copies memory with mcopy); every target chain has them since 2024
  evmVersion: 'cancun',
  metadata: { bytecodeHash: 'none' }
}

/**
 * Compiles Solidity files, named relative to the repository, and returns every contract they declare by its name.
 * `instead` holds texts to take in place of files. Throws with the compiler's messages on an error, and on a warning about
 * a file of ours.
 */
export function compile (files: readonly string[], instead: Readonly<Record<string, string>> = {}): Record<string, CompiledContract> {
  const solc: Solc = require('solc')
  const sources = Object.fromEntries(files.map(file => [file, { content: instead[file] ?? readFileSync(join(root, file), 'utf8') }]))
  const outputSelection = Object.fromEntries(files.map(file => [file, { '*': ['abi', 'evm.bytecode.object'] }]))
  const input = JSON.stringify({ language: 'Solidity', sources, settings: { ...settings, outputSelection } })
  const output: SolcOutput = JSON.parse(solc.compile(input, { import: readImport }))

  const complaints = (output.errors ?? []).filter(({ severity, sourceLocation }) =>
    severity === 'error' || sourceLocation?.file.startsWith('@') !== true)
  if (complaints.length > 0) {
    throw new Error(complaints.map(complaint => complaint.formattedMessage).join('\n'))
  }

  const contracts = files.flatMap(file => Object.entries(output.contracts?.[file] ?? {}))
  return Object.fromEntries(contracts.map(([name, { abi, evm }]) => [name, { abi, bytecode: `0x${evm.bytecode.object}` }]))
}

function readImport (path: string): { contents: string } | { error: string } {
  try {
    return { contents: readFileSync(path.startsWith('@') ? require.resolve(path) : join(root, path), 'utf8') }
  } catch (error) {
    return { error: String(error) }
  }
}

/** Compiles the contracts and returns the text of `abi.ts`. Throws with the compiler's messages. */
export function compileContracts (): string {
  const { EnergyEscrow, PracticeToken, MeterBook, EnergyCertificates } = compile([
    'contracts/EnergyEscrow.sol', 'contracts/PracticeToken.sol', 'contracts/MeterBook.sol', 'contracts/EnergyCertificates.sol'
  ])

  return [
    '// Generated from the Solidity files of this folder by `npm run contracts`. Do not edit.',
    '',
    printContract('energyEscrow', EnergyEscrow),
    printContract('practiceToken', PracticeToken),
    printContract('meterBook', MeterBook),
    printContract('energyCertificates', EnergyCertificates)
  ].join('\n')
}

function printContract (name: string, { abi, bytecode }: CompiledContract): string {
  const entries = abi.map(entry => `  ${printValue(entry)}`).join(',\n')
  return `export const ${name}Abi = [\n${entries}\n] as const\n\nexport const ${name}Bytecode = '${bytecode}'\n`
}

/** Prints a value as our linter wants it. `internalType` names Solidity types and means nothing outside the compiler. */
function printValue (value: unknown): string {
  if (Array.isArray(value)) {
    return `[${value.map(printValue).join(', ')}]`
  }
  if (typeof value === 'object' && value != null) {
    const fields = Object.entries(value).filter(([key]) => key !== 'internalType')
    return `{ ${fields.map(([key, field]) => `${key}: ${printValue(field)}`).join(', ')} }`
  }
  return typeof value === 'string' ? `'${value}'` : String(value)
}

if (process.argv[1] === import.meta.filename) {
  writeFileSync(join(root, 'contracts/abi.ts'), compileContracts())
}
