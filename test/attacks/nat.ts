/**
 * Homes behind routers: each in a network namespace of its own, whose only way out is another namespace that translates its address
 * and lets nobody in, as home routers do. Between the routers lies a namespace that stands for the internet, from which
 * nothing leads further. Outside, addresses are of ranges that libp2p takes for public ones and that nobody has: 3fff::/20 is for
 * documentation, 44.128.0.0/16 for the tests of radio amateurs.
 */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { tied } from '../helpers/child.ts'
import { ip, missingForNamespaces, needs, openDoor } from './lan.ts'
import type { HomeChanges } from '../../src/practice/street.ts'
import type { Context } from 'mocha'
import type { ChildProcess } from 'node:child_process'

export interface Routers {
  /** How a home of the street is put on its machine; the first one has no router. */
  homeOf(index: number): HomeChanges
  /** The router of a home, where routers open ports on request. */
  upnp(index: number): UpnpRouter
  close(): Promise<void>
}

/** `miniupnpd`, as many routers run it. */
export interface UpnpRouter {
  /** Ports that are open and where they lead to: `7690 192.168.1.2:7690`. */
  ports(): string[]
  /** What a power cut does: no port is open afterwards, and it takes orders at another place. */
  restart(): Promise<void>
}

export interface RoutersInit {
  readonly homes: number
  readonly chainPort: number
  /** The routers of these homes pass one port on, as their owners told them to. */
  readonly forwarded?: readonly number[]
  /** Over IPv4, with routers that open ports on request (UPnP). */
  readonly upnp?: boolean
}

const PORT = 7690
/** For what is no part of the homes' network: their interface for people, and the chain. */
const ASIDE = '10.213.78'

interface Family {
  readonly flag: '-4' | '-6'
  readonly protocol: 'ip4' | 'ip6'
  readonly forwarding: string
  /** The neighbour outside, host `host` of the network before a router, and of the one behind it. */
  readonly open: string
  wan(index: number, host: number): string
  lan(index: number, host: number): string
  readonly bits: { readonly host: number, readonly wan: number, readonly lan: number }
}

const V6: Family = {
  flag: '-6',
  protocol: 'ip6',
  forwarding: 'net.ipv6.conf.all.forwarding',
  open: '3fff::1',
  wan: (index, host) => `3fff:0:${index}::${host}`,
  lan: (index, host) => `fd00:${index}::${host}`,
  bits: { host: 128, wan: 64, lan: 64 }
}
const V4: Family = {
  flag: '-4',
  protocol: 'ip4',
  forwarding: 'net.ipv4.ip_forward',
  open: '44.128.0.1',
  wan: (index, host) => `44.128.${index}.${host}`,
  lan: (index, host) => `192.168.${index}.${host}`,
  bits: { host: 32, wan: 24, lan: 24 }
}

/** Where a home can be called from outside, if its router lets anybody in. */
export function outsideAddress (index: number): string {
  return `/ip6/${index === 0 ? V6.open : V6.wan(index, 2)}/tcp/${PORT}`
}

/** One rule a line, which is how nft wants them. */
function asRules (text: string): string {
  return text.replaceAll('; ', '\n').replaceAll('{ ', '{\n').replaceAll(' }', '\n}')
}

function routerRules (index: number, isForwarded: boolean): string {
  return asRules(`
    table ip6 nat {
      chain out { type nat hook postrouting priority srcnat; oifname "wan" masquerade; }
      chain in { type nat hook prerouting priority dstnat; ${isForwarded ? `iifname "wan" tcp dport ${PORT} dnat to [${V6.lan(index, 2)}]:${PORT};` : ''} }
    }
    table ip6 filter {
      chain through { type filter hook forward priority filter; policy drop; ct state established,related accept; iifname "lan" accept; ct status dnat accept; }
      chain self { type filter hook input priority filter; policy accept; iifname "wan" meta l4proto tcp ct state new drop; }
    }`)
}

/** The same over IPv4, with the chains that miniupnpd fills. */
const UPNP_RULES = asRules(`
    table inet filter {
      chain upnp { }
      chain through { type filter hook forward priority filter; policy drop; ct state established,related accept; iifname "lan" accept; jump upnp; }
      chain self { type filter hook input priority filter; policy accept; iifname "wan" meta l4proto tcp ct state new drop; }
    }
    table inet nat {
      chain upnp_in { }
      chain upnp_out { }
      chain in { type nat hook prerouting priority dstnat; jump upnp_in; }
      chain out { type nat hook postrouting priority srcnat; jump upnp_out; oifname "wan" masquerade; }
    }`)

const UPNP_SETTINGS = `ext_ifname=wan
listening_ip=lan
http_port=0
enable_natpmp=no
enable_upnp=yes
secure_mode=yes
upnp_table_name=filter
upnp_nat_table_name=nat
upnp_forward_chain=upnp
upnp_nat_chain=upnp_in
upnp_nat_postrouting_chain=upnp_out
uuid=5f8bcd5b-7a68-4e33-9a2c-7b0a1d0f0c11
allow 1024-65535 0.0.0.0/0 1024-65535
deny 0-65535 0.0.0.0/0 0-65535
`

function inside (space: string, [program, ...args]: readonly string[], input?: string): string {
  const { status, stdout, stderr } = spawnSync('ip', ['netns', 'exec', space, program, ...args], { input, encoding: 'utf8' })
  if (status !== 0) {
    throw new Error(`${program} ${args.join(' ')}: ${stderr}`)
  }
  return stdout
}

function link ([one, name]: readonly [string, string], [other, otherName]: readonly [string, string]): void {
  ip('link', 'add', name, 'netns', one, 'type', 'veth', 'peer', 'name', otherName, 'netns', other)
  ip('-n', one, 'link', 'set', name, 'up')
  ip('-n', other, 'link', 'set', otherName, 'up')
}

/** Skips with a sentence where it cannot run, except in continuous integration, where that is a failure. */
export function needsRouters (test: Context, { upnp = false }: Pick<RoutersInit, 'upnp'> = {}): void {
  const isAble = (program: string, ...args: string[]): boolean => spawnSync(program, args, { stdio: 'ignore' }).status === 0
  const programs = { nftables: 'nft', ...upnp ? { 'miniupnpd-nftables': 'miniupnpd' } : {} }
  const [missing] = Object.entries(programs).filter(([, program]) => !isAble(program, '--version'))
  needs(test, missingForNamespaces() ?? (missing == null ? undefined : `the Debian package ${missing[0]} is not installed`))
}

async function startUpnp (space: string): Promise<UpnpRouter & { stop(): Promise<void> }> {
  const folder = mkdtempSync(join(tmpdir(), 'wattmesh-upnp-'))
  const settings = join(folder, 'miniupnpd.conf')
  writeFileSync(settings, UPNP_SETTINGS)
  let daemon: ChildProcess

  async function start (): Promise<void> {
    // with -d it stays in front and says when it listens
    daemon = tied(spawn('ip', ['netns', 'exec', space, 'miniupnpd', '-d', '-f', settings, '-P', join(folder, 'pid')], { stdio: ['ignore', 'ignore', 'pipe'] }))
    await new Promise<void>((resolve, reject) => {
      let said = ''
      daemon.stderr?.on('data', (chunk) => {
        said += String(chunk)
        said.includes('HTTP listening on port') && resolve()
      })
      daemon.once('close', () => { reject(new Error(`miniupnpd: ${said}`)) })
    })
  }

  async function end (): Promise<void> {
    const gone = once(daemon, 'close')
    daemon.kill('SIGKILL')
    await gone
  }

  await start()
  return {
    ports: () => [...inside(space, ['nft', 'list', 'chain', 'inet', 'nat', 'upnp_in']).matchAll(/dport (\d+) dnat ip to (\S+)/g)].map(([, port, to]) => `${port} ${to}`),
    async restart () {
      await end()
      inside(space, ['nft', '-f', '-'], 'flush chain inet nat upnp_in\nflush chain inet filter upnp\n')
      await start()
    },
    async stop () {
      await end()
      rmSync(folder, { recursive: true })
    }
  }
}

/** `homes` machines, the first outside and the others behind a router each. */
export async function startRouters ({ homes, chainPort, forwarded = [], upnp = false }: RoutersInit): Promise<Routers> {
  const { flag, protocol, forwarding, open, wan, lan, bits } = upnp ? V4 : V6
  const prefix = `wm${process.pid % 100_000}n`
  const indexes = Array.from({ length: homes }, (_, index) => index)
  const [home, router] = [(index: number) => `${prefix}h${index}`, (index: number) => `${prefix}r${index}`]
  const passing = [home(0), ...indexes.slice(1).map(router)]
  const spaces = [...passing, ...indexes.slice(1).map(home)]
  const address = (space: string, device: string, address: string): void => { ip('-n', space, flag, 'addr', 'add', address, 'dev', device, ...upnp ? [] : ['nodad']) }
  spaces.forEach((space) => {
    ip('netns', 'add', space)
    ip('-n', space, 'link', 'set', 'lo', 'up')
    inside(space, ['sysctl', '-qw', `${forwarding}=${Number(passing.includes(space))}`])
  })
  address(home(0), 'lo', `${open}/${bits.host}`)
  for (const index of indexes.slice(1)) {
    link([home(0), `to${index}`], [router(index), 'wan'])
    address(home(0), `to${index}`, `${wan(index, 1)}/${bits.wan}`)
    // it calls from where it can be called
    ip('-n', home(0), flag, 'route', 'replace', `${wan(index, 0)}/${bits.wan}`, 'dev', `to${index}`, 'src', open)
    address(router(index), 'wan', `${wan(index, 2)}/${bits.wan}`)
    ip('-n', router(index), flag, 'route', 'add', 'default', 'via', wan(index, 1))
    link([router(index), 'lan'], [home(index), 'lan'])
    address(router(index), 'lan', `${lan(index, 1)}/${bits.lan}`)
    address(home(index), 'lan', `${lan(index, 2)}/${bits.lan}`)
    ip('-n', home(index), flag, 'route', 'add', 'default', 'via', lan(index, 1))
    inside(router(index), ['nft', '-f', '-'], upnp ? UPNP_RULES : routerRules(index, forwarded.includes(index)))
  }
  const daemons = await Promise.all(upnp ? indexes.slice(1).map(async (index) => startUpnp(router(index))) : [])
  const doors = await Promise.all(indexes.map(async (index) => {
    const device = `${prefix}a${index}`
    ip('link', 'add', device, 'type', 'veth', 'peer', 'name', 'aside', 'netns', home(index))
    ip('addr', 'add', `${ASIDE}.${4 * index + 1}/30`, 'dev', device)
    ip('link', 'set', device, 'up')
    ip('-n', home(index), 'addr', 'add', `${ASIDE}.${4 * index + 2}/30`, 'dev', 'aside')
    ip('-n', home(index), 'link', 'set', 'aside', 'up')
    return openDoor(chainPort, `${ASIDE}.${4 * index + 1}`)
  }))

  return {
    homeOf: (index) => ({
      wrapper: ['ip', 'netns', 'exec', home(index)],
      config: {
        api: { host: `${ASIDE}.${4 * index + 2}`, port: 0 },
        chain: { rpc: `http://${ASIDE}.${4 * index + 1}:${chainPort}` },
        network: { listen: [`/${protocol}/${index === 0 ? open : lan(index, 2)}/tcp/${PORT}`] }
      }
    }),
    upnp: (index) => daemons[index - 1],
    async close () {
      await Promise.all(daemons.map(async (daemon) => daemon.stop()))
      doors.forEach((close) => { close() })
      // the links go with the machines at their ends
      spaces.forEach((space) => { ip('netns', 'del', space) })
    }
  }
}
