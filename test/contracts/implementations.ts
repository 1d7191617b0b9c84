import { energyEscrowBytecode } from '../../contracts/abi.ts'
import { compile } from '../../contracts/build.ts'

let reference: `0x${string}` | undefined

/**
 * Runs a suite once on the packed escrow that is shipped and once on the reference: whatever it demands, it demands of both.
 * ESCROW_PACKED in the environment puts other bytecode in the place of the shipped one, to see the suite fail.
 */
export function describeEach (title: string, suite: (bytecode: () => `0x${string}`) => void): void {
  describe(`${title}, packed`, () => { suite(() => process.env.ESCROW_PACKED as `0x${string}` | undefined ?? energyEscrowBytecode) })
  describe(`${title}, reference`, () => { suite(referenceBytecode) })
}

/** The executable specification, compiled on first use: it is never shipped. */
export function referenceBytecode (): `0x${string}` {
  reference ??= compile(['test/contracts/reference/EnergyEscrowReference.sol']).EnergyEscrowReference.bytecode
  return reference
}
