import { Command } from 'commander'
import { MAX_INVITE_ADDRESSES, encodeInvite } from '../../config/invite.ts'
import { loadConfig } from '../../config/load.ts'
import { CodedError, hasCode } from '../../domain/errors.ts'
import { dataOption, jsonOption, pathsOf, runningNode } from '../options.ts'
import { note, print, printJson } from '../output.ts'

interface InviteOptions {
  readonly data?: string
  readonly json?: boolean
  readonly rpc?: string
  readonly qr: boolean
}

export function inviteCommand (): Command {
  return new Command('invite')
    .description('print a short text with which another home can join this market')
    .addOption(dataOption())
    .option('--rpc <url>', 'chain service to recommend, instead of the one of this home unless that is only for this computer')
    .option('--no-qr', 'leave out the QR code')
    .addOption(jsonOption())
    .action(invite)
}

async function invite (options: InviteOptions): Promise<void> {
  const config = loadConfig({ file: pathsOf(options).config, env: process.env })
  const [{ rulesDigest }, { portOf }] = await Promise.all([import('../../signing/digests.ts'), import('../ports.ts')])
  const bootstrap = await addresses(options, config.network.bootstrap)
  const text = encodeInvite({
    market: config.market,
    digest: rulesDigest(config.market),
    rpc: options.rpc ?? (isLocal(new URL(config.chain.rpc).hostname) ? undefined : config.chain.rpc),
    deployBlock: config.chain.deployBlock === 0 ? undefined : config.chain.deployBlock,
    bootstrap
  })
  if (options.json === true) {
    printJson({ invite: text, bootstrap })
    return
  }
  if (options.qr) {
    const { renderUnicodeCompact } = await import('uqr')
    note(renderUnicodeCompact(text, { ecc: 'L' }))
    note()
  }
  print(text)
  note()
  note('Whoever has this text can join with `wattmesh join` and sees the addresses in it; it holds no key and no money.')
  if (config.network.listen.every((address) => portOf(address)?.port === 0)) {
    note('This home takes another port at each start, and then nobody gets through with this text: name one in network.listen, such as /ip4/0.0.0.0/tcp/24001.')
  }
}

/** Where this home can be called, the outside first, and the homes it calls itself. A stopped node has only the latter. */
async function addresses (options: InviteOptions, known: readonly string[]): Promise<string[]> {
  const own = await runningNode(options).then(async (node) => {
    const { addresses, reach } = await node.status()
    // the first home of a street has nobody yet who could confirm that others get through
    return [...addresses, ...reach.unconfirmed]
  }, (error: unknown) => {
    if (hasCode(error, 'NODE_NOT_RUNNING')) {
      return []
    }
    throw error
  })
  const useful = own.filter((address) => !isLoopback(address))
  // few homes can call an address that is for browsers
  const all = [...new Set([...useful.length === 0 ? own : useful, ...known])].sort((a, b) => Number(isForBrowsers(a)) - Number(isForBrowsers(b)))
  if (all.length === 0) {
    throw new CodedError('NODE_NOT_RUNNING', 'The invite would hold no address to call: start the node first with `wattmesh start`, or set network.bootstrap.')
  }
  return all.slice(0, MAX_INVITE_ADDRESSES)
}

function isLoopback (address: string): boolean {
  return address.startsWith('/ip4/127.') || address.startsWith('/ip6/::1/')
}

function isForBrowsers (address: string): boolean {
  return address.includes('/webrtc-direct/')
}

function isLocal (host: string): boolean {
  return host === 'localhost' || host.startsWith('127.') || host === '[::1]'
}
