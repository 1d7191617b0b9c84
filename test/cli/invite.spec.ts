import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'aegir/chai'
import { startPracticeChain } from '../../src/chain/practice-chain.ts'
import { decodeInvite } from '../../src/config/invite.ts'
import { inBackground } from '../helpers/background.ts'
import { callCli, killAllCli, runCli, startCli } from '../helpers/cli.ts'
import { stopAll } from '../helpers/stop-all.ts'
import { until } from '../helpers/until.ts'
import type { PracticeChain } from '../../src/chain/practice-chain.ts'
import type { Background } from '../helpers/background.ts'

const OWNERS = [`0x${'a1'.repeat(20)}`, `0x${'b0'.repeat(20)}`]

describe('inviting a neighbour from the command line', function () {
  this.timeout(120_000)

  let folder: string
  let chain: PracticeChain
  let mining: Background

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'wattmesh-invite-'))
    chain = await startPracticeChain()
    mining = inBackground(async () => chain.mine(Math.floor(Date.now() / 1000)), 100)
    const { code, stderr } = await callCli('init', '--data', join(folder, 'alice'), '--owner', OWNERS[0], '--area', 'elm street', '--chain', String(chain.chainId), '--escrow', chain.escrow, '--rpc', chain.rpcUrl)
    expect(code, stderr).to.equal(0)
  })

  after(async () => {
    await stopAll(killAllCli, async () => mining?.stop(), async () => chain?.stop(), async () => rm(folder, { recursive: true, force: true }))
  })

  it('should say what to do when there is no address to put into an invite', async () => {
    const { code, stderr } = await callCli('invite', '--data', join(folder, 'alice'))
    expect(code).to.equal(5)
    expect(stderr).to.match(/start the node first/)
  })

  it('should bring the neighbour into the same market', async () => {
    const alice = startCli('start', '--data', join(folder, 'alice'), '--listen', '/ip4/127.0.0.1/udp/0/webrtc-direct,/ip4/127.0.0.1/tcp/0')
    await alice.said(/ready/)
    const shown = await runCli('invite', '--data', join(folder, 'alice'))
    expect(shown.stdout).to.match(/^wattmesh-invite-1\.\S+\n$/)
    expect(shown.stderr).to.match(/█/)
    const { invite, bootstrap } = JSON.parse((await callCli('invite', '--data', join(folder, 'alice'), '--json')).stdout) as { invite: string, bootstrap: string[] }
    // what few homes can call comes last
    expect(bootstrap.map((address) => address.split('/')[3])).to.deep.equal(['tcp', 'udp'])
    expect(bootstrap[1]).to.match(/\/webrtc-direct\/certhash\//)
    expect((await runCli('status', '--data', join(folder, 'alice'))).stdout).to.include(bootstrap[1])
    expect(shown.stdout.trim()).to.equal(invite)

    const bob = join(folder, 'bob')
    const noRpc = await callCli('join', invite, '--data', bob, '--owner', OWNERS[1])
    expect(noRpc.code).to.equal(3)
    expect(noRpc.stderr).to.match(/recommends no service for chain 31337: say with --rpc/)
    const cut = await callCli('join', invite.slice(0, -9), '--data', bob, '--owner', OWNERS[1], '--rpc', chain.rpcUrl)
    expect(cut.code).to.equal(3)
    expect(cut.stderr).to.match(/cut or mistyped/)
    const joined = await runCli('join', invite, '--data', bob, '--owner', OWNERS[1], '--rpc', chain.rpcUrl)
    expect(joined.code, joined.stderr).to.equal(0)
    expect(joined.stderr).to.match(/Market area "elm street"/)

    const second = startCli('start', '--data', bob)
    await second.said(/ready/)
    const statusOf = async (home: string): Promise<{ peerId: string, peers: Array<{ peerId: string }>, rulesDigest: string }> => JSON.parse((await callCli('status', '--data', join(folder, home), '--json')).stdout)
    const { peerId, rulesDigest } = await statusOf('alice')
    // others may be about in this network
    await until(async () => (await statusOf('bob')).peers.some((peer) => peer.peerId === peerId), 60_000)
    expect((await statusOf('bob')).rulesDigest).to.equal(rulesDigest)
  })

  it('should hold a port that this home keeps, or say that it does not', async () => {
    const config = join(folder, 'bob', 'config.yaml')
    const settings = await readFile(config, 'utf8')
    const [, port] = /^ {2}listen: .*\/tcp\/(\d+)"/m.exec(settings) ?? []
    const invites = async (): Promise<{ stdout: string, stderr: string }> => runCli('invite', '--data', join(folder, 'bob'), '--no-qr')
    const kept = await invites()
    expect(decodeInvite(kept.stdout.trim()).bootstrap.some((address) => address.includes(`/tcp/${port}/`))).to.equal(true)
    expect(kept.stderr).to.not.match(/another port/)
    await writeFile(config, settings.replace(`/tcp/${port}`, '/tcp/0'))
    expect((await invites()).stderr).to.match(/another port at each start.* name one in network\.listen/)
  })

  it('should refuse what is no invite', async () => {
    const { code, stderr } = await callCli('join', 'hello', '--data', join(folder, 'carol'), '--owner', OWNERS[1])
    expect(code).to.equal(3)
    expect(stderr).to.match(/an invite begins with wattmesh-invite-1\./)
  })
})
