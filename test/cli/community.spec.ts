import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'aegir/chai'
import { writeKeyFile } from '../../src/config/key-file.ts'
import { dataPaths } from '../../src/config/paths.ts'
import { renderConfigFile } from '../../src/config/template.ts'
import { callCli, killAllCli, runCli } from '../helpers/cli.ts'
import { startCommunity, testHome } from '../helpers/community.ts'
import { stopAll } from '../helpers/stop-all.ts'
import type { Finished } from '../helpers/cli.ts'
import type { TestCommunity } from '../helpers/community.ts'

describe('a community from the command line', function () {
  this.timeout(120_000)

  let folder: string
  let community: TestCommunity
  let book: string

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'wattmesh-community-'))
    community = await startCommunity(1)
    for (let number = 0; number < 4; number++) {
      await mkdir(home(number), { recursive: true })
      writeKeyFile(ownerKey(number), testHome(number).ownerKey)
      writeKeyFile(dataPaths({ option: home(number) }).key, `0x${'5a'.repeat(31)}0${number + 1}`)
      writeKeyFile(dataPaths({ option: home(number) }).meterKey, testHome(number).meterKey)
      await setUp(number)
    }
  })

  after(async () => {
    await stopAll(killAllCli, async () => community?.stop(), async () => rm(folder, { recursive: true, force: true }))
  })

  const home = (number: number): string => join(folder, String(number))
  const ownerKey = (number: number): string => join(folder, `${number}.owner.key`)
  const address = (number: number): string => testHome(number).owner

  async function setUp (number: number, meterBook?: string): Promise<void> {
    await writeFile(dataPaths({ option: home(number) }).config, renderConfigFile({
      owner: testHome(number).owner,
      market: { area: 'elm-street', chainId: community.chainId, escrow: `0x${'ee'.repeat(20)}`, ...(meterBook == null ? {} : { meterBook: meterBook as `0x${string}` }) },
      chain: { rpc: community.url, pollMs: 50 },
      tariff: { retail: '0.30', feedIn: '0.08' },
      meter: { driver: 'demo' }
    }))
  }

  const found = async (...more: string[]): Promise<Finished> => callCli('community', 'found', '--rpc', community.url, '--key', ownerKey(0), ...more)
  const move = async (number: number, name: string, ...more: string[]): Promise<Finished> =>
    callCli('community', name, ...more, '--data', home(number), '--owner-key', ownerKey(number))
  const members = async (...more: string[]): Promise<Finished> => callCli('community', 'members', ...more, '--data', home(0))

  it('should found a book where its founders and quorum say, and send nothing the second time', async () => {
    const first = await runCli('community', 'found', '--rpc', community.url, '--key', ownerKey(0), '--founder', address(0), address(1), '--quorum', '50', '--json')
    expect(first.code, first.stderr).to.equal(0)
    const made = JSON.parse(first.stdout) as { book: string, chainId: number, created: { tx: string } }
    expect(made).to.containSubset({ chainId: 31337, quorum: 50, founders: [address(0), address(1)] })
    expect(made.created.tx).to.match(/^0x[0-9a-f]{64}$/)
    book = made.book
    const second = await found('--founder', address(0), '--founder', address(1))
    expect(second.code, second.stderr).to.equal(0)
    expect(second.stdout).to.include(`  market:\n    meterBook: "${book}"\n`).and.include('nothing was sent')
  })

  it('should refuse founders and quorums that make no book, and other chains', async () => {
    expect((await found('--founder', address(0), address(0))).stderr).to.match(/names .* twice/)
    expect((await found('--founder', '0x12')).stderr).to.match(/--founder must be an address/)
    expect((await found('--founder', address(0), '--quorum', '67')).stderr).to.match(/from 0 to 66/)
    const elsewhere = await found('--founder', address(0), '--chain', '5')
    expect(elsewhere.code).to.equal(6)
    expect(elsewhere.stderr).to.match(/RPC serves chain 31337/)
  })

  it('should say what to set when the market names no book', async () => {
    const without = await move(0, 'join')
    expect(without.code).to.equal(3)
    expect(without.stderr).to.match(/set market\.meterBook/)
  })

  it('should seat a founder at once, and an outsider when members vouch', async () => {
    for (const number of [0, 1, 2, 3]) {
      await setUp(number, book)
    }
    for (const founder of [0, 1]) {
      const joined = await move(founder, 'join', '--days', '100')
      expect(joined.code, joined.stderr).to.equal(0)
      expect(joined.stdout).to.match(/This home is a member with the meter key 0x/)
    }
    const asked = await move(2, 'join')
    expect(asked.code, asked.stderr).to.equal(0)
    const { owner, meter } = testHome(2)
    expect(asked.stdout).to.include('It takes 2 votes').and.include(`wattmesh community vouch ${owner} --meter ${meter}`)

    const first = await move(0, 'vouch', owner)
    expect((await members()).stdout).to.match(new RegExp(`Asking to enter:[^]*${owner} +${meter} +20[0-9-]+ +1 of 2 votes`))
    expect(first.stdout).to.include('1 of 2 votes')
    expect((await members(owner)).stdout).to.include('is no member').and.include('1 of 2 votes')
    const second = await move(1, 'vouch', owner, '--meter', meter, '--json')
    expect(second.code, second.stderr).to.equal(0)
    expect(JSON.parse(second.stdout)).to.containSubset({ standing: { home: owner, seat: { home: owner, meter }, votesAgainst: 0 } })
  })

  it('should list who is in', async () => {
    const { stdout } = await members()
    expect(stdout).to.include(`Meter book ${book}: 3 seats, a decision takes 2 votes`)
    expect(stdout).to.include(testHome(2).meter).and.not.include('Asking to enter')
    const list = JSON.parse((await members('--json')).stdout) as { members: Array<{ home: string, meter: string, isGood: boolean }> }
    expect(list.members.map(({ home, meter, isGood }) => ({ home, meter, isGood }))).to.have.deep.members(
      [0, 1, 2].map((number) => ({ home: testHome(number).owner, meter: testHome(number).meter, isGood: true }))
    )
  })

  it('should explain what is not possible, and send nothing', async () => {
    const stranger = await move(3, 'expel', address(0))
    expect(stranger.code).to.equal(6)
    expect(stranger.stderr).to.match(/only members .* may vote/)
    const nobody = await move(0, 'vouch', address(3))
    expect(nobody.code).to.equal(2)
    expect(nobody.stderr).to.match(/does not ask to enter/)
    const wrongKey = await callCli('community', 'join', '--data', home(0), '--owner-key', ownerKey(1))
    expect(wrongKey.code).to.equal(3)
    expect(wrongKey.stderr).to.match(/give the owner's key/)
    await move(3, 'join')
    const swapped = await move(0, 'vouch', address(3), '--meter', testHome(2).meter)
    expect(swapped.code).to.equal(2)
    expect(swapped.stderr).to.match(/asks to enter with the meter key/)
  })

  it('should put a home out by votes, and strike one whose validity has ended without any', async () => {
    expect((await move(0, 'expel', address(2))).stdout).to.include('1 of 2 votes')
    expect((await members(address(2))).stdout).to.match(/against it +1 of 2 votes/)
    expect((await move(1, 'expel', address(2))).stdout).to.include('is no member any more')
    await community.client.increaseTime({ seconds: 101 * 86_400 })
    await community.client.mine({ blocks: 1 })
    expect((await members()).stdout).to.match(/ended/)
    expect((await move(0, 'expel', address(1))).stdout).to.include('is no member any more')
    expect((await move(0, 'join')).stdout).to.include('This home is a member')
    expect((await runCli('community', 'quit', '--data', home(0), '--owner-key', ownerKey(0))).stdout).to.include('no member any more')
    expect((await members()).stdout).to.include(': 0 seats')
  })
})
