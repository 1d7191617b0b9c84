import { expect } from 'aegir/chai'
import { concat, encodeAbiParameters, keccak256, slice, stringToHex } from 'viem'
import { energyCertificatesAbi, energyCertificatesBytecode, meterBookAbi, meterBookBytecode } from '../../contracts/abi.ts'
import { CERTIFICATES_ADDRESS, certificateId, createCertificateMoves, deployCertificates, readCertificates } from '../../src/chain/certificates.ts'
import { DEPLOYER } from '../../src/chain/create2.ts'
import { createMeterBookReader, foundMeterBook, meterBookAddress } from '../../src/chain/meter-book.ts'
import { CodedError } from '../../src/domain/errors.ts'
import { dailyExportDigest, exportMeterId, joinDigest } from '../../src/signing/digests.ts'
import { signDigest } from '../../src/signing/keys.ts'
import { startCommunity } from '../helpers/community.ts'
import type { DailyExport } from '../../src/domain/certificate.ts'
import type { Account, Hex } from '../../src/domain/units.ts'
import type { TestCommunity } from '../helpers/community.ts'

/** The formula of EIP-1014, spelled out. */
function create2 (salt: string, code: Hex): Account {
  return slice(keccak256(concat(['0xff', DEPLOYER, keccak256(stringToHex(salt)), keccak256(code)])), 12)
}

async function refusal (move: Promise<unknown>): Promise<string> {
  const error = await move.then(() => undefined, (error: unknown) => error)
  if (!(error instanceof CodedError)) {
    throw new Error(`it should have been refused: ${String(error)}`)
  }
  return `${error.code} ${String(error.details.error ?? '')} ${error.message}`
}

describe('the meter book from TypeScript', () => {
  let community: TestCommunity

  before(async () => { community = await startCommunity(2) })
  after(async () => community?.stop())

  it('should be where the rule says, for these founders and this quorum', async () => {
    const founders = [0, 1].map((number) => community.home(number).owner)
    const args = encodeAbiParameters([{ type: 'address[]' }, { type: 'uint256' }], [founders, 50n])
    expect(community.book).to.equal(create2('wattmesh MeterBook 1', concat([meterBookBytecode, args])))
    expect(meterBookAddress({ founders, quorum: 51 })).to.not.equal(community.book)
    expect(meterBookAddress({ founders: [...founders].reverse(), quorum: 50 })).to.not.equal(community.book)
    const again = await foundMeterBook({ founders, quorum: 50 }, { rpcUrl: community.url, privateKey: community.home(0).ownerKey, pollMs: 5 })
    expect(again).to.deep.equal({ chainId: community.chainId, book: community.book, created: undefined })
  })

  it('should say so when what is there is something else', async () => {
    const founders = [community.home(6).owner]
    const book = meterBookAddress({ founders, quorum: 10 })
    await community.client.setCode({ address: book, bytecode: '0x6001' })
    expect(await refusal(foundMeterBook({ founders, quorum: 10 }, { rpcUrl: community.url, privateKey: community.home(0).ownerKey, pollMs: 5 }))).to.match(/^CHAIN_BAD_CODE/)
    expect(await refusal(createMeterBookReader({ rpcUrl: community.url, chainId: community.chainId, pollMs: 5, book }).community())).to.match(/^CHAIN_/)
  })

  it('should sign what the contract hashes', async () => {
    const { owner, meter } = community.home(3)
    const join = { home: owner, meter, until: 1_900_000_000, nonce: 7n }
    const digest = await community.client.readContract({
      address: community.book, abi: meterBookAbi, functionName: 'joinDigest', args: [join.home, join.meter, join.until, join.nonce]
    })
    expect(joinDigest(join, { chainId: community.chainId, contract: community.book })).to.equal(digest)
  })

  it('should let homes in and out, and count what it takes', async () => {
    const newcomer = community.home(2)
    await community.join(0)
    await community.join(1)
    await community.join(2)
    expect(await community.reader.standing(newcomer.owner)).to.containSubset({ request: { meter: newcomer.meter, votes: 0 }, nonce: 1n })
    await community.moves(0).vouch(newcomer.owner, newcomer.meter)
    await community.moves(1).vouch(newcomer.owner, newcomer.meter)
    expect((await community.reader.standing(newcomer.owner)).seat).to.include({ home: newcomer.owner, meter: newcomer.meter })
    const { members, needed, quorum } = await community.reader.community()
    expect(members.map(({ home }) => home)).to.have.members([0, 1, 2].map((number) => community.home(number).owner))
    expect({ needed, quorum }).to.deep.equal({ needed: 2, quorum: 50 })
    await community.moves(0).expel(newcomer.owner)
    expect((await community.reader.standing(newcomer.owner)).votesAgainst).to.equal(1)
    await community.moves(1).expel(newcomer.owner)
    expect((await community.reader.standing(newcomer.owner)).seat).to.be.undefined()
  })

  it('should say what to do about each refusal', async () => {
    const [first, outsider] = [community.home(0), community.home(5)]
    const stranger = community.moves(5)
    expect(await refusal(stranger.expel(first.owner))).to.match(/^CHAIN_REVERTED NotMember .*only members .* may vote: join/)
    expect(await refusal(stranger.quit())).to.match(/^CHAIN_REVERTED NoSuchHome .*members`/)
    expect(await refusal(community.moves(0).vouch(outsider.owner, outsider.meter))).to.match(/^CHAIN_REVERTED NotAsking .*join`/)
    expect(await refusal(community.moves(0).expel(first.owner))).to.match(/^CHAIN_REVERTED OwnCase .*quit`/)
    expect(await refusal(community.moves(0).strike(community.home(1).owner))).to.match(/^CHAIN_REVERTED StillValid .*expel`/)
    expect(await refusal(community.join(5, { meter: 0 }))).to.match(/^CHAIN_REVERTED MeterTaken .*another home/)
    expect(await refusal(community.join(5, { until: 5 }))).to.match(/^CHAIN_REVERTED BadValidity .*days/)
    expect(await refusal(stranger.join(outsider.meter, await community.now() + 5, signDigest(`0x${'11'.repeat(32)}`, outsider.meterKey)))).to.match(/^CHAIN_REVERTED BadSignature .*node key/)
  })
})

describe('energy certificates from TypeScript', () => {
  let community: TestCommunity
  let daily: DailyExport

  before(async () => {
    community = await startCommunity(1)
    const { owner, meter } = community.home(0)
    daily = { attester: meter, meter: exportMeterId({ attester: meter }), day: Math.floor(await community.now() / 86_400) - 1, wh: 12_345, capacityW: 5000, to: owner }
  })
  after(async () => community?.stop())

  it('should be at one address on every chain, deployed by anybody once', async () => {
    const init = { rpcUrl: community.url, privateKey: community.home(3).ownerKey, pollMs: 5 }
    const moves = createCertificateMoves({ chain: { ...init, chainId: community.chainId }, ownerPrivateKey: community.home(0).ownerKey })
    expect(await refusal(moves.retire(`0x${'11'.repeat(32)}`, 1n))).to.match(/^CHAIN_NO_CONTRACT .*certificates deploy`/)
    const { contract, created } = await deployCertificates(init)
    expect(contract).to.equal(create2('wattmesh EnergyCertificates 1', energyCertificatesBytecode))
    expect(contract).to.equal(CERTIFICATES_ADDRESS)
    expect(created?.gasUsed).to.be.a('bigint')
    expect((await deployCertificates(init)).created).to.be.undefined()
  })

  it('should sign and name what the contract hashes', async () => {
    const contract = { address: CERTIFICATES_ADDRESS, abi: energyCertificatesAbi } as const
    const message = { ...daily, wh: BigInt(daily.wh), capacityW: BigInt(daily.capacityW) }
    expect(dailyExportDigest(daily, { chainId: community.chainId, contract: CERTIFICATES_ADDRESS }))
      .to.equal(await community.client.readContract({ ...contract, functionName: 'exportDigest', args: [message] }))
    expect(BigInt(certificateId(daily.attester, daily.meter, daily.day)))
      .to.equal(await community.client.readContract({ ...contract, functionName: 'idOf', args: [daily.attester, daily.meter, daily.day] }))
  })

  it('should mint a day once, retire part of it, and show what is left', async () => {
    const chain = { rpcUrl: community.url, chainId: community.chainId, pollMs: 5 }
    const { owner, ownerKey, meterKey } = community.home(0)
    const moves = createCertificateMoves({ chain, ownerPrivateKey: ownerKey })
    const sign = (paper: DailyExport): Hex => signDigest(dailyExportDigest(paper, { chainId: chain.chainId, contract: CERTIFICATES_ADDRESS }), meterKey)
    await moves.mint(daily, sign(daily))
    expect(await refusal(moves.mint(daily, sign(daily)))).to.match(/^CHAIN_REVERTED AlreadyMinted .*only one/)
    const bigger = { ...daily, day: daily.day - 1, capacityW: 9000 }
    expect(await refusal(moves.mint(bigger, sign(bigger)))).to.match(/^CHAIN_REVERTED CapacityChanged .*capacityW back/)
    const id = certificateId(daily.attester, daily.meter, daily.day)
    await moves.retire(id, 345n)
    expect(await refusal(moves.retire(id, 12_001n))).to.match(/^CHAIN_REVERTED ERC6909InsufficientBalance .*list`/)
    const found = await readCertificates({ ...daily, days: [daily.day + 1, daily.day, daily.day - 1], holder: owner }, chain)
    expect(found).to.deep.equal([{ day: daily.day, id, mintedWh: 12_345n, retiredWh: 345n, heldWh: 12_000n }])
  })
})
