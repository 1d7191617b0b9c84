import { Command } from 'commander'
import { readNamedKeyFile } from '../../config/key-file.ts'
import { CodedError } from '../../domain/errors.ts'
import { isGoodAt } from '../../domain/member.ts'
import { account, dataOption, jsonOption, whole } from '../options.ts'
import { dayOf, print, printJson, table } from '../output.ts'
import { homeSetup, ownerKeyOption, ownerSetup } from '../owner.ts'
import type { Community, MeterBookMoves, MeterBookReader, Standing } from '../../chain/meter-book.ts'
import type { Member } from '../../domain/member.ts'
import type { Account, Hex, UnixSeconds } from '../../domain/units.ts'
import type { HomeSetup, OwnerOptions, OwnerSetup } from '../owner.ts'

const DAY_SEC = 86_400
const POLL_MS = 500

export function communityCommand (): Command {
  const command = new Command('community')
    .enablePositionalOptions()
    .description('the meter book of a community: who may trade, and with which meter key')
  command.command('found').description('found a meter book, or verify the one that is there')
    .requiredOption('--rpc <url>', 'where to reach the chain')
    .requiredOption('--key <file>', 'file with the private key that pays for the transaction, readable by you only; it has no rights afterwards')
    .requiredOption('--founder <addresses...>', 'owners of the founding households, who have a vote from the start')
    .option('--quorum <percent>', 'percent of the members that a decision must exceed, for ever', whole(0, 66), 50)
    .option('--chain <id>', 'refuse any chain but this', whole(1, Number.MAX_SAFE_INTEGER))
    .addOption(jsonOption())
    .action(found)
  move(command, 'join', 'ask to enter the meter book with the meter\'s key, or renew its validity')
    .option('--days <n>', 'for how many days the key shall be valid', whole(1, 730), 365)
    .action(join)
  move(command, 'vouch', 'vouch for a home that asks to enter')
    .argument('<home>', 'account of its owner')
    .option('--meter <address>', 'refuse to vouch for any meter key but this')
    .action(vouch)
  move(command, 'expel', 'vote a member out; one whose validity has ended loses its seat without a vote')
    .argument('<home>', 'account of its owner')
    .action(expel)
  move(command, 'quit', 'give up this home\'s own seat or request at once').action(quit)
  command.command('members').description('who is in the meter book and who asks to enter; or one home, and the votes about it')
    .argument('[home]', 'account of its owner')
    .addOption(dataOption())
    .addOption(jsonOption())
    .action(members)
  return command
}

function move (parent: Command, name: string, description: string): Command {
  return parent.command(name).description(description).addOption(dataOption()).addOption(ownerKeyOption()).addOption(jsonOption())
}

interface FoundOptions {
  readonly rpc: string
  readonly key: string
  readonly founder: readonly string[]
  readonly quorum: number
  readonly chain?: number
  readonly json?: boolean
}

async function found (options: FoundOptions): Promise<void> {
  const { foundMeterBook } = await import('../../chain/meter-book.ts')
  const founders = options.founder.map((address) => account('--founder', address))
  const twice = founders.find((address, place) => founders.indexOf(address) !== place || BigInt(address) === 0n)
  if (twice != null) {
    throw new CodedError('USAGE_BAD_ADDRESS', `--founder names ${twice} twice, or it is nobody's: name every founding household once.`)
  }
  const { chainId, book, created } = await foundMeterBook({ founders, quorum: options.quorum }, {
    rpcUrl: options.rpc, privateKey: readNamedKeyFile(options.key), chainId: options.chain, pollMs: POLL_MS
  })
  if (options.json === true) {
    printJson({ chainId, book, founders, quorum: options.quorum, created: created ?? null })
    return
  }
  print(`The meter book of ${founders.length} founding households is at ${book} on chain ${chainId}, and its code is right.`)
  print(created == null ? 'It was there already: nothing was sent.' : `  transaction   ${created.tx}\n  block         ${created.block}\n  gas           ${created.gasUsed}`)
  print()
  print('Every home of the community has in its config.yaml, and starts its node again:')
  print('  market:')
  print(`    meterBook: "${book}"`)
  print('Each founder then joins with its node\'s key, within 90 days:')
  print('  wattmesh community join --owner-key FILE')
}

interface Parts extends OwnerSetup {
  readonly book: Account
  readonly moves: MeterBookMoves
  readonly reader: MeterBookReader
}

async function bookOf ({ config, chain }: HomeSetup): Promise<{ book: Account, reader: MeterBookReader }> {
  const book = config.market.meterBook
  if (book == null) {
    throw new CodedError('CONFIG_NO_METER_BOOK', 'This home\'s market has no meter book: set market.meterBook to the address its community agreed on, as all its homes must.')
  }
  const { createMeterBookReader } = await import('../../chain/meter-book.ts')
  return { book, reader: createMeterBookReader({ ...chain, book }) }
}

async function partsOf (options: OwnerOptions): Promise<Parts> {
  const { createMeterBookMoves } = await import('../../chain/meter-book.ts')
  const setup = await ownerSetup(options)
  const { book, reader } = await bookOf(setup)
  return { ...setup, book, reader, moves: createMeterBookMoves({ ...setup.chain, book, ownerPrivateKey: setup.ownerPrivateKey }) }
}

type MoveOptions = OwnerOptions & { readonly json?: boolean }

async function join (options: MoveOptions & { readonly days: number }): Promise<void> {
  const { book, chain, reader, moves, owner, meterKey, meterPrivateKey } = await partsOf(options)
  const [{ joinDigest }, { signDigest }] = await Promise.all([import('../../signing/digests.ts'), import('../../signing/keys.ts')])
  const [{ nonce }, { time }] = await Promise.all([reader.standing(owner), reader.community()])
  const until = time + options.days * DAY_SEC
  const digest = joinDigest({ home: owner, meter: meterKey, until, nonce }, { chainId: chain.chainId, contract: book })
  const { tx } = await moves.join(meterKey, until, signDigest(digest, meterPrivateKey))
  const { standing, community } = await after(reader, owner)
  if (options.json === true) {
    printJson({ tx, standing })
    return
  }
  if (standing.request == null) {
    print(`This home is a member with the meter key ${meterKey} until ${dayOf(until)}.`)
  } else {
    print(`This home asks to enter with the meter key ${meterKey} until ${dayOf(until)}. It takes ${votes(community.needed)}: let members run`)
    print(`  wattmesh community vouch ${owner} --meter ${meterKey} --owner-key FILE`)
  }
}

async function vouch (home: string, options: MoveOptions & { readonly meter?: string }): Promise<void> {
  const { reader, moves } = await partsOf(options)
  const who = account('<home>', home)
  const { request } = await reader.standing(who)
  if (request == null) {
    throw new CodedError('USAGE_NOT_ASKING', `${who} does not ask to enter: let it run \`wattmesh community join\` first, or check the address.`)
  }
  const meter = options.meter == null ? request.meter : account('--meter', options.meter)
  if (meter !== request.meter) {
    throw new CodedError('USAGE_NOT_ASKING', `${who} asks to enter with the meter key ${request.meter} and not ${meter}: ask the household which one is right.`)
  }
  const { tx } = await moves.vouch(who, meter)
  const { standing, community } = await after(reader, who)
  report(options, { tx, standing }, standing.request == null
    ? `You vouched for ${who}: it is a member with the meter key ${meter} now.`
    : `You vouched for ${who} and its meter key ${meter}: ${standing.request.votes} of ${votes(community.needed)}.`)
}

async function expel (home: string, options: MoveOptions): Promise<void> {
  const { reader, moves } = await partsOf(options)
  const who = account('<home>', home)
  const before = await after(reader, who)
  const isOver = before.standing.seat != null && before.standing.seat.until <= before.community.time
  const { tx } = await (isOver ? moves.strike(who) : moves.expel(who))
  const { standing, community } = await after(reader, who)
  report(options, { tx, standing }, standing.seat == null
    ? `${who} is no member any more.`
    : `You voted against ${who}: ${standing.votesAgainst} of ${votes(community.needed)}.`)
}

async function quit (options: MoveOptions): Promise<void> {
  const { reader, moves, owner } = await partsOf(options)
  const { tx } = await moves.quit()
  report(options, { tx, standing: await reader.standing(owner) }, 'This home is no member any more and asks for nothing.')
}

async function members (home: string | undefined, options: { readonly data?: string, readonly json?: boolean }): Promise<void> {
  const { book, reader } = await bookOf(homeSetup(options))
  if (home != null) {
    const { standing, community } = await after(reader, account('[home]', home))
    printStanding(standing, community, options.json === true)
    return
  }
  const [community, asking] = await Promise.all([reader.community(), reader.requests()])
  const requests = asking?.filter(({ request }) => request != null && request.until > community.time)
  if (options.json === true) {
    printJson({ book, ...community, requests: requests ?? null, members: community.members.map((each) => ({ ...each, isGood: isGoodAt(each, community.time) })) })
    return
  }
  print(`Meter book ${book}: ${community.members.length} seats, a decision takes ${votes(community.needed)} (more than ${community.quorum} %).`)
  const rows = community.members.map((each) => [
    each.home, each.meter ?? 'none yet', dayOf(each.until), stateOf(each, community.time)
  ])
  table(['home', 'meter key', 'until', ''], rows).forEach((line) => { print(line) })
  printRequests(requests, community)
}

function printRequests (requests: readonly Standing[] | undefined, { needed }: Community): void {
  if (requests == null) {
    print('This RPC service does not tell who asks to enter: `wattmesh community members HOME` looks at one home.')
    return
  }
  const rows = requests.map(({ home, request }) => request == null ? [] : [home, request.meter, dayOf(request.until), `${request.votes} of ${votes(needed)}`])
  if (rows.length > 0) {
    print('Asking to enter:')
    table(['home', 'meter key', 'until', ''], rows).forEach((line) => { print(line) })
  }
}

function stateOf (member: Member, time: UnixSeconds): string {
  if (member.until <= time) {
    return 'ended'
  }
  return isGoodAt(member, time) ? 'member' : 'founder, may vote'
}

function printStanding (standing: Standing, community: Community, isJson: boolean): void {
  if (isJson) {
    printJson({ ...standing, needed: community.needed })
    return
  }
  const { home, seat, request, votesAgainst } = standing
  print(seat == null ? `${home} is no member.` : `${home} holds a seat with the meter key ${seat.meter ?? 'none yet'} until ${dayOf(seat.until)}.`)
  if (seat != null && votesAgainst > 0) {
    print(`  against it   ${votesAgainst} of ${votes(community.needed)}`)
  }
  if (request != null) {
    print(`  asks to enter with the meter key ${request.meter} until ${dayOf(request.until)}: ${request.votes} of ${votes(community.needed)}`)
  }
}

async function after (reader: MeterBookReader, home: Account): Promise<{ standing: Standing, community: Community }> {
  const [standing, community] = await Promise.all([reader.standing(home), reader.community()])
  return { standing, community }
}

function report ({ json }: { readonly json?: boolean }, result: { readonly tx: Hex, readonly standing: Standing }, sentence: string): void {
  if (json === true) {
    printJson(result)
  } else {
    print(sentence)
  }
}

function votes (count: number): string {
  return count === 1 ? '1 vote' : `${count} votes`
}
