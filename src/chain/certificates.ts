/** Energy certificates: one contract for everybody on a chain, at the same address on each. */
import { encodeAbiParameters, keccak256, toBytes } from 'viem'
import { energyCertificatesAbi, energyCertificatesBytecode } from '../../contracts/abi.ts'
import { CodedError } from '../domain/errors.ts'
import { checkNetwork, createChainReader, createChainWriter } from './client.ts'
import { create2Address, createOnce, openChain } from './create2.ts'
import { advised, chainError } from './errors.ts'
import { toBytes65 } from './meter-book.ts'
import type { ChainClientInit, ChainReader, Mined } from './client.ts'
import type { Blueprint, CreatedBy, Creation } from './create2.ts'
import type { ChainErrorCode } from './errors.ts'
import type { DailyExport } from '../domain/certificate.ts'
import type { Account, Hex } from '../domain/units.ts'

const BLUEPRINT: Blueprint = { salt: keccak256(toBytes('wattmesh EnergyCertificates 1')), initCode: energyCertificatesBytecode, what: 'the certificates' }

/** Where the certificates are, on every chain. */
const CONTRACT = { address: create2Address(BLUEPRINT), abi: energyCertificatesAbi } as const

/** The address of the certificates, to bind what an attester signs. */
export const CERTIFICATES_ADDRESS: Account = CONTRACT.address

/** Deploys the certificates unless they are there already, and verifies what is there. Throws as `deployEscrow` does. */
export async function deployCertificates (init: Creation): Promise<{ contract: Account, created?: CreatedBy }> {
  const deploy = async (): Promise<{ contract: Account, created?: CreatedBy }> => {
    const { reader, chainId } = await openChain(init)
    const { address: contract, isRight, created } = await createOnce(BLUEPRINT, { ...init, chainId }, reader)
    if (!isRight) {
      throw new CodedError<ChainErrorCode>('CHAIN_BAD_CODE', `What is at ${contract} are not this release's certificates: ask another RPC service.`, { details: { contract } })
    }
    return { contract, created }
  }
  return deploy().catch((error) => { throw chainError(error, 'deploy the certificates') })
}

/** The certificate of one meter and day, as far as `holder` is concerned. */
export interface CertificateView {
  readonly day: number
  readonly id: Hex
  readonly mintedWh: bigint
  readonly retiredWh: bigint
  readonly heldWh: bigint
}

/** Identity of the certificate of a meter's day. */
export function certificateId (attester: Account, meter: Hex, day: number): Hex {
  return keccak256(encodeAbiParameters([{ type: 'address' }, { type: 'bytes32' }, { type: 'uint32' }], [attester, meter, day]))
}

/** The days of one meter, and whose certificates are counted. */
export interface CertifiedRegister {
  readonly attester: Account
  readonly meter: Hex
  readonly days: readonly number[]
  readonly holder: Account
}

/** What became of the days that were certified, in the order asked for. Throws `CHAIN_NO_CONTRACT` where nobody deployed the certificates. */
export async function readCertificates (register: CertifiedRegister, init: ChainClientInit): Promise<CertificateView[]> {
  const reader = createChainReader(init)
  await checkThere(reader, init.chainId)
  const view = async (day: number): Promise<CertificateView> => {
    const id = certificateId(register.attester, register.meter, day)
    const [[mintedWh, retiredWh], heldWh] = await Promise.all([
      reader.readContract({ ...CONTRACT, functionName: 'certificate', args: [BigInt(id)] }),
      reader.readContract({ ...CONTRACT, functionName: 'balanceOf', args: [register.holder, BigInt(id)] })
    ])
    return { day, id, mintedWh, retiredWh, heldWh }
  }
  const views = await Promise.all(register.days.map(view)).catch((error) => { throw chainError(error, 'read certificates') })
  return views.filter(({ mintedWh }) => mintedWh > 0n)
}

/** The moves of one owner, who pays for them. Each throws `CHAIN_REVERTED` with a sentence that says what to do. */
export interface CertificateMoves {
  /** `signature`: 64 bytes by the attester over the digest of the export. */
  mint(daily: DailyExport, signature: Hex): Promise<Mined>
  retire(id: Hex, wh: bigint): Promise<Mined>
}

export function createCertificateMoves (init: { readonly chain: ChainClientInit, readonly ownerPrivateKey: Hex }): CertificateMoves {
  const reader = createChainReader(init.chain)
  const writer = createChainWriter({ ...init.chain, privateKey: init.ownerPrivateKey }, reader)
  const move = async (functionName: string, args: readonly unknown[], doing: string): Promise<Mined> => {
    await checkThere(reader, init.chain.chainId)
    return writer.write({ to: CONTRACT.address, abi: energyCertificatesAbi, functionName, args, doing }).catch((error) => { throw advised(error, ADVICE) })
  }
  return {
    mint: async (daily, signature) => move('mint', [daily, toBytes65(signature)], 'mint the certificate'),
    retire: async (id, wh) => move('retire', [BigInt(id), wh], 'retire the certificate')
  }
}

async function checkThere (reader: ChainReader, chainId: number): Promise<void> {
  await checkNetwork(reader, chainId)
  if (await reader.getCode({ address: CONTRACT.address }) == null) {
    throw new CodedError<ChainErrorCode>('CHAIN_NO_CONTRACT',
      `There are no certificates on chain ${chainId} yet: anybody can deploy them, once for all, with \`wattmesh certificates deploy\`.`, { details: { contract: CONTRACT.address } })
  }
}

/** What to do about each refusal. */
const ADVICE: Readonly<Record<string, string>> = {
  TooEarly: 'the day is not over on the chain: wait for midnight UTC and for a block after it.',
  AlreadyMinted: 'the certificate of this meter and day was minted before, and there is only one.',
  BadQuantity: 'the energy is zero, or more than the capacity can give in 24 hours: check certificates.capacityW and the readings.',
  CapacityChanged: 'the first certificate of this meter fixed another capacity: set certificates.capacityW back to it.',
  BadSignature: 'the attester has not signed this export: check that the home\'s own node key is used.',
  ERC6909InsufficientBalance: 'the owner holds less of it: look at `wattmesh certificates list`.'
}
