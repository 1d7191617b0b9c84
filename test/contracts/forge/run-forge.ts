import { spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { energyCertificatesBytecode, energyEscrowBytecode, meterBookBytecode } from '../../../contracts/abi.ts'
import { referenceBytecode } from '../implementations.ts'

/** What became of one Solidity test: `reason` and the counterexample are forge's own words. */
export interface ForgeResult {
  readonly suite: string
  readonly test: string
  readonly passed: boolean
  readonly reason: string
}

interface ForgeOutput {
  readonly [suite: string]: { readonly test_results: { readonly [signature: string]: { readonly status: string, readonly reason?: string | null, readonly counterexample?: unknown } } }
}

// the same folder, whether this file runs as source or from dist
const root = join(import.meta.dirname.replace(/[\\/]dist([\\/]test)/, '$1'), '../../..')

/** Bytecode in the place of what ships, by contract. */
export type Replacements = Readonly<Partial<Record<'EnergyEscrow' | 'MeterBook' | 'EnergyCertificates', string>>>

/**
 * Runs the Solidity tests against the shipped contracts, or other bytecode in their place, and returns every result. Arguments go
 * to forge as they are, e.g. `--match-contract ReceiptsOnPacked`. Rejects when the tests could not be run at all.
 */
export async function runForge (args: readonly string[] = [], replaced: Replacements = {}): Promise<ForgeResult[]> {
  // the platform's binary itself: npm's launcher for it exits with 0 when tests fail
  const child = spawn(findForge(), ['test', '--json', ...args], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      FOUNDRY_CONFIG: 'test/contracts/forge/foundry.toml',
      ESCROW_PACKED: replaced.EnergyEscrow ?? energyEscrowBytecode,
      ESCROW_REFERENCE: referenceBytecode(),
      METER_BOOK: replaced.MeterBook ?? meterBookBytecode,
      ENERGY_CERTIFICATES: replaced.EnergyCertificates ?? energyCertificatesBytecode
    }
  })
  const [out, complaint, code] = await new Promise<[string, string, number | null]>((resolve, reject) => {
    const text = { out: '', complaint: '' }
    child.stdout.on('data', chunk => { text.out += String(chunk) })
    child.stderr.on('data', chunk => { text.complaint += String(chunk) })
    child.once('error', () => { reject(new Error('Found no forge: run `npm ci --include=optional`, or install Foundry from https://getfoundry.sh so that `forge` is on the PATH.')) })
    child.once('close', code => { resolve([text.out, text.complaint, code]) })
  })

  const results = readResults(out, complaint)
  if (code !== (results.every(({ passed }) => passed) ? 0 : 1)) {
    throw new Error(`forge ended with code ${code}, which is not what its results say: ${complaint.trim()}`)
  }
  return results
}

function readResults (out: string, complaint: string): ForgeResult[] {
  const line = out.split('\n').findLast(line => line.startsWith('{'))
  if (line == null) {
    throw new Error(`forge ran no test: ${complaint.trim()}${out.trim()}`)
  }
  const suites: ForgeOutput = JSON.parse(line)

  return Object.entries(suites).flatMap(([path, { test_results: tests }]) => Object.entries(tests).map(([signature, test]) => ({
    suite: path.replace(/^.*:/, ''),
    test: signature.replace(/\(.*$/, ''),
    passed: test.status === 'Success',
    reason: [test.reason, test.counterexample].filter(part => part != null).map(part => typeof part === 'string' ? part : JSON.stringify(part)).join(' ')
  })))
}

/** The binary from npm for this platform, else the one on the PATH. */
function findForge (): string {
  const arch = process.arch === 'x64' ? 'amd64' : process.arch

  try {
    return createRequire(import.meta.url).resolve(`@foundry-rs/forge-${process.platform}-${arch}/bin/forge`)
  } catch {
    return 'forge'
  }
}
